// The post-job stage of an invocation: cancels the job that a stopped step left, and searches for the one whose answer it never read.
// Tests: test/lib/ml/batch/lost-invocation.test.ts
import { cancelJob } from "../jobs/jobs.ts";
import { cancelLeft } from "../jobs/ownership.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { findClaimed } from "./post-invocation.ts";

/** Between the tag and the claim of a request whose answer has not been read; names of jobs have no colon. */
const UNSEEN = /^unseen:([^:]+):([0-9a-f]{32})$/;

/** Milliseconds for which the job is looked for: the service may still be making it. */
const PATIENCE = 30_000;

/** The mark of a request whose answer has not been read yet. */
export const unseen = ({ tag, claim }: { readonly tag: string; readonly claim: string }): string =>
  `unseen:${tag}:${claim}`;

/** Asks the job to cancel that a stopped step left, as `onLeft` told it; a job that is not provably its own is left alone. */
export async function cancelLeftInvocation(workspace: Workspace, mark: string): Promise<void> {
  const [, tag, claim] = UNSEEN.exec(mark) ?? [];
  if (tag === undefined || claim === undefined) return cancelLeft(workspace, mark);
  const found = await findClaimed(workspace, { tag, claim }, PATIENCE);
  if (found === undefined)
    return workspace.log.warn(
      "This step was stopped while it invoked a batch endpoint, and no job of it could be found. If one runs, cancel it in the studio, among the endpoint's jobs.",
    );
  workspace.log.info(`Cancelling the job ${found.name}, which this step left when it was stopped.`);
  await cancelJob(workspace, found.name);
}
