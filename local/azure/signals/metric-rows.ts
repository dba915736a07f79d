// The metrics of a signal as rows, computed from its two tables, and which of them break their thresholds.
import { categoricalDrift, numericalDrift } from "./drift.ts";
import { featuresOf, type Selection } from "./features.ts";
import { boundsOf, qualityRate } from "./quality.ts";
import type { Cell, Table } from "./table.ts";

/** A row of the table `signal_metrics`, with the components' own column names. */
export interface MetricRow {
  readonly feature_name: string;
  readonly data_type: string;
  readonly metric_name: string;
  readonly metric_value: number;
  readonly group: string;
  readonly group_dimension?: string;
  readonly threshold_value?: number;
  readonly baseline_metric_value?: number;
  readonly target_metric_value?: number;
}

/** A threshold of a signal: a metric of one kind of column. */
export interface Limit {
  readonly dataType: "Numerical" | "Categorical";
  readonly metric: string;
  /** Absent: the metric is computed and judged by nothing. */
  readonly threshold?: number | undefined;
}

/** Drift of every feature, and how many rows there were; rows with a null in any of them are left out first. @throws MetricRefused, NoCommonColumns */
export function driftRows(
  reference: Table,
  production: Table,
  limits: readonly Limit[],
  selection: Selection,
): MetricRow[] {
  const { numerical, categorical } = featuresOf(reference, production, selection);
  const chosen = [...numerical, ...categorical];
  const [before, now] = [whole(reference, chosen), whole(production, chosen)];
  const rows = limits.flatMap(({ dataType, metric, threshold }) =>
    (dataType === "Numerical" ? numerical : categorical).map((name): MetricRow => {
      const [one, other] = [before.columns.get(name)!, now.columns.get(name)!];
      const value =
        dataType === "Numerical"
          ? numericalDrift(metric, one.map(Number), other.map(Number))
          : categoricalDrift(metric, one.map(String), other.map(String));
      return rowOf(name, dataType, metric, value, threshold);
    }),
  );
  return [...rows, rowCount("BaselineRowCount", before.rows), rowCount("TargetRowCount", now.rows)];
}

/** Quality of every feature in both tables. The threshold is what the reference has and the limit on top of it. @throws NoCommonColumns */
export function qualityRows(
  reference: Table,
  production: Table,
  limits: readonly Limit[],
  selection: Selection,
): MetricRow[] {
  const shared = [...reference.columns.values()].filter(
    ({ name }) => production.columns.has(name) && (selection.names?.includes(name) ?? true),
  );
  const rows = shared.flatMap((column) => {
    const bounds = boundsOf(column, selection.overrides[column.name]);
    const kind = bounds.isCategorical ? "Categorical" : "Numerical";
    return limits.flatMap(({ dataType, metric, threshold }): MetricRow[] => {
      if (dataType !== kind) return [];
      const baseline = qualityRate(metric, column, bounds);
      const target = qualityRate(metric, production.columns.get(column.name)!, bounds);
      if (baseline === undefined || target === undefined) return [];
      const limit = threshold === undefined ? undefined : baseline + threshold;
      const row = rowOf(column.name, dataType, metric, target, limit);
      return [{ ...row, baseline_metric_value: baseline, target_metric_value: target }];
    });
  });
  const counts = { baseline_metric_value: reference.rows, target_metric_value: production.rows };
  return [...rows, { ...rowCount("RowCount", production.rows), ...counts }];
}

function rowOf(
  name: string,
  dataType: string,
  metric: string,
  value: number,
  threshold: number | undefined,
): MetricRow {
  const row = { feature_name: name, data_type: dataType, metric_name: metric, metric_value: value, group: name };
  return threshold === undefined ? row : { ...row, threshold_value: threshold };
}

const rowCount = (metric: string, rows: number): MetricRow => rowOf("", "", metric, rows, undefined);

/** The columns without the rows in which one of them has a null. */
function whole(table: Table, names: readonly string[]): { rows: number; columns: Map<string, Cell[]> } {
  const columns = names.map((name) => table.columns.get(name)!.values);
  const kept = Array.from({ length: table.rows }, (_, row) => row).filter((row) =>
    columns.every((values) => values[row] !== null),
  );
  return {
    rows: kept.length,
    columns: new Map(names.map((name, index) => [name, kept.map((row) => columns[index]![row]!)])),
  };
}

/** Metrics of which less than the threshold is a breach: p-values and scores. Of all others more than the threshold is one. */
const lowerIsWorse = new Set([
  ...["TwoSampleKolmogorovSmirnovTest", "PearsonsChiSquaredTest", "NormalizedDiscountedCumulativeGain"],
  ...["Coherence", "Groundedness", "Fluency", "Similarity", "Relevance"].flatMap((name) => [
    `Aggregated${name}PassRate`,
    `Average${name}Score`,
  ]),
]);

export function breaches({ metric_name, metric_value, threshold_value }: MetricRow): boolean {
  if (threshold_value === undefined || threshold_value === null) return false;
  return lowerIsWorse.has(metric_name) ? metric_value < threshold_value : metric_value > threshold_value;
}
