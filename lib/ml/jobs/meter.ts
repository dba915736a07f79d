// The meter of a job that is followed: it is shown the runs at each look, may end the wait, and tells the cost in the end.
// Tests: test/lib/ml/costs/job-meter.test.ts
import type { ChildRun, RunDetails } from "./runs.ts";

/** A pipeline's step as the last listing had it. */
export interface StepRun {
  /** Display names of the step and of those around it: `prepare/clean`. */
  readonly title: string;
  readonly run: ChildRun;
  /** A pipeline of its own, whose steps are listed too. */
  readonly isPipeline: boolean;
}

/** The runs of a job, as far as they have been read. */
export interface RunsOfJob {
  readonly name: string;
  readonly details: RunDetails | undefined;
  /** Undefined: the job is no pipeline. */
  readonly steps: readonly StepRun[] | undefined;
  /** Present while the job or its steps cannot be read; `since` in milliseconds, undefined where it was not seen to run. */
  readonly unread?: { readonly why: string; readonly since: number | undefined };
}

/** A job's cost for the record. Amounts are in `currency`; hours are those of nodes. */
export interface JobCost {
  readonly label: string;
  readonly currency?: string;
  /** Of all parts that are priced, if they ran at the same time. */
  readonly estimatedPerHour?: number;
  /** Of jobs that end after a time of their own. */
  readonly estimatedMost?: number;
  readonly nodeHours?: number;
  readonly amount?: number;
  /** Parts without a price. */
  readonly unpriced?: readonly string[];
}

export interface Meter {
  /** Whether a step, by its title, is a pipeline of its own, as the job's document says. */
  isPipeline(title: string): boolean;
  /** @throws TaskError with the error code OVER_LIMIT where the job is over a limit */
  look(runs: RunsOfJob): Promise<void>;
  /** The cost once the job has ended, or is left. @throws as the services refuse */
  total(runs: RunsOfJob): Promise<JobCost>;
}

/** The code of the error with which a meter ends the wait, which no service gives: the job is cancelled then. */
export const OVER_LIMIT = "AML1409";
