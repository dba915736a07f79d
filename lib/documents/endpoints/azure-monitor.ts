// Resources of Azure Monitor that watch or scale online endpoints: alert rules, diagnostic settings and autoscale settings, in the form
// that Azure Resource Manager has for them (docs/facts/operations.md#A.5, #A.9). What they watch is written as a path in the workspace.
// Tests: test/tasks/apply-azure-monitor.test.ts
import { segment } from "../../segment.ts";
import { defineKind } from "../language/define-kind.ts";
import { list, map, object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { boolean, enumeration, integer, nameText, number, text } from "../language/scalar.ts";
import type { Infer, Reading } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { resourceTags } from "../language/tag-limits.ts";
import { autoscaleBody, autoscaleSettings } from "./autoscale.ts";

const PROVIDER = "Microsoft.Insights";
const PLACE = /^onlineEndpoints\/([^/]+)(?:\/deployments\/([^/]+))?$/;
const ARM_ID = /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/.+/i;

const place = text({
  pattern: /^(onlineEndpoints\/[^/]+(\/deployments\/[^/]+)?|\/subscriptions\/.+)$/,
  rule: "onlineEndpoints/<endpoint>, onlineEndpoints/<endpoint>/deployments/<deployment> or an ARM id is needed",
});
const endpointPlace = text({
  pattern: /^onlineEndpoints\/[^/]+$/,
  rule: "onlineEndpoints/<endpoint> is needed",
});
const deploymentPlace = text({
  pattern: /^onlineEndpoints\/[^/]+\/deployments\/[^/]+$/,
  rule: "onlineEndpoints/<endpoint>/deployments/<deployment> is needed",
});
const armId = text({ pattern: ARM_ID, rule: "an ARM id is needed" });

/** The ARM id of what is written as a path in the workspace. */
function idOf(written: string, { workspace }: Resolver): string {
  const [, endpoint, deployment] = PLACE.exec(written) ?? [];
  if (endpoint === undefined) return written;
  const above = `${workspace.id}/onlineEndpoints/${segment(endpoint, "the endpoint's name")}`;
  return deployment === undefined ? above : `${above}/deployments/${segment(deployment, "the deployment's name")}`;
}

/** These resources lie in the workspace's resource group, beside it. */
function pathOf({ workspace }: Resolver, type: string, name: string): string {
  const { subscriptionId, resourceGroup } = workspace;
  return `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${PROVIDER}/${type}/${segment(name, "the name")}`;
}

const head = (type: string) => ({
  type: required(enumeration([`${PROVIDER}/${type}`])),
  name: required(nameText()),
  id: readOnly(),
});

const criterion = object("a criterion", {
  name: required(text()),
  criterionType: optional(enumeration(["StaticThresholdCriterion"], { fold: "exact" })),
  metricNamespace: optional(text()),
  metricName: required(text()),
  dimensions: optional(
    list(
      object("a dimension", {
        name: required(text()),
        operator: required(enumeration(["Include", "Exclude"], { fold: "exact" })),
        values: required(list(text())),
      }),
    ),
  ),
  operator: required(
    enumeration(["Equals", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"], { fold: "exact" }),
  ),
  threshold: required(number),
  timeAggregation: required(enumeration(["Average", "Minimum", "Maximum", "Total", "Count"], { fold: "exact" })),
  skipMetricValidation: optional(boolean),
});

const SPANS = ["PT1M", "PT5M", "PT15M", "PT30M", "PT1H"] as const;
const SINGLE = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria";

const alertRule = object("an alert rule", {
  ...head("metricAlerts"),
  location: optional(text()),
  tags: optional(resourceTags),
  properties: required(
    object(
      "properties of an alert rule",
      {
        description: optional(text()),
        severity: required(integer({ minimum: 0, maximum: 4 })),
        enabled: optional(boolean),
        scopes: required(list(place)),
        evaluationFrequency: required(enumeration(SPANS, { fold: "exact" })),
        windowSize: required(enumeration([...SPANS, "PT6H", "PT12H", "P1D"], { fold: "exact" })),
        criteria: required(
          object("criteria", {
            "odata.type": optional(enumeration([SINGLE], { fold: "exact" })),
            allOf: required(list(criterion)),
          }),
        ),
        autoMitigate: optional(boolean),
        actions: optional(
          list(
            object("an action", {
              actionGroupId: required(armId),
              webHookProperties: optional(map(text())),
            }),
          ),
        ),
        targetResourceType: optional(text()),
        targetResourceRegion: optional(text()),
        lastUpdatedTime: readOnly(),
      },
      {
        check(value, node, at) {
          oneOf(value.scopes, node, at, "scopes");
          if (value.criteria.allOf.length === 0)
            at.fault(node.entries.get("criteria") ?? node, "an alert rule needs a criterion.", {
              hint: "Add one under `criteria: {allOf: [...]}`.",
            });
        },
      },
    ),
  ),
});

function oneOf(scopes: readonly string[], node: MapNode, at: Reading, field: string): void {
  if (scopes.length === 1) return;
  at.step(field).fault(
    node.entries.get(field) ?? node,
    `an alert rule over metrics of online endpoints has one scope; this one has ${scopes.length || "none"}.`,
    { hint: "Write a file for each endpoint." },
  );
}

async function writeAlertRule(document: Infer<typeof alertRule>, resolver: Resolver) {
  const { scopes, criteria, enabled, ...rest } = document.properties;
  const allOf = criteria.allOf.map((one) => ({ criterionType: "StaticThresholdCriterion", ...one }));
  return {
    path: pathOf(resolver, "metricAlerts", document.name),
    body: {
      location: document.location ?? "global",
      tags: document.tags ?? {},
      properties: {
        ...rest,
        enabled: enabled ?? true,
        scopes: scopes.map((one) => idOf(one, resolver)),
        criteria: { "odata.type": SINGLE, allOf },
      },
    },
  };
}

export const alertRuleKind = defineKind({
  name: "alert rule",
  order: 113,
  types: ["microsoft.insights/metricalerts"],
  advice: "AzureMLApply creates and updates alert rules.",
  shape: alertRule,
  apiVersion: "2018-03-01",
  write: writeAlertRule,
});

const DESTINATIONS = ["workspaceId", "storageAccountId", "eventHubAuthorizationRuleId"] as const;
const LOGS = ["AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog", "AmlOnlineEndpointTrafficLog"];

const diagnosticSetting = object("a diagnostic setting", {
  ...head("diagnosticSettings"),
  /** The endpoint whose logs these are. */
  scope: required(endpointPlace),
  properties: required(
    object(
      "properties of a diagnostic setting",
      {
        workspaceId: optional(armId),
        storageAccountId: optional(armId),
        eventHubAuthorizationRuleId: optional(armId),
        eventHubName: optional(text()),
        logAnalyticsDestinationType: optional(text()),
        logs: required(
          list(
            object("a log", {
              category: optional(enumeration(LOGS, { fold: "exact" })),
              categoryGroup: optional(enumeration(["allLogs"], { fold: "exact" })),
              enabled: required(boolean),
            }),
          ),
        ),
        metrics: optional(list(object("metrics", { category: required(text()), enabled: required(boolean) }))),
      },
      {
        check(value, node, at) {
          if (DESTINATIONS.some((name) => value[name] !== undefined)) return;
          at.fault(node, "a diagnostic setting sends to nobody.", {
            hint: "Add `workspaceId:` of a Log Analytics workspace, `storageAccountId:` or `eventHubAuthorizationRuleId:`.",
          });
        },
      },
    ),
  ),
});

async function writeDiagnosticSetting(document: Infer<typeof diagnosticSetting>, resolver: Resolver) {
  const at = `${idOf(document.scope, resolver)}/providers/${PROVIDER}/diagnosticSettings`;
  return { path: `${at}/${segment(document.name, "the name")}`, body: { properties: { ...document.properties } } };
}

export const diagnosticSettingKind = defineKind({
  name: "diagnostic setting",
  order: 112,
  types: ["microsoft.insights/diagnosticsettings"],
  advice: "AzureMLApply creates and updates diagnostic settings.",
  shape: diagnosticSetting,
  apiVersion: "2021-05-01-preview",
  write: writeDiagnosticSetting,
});

const autoscale = object("autoscale settings", {
  ...head("autoscaleSettings"),
  /** The deployment whose instance count they own. */
  scope: required(deploymentPlace),
  location: optional(text()),
  tags: optional(resourceTags),
  properties: required(autoscaleSettings),
});

async function writeAutoscale(document: Infer<typeof autoscale>, resolver: Resolver) {
  const { properties, location = resolver.workspace.location } = document;
  const deployment = idOf(document.scope, resolver);
  const ids = { deployment, endpoint: deployment.slice(0, deployment.lastIndexOf("/deployments/")) };
  return {
    path: pathOf(resolver, "autoscaleSettings", document.name),
    body: { ...autoscaleBody({ tags: document.tags ?? {}, properties }, ids, location) },
  };
}

export const autoscaleKind = defineKind({
  name: "autoscale setting",
  order: 111,
  types: ["microsoft.insights/autoscalesettings"],
  advice:
    "AzureMLApply creates and updates autoscale settings, and AzureMLDeployEndpoint takes one for the deployment that it makes.",
  shape: autoscale,
  apiVersion: "2022-10-01",
  write: writeAutoscale,
});
