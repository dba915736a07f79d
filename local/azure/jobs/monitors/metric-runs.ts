// The runs that hold a monitor's metrics over time: one for the monitor, below it one for each metric of each feature, found
// again by their tags (docs/facts/operations.md#F.4).
import type { MetricRow } from "../../signals/metric-rows.ts";
import type { Run, TrackingStore } from "../../tracking/store.ts";
import { groupsOf } from "./signal-files.ts";

/** The signal whose metrics are written, and whose experiment they are in. */
export interface MetricsOf {
  readonly experimentId: string;
  readonly monitor: string;
  readonly signal: string;
  /** By feature, as most signals, or by groups, as custom ones. */
  readonly by: "feature" | "group";
}

/** The run of a metric; made where there is none, its parent too. */
export function metricRun(tracking: TrackingStore, of: MetricsOf, row: MetricRow): Run {
  const { experimentId, monitor, signal } = of;
  const parent = runWith(tracking, experimentId, `${monitor} - Metrics`, {
    "azureml.monitor_name": monitor,
    "azureml.metric_name": "azureml.metrics",
  });
  const groups = groupsOf(row).map((group, index) => [`azureml.group_${index}`, group]);
  const tags = {
    "azureml.monitor_name": monitor,
    "azureml.signal_name": signal,
    ...(of.by === "feature" ? { "azureml.feature_name": row.feature_name } : Object.fromEntries(groups)),
    "azureml.metric_name": row.metric_name,
  };
  return runWith(tracking, experimentId, `${signal}_${row.metric_name}`, tags, parent);
}

/** The oldest run that has these tags. */
function runWith(
  tracking: TrackingStore,
  experimentId: string,
  name: string,
  tags: Record<string, string>,
  parent?: Run,
): Run {
  const found = [...tracking.runs.values()].find(
    (run) =>
      run.experimentId === experimentId &&
      run.lifecycle === "active" &&
      Object.entries(tags).every(([key, value]) => run.tags[key] === value) &&
      // The monitor's own run has no signal.
      (parent !== undefined || run.tags["azureml.signal_name"] === undefined),
  );
  if (found !== undefined) return found;
  const run = tracking.addRun({ experimentId, name, status: "FINISHED", tags: { ...tags, "mlflow.runName": name } });
  run.tags["mlflow.rootRunId"] = parent?.id ?? run.id;
  if (parent !== undefined) run.tags["mlflow.parentRunId"] = parent.id;
  run.endTime = run.startTime;
  return run;
}

/** Logs a metric's value and threshold at the monitor's time, in seconds as the step. */
export function publish(tracking: TrackingStore, run: Run, row: MetricRow, at: number, now: number): void {
  const isQuality = row.baseline_metric_value !== undefined;
  const values = isQuality
    ? { baseline_value: row.baseline_metric_value, target_value: row.target_metric_value }
    : { value: row.metric_value };
  const all = { ...values, ...(row.threshold_value === undefined ? {} : { threshold: row.threshold_value }) };
  for (const [key, value] of Object.entries(all))
    if (typeof value === "number")
      tracking.logMetric(run, { key, value, timestamp: now, step: Math.floor(at / 1_000) });
  run.endTime = now;
  tracking.changed();
}
