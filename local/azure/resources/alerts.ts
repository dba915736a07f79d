// Metric alert rules and the alerts that they fired, by the route that Azure DevOps' gate "Query Azure Monitor alerts" reads, too.
import type { Request } from "express";
import { invalidRequest, resourceNotFound } from "../arm/errors.ts";
import { choice, text, whole } from "../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf } from "../arm/router.ts";
import { readRule } from "../monitor/alert-rule.ts";
import {
  alertRuleId,
  alertRulesOf,
  alertsNow,
  changeState,
  type FiredAlert,
  firedSeries,
  type RuleRecord,
} from "../monitor/alerts.ts";
import type { AzureWorld } from "../world/world.ts";

const subscription = "/subscriptions/:subscription";
const group = `${subscription}/resourceGroups/:group`;

export function mountAbove(router: ArmRouter, world: AzureWorld): void {
  mountRules(router, world);
  mountAlerts(router, world);
}

function mountRules(router: ArmRouter, world: AzureWorld): void {
  const rules = alertRulesOf(world);
  const ruleOf = (request: Request): RuleRecord => {
    const name = parameter(request, "name");
    const found = rules.get(name.toLowerCase());
    if (found === undefined) throw resourceNotFound(`Microsoft.Insights/metricAlerts/${name}`, world.resourceGroup);
    return found;
  };
  const body = (one: RuleRecord) => ({
    location: one.location,
    type: "Microsoft.Insights/metricAlerts",
    name: one.name,
    id: alertRuleId(world, one),
    tags: one.tags,
    properties: { autoMitigate: true, ...one.properties, lastUpdatedTime: new Date(one.updatedAt).toISOString() },
  });
  const all = () => ({ value: [...rules.values()].map(body) });
  const base = `${group}/providers/Microsoft.Insights/metricAlerts`;
  router.get(`${subscription}/providers/Microsoft.Insights/metricAlerts`, (_request, response) => response.json(all()));
  router.get(base, (_request, response) => response.json(all()));
  // Rules over logs cannot be made here: there is no Log Analytics.
  router.get(`${group}/providers/Microsoft.Insights/scheduledQueryRules`, (_request, response) => {
    response.json({ value: [] });
  });
  router.get(`${base}/:name`, (request, response) => response.json(body(ruleOf(request))));
  router.put(`${base}/:name`, (request, response) => {
    const name = parameter(request, "name");
    const { location, tags } = bodyOf<{ location: string; tags: Record<string, string> }>(request);
    if (typeof location !== "string") throw invalidRequest("LocationRequired", "The location property is required.");
    const known = rules.get(name.toLowerCase());
    response.json(body(keep(known?.name ?? name, location, { ...tags }, propertiesOf(request), known)));
  });
  router.patch(`${base}/:name`, (request, response) => {
    const known = ruleOf(request);
    const { tags } = bodyOf<{ tags: Record<string, string> }>(request);
    const properties = { ...known.properties, ...propertiesOf(request) };
    response.json(body(keep(known.name, known.location, { ...(tags ?? known.tags) }, properties, known)));
  });
  router.delete(`${base}/:name`, (request, response) => {
    response.status(rules.delete(parameter(request, "name").toLowerCase()) ? 200 : 204).end();
  });
  router.get(`${base}/:name/status`, (request, response) => {
    const rule = ruleOf(request);
    const open = firedSeries(world, rule);
    const entry = (dimensions: object, status: string, at: number) => ({
      name: rule.name,
      id: `${alertRuleId(world, rule)}/status`,
      type: "Microsoft.Insights/metricAlerts/status",
      properties: { dimensions, status, timestamp: new Date(at).toISOString() },
    });
    const value = open.map((one) => entry(Object.fromEntries(one.dimensions), "Unhealthy", one.firedAt));
    response.json({ value: value.length > 0 ? value : [entry({}, "Healthy", rule.evaluatedTo)] });
  });

  /** A changed rule is evaluated from now on, and its alerts stay. @throws ArmError 400 */
  function keep(
    name: string,
    location: string,
    tags: Record<string, string>,
    { lastUpdatedTime: _own, ...properties }: Record<string, unknown>,
    known: RuleRecord | undefined,
  ): RuleRecord {
    readRule(world, properties);
    if (known !== undefined) firedSeries(world, known);
    const now = world.clock.now();
    const made = { name, location, tags, properties, updatedAt: now, evaluatedTo: now, healthy: known?.healthy ?? {} };
    rules.set(name.toLowerCase(), made);
    return made;
  }
}

