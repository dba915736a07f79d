// A step that takes over what another one does or did: it runs nothing, and ends as that one ends.

import { isTerminal, type JobRecord, type JobStatus } from "../../records/job.ts";
import type { RunningJob } from "./lifecycle.ts";

/** The services around a job that was taken over. */
export interface Surroundings {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Called when its record has changed. */
  changed(): void;
}

export class TakenOver implements RunningJob {
  readonly done: Promise<void>;
  readonly #job: JobRecord;
  readonly #original: JobRecord;
  readonly #around: Surroundings;
  #leave: () => void = () => {};

  /**
   * It is NotStarted until the original has ended (recorded). What becomes of it where the original fails is inferred: it ends
   * the same way. Not verified against live Azure.
   * @param ended resolves when `original` is terminal
   */
  constructor(job: JobRecord, original: JobRecord, ended: Promise<void>, around: Surroundings) {
    this.#job = job;
    this.#original = original;
    this.#around = around;
    job.reusedFrom = original.name;
    if (isTerminal(original.status)) {
      this.#take();
      this.done = Promise.resolve();
      return;
    }
    job.status = "NotStarted";
    around.changed();
    const left = new Promise<void>((resolve) => {
      this.#leave = resolve;
    });
    this.done = Promise.race([ended, left]).then(() => {
      if (!this.isOver) this.#take();
    });
  }

  get isOver(): boolean {
    return isTerminal(this.#job.status);
  }

  cancel(reason?: string): void {
    if (this.isOver) return;
    if (reason !== undefined) this.#job.cancelReason = reason;
    this.#end("Canceled");
    this.#leave();
  }

  #take(): void {
    const { outputUris, logFiles, failure, status } = this.#original;
    Object.assign(this.#job.outputUris, outputUris);
    this.#job.logFiles.push(...logFiles);
    if (failure !== undefined) this.#job.failure = failure;
    this.#end(status);
  }

  #end(status: JobStatus): void {
    this.#job.started = this.#job.ended = this.#around.now();
    this.#job.status = status;
    this.#around.changed();
  }
}
