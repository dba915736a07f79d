// Curves of the metrics that a run logged over its steps, for people: nothing is judged by them.
// Tests: test/lib/ml/jobs/run-curves.test.ts
import { sideBySide } from "../../azure/index.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { metricPoints, steppedMetrics } from "./metrics.ts";

export interface RunCurve {
  readonly run: string;
  readonly metric: string;
  /** As many as there are values, in their order. */
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** Metrics of a run whose curves are read, and pages of each. */
const MOST_CURVES = 30;
const MOST_PAGES = 4;
const LANES = 8;

/**
 * Curves of the metrics that were logged at more than one step. Two round trips: the run, and the histories side by side; one where
 * no metric has steps.
 */
export async function runCurves(workspace: Workspace, runId: string): Promise<RunCurve[]> {
  const metrics = (await steppedMetrics(workspace, runId)).slice(0, MOST_CURVES);
  const curves = await sideBySide(metrics, LANES, async (metric): Promise<RunCurve> => {
    const points = await metricPoints(workspace, runId, metric, MOST_PAGES);
    const known = points.filter(({ value, step }) => Number.isFinite(value) && Number.isFinite(step));
    return { run: runId, metric, steps: known.map(({ step }) => step), values: known.map(({ value }) => value) };
  });
  return curves.filter(({ values }) => values.length > 1);
}
