// Jobs that no machine of ours could run (Spark, AutoML, fine-tuning): accepted, checked, and completed as simulated, saying so.
import { setTimeout as sleep } from "node:timers/promises";
import { locate } from "./locations.ts";
import { registerOutputs } from "./outputs.ts";
import { type JobRecord, type JobStatus, runFolder } from "./record.ts";
import { Cancellation, type RunHost, type RunningJob } from "./run.ts";

/** Which file of the log streaming clients look for, by kind (facts/03 5.2). */
const logs: Record<string, string> = { AutoML: "azureml-logs/70_driver_log.txt" };

export class SimulatedRun implements RunningJob {
  readonly done: Promise<void>;
  private readonly job: JobRecord;
  private readonly host: RunHost;
  private readonly stop = new AbortController();

  constructor(job: JobRecord, host: RunHost) {
    this.job = job;
    this.host = host;
    this.done = this.live();
  }

  cancel(reason?: string): void {
    if (!this.stop.signal.aborted) this.stop.abort(new Cancellation(reason));
  }

  private async live(): Promise<void> {
    const { job, host } = this;
    const { world } = host;
    const { phases } = world.scenario;
    try {
      await this.phase("NotStarted", phases.starting);
      await this.phase("Preparing", phases.preparing);
      await this.phase("Running", phases.queued);
      job.started = world.clock.now();
      const log = logs[job.body.jobType] ?? "user_logs/std_log.txt";
      const text = `[local Azure, simulated] This ${job.body.jobType} job is not run: it is checked, and completes with a marker in each output.\n`;
      await world.blobs.append("azureml", `${runFolder(job.name)}${log}`, text);
      job.logFiles.push(log);
      host.changed(job);
      await this.markOutputs(text);
      await this.phase("Finalizing", phases.finalizing);
      Object.assign(job.registered, await registerOutputs(world, job, job.stamps.createdBy));
      this.end("Completed");
    } catch (error) {
      if (this.stop.signal.aborted) {
        const { reason } = this.stop.signal.reason as Cancellation;
        if (reason !== undefined) job.cancelReason = reason;
        return this.end("Canceled");
      }
      job.failure = { code: "ServiceError", message: `local Azure failed: ${(error as Error).stack ?? String(error)}` };
      this.end("Failed");
    }
  }

  /** Later steps find a place to read from, and whoever looks into it finds the truth. */
  private async markOutputs(text: string): Promise<void> {
    const { job, host } = this;
    for (const [name, output] of Object.entries(job.body.outputs ?? {})) {
      const place = locate(host.world, job.outputUris[name] ?? "");
      if (place.kind !== "blob") continue;
      const isFile = output.jobOutputType === "uri_file";
      await host.world.blobs.put(place.container, isFile ? place.path : `${place.path}/simulated.txt`, text);
    }
  }

  private async phase(status: JobStatus, milliseconds: number): Promise<void> {
    this.stop.signal.throwIfAborted();
    if (this.job.status !== "CancelRequested" && this.job.status !== status) {
      this.job.status = status;
      this.host.changed(this.job);
    }
    await sleep(milliseconds, undefined, { signal: this.stop.signal }).catch(() => undefined);
    this.stop.signal.throwIfAborted();
  }

  private end(status: JobStatus): void {
    this.job.ended = this.host.world.clock.now();
    this.job.status = status;
    this.host.changed(this.job);
  }
}
