// Metrics of an endpoint or a deployment, read from Azure Monitor minute by minute (docs/facts/operations.md#A.1, #A.2, #A.3).
// Tests: test/lib/ml/monitor/metrics.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { bounded } from "../../remote-text.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { isIn, minuteOf, type Window } from "./window.ts";

/** The version of Azure Monitor's metrics and their definitions (docs/facts/operations.md#A.2). */
const METRICS_API_VERSION = "2024-02-01";
/** More than the classes of two deployments; the default of 10 would cut series off in silence. */
const MOST_SERIES = 100;

/** One series of one metric. */
export interface Series {
  readonly metric: string;
  /** Values of dimensions, by their names in small letters. */
  readonly dimensions: Readonly<Record<string, string>>;
  /** The average of each minute that has one, by the minute in milliseconds since the epoch. */
  readonly minutes: ReadonlyMap<number, number>;
}

export interface MetricsRequest {
  /** The resource's ARM id. */
  readonly resource: string;
  /** Its name in errors: "the endpoint fraud". */
  readonly called: string;
  readonly metrics: readonly string[];
  readonly window: Window;
  /** `deployment eq 'blue'` */
  readonly filter?: string;
}

export const endpointId = (workspace: Workspace, endpoint: string): string =>
  `${workspace.id}/onlineEndpoints/${segment(endpoint, "the endpoint's name")}`;

export const deploymentId = (workspace: Workspace, endpoint: string, deployment: string): string =>
  `${endpointId(workspace, endpoint)}/deployments/${segment(deployment, "the deployment's name")}`;

/** A dimension's value in a filter; a quote is written twice. */
export const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/**
 * Reads the averages of a window's minutes. One round trip. Only Average exists for requests and latency, and a longer interval would
 * answer the mean of its minutes in place of their sum, so each minute is asked for.
 * @throws TaskError `forbidden` that names the permission; `service` where a metric could not be answered
 */
export async function readMetrics(workspace: Workspace, request: MetricsRequest): Promise<Series[]> {
  const { resource, called, metrics, window, filter } = request;
  const doing = `read the metrics of ${called}`;
  const { body } = await workspace.azure
    .request("GET", `${resource}/providers/Microsoft.Insights/metrics`, {
      doing,
      promises: "list",
      apiVersion: METRICS_API_VERSION,
      query: {
        timespan: `${window.from}/${window.to}`,
        interval: "PT1M",
        metricnames: metrics.join(","),
        aggregation: "Average",
        $filter: filter,
        top: filter === undefined ? undefined : MOST_SERIES,
      },
      signal: workspace.signal,
    })
    .catch((error: unknown) => {
      throw namingPermission(error, METRICS_NEED);
    });
  return seriesOf(body, request);
}

const METRICS_NEED =
  "Give the service connection's identity the role Monitoring Reader or Reader on the endpoint: it needs Microsoft.Insights/metrics/read.";

/** The error of a reading; where Azure Monitor refused it, with the role that it needs. */
export function namingPermission(error: unknown, hint: string): unknown {
  if (!(error instanceof TaskError) || error.kind !== "forbidden") return error;
  return new TaskError("forbidden", error.message, {
    cause: error,
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
    hint,
  });
}

/**
 * The series of an answer. A minute without a finite average of at least 0 is absent, and so is one outside of the window.
 * @throws TaskError `service` where a metric has an error of its own, or is not among the answers
 */
export function seriesOf(body: unknown, { called, metrics, window }: MetricsRequest): Series[] {
  const answered = listIn(body, "value").map((metric) => {
    const name = textIn(isObject(metric["name"]) ? metric["name"]["value"] : undefined);
    const code = textIn(metric["errorCode"]) || "Success";
    if (code !== "Success") throw notAnswered(called, name, `${code} ${textIn(metric["errorMessage"])}`.trim());
    return { name, series: listIn(metric, "timeseries").map((one) => oneSeries(name, one, window)) };
  });
  for (const wanted of metrics) {
    const isThere = answered.some(({ name }) => name.toLowerCase() === wanted.toLowerCase());
    if (!isThere) throw notAnswered(called, wanted, "the answer does not hold it");
  }
  return answered.flatMap(({ series }) => series);
}

function oneSeries(metric: string, series: Record<string, unknown>, window: Window): Series {
  const dimensions: Record<string, string> = {};
  for (const one of listIn(series, "metadatavalues")) {
    const name = textIn(isObject(one["name"]) ? one["name"]["value"] : undefined).toLowerCase();
    if (name !== "" && name !== "__proto__") dimensions[name] = textIn(one["value"]);
  }
  const minutes = new Map<number, number>();
  for (const { timeStamp, average } of listIn(series, "data")) {
    const time = Date.parse(textIn(timeStamp));
    if (!isIn(time, window)) continue;
    if (typeof average === "number" && Number.isFinite(average) && average >= 0) minutes.set(minuteOf(time), average);
  }
  return { metric, dimensions, minutes };
}

function notAnswered(called: string, metric: string, why: string): TaskError {
  return new TaskError(
    "service",
    `Azure Monitor did not answer the metric ${metric} of ${called}: ${bounded(why, 300)}.`,
    { errorCode: "AML1111", hint: "Run the step again; see in the portal whether the endpoint shows this metric." },
  );
}

const textIn = (value: unknown): string => (typeof value === "string" ? value : "");

function listIn(value: unknown, name: string): Record<string, unknown>[] {
  const list = isObject(value) ? value[name] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}
