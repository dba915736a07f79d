// Restarts of an endpoint's containers, from the events that a diagnostic setting sends to Log Analytics; not known where there is none
// (docs/facts/operations.md#A.5).
// Tests: test/lib/ml/monitor/restarts.test.ts
import type { AzureMl } from "../../azure/index.ts";
import { isObject } from "../../plain-objects.ts";
import { bounded } from "../../remote-text.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { endpointId } from "./metrics.ts";
import { isIn, isoOf, type Window } from "./window.ts";

const SETTINGS_API_VERSION = "2021-05-01-preview";
const CATEGORY = "AmlOnlineEndpointEventLog";
/** Milliseconds in which the first start of an instance is looked for: a later start is a restart. */
const LOOKED_BACK = 7 * 24 * 3_600_000;
/** Milliseconds for all of it; without it the canary is judged all the same. */
const PATIENCE = 45_000;

/** Events of one kind on one instance of a deployment, in one minute. */
interface ContainerEvents {
  readonly deployment: string;
  readonly instance: string;
  /** Milliseconds since the epoch. */
  readonly minute: number;
  readonly kind: string;
  readonly count: number;
}

/** The events of the deployments, or why there are none, as a clause. */
export type RestartLog = { readonly events: readonly ContainerEvents[] } | { readonly why: string };

/**
 * Reads the events of these deployments. One round trip where no diagnostic setting sends them, otherwise two, and a token of its own. It never
 * fails: what cannot be read is not known.
 * @param now milliseconds since the epoch
 */
export async function readRestarts(
  workspace: Workspace,
  endpoint: string,
  deployments: readonly string[],
  now: number,
): Promise<RestartLog> {
  const { azure, signal } = workspace;
  const resource = endpointId(workspace, endpoint);
  const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]);
  try {
    const settings = await azure.request<{ value?: unknown[] }>(
      "GET",
      `${resource}/providers/Microsoft.Insights/diagnosticSettings`,
      {
        doing: `read the diagnostic settings of the endpoint ${endpoint}`,
        promises: "list",
        apiVersion: SETTINGS_API_VERSION,
        signal: within,
      },
    );
    if (!(settings.body?.value ?? []).some(sendsEvents))
      return { why: `no diagnostic setting of the endpoint sends ${CATEGORY} to Log Analytics` };
    const host = azure.cloud.logAnalytics ?? (await hostOf(azure, within));
    if (host === undefined) return { why: "the service connection's cloud names no Log Analytics" };
    const token = await azure.token(`${host}/.default`, within);
    const answer = await azure.request("POST", `${host}/v1${resource}/query`, {
      doing: `read the container events of the endpoint ${endpoint} in Log Analytics`,
      body: { query: queryOf(deployments), timespan: `${isoOf(now - LOOKED_BACK)}/${isoOf(now)}` },
      // Another audience than the resource manager's.
      ...{ anonymous: true, headers: { Authorization: `Bearer ${token}` } },
      ...{ repeats: true, signal: within },
    });
    const events = eventsIn(answer.body);
    return events === undefined ? { why: "Log Analytics did not answer all of the query" } : { events };
  } catch (error) {
    signal.throwIfAborted();
    if (within.aborted) return { why: `the container events could not be read within ${PATIENCE / 1000} seconds` };
    const why = error instanceof Error ? error.message : String(error);
    return { why: `the container events cannot be read: ${bounded(why, 300)}` };
  }
}

/** A setting that sends the category, by name or with all of them, to a Log Analytics workspace. */
function sendsEvents(setting: unknown): boolean {
  const properties = isObject(setting) ? setting["properties"] : undefined;
  if (!isObject(properties) || !properties["workspaceId"]) return false;
  const logs = Array.isArray(properties["logs"]) ? properties["logs"] : [];
  return logs.filter(isObject).some(({ category, categoryGroup, enabled }) => {
    const isMeant = category === CATEGORY || String(categoryGroup).toLowerCase() === "alllogs";
    return isMeant && enabled === true;
  });
}

