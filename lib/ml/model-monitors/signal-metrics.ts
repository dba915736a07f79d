// Metrics of a monitor's signal, as its file has them in each of the forms that Azure ML's components write, and whether they break
// their thresholds (docs/facts/operations.md#F.3, #F.4). Pure.
// Tests: test/lib/ml/model-monitors/signal-metrics.test.ts
import { isObject } from "../../plain-objects.ts";

/** One metric of a signal at one look. */
export interface SignalMetric {
  /** JensenShannonDistance, NullValueRate, or a name of the user's. */
  readonly metric: string;
  /** The feature, or the groups of a custom metric joined by a slash; absent for the signal as a whole. */
  readonly of?: string;
  /** Absent where the monitor computed none. */
  readonly value?: number;
  /** Absent where nothing is judged by it. */
  readonly threshold?: number;
}

export interface SignalFile {
  readonly signal: string;
  readonly metrics: readonly SignalMetric[];
  /** Rows that were compared, where the file says so. */
  readonly rows?: { readonly reference?: number; readonly production?: number };
  /** There are more metrics, which were not read. */
  readonly isCut?: boolean;
}

type Json = Readonly<Record<string, unknown>>;

/** Metrics of a signal that are read; with more of them nobody knows whether all is well. */
export const MOST_METRICS = 5_000;
const DEEPEST_GROUP = 5;

/** The metrics of a signal's file; undefined for a text that is none. Python writes NaN where JSON has no number. */
export function readSignalFile(text: string): SignalFile | undefined {
  const file = parsed(text.replaceAll(/:\s*(?:NaN|-?Infinity)(?=\s*[,}\]])/g, ": null"));
  if (!isObject(file) || typeof file["signalName"] !== "string" || !isObject(file["metrics"])) return undefined;
  const { features, rowCount, ...named } = file["metrics"] as Json & { features?: unknown; rowCount?: unknown };
  const metrics = [
    ...(isObject(features) ? Object.entries(features).flatMap(([name, one]) => featureMetrics(name, one)) : []),
    ...Object.entries(named).flatMap(([name, one]) => namedMetrics(name, one, [])),
  ];
  return {
    signal: file["signalName"],
    metrics: metrics.slice(0, MOST_METRICS),
    ...(metrics.length > MOST_METRICS ? { isCut: true } : {}),
    ...(isObject(rowCount) ? { rows: rowsOf(rowCount) } : {}),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Metrics by feature; data quality says `targetValue` for the value of the production data. */
function featureMetrics(of: string, feature: unknown): SignalMetric[] {
  const list = isObject(feature) && Array.isArray(feature["metrics"]) ? feature["metrics"].filter(isObject) : [];
  return list.flatMap((one) => {
    if (typeof one["metricName"] !== "string") return [];
    return [metricOf(one["metricName"], of, one["metricValue"] ?? one["targetValue"], one["threshold"])];
  });
}

/** Metrics by name, with groups below them; one of the signal as a whole may have the older form's keys. */
function namedMetrics(metric: string, one: unknown, groups: readonly string[]): SignalMetric[] {
  if (!isObject(one) || groups.length > DEEPEST_GROUP) return [];
  const value = one["value"] ?? one["metricValue"];
  const isThere = value !== undefined || one["threshold"] !== undefined;
  const own = isThere ? [metricOf(metric, groups.join("/"), value, one["threshold"])] : [];
  const below = isObject(one["groups"]) ? Object.entries(one["groups"]) : [];
  return [...own, ...below.flatMap(([group, part]) => namedMetrics(metric, part, [...groups, group]))];
}

function metricOf(metric: string, of: string, value: unknown, threshold: unknown): SignalMetric {
  const [number, limit] = [finite(value), finite(threshold)];
  return {
    metric,
    ...(of === "" ? {} : { of }),
    ...(number === undefined ? {} : { value: number }),
    ...(limit === undefined ? {} : { threshold: limit }),
  };
}

/** A number, also one that was written as a text. */
export function finite(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function rowsOf(rowCount: Json): { reference?: number; production?: number } {
  const [reference, production] = [finite(rowCount["baselineCount"]), finite(rowCount["targetCount"])];
  return { ...(reference === undefined ? {} : { reference }), ...(production === undefined ? {} : { production }) };
}

/** Metrics of which less is worse: p-values, scores and pass rates. */
const LESS_IS_WORSE =
  /^(TwoSampleKolmogorovSmirnovTest|PearsonsChiSquaredTest|NormalizedDiscountedCumulativeGain|Accuracy|Precision|Recall|Aggregated\w+PassRate|Average\w+Score)$/i;
/** The service takes these for metrics of which more is worse, and so tags good ones and never a bad one; here less of them is worse. */
const TAKEN_FOR_WORSE = /^(Accuracy|Precision|Recall)$/i;

/** Whether a metric breaks its threshold; undefined where it has no value or none to be held against. */
export function breaks({ metric, value, threshold }: SignalMetric): boolean | undefined {
  if (value === undefined || threshold === undefined) return undefined;
  return LESS_IS_WORSE.test(metric) ? value < threshold : value > threshold;
}

/** Whether the service tags the run for a metric that is better than its threshold. */
export const takesGoodForBad = ({ metric, value, threshold }: SignalMetric): boolean =>
  TAKEN_FOR_WORSE.test(metric) && value !== undefined && threshold !== undefined && value > threshold;

/** `NormalizedWassersteinDistance of age is 6.8, above 0.5`. */
export function sayMetric(one: SignalMetric): string {
  const { metric, of, value, threshold } = one;
  const subject = `${metric}${of === undefined ? "" : ` of ${of}`}`;
  if (value === undefined) return `${subject} has no value`;
  const said = `${subject} is ${Number(value.toPrecision(4))}`;
  if (threshold === undefined) return said;
  const side = value === threshold ? "at" : value > threshold ? "above" : "below";
  return `${said}, ${side} ${Number(threshold.toPrecision(4))}`;
}
