// The state of a job: from run history, and from the job's own record where history does not say it. Each wait has a limit.
// Tests: test/lib/ml/jobs/follow-steps.test.ts
import { TaskError } from "../../errors.ts";
import { type Clock, systemClock } from "../../poll.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { findJob, hasEnded } from "./jobs.ts";
import { type RunDetails, runDetails } from "./runs.ts";

/** The states that the service publishes (JobStatus); its "Unknown" is none that says anything. */
const READABLE = new Set([
  ...["NotStarted", "Scheduled", "Starting", "Provisioning", "Preparing", "Queued", "Running", "Paused"],
  ...["Finalizing", "CancelRequested", "Completed", "Failed", "Canceled", "NotResponding"],
]);
const isReadable = (status: unknown): status is string => typeof status === "string" && READABLE.has(status);

/** Minutes that neither source knows the job at all, or that neither says anything readable. */
const LONGEST_ABSENT = 3;
const LONGEST_UNREADABLE = 10;
/** Minutes that the record says that the job has ended and history does not: its log may come yet. */
const LONGEST_BEHIND = 1;
/** Minutes that only the record knows a job that goes on. */
const LONGEST_WITHOUT_HISTORY = 60;
const MINUTE = 60_000;

export interface Standing {
  /** Undefined as long as the state is unknown. */
  readonly status: string | undefined;
  /** The run in run history, if it is there. */
  readonly details: RunDetails | undefined;
}

/** The code of the error where the job is nowhere, so that no job can still be running. */
export const isGone = (error: unknown): boolean => error instanceof TaskError && error.code === GONE;
const GONE = "JobGone";

/** Looks at one job again and again. */
export class StandingReader {
  readonly #workspace: Workspace;
  readonly #name: string;
  readonly #clock: Clock;
  /** Since when history has not reported the job's state. */
  #silentSince: number | undefined;
  #absentSince: number | undefined;
  #toldOfRecord = false;

  constructor(workspace: Workspace, name: string, clock: Clock = systemClock) {
    this.#workspace = workspace;
    this.#name = name;
    this.#clock = clock;
  }

  /**
   * One round trip; a second one, to the job's own record, where run history does not know the run or its state.
   * @throws TaskError where both have said nothing for too long
   */
  async look(): Promise<Standing> {
    const details = await runDetails(this.#workspace, this.#name);
    if (details && isReadable(details.status)) {
      this.#silentSince = this.#absentSince = undefined;
      return { status: details.status, details };
    }
    const record = await findJob(this.#workspace, this.#name);
    const now = this.#clock.now();
    this.#silentSince ??= now;
    this.#absentSince = details || record ? undefined : (this.#absentSince ?? now);
    const silent = (now - this.#silentSince) / MINUTE;
    const status = record?.properties?.status;
    if (isReadable(status)) return { status: this.#byRecord(status, silent), details };
    if (this.#absentSince !== undefined && (now - this.#absentSince) / MINUTE >= LONGEST_ABSENT) throw this.#gone();
    if (silent >= LONGEST_UNREADABLE) throw this.#unreadable(details?.status, status);
    return { status: undefined, details };
  }

  #byRecord(status: string, silent: number): string | undefined {
    if (hasEnded(status)) return silent >= LONGEST_BEHIND ? status : undefined;
    if (silent >= LONGEST_WITHOUT_HISTORY)
      throw new TaskError(
        "service",
        `Run history has not said for ${LONGEST_WITHOUT_HISTORY} minutes how the job ${this.#name} stands, although its own record says ${status}.`,
        { errorCode: "AML1404" },
      );
    if (!this.#toldOfRecord && silent >= LONGEST_BEHIND) {
      this.#toldOfRecord = true;
      this.#workspace.log.warn(
        `Run history does not say how the job ${this.#name} stands. Its own record does, and is asked; its log cannot be shown meanwhile.`,
      );
    }
    return status;
  }

  #gone(): TaskError {
    return new TaskError(
      "notFound",
      `Azure accepted the job ${this.#name}, but for ${LONGEST_ABSENT} minutes neither the workspace ${this.#workspace.name} nor its run history has had it: it was lost, or somebody deleted it.`,
      { errorCode: "AML1405", code: GONE, hint: "Run the failed job again: it submits the job again." },
    );
  }

  #unreadable(history: unknown, record: unknown): TaskError {
    const said = (status: unknown) => (status ? JSON.stringify(String(status).slice(0, 100)) : "nothing");
    return new TaskError(
      "service",
      `Azure has not said for ${LONGEST_UNREADABLE} minutes how the job ${this.#name} stands: the status is ${said(history)} in run history and ${said(record)} in the job's own record.`,
      { errorCode: "AML1404" },
    );
  }
}
