// Callbacks of a verb: its progress, and the mark of what the post-job stage rolls back if the step is stopped.
// Tests: test/lib/ml/jobs/jobs.test.ts, test/lib/ml/rollout/rollout-meetings.test.ts

import type { Workspace } from "./workspace.ts";

export interface Callbacks<Section> {
  /** Called at each change with the section of the record as it is now, also if the verb fails later. */
  readonly onProgress?: ((section: Section) => void) | undefined;
  /** Called with the mark of what the post-job stage rolls back if the step is stopped now; without a mark if there is nothing. */
  readonly onLeft?: ((mark?: string) => void) | undefined;
}

/** A verb that begins a job, which another one may follow. */
export interface Beginning extends Pick<Callbacks<never>, "onLeft"> {
  /** Whether the job is followed next: then it stays left to the post-job stage, and otherwise nothing does. */
  readonly wait?: boolean;
}

/** Begins a job. Nothing is left to the post-job stage afterwards, unless the job is followed next or the step is being stopped. */
export async function beginning<T>(
  { signal }: Pick<Workspace, "signal">,
  { onLeft, wait }: Beginning,
  begin: () => Promise<T>,
): Promise<T> {
  let isLeft = false;
  try {
    const begun = await begin();
    isLeft = wait === true;
    return begun;
  } finally {
    if (!isLeft && !signal.aborted) onLeft?.();
  }
}
