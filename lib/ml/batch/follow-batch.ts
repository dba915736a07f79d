// Follows the job of an invocation to its end, as any job; then reads where its results lie, and makes its deployment the default where that
// is wanted.
// Tests: test/lib/ml/batch/invoke-batch.test.ts
import { type FollowedJob, type FollowOptions, followJob } from "../jobs/follow-job.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { batchOutputs } from "./batch-outputs.ts";
import { makeDefault } from "./default-deployment.ts";
import type { BatchJob } from "./invoke-batch.ts";

export interface FollowBatchOptions
  extends Pick<FollowOptions, "deadline" | "clock" | "cancelOnFailure" | "onLeft">,
    Callbacks<Pick<FollowedJob, "status"> & Partial<FollowedJob>> {
  /** Whether the deployment becomes the endpoint's default once the job has completed. */
  readonly makeDefault?: boolean | undefined;
}

/**
 * Follows the job. `onProgress` is told each state, and the results before the default is moved.
 * @throws TaskError as `followJob` does, with the default as it was; as `makeDefault` does, once the job has completed
 */
export async function followBatchJob(
  workspace: Workspace,
  begun: BatchJob,
  options: FollowBatchOptions,
): Promise<FollowedJob> {
  const { name, studioUrl } = begun.job;
  const { makeDefault: moves, onProgress, ...following } = options;
  const followed = await followJob(workspace, name, { ...following, studioUrl, outputs: begun.outputs, onProgress });
  const ended = { ...followed, outputs: await batchOutputs(workspace, begun) };
  onProgress?.(ended);
  if (moves) await makeDefault(workspace, begun.target);
  return ended;
}
