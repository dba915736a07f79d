// Callbacks of verbs: how far the work is, and what to take back if the step is stopped now.
// Tests: test/lib/ml/jobs/jobs.test.ts, test/lib/ml/endpoints/rollout-meetings.test.ts

export interface Telling<Section> {
  /** Told the section of the record as it stands at each change, also where the verb fails later. */
  readonly onProgress?: ((section: Section) => void) | undefined;
  /** Told what the post-job stage takes back if the step is stopped now; without a mark nothing. */
  readonly onLeft?: ((mark?: string) => void) | undefined;
}
