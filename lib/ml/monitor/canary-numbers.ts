// The numbers of a deployment over a window, from Azure Monitor's series: what rules call new.errorRate or live.latencyP95. Pure.
// Tests: test/lib/ml/monitor/canary-numbers.test.ts
import type { Series } from "./metrics.ts";
import { type RestartLog, restartsIn } from "./restarts.ts";
import { isIn, median, type Window } from "./window.ts";

/**
 * The metrics that rules may speak of, by name, with their units. A metric that Azure Monitor does not have is absent and never 0.
 * Errors are 5xx and 424: a script that fails is 424 to its caller (docs/facts/azureml-services.md#6.2). Other 4xx are the caller's fault as a
 * rule, and have a rate of their own.
 */
export const CANARY_METRICS = {
  requests: "requests in the window",
  minutes: "minutes with at least one request",
  errors: "answers 5xx, and 424, the failure of the scoring script",
  errorRate: "share of errors among all answers, from 0 to 1",
  clientErrors: "answers 4xx without 424",
  clientErrorRate: "share of client errors among all answers, from 0 to 1",
  latencyP50: "milliseconds; median over the minutes of their 50th percentile",
  latencyP90: "milliseconds; median over the minutes of their 90th percentile",
  latencyP95: "milliseconds; median over the minutes of their 95th percentile",
  latencyP99: "milliseconds; median over the minutes of their 99th percentile",
  cpu: "percent; the highest minute, averaged over instances",
  memory: "percent; the highest minute, averaged over instances",
  restarts: "restarts of the model's container, from Log Analytics where it has them",
} as const;

export type CanaryMetric = keyof typeof CANARY_METRICS;
export type CanaryNumbers = Readonly<Partial<Record<CanaryMetric, number>>>;

/** Azure Monitor's metrics behind each percentile, on the endpoint (docs/facts/operations.md#A.1). */
export const LATENCIES = {
  latencyP50: "RequestLatency_P50",
  latencyP90: "RequestLatency_P90",
  latencyP95: "RequestLatency_P95",
  latencyP99: "RequestLatency_P99",
} as const satisfies Partial<Record<CanaryMetric, string>>;

/** Azure Monitor's metrics behind each use of resources, on the deployment. */
export const UTILIZATION = {
  cpu: "CpuUtilizationPercentage",
  memory: "CpuMemoryUtilizationPercentage",
} as const satisfies Partial<Record<CanaryMetric, string>>;

/** The series of one deployment. */
export interface DeploymentSeries {
  readonly deployment: string;
  /** RequestsPerMinute by status, with the dimensions `deployment` and `statuscode`. */
  readonly requests: readonly Series[];
  /** Percentiles, with the dimension `deployment`. */
  readonly latencies: readonly Series[];
  /** Of the deployment itself, without dimensions; none where no rule asks for them. */
  readonly utilization: readonly Series[];
  readonly restarts?: RestartLog;
}

/**
 * The numbers of a deployment in a window. A series that does not name this deployment does not count, since nobody knows whose it is.
 * A status that never occurred has no series: it is 0 only where others show that there were requests
 * (docs/facts/operations.md#A.3). Percentiles of a window cannot be calculated from those of its minutes, so the median of the minutes
 * with requests stands for them.
 */
export function canaryNumbers(of: DeploymentSeries, window: Window): CanaryNumbers {
  const numbers: Partial<Record<CanaryMetric, number>> = {};
  const named = (series: Series) => sameName(series.dimensions["deployment"], of.deployment);
  const byKind = new Map<Kind, number>();
  const byMinute = new Map<number, number>();
  for (const series of of.requests.filter(named)) {
    const kind = kindOf(series.dimensions["statuscode"]);
    for (const [minute, count] of within(series, window)) {
      byKind.set(kind, (byKind.get(kind) ?? 0) + count);
      byMinute.set(minute, (byMinute.get(minute) ?? 0) + count);
    }
  }
  if (byKind.size > 0) countInto(numbers, byKind, byMinute);
  const isBusy = (minute: number) => (byMinute.get(minute) ?? 0) > 0;
  for (const [name, metric] of entriesOf(LATENCIES)) {
    const series = of.latencies.filter((one) => named(one) && sameName(one.metric, metric));
    const values = series.flatMap((one) => within(one, window).filter(([minute]) => isBusy(minute)));
    put(numbers, name, median(values.map(([, value]) => value)));
  }
  for (const [name, metric] of entriesOf(UTILIZATION)) {
    const series = of.utilization.filter((one) => sameName(one.metric, metric));
    const values = series.flatMap((one) => within(one, window).map(([, value]) => value));
    put(numbers, name, values.length === 0 ? undefined : values.reduce((most, value) => Math.max(most, value)));
  }
  if (of.restarts !== undefined) put(numbers, "restarts", restartsIn(of.restarts, of.deployment, window));
  return numbers;
}

type Kind = "error" | "clientError" | "good" | "untold";

function kindOf(status = ""): Kind {
  if (!/^[1-5]\d\d$/.test(status)) return "untold";
  if (status.startsWith("5") || status === "424") return "error";
  return status.startsWith("4") ? "clientError" : "good";
}

function countInto(
  numbers: Partial<Record<CanaryMetric, number>>,
  byKind: ReadonlyMap<Kind, number>,
  byMinute: ReadonlyMap<number, number>,
): void {
  const requests = [...byKind.values()].reduce((sum, count) => sum + count, 0);
  put(numbers, "requests", requests);
  put(numbers, "minutes", [...byMinute.values()].filter((count) => count > 0).length);
  // Requests whose status is not told may be errors.
  if (byKind.has("untold")) return;
  const [errors, clientErrors] = [byKind.get("error") ?? 0, byKind.get("clientError") ?? 0];
  put(numbers, "errors", errors);
  put(numbers, "clientErrors", clientErrors);
  put(numbers, "errorRate", requests > 0 ? errors / requests : undefined);
  put(numbers, "clientErrorRate", requests > 0 ? clientErrors / requests : undefined);
}

function put(numbers: Partial<Record<CanaryMetric, number>>, name: CanaryMetric, value: number | undefined): void {
  if (value !== undefined && Number.isFinite(value)) numbers[name] = value;
}

const within = ({ minutes }: Series, window: Window): (readonly [number, number])[] =>
  [...minutes].filter(([minute]) => isIn(minute, window));
const sameName = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
const entriesOf = <K extends string, V>(of: Readonly<Record<K, V>>) => Object.entries(of) as [K, V][];