/** The address that the resource manager of a cloud of its own names (docs/facts/operations.md#A.5). */
async function hostOf(azure: AzureMl, signal: AbortSignal): Promise<string | undefined> {
  const own = azure.cloud.resourceManager.toLowerCase();
  const { body } = await azure.request("GET", "/metadata/endpoints", {
    doing: "read the addresses of the cloud",
    apiVersion: "2022-09-01",
    promises: "anything",
    signal,
  });
  const clouds = (Array.isArray(body) ? body : []).filter(isObject);
  const it = clouds.find((one) => String(one["resourceManager"]).replace(/\/+$/, "").toLowerCase() === own);
  const host = it?.["logAnalyticsResourceId"];
  return typeof host === "string" && /^https:\/\/[^/?#@]+\/?$/.test(host) ? host.replace(/\/$/, "") : undefined;
}

/** KQL; the texts of a JSON string are those of a KQL string. */
const queryOf = (deployments: readonly string[]): string =>
  [
    CATEGORY,
    `| where DeploymentName in~ (${deployments.map((one) => JSON.stringify(one)).join(", ")})`,
    '| extend Kind = case(Name =~ "Started" and Message has "inference-server", "started", Message has "will be restarted", "killed", Name =~ "BackOff", "backOff", "other")',
    "| summarize Count = count() by DeploymentName, InstanceId, Minute = bin(TimeGenerated, 1m), Kind",
  ].join("\n");

const COLUMNS = ["DeploymentName", "InstanceId", "Minute", "Kind", "Count"] as const;

/** The rows of an answer; undefined where it lacks a column, or says with an error of its own that it is not all. */
function eventsIn(body: unknown): ContainerEvents[] | undefined {
  if (!isObject(body) || !Array.isArray(body["tables"]) || body["error"] !== undefined) return undefined;
  const table = body["tables"].filter(isObject).find(({ name }) => name === "PrimaryResult");
  if (!Array.isArray(table?.["columns"]) || !Array.isArray(table["rows"])) return undefined;
  const columns = table["columns"].map((one) => (isObject(one) ? one["name"] : undefined));
  if (!COLUMNS.every((name) => columns.includes(name))) return undefined;
  const at = (name: (typeof COLUMNS)[number]) => columns.indexOf(name);
  return table["rows"].filter(Array.isArray).map((row: unknown[]) => ({
    deployment: String(row[at("DeploymentName")]),
    instance: String(row[at("InstanceId")]),
    minute: Date.parse(String(row[at("Minute")])),
    kind: String(row[at("Kind")]),
    count: Number(row[at("Count")]),
  }));
}

/**
 * Restarts of a deployment's model container in a window: on each instance its starts beyond the first, the kills for a failed liveness probe,
 * or at least one where it waits before it is started again. Undefined where the log has no event of any deployment.
 */
export function restartsIn(log: RestartLog, deployment: string, window: Window): number | undefined {
  if (!("events" in log) || log.events.length === 0) return undefined;
  const own = log.events.filter((one) => one.deployment.toLowerCase() === deployment.toLowerCase());
  const instances = [...new Set(own.map(({ instance }) => instance))];
  return instances.reduce((sum, name) => {
    const of = own.filter(({ instance }) => instance === name);
    const first = Math.min(...of.filter(({ kind }) => kind === "started").map(({ minute }) => minute));
    const inWindow = of.filter(({ minute }) => isIn(minute, window));
    const number = (kind: string) =>
      inWindow.reduce((count, one) => count + (one.kind === kind && Number.isFinite(one.count) ? one.count : 0), 0);
    const started = Math.max(0, number("started") - (isIn(first, window) ? 1 : 0));
    return sum + Math.max(started, number("killed"), Math.min(1, number("backOff")));
  }, 0);
}
