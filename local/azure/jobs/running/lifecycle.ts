// A job's life, whatever its kind: begun once, ended at most once from outside, and in one terminal state at last.

import type { JobBody, JobFailure, JobRecord, JobStatus } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import type { JobEffect, JobFault, JobPhase } from "../../scenarios/rules.ts";
import type { TrackingStore } from "../../tracking/store.ts";
import type { AzureWorld } from "../../world/world.ts";
import { faultOf } from "./faults.ts";

/** A job under way, of whatever kind. */
export interface RunningJob {
  /** Settles when the job is terminal and nothing of it runs any more. Never rejects. */
  readonly done: Promise<void>;
  /** Ends it. A second call changes nothing. @param reason why, where it was not a person */
  cancel(reason?: string): void;
}

/** Services of a run: reports and its token. */
export interface RunHost {
  readonly world: AzureWorld;
  /** Runs and their metrics, for jobs that log some of their own. */
  readonly tracking: TrackingStore;
  /** Effects of a scenario on the job. */
  readonly effect: JobEffect;
  /** A token for the job's own calls, which outlives it. */
  token(): string;
  /** Called at every change of the record. */
  changed(job: JobRecord): void;
  /** Adds tags to a job, as the service's own. */
  tag(job: JobRecord, tags: Readonly<Record<string, string>>): void;
  /** Logs metrics to a job's run, as its code would. */
  log(name: string, metrics: Readonly<Record<string, number>>): void;
  /** Begins a job that is a part of another. */
  child(spec: ChildSpec): { readonly job: JobRecord; readonly run: RunningJob | undefined };
}

/** A part of a job: a pipeline's step, a sweep's trial. */
export interface ChildSpec {
  readonly parent: JobRecord;
  readonly kind: "step" | "trial";
  /** The step's key, or the trial's number. */
  readonly node: string;
  readonly body: JobBody;
  /** `name` of the run, which is not its id: the component's for a step. */
  readonly runName: string;
  readonly properties: Record<string, string>;
  /** A new guid unless said. */
  readonly name?: string;
  /** A job whose results it takes over, completed or under way; then nothing runs. */
  readonly reused?: JobRecord | undefined;
}

/** Why a run is being stopped; the reason is the timeout's, none is a person's. */
class Cancellation extends Error {
  readonly reason: string | undefined;
  constructor(reason?: string) {
    super(reason ?? "canceled");
    this.reason = reason;
  }
}

export abstract class JobLife<Body extends JobBody = JobBody> implements RunningJob {
  protected readonly job: JobRecord<Body>;
  protected readonly host: RunHost;
  /** Aborted with a Cancellation when the job is to end. */
  protected readonly stop = new AbortController();
  private ended: Promise<void> | undefined;

  constructor(job: JobRecord<Body>, host: RunHost) {
    this.job = job;
    this.host = host;
  }

  /** Starts it. Apart from the constructor, because a kind's own fields are not there before that has returned. */
  begin(): RunningJob {
    this.ended ??= this.live();
    return this;
  }

  get done(): Promise<void> {
    if (this.ended === undefined) throw new Error(`Job ${this.job.name} has not begun.`);
    return this.ended;
  }

  cancel(reason?: string): void {
    if (!this.stop.signal.aborted) this.stop.abort(new Cancellation(reason));
  }

  /** All that the kind does. Returns when the job has completed. @throws JobError when it failed; anything once it is stopped */
  protected abstract work(): Promise<void>;

  /** The work that remains before the terminal state is shown. */
  protected async closing(_status: JobStatus): Promise<void> {}

  private async live(): Promise<void> {
    try {
      await this.work();
      await this.end("Completed");
    } catch (error) {
      if (this.stop.signal.aborted) {
        const { reason } = this.stop.signal.reason as Cancellation;
        if (reason !== undefined) this.job.cancelReason = reason;
        return this.end("Canceled");
      }
      this.job.failure = failureOf(error);
      await this.end("Failed");
    }
  }

  /** Enters a state and stays there for as long as the phase lasts; a cancel ends the stay, unless it is not `stoppable`. */
  protected async phase(status: JobStatus, phase?: JobPhase, stoppable = true): Promise<void> {
    if (stoppable) this.stop.signal.throwIfAborted();
    this.enter(status);
    if (phase !== undefined) await this.stay(phase, stoppable ? this.stop.signal : undefined);
    if (stoppable) this.stop.signal.throwIfAborted();
  }

  /** Lets a phase's time pass. @throws JobError where a scenario lets the job fail in it */
  protected async stay(phase: JobPhase, signal?: AbortSignal): Promise<void> {
    const { world, effect } = this.host;
    await world.clock.sleep(effect[phase] ?? world.settings.phases[phase], signal);
    const causes: { readonly [Phase in JobPhase]?: JobFault["cause"] } = { preparing: "imageBuild", queued: "quota" };
    if (causes[phase] !== undefined) await this.failOf(causes[phase]);
  }

  /** @throws JobError where a scenario lets the job fail for one of these causes */
  protected async failOf(...causes: readonly JobFault["cause"][]): Promise<void> {
    const { fail } = this.host.effect;
    if (fail === undefined || !causes.includes(fail.cause) || this.stop.signal.aborted) return;
    throw await faultOf(this.host.world, this.job, fail);
  }

  /** CancelRequested is left for a terminal state only. */
  protected enter(status: JobStatus): void {
    if (this.job.status === "CancelRequested" || this.job.status === status) return;
    this.job.status = status;
    this.host.changed(this.job);
  }

  private async end(status: JobStatus): Promise<void> {
    await this.closing(status);
    this.job.ended = this.host.world.clock.now();
    this.job.status = status;
    this.host.changed(this.job);
  }
}

/** Errors that are not the job's are reported as local Azure's. */
function failureOf(error: unknown): JobFailure {
  if (error instanceof JobError) return { code: error.code, message: error.message };
  return { code: "ServiceError", message: `local Azure failed: ${(error as Error).stack ?? String(error)}` };
}
