// A job that consists of others: what ends it ends them, and its own log tells of them.

import { type JobStatus, runFolder } from "../../records/job.ts";
import { JobLife, type RunningJob } from "./lifecycle.ts";

export abstract class ParentLife extends JobLife {
  /** Its parts that run, by their names. */
  protected readonly running = new Map<string, RunningJob>();
  /** Lines are appended one after the other; a line that cannot be written is lost, and nothing else. */
  protected log: Promise<unknown> = Promise.resolve();
  /** Blob of the log, below the run's folder. */
  protected abstract readonly logFile: string;

  override cancel(reason?: string): void {
    if (this.stop.signal.aborted) return;
    super.cancel(reason);
    this.cancelParts(reason);
  }

  protected cancelParts(reason?: string): void {
    for (const run of this.running.values()) run.cancel(reason);
  }

  /** Waits for a part; a part that did not have to run has none. */
  protected async follow(name: string, run: RunningJob | undefined): Promise<void> {
    if (run === undefined) return;
    this.running.set(name, run);
    await run.done;
    this.running.delete(name);
  }

  /** The prefix of a line: the time, as this kind's log writes it. */
  protected abstract moment(now: Date): string;

  protected say(text: string): void {
    const { world } = this.host;
    const line = `[${this.moment(new Date(world.clock.now()))}] ${text}\n`;
    const blob = `${runFolder(this.job.name)}${this.logFile}`;
    this.log = this.log.then(() => world.blobs.append("azureml", blob, line)).catch(() => undefined);
  }

  protected override async closing(_status: JobStatus): Promise<void> {
    await this.log;
  }
}
