// Places of the results of a batch job: a model's deployment writes the output `score` of its one step, a pipeline component outputs
// of the job itself. The job's own record shows neither (docs/facts/azureml-wire.md#13, docs/facts/azureml-services.md#6.4).
// Tests: test/lib/ml/batch/invoke-batch.test.ts
import { informing } from "../jobs/after-the-end.ts";
import { childRuns, outputPlaces } from "../jobs/runs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { BatchJob } from "./invoke-batch.ts";

/** A model's predictions. */
const SCORE = "score";
/** Steps that are looked into: a model's deployment has one. */
const MOST_STEPS = 5;

/**
 * URIs of a completed job's outputs by name: those that the invocation chose, and those that the services say. What cannot be read is
 * missing with a warning, since the job has completed. Two round trips for a pipeline component, three for a model.
 */
export async function batchOutputs(
  workspace: Workspace,
  { job, target, outputs }: BatchJob,
): Promise<Readonly<Record<string, string>>> {
  const missing = `Where the job ${job.name} has written its results could not be read`;
  const places = () => (target.runsPipeline ? outputPlaces(workspace, job.name) : scoreOf(workspace, job.name));
  return { ...(await informing(workspace, missing, places)), ...outputs };
}

async function scoreOf(workspace: Workspace, job: string): Promise<Record<string, string>> {
  const steps = await childRuns(workspace, job);
  for (const { runId } of steps.slice(0, MOST_STEPS)) {
    const places = await outputPlaces(workspace, runId, [SCORE]);
    if (SCORE in places) return places;
  }
  return {};
}
