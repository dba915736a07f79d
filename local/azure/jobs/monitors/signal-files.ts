// The files of a signal's results, in the two forms that Azure ML's components write (docs/facts/operations.md#F.3).
import { binEdges, categoryCounts, histogram } from "../../signals/drift.ts";
import { featuresOf, type Selection } from "../../signals/features.ts";
import type { MetricRow } from "../../signals/metric-rows.ts";
import type { Table } from "../../signals/table.ts";

type Json = Record<string, unknown>;

/** The id of the run that has a metric's values over time. */
export type RunOf = (row: MetricRow) => string;

/** The form of `model_monitor_output_metrics`: metrics by feature. Data quality has two values of each. */
export function featureFile(signal: string, type: string, rows: readonly MetricRow[], runOf: RunOf): Json {
  const features: Record<string, Json & { metrics: Json[]; runMetrics: Json[] }> = {};
  for (const row of rows.filter(({ feature_name }) => feature_name !== "")) {
    const file = `signals/${signal}/${row.feature_name}.histogram.json`;
    const feature = features[row.feature_name] ?? {
      ...{ dataType: row.data_type, metrics: [], runMetrics: [] },
      ...(type === "DataQuality" ? {} : { histogram: file }),
    };
    features[row.feature_name] = feature;
    feature.runMetrics.push({ runId: runOf(row), metricName: row.metric_name, runMetricName: "value" });
    feature.metrics.push({ metricName: row.metric_name, ...valuesOf(row, type), ...thresholdOf(row) });
  }
  return {
    ...{ signalName: signal, signalType: type, version: "1.0.0" },
    metrics: { features, rowCount: rowCounts(rows) },
  };
}

const valuesOf = (row: MetricRow, type: string): Json =>
  type === "DataQuality"
    ? { targetValue: row.target_metric_value, baselineValue: row.baseline_metric_value }
    : { metricValue: row.metric_value };

const thresholdOf = ({ threshold_value: threshold }: MetricRow): Json => (threshold === undefined ? {} : { threshold });

function rowCounts(rows: readonly MetricRow[]): Json {
  const of = (name: string) => rows.find(({ metric_name }) => metric_name === name);
  const both = of("RowCount");
  if (both !== undefined) return { baselineCount: both.baseline_metric_value, targetCount: both.target_metric_value };
  return { baselineCount: of("BaselineRowCount")?.metric_value, targetCount: of("TargetRowCount")?.metric_value };
}

/** The form of `model_monitor_metric_outputter`: metrics by name, with groups below them. */
export function metricFile(signal: string, type: string, rows: readonly MetricRow[], runOf: RunOf): Json {
  const metrics: Json = {};
  for (const row of rows) {
    let place = below(metrics, row.metric_name);
    for (const group of groupsOf(row)) place = below(below(place, "groups"), group);
    Object.assign(place, {
      ...{ value: row.metric_value, ...thresholdOf(row) },
      timeseries: { runId: runOf(row), metricNames: { value: "value", threshold: "threshold" } },
    });
  }
  return { signalName: signal, signalType: type, version: "1.0.0", metrics };
}

/** The mapping at a key, made where there is none. */
function below(map: Json, key: string): Json {
  const known = map[key] as Json | undefined;
  if (known !== undefined) return known;
  const made: Json = {};
  map[key] = made;
  return made;
}

/** The groups that a custom metric is of; `aggregate` is no group of its own. */
export function groupsOf({ group, group_dimension: dimension }: MetricRow): string[] {
  if (!group) return [];
  return dimension && dimension.toLowerCase() !== "aggregate" ? [group, dimension] : [group];
}

/** The histogram of each feature, over the bins that its metrics were computed with. */
export function histogramFiles(reference: Table, production: Table, selection: Selection): Record<string, Json> {
  const { numerical, categorical } = featuresOf(reference, production, selection);
  const cells = (table: Table, name: string) => table.columns.get(name)!.values.filter((value) => value !== null);
  const ofNumbers = numerical.map((name) => {
    const [before, now] = [cells(reference, name).map(Number), cells(production, name).map(Number)];
    const edges = binEdges(before, now);
    const [baseline, target] = [histogram(before, edges), histogram(now, edges)];
    const bins = baseline.map((baselineCount, index) => ({
      ...{ baselineCount, lowerBound: edges[index], upperBound: edges[index + 1], targetCount: target[index] },
    }));
    return [name, { featureName: name, histogram: bins }] as const;
  });
  const ofCategories = categorical.map((name) => {
    const [before, now] = [reference, production].map((table) => categoryCounts(cells(table, name).map(String)));
    // A category that the reference lacks is in no histogram.
    const bins = [...before!].map(([category, baselineCount]) => ({
      ...{ baselineCount, category, targetCount: now!.get(category) ?? 0 },
    }));
    return [name, { featureName: name, histogram: bins }] as const;
  });
  return Object.fromEntries([...ofNumbers, ...ofCategories]);
}
