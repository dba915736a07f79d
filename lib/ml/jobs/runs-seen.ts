// Runs of a job as a wait has seen them, for the meter: also which of them could not be read, why, and since when.
// Tests: test/lib/ml/costs/job-meter.test.ts
import type { Clock } from "../../poll.ts";
import type { RunsOfJob, StepRun } from "./meter.ts";
import type { RunDetails } from "./runs.ts";

export class RunsSeen {
  readonly #name: string;
  readonly #clock: Clock;
  #details: RunDetails | undefined;
  #runningSince: number | undefined;
  #listedAt: number | undefined;
  #why: string | undefined;

  constructor(name: string, clock: Clock) {
    this.#name = name;
    this.#clock = clock;
  }

  /** The job as one look found it; without details where run history does not say. */
  saw(status: string | undefined, details: RunDetails | undefined): void {
    this.#details = details ?? this.#details;
    if (status === "Running") this.#runningSince ??= this.#clock.now();
    if (details === undefined) this.#why = "run history does not say how the job stands";
  }

  /** Whether all steps of the job were listed; true where it has none. */
  listed(): void {
    this.#listedAt = this.#clock.now();
    this.#why = undefined;
  }

  /** The look, or the listing of the steps, failed. */
  missed(error: unknown): void {
    this.#why = error instanceof Error ? error.message : String(error);
  }

  runs(steps: readonly StepRun[] | undefined): RunsOfJob {
    const { startTimeUtc } = this.#details ?? {};
    const begun = startTimeUtc ? Date.parse(startTimeUtc) : this.#runningSince;
    return {
      name: this.#name,
      details: this.#details,
      steps,
      ...(this.#why === undefined ? {} : { unread: { why: this.#why, since: this.#listedAt ?? begun } }),
    };
  }
}
