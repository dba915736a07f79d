// Callbacks of a verb: its progress, and the mark of what the post-job stage rolls back if the step is stopped.
// Tests: test/lib/ml/jobs/jobs.test.ts, test/lib/ml/rollout/rollout-meetings.test.ts

export interface Callbacks<Section> {
  /** Called at each change with the section of the record as it is now, also if the verb fails later. */
  readonly onProgress?: ((section: Section) => void) | undefined;
  /** Called with the mark of what the post-job stage rolls back if the step is stopped now; without a mark if there is nothing. */
  readonly onLeft?: ((mark?: string) => void) | undefined;
}