const ranges = { "1h": 1, "1d": 24, "7d": 7 * 24, "30d": 30 * 24 } as const;
const filters = ["targetResource", "targetResourceType", "targetResourceGroup", "monitorService", "alertRule"];

function mountAlerts(router: ArmRouter, world: AzureWorld): void {
  const base = `${subscription}/providers/Microsoft.AlertsManagement/alerts`;
  const alertOf = (request: Request): FiredAlert => {
    const name = parameter(request, "alert");
    const found = alertsNow(world).find((one) => one.name === name.toLowerCase());
    if (found === undefined) throw resourceNotFound(`Microsoft.AlertsManagement/alerts/${name}`, world.resourceGroup);
    return found;
  };
  router.get(
    base,
    (request, response) => {
      const chosen = alertsNow(world).filter((one) => isAsked(request.query, one));
      const size = whole(request.query, "pageCount") ?? 25;
      if (size < 1 || size > 250) throw invalidRequest("BadRequest", `pageCount is between 1 and 250, and is ${size}.`);
      const from = whole(request.query, "skipToken") ?? 0;
      const next = new URL(request.originalUrl, world.urls.arm);
      next.searchParams.set("skipToken", String(from + size));
      response.json({
        value: chosen.slice(from, from + size).map((one) => alertBody(world, one)),
        ...(from + size < chosen.length ? { nextLink: next.href } : {}),
      });
    },
    // How a next page is named is not known: who follows nextLink as it stands does not need to know it.
    [...filters, "monitorCondition", "severity", "alertState", "timeRange", "pageCount", "skipToken"],
  );
  router.get(`${base}/:alert`, (request, response) => response.json(alertBody(world, alertOf(request))));
  router.post(
    `${base}/:alert/changestate`,
    (request, response) => {
      const alert = alertOf(request);
      changeState(world, alert, text(request.query, "newState") ?? "");
      response.json(alertBody(world, alert));
    },
    ["newState"],
  );

  /** Values are compared without case; those that the gate sends as a list are alternatives. */
  function isAsked(query: Request["query"], alert: FiredAlert): boolean {
    const essentials = essentialsOf(world, alert) as Record<string, unknown>;
    const among = (name: string) =>
      text(query, name)
        ?.split(",")
        .map((one) => one.trim().toLowerCase());
    const hours = ranges[choice(query, "timeRange", ["1h", "1d", "7d", "30d"]) ?? "1d"];
    const isRecent = alert.modifiedAt >= world.clock.now() - hours * 3_600_000;
    // An alert that is still fired counts whenever it began; that the service does so is not verified.
    if (!isRecent && alert.resolvedAt !== undefined) return false;
    const names = [...filters, "monitorCondition", "severity", "alertState"];
    return names.every((name) => among(name)?.includes(String(essentials[name]).toLowerCase()) ?? true);
  }
}

function essentialsOf(world: AzureWorld, alert: FiredAlert): object {
  const time = (at: number) => new Date(at).toISOString();
  const [, type = "", name = ""] =
    /\/providers\/.*?(onlineEndpoints\/[^/]+\/deployments|onlineEndpoints)\/([^/]+)$/i.exec(alert.targetId) ?? [];
  const rule = alertRulesOf(world).get(alert.rule) ?? { name: alert.rule };
  return {
    severity: `Sev${alert.severity}`,
    signalType: "Metric",
    alertState: alert.state,
    monitorCondition: alert.resolvedAt === undefined ? "Fired" : "Resolved",
    monitorService: "Platform",
    targetResource: alert.targetId,
    targetResourceName: name,
    targetResourceGroup: world.resourceGroup,
    targetResourceType: `microsoft.machinelearningservices/workspaces/${type.toLowerCase().replace(/\/[^/]+\//, "/")}`,
    sourceCreatedId: alert.name,
    alertRule: alertRuleId(world, rule),
    startDateTime: time(alert.firedAt),
    lastModifiedDateTime: time(alert.modifiedAt),
    lastModifiedUserName: "System",
    ...(alert.resolvedAt === undefined ? {} : { monitorConditionResolvedDateTime: time(alert.resolvedAt) }),
  };
}

function alertBody(world: AzureWorld, alert: FiredAlert): object {
  const rule = alertRulesOf(world).get(alert.rule)?.name ?? alert.rule;
  return {
    id: `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.AlertsManagement/alerts/${alert.name}`,
    type: "Microsoft.AlertsManagement/alerts",
    name: rule,
    properties: {
      essentials: essentialsOf(world, alert),
      context: { condition: alert.condition, value: alert.value, dimensions: Object.fromEntries(alert.dimensions) },
    },
  };
}
