// Diagnostic settings of online endpoints, an extension of each: which of their logs go to Log Analytics (docs/facts/operations.md#A.5).
import { ArmError, invalidRequest, resourceNotFound } from "../arm/errors.ts";
import { type ArmContext, type ArmRouter, parameter, propertiesOf } from "../arm/router.ts";
import { type DiagnosticSetting, diagnosticSettingsOf } from "../monitor/container-events.ts";
import type { AzureWorld } from "../world/world.ts";
import { endpointOf } from "./endpoints/online-keys.ts";

/** The one version that clients are known to send. */
const VERSION = "2021-05-01-preview";
const CATEGORIES = ["AmlOnlineEndpointConsoleLog", "AmlOnlineEndpointEventLog", "AmlOnlineEndpointTrafficLog"];
const DESTINATIONS = ["workspaceId", "storageAccountId", "eventHubAuthorizationRuleId"];

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const settings = diagnosticSettingsOf(world);
  const base = "/onlineEndpoints/:endpoint/providers/Microsoft.Insights/diagnosticSettings";
  const body = ({ endpoint, name, properties }: DiagnosticSetting) => ({
    id: `${world.workspaceId}/onlineEndpoints/${endpoint}/providers/microsoft.insights/diagnosticSettings/${name}`,
    type: "Microsoft.Insights/diagnosticSettings",
    name,
    location: null,
    kind: null,
    tags: null,
    properties: { metrics: [], ...properties },
    identity: null,
  });
  const keyOf = (endpoint: string, name: string) => `${endpoint}/${name}`.toLowerCase();
  arm.get(base, (request, response, context) => {
    requireVersion(context);
    const { name } = endpointOf(world, parameter(request, "endpoint"));
    const own = [...settings.values()].filter(({ endpoint }) => endpoint === name.toLowerCase());
    response.json({ value: own.map(body) });
  });
  arm.get(`${base}/:name`, (request, response, context) => {
    requireVersion(context);
    const { name: endpoint } = endpointOf(world, parameter(request, "endpoint"));
    const name = parameter(request, "name");
    const found = settings.get(keyOf(endpoint, name));
    if (found === undefined)
      throw resourceNotFound(`microsoft.insights/diagnosticSettings/${name}`, world.resourceGroup);
    response.json(body(found));
  });
  arm.put(`${base}/:name`, (request, response, context) => {
    requireVersion(context);
    const { name: endpoint } = endpointOf(world, parameter(request, "endpoint"));
    const name = parameter(request, "name");
    const properties = propertiesOf(request);
    requireLogs(properties);
    const made = { endpoint: endpoint.toLowerCase(), name, properties };
    settings.set(keyOf(endpoint, name), made);
    response.json(body(made));
  });
  arm.delete(`${base}/:name`, (request, response, context) => {
    requireVersion(context);
    const { name: endpoint } = endpointOf(world, parameter(request, "endpoint"));
    response.status(settings.delete(keyOf(endpoint, parameter(request, "name"))) ? 200 : 204).end();
  });
}

/** That Azure Monitor refuses these is general knowledge; its words are not known. */
function requireLogs(properties: Readonly<Record<string, unknown>>): void {
  if (!DESTINATIONS.some((name) => typeof properties[name] === "string"))
    throw invalidRequest("BadRequest", "At least one data sink needs to be specified.");
  const logs = properties["logs"];
  if (!Array.isArray(logs)) throw invalidRequest("BadRequest", "The logs of a diagnostic setting are a list.");
  for (const { category, categoryGroup, enabled } of logs as Readonly<Record<string, unknown>>[]) {
    const isKnown = category === undefined ? categoryGroup === "allLogs" : CATEGORIES.includes(String(category));
    if (!isKnown || typeof enabled !== "boolean")
      throw invalidRequest("BadRequest", `Category '${String(category ?? categoryGroup)}' is not supported.`);
  }
}

function requireVersion({ apiVersion }: ArmContext): void {
  if (apiVersion === VERSION) return;
  throw new ArmError(
    ...([400, "InvalidApiVersionParameter"] as const),
    `The api-version '${apiVersion}' is invalid. The supported versions are '${VERSION}'.`,
    ...([[], {}, "arm"] as const),
  );
}
