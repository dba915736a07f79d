// Jobs that no machine of ours could run (Spark, AutoML, fine-tuning, monitors, imports): accepted, checked, and completed as simulated, saying so.

import { type JobBody, runFolder } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import { locate } from "../../workspace/locate.ts";
import { JobLife } from "./lifecycle.ts";
import { registerOutputs } from "./outputs.ts";

/** The log file that streaming clients read, by kind (docs/facts/azureml-services.md#5.2). */
const logs: Record<string, string> = {
  AutoML: "azureml-logs/70_driver_log.txt",
  Pipeline: "logs/azureml/executionlogs.txt",
};

/** The file of the log, below the run's folder. */
function logOf(body: JobBody): string {
  return isImport(body) ? "azureml-logs/executionlogs.txt" : (logs[body.jobType] ?? "user_logs/std_log.txt");
}

/** The purpose of a pipeline of the service's own, as "monitor"; undefined: a job that somebody submitted. */
export function simulates(body: JobBody): string | undefined {
  return typeof body["simulates"] === "string" ? body["simulates"] : undefined;
}

/** An import of data: a command job on the service's own compute `DataFactory`, whose inputs say from where (recorded 2022). */
export function isImport(body: JobBody): boolean {
  return /\/computes\/DataFactory$/i.test(body.computeId ?? "");
}

/** The initial properties of such a run. */
function runProperties(body: JobBody): Record<string, string> {
  const own = body.jobType === "AutoML" ? { runTemplate: "AutoML", "azureml.runsource": "automl" } : {};
  return { ...own, "azureml.simulated": "true" };
}

export class SimulatedRun extends JobLife {
  protected override async work(): Promise<void> {
    const { job, host } = this;
    const { world } = host;
    const begun = job.status === "Running";
    await this.phase(job.status, "starting");
    if (!isImport(job.body)) Object.assign(job.properties, runProperties(job.body));
    await this.phase(begun ? "Running" : "Preparing", "preparing");
    const log = logOf(job.body);
    if (isImport(job.body)) {
      // Recorded: it is there, and empty, of an import that never ran.
      await world.blobs.append("azureml", `${runFolder(job.name)}${log}`, "");
      // What fails here fails as it does in the service: nothing of it is simulated.
      this.requireConnection();
      Object.assign(job.properties, runProperties(job.body));
    }
    await this.phase("Running", "queued");
    await this.failOf("command", "service");
    job.started = world.clock.now();
    const text = `[local Azure, simulated] This ${simulates(job.body) ?? (isImport(job.body) ? "import" : job.body.jobType)} job is not run: it is checked, and completes with a marker in each output.\n`;
    await world.blobs.append("azureml", `${runFolder(job.name)}${log}`, text);
    job.logFiles.push(log);
    host.changed(job);
    await this.parts();
    await this.markOutputs(text);
    await this.phase("Finalizing", "finalizing");
    Object.assign(job.registered, await registerOutputs(world, job, job.stamps.createdBy));
  }

  /** Runs that it consists of. */
  protected async parts(): Promise<void> {}

  /** The words are recorded. @throws JobError where the workspace has no connection of the name that an import's input says */
  private requireConnection(): void {
    const said = this.job.body.inputs?.["connection"]?.value ?? "";
    const name =
      said
        .replace(/^azureml:/, "")
        .split("/")
        .pop() ?? "";
    if (this.host.world.store("connections").get(name.toLowerCase()) !== undefined) return;
    throw new JobError(`Connection ${name} can't be found in this workspace`);
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
}
