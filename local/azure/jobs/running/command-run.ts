// One job's way through its states: bring inputs, run the command, carry the log, take outputs back.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { durationMilliseconds } from "../../records/durations.ts";
import { type CommandBody, type JobRecord, type JobStatus, runFolder } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import { cloudName } from "../../workspace/addresses.ts";
import { fillCommand, fillText, type Placeholders } from "./command-line.ts";
import { jobEnvironment } from "./environment-variables.ts";
import { failingCommand } from "./faults.ts";
import { bringCode, bringInputs } from "./inputs.ts";
import { JobLife } from "./lifecycle.ts";
import { LogCarrier } from "./logs.ts";
import { prepareOutputs, registerOutputs, uploadArtifacts, uploadOutputs } from "./outputs.ts";
import type { ProcessEnd, ProcessGroup } from "./process-group.ts";
import { type JobPrograms, preparePrograms } from "./programs.ts";
import { startCommand } from "./start-command.ts";

/** The log file that streaming clients look for first (docs/facts/azureml-services.md#5.2). */
const standardLog = "user_logs/std_log.txt";

/** Properties that the service sets once the job is queued (docs/facts/azureml-wire.md#9.2); neither file is written here. */
const processFiles = {
  ProcessInfoFile: "azureml-logs/process_info.json",
  ProcessStatusFile: "azureml-logs/process_status.json",
};
const idle = JSON.stringify({
  ...{ AllocationState: "steady", PreparingNodeCount: 0, RunningNodeCount: 0, CurrentNodeCount: 0 },
});

/** A command job under way. */
export class JobRun extends JobLife<CommandBody> {
  protected override async work(): Promise<void> {
    await this.phase("Starting", "starting");
    await this.inFolder((folder) => this.run(folder));
  }

  protected override async closing(status: JobStatus): Promise<void> {
    if (status === "Canceled") await this.stay("cancelRequested");
  }

  private async run(folder: string): Promise<void> {
    const { job, host } = this;
    const { world } = host;
    await this.phase("Preparing", "preparing");
    const programs = await preparePrograms(host, job, folder, this.stop.signal);
    const working = join(folder, "wd");
    await bringCode(world, job.body.codeId, working);
    const values: Placeholders = {
      inputs: await bringInputs(world, job.body, join(folder, "inputs")),
      outputs: await prepareOutputs(job.body, join(folder, "outputs")),
    };
    Object.assign(job.properties, processFiles);
    if (/\/computes\/(?!serverless$)/i.test(job.body.computeId ?? ""))
      job.tags["_aml_system_ComputeTargetStatus"] = idle;
    await this.phase("Queued", "queued");

    await this.phase("Running");
    job.started = world.clock.now();
    await this.failOf("service");
    try {
      await this.command(folder, working, values, programs);
    } finally {
      await this.phase("Finalizing", "finalizing", false);
      await uploadArtifacts(world, job.name, working);
    }
    this.stop.signal.throwIfAborted();
    await uploadOutputs(world, job, values.outputs);
    Object.assign(job.registered, await registerOutputs(world, job, job.stamps.createdBy));
  }

  /** Runs the command with its log carried over. @throws JobError when it fails; the Cancellation when it was stopped */
  private async command(folder: string, working: string, values: Placeholders, programs: JobPrograms): Promise<void> {
    const { job, host } = this;
    const { world } = host;
    const { fail } = host.effect;
    const home = join(folder, "home");
    await mkdir(home, { recursive: true });
    const log = join(folder, "std_log.txt");
    await writeFile(log, preface(job, programs));

    const blob = `${runFolder(job.name)}${standardLog}`;
    const carrier = new LogCarrier(log, (bytes) => world.blobs.append("azureml", blob, bytes));
    job.logFiles.push(standardLog);
    host.changed(job);
    const own = Object.entries(job.body.environmentVariables ?? {}).map(([name, value]) => [
      name,
      fillText(value, values),
    ]);
    try {
      const command = startCommand({
        command: fail?.cause === "command" ? failingCommand(fail) : fillCommand(job.body.command, values),
        workingDirectory: working,
        outputFile: log,
        environment: jobEnvironment({
          job: job.name,
          experimentName: job.experimentName,
          experimentId: job.experimentId,
          subscriptionId: world.subscriptionId,
          resourceGroup: world.resourceGroup,
          workspaceName: world.workspaceName,
          trackingUri: `azureml://${world.urls.api.replace(/^https?:\/\//, "")}/mlflow/v1.0${world.workspaceId}`,
          trackingToken: host.token(),
          proxyUrl: world.reach.proxyUrl,
          caFile: world.reach.caFile,
          metadataUrl: `${world.urls.arm}/metadata/endpoints?api-version=2022-09-01`,
          cloudName,
          homeDirectory: home,
          programs: programs.path,
          own: Object.fromEntries(own),
        }),
      });
      const end = await this.untilEnded(command);
      this.stop.signal.throwIfAborted();
      judge(end);
    } finally {
      await carrier.close();
    }
  }

  /** Waits for the command, and stops it when the job is canceled or its time is over. */
  private async untilEnded(command: ProcessGroup): Promise<ProcessEnd> {
    const { limits } = this.job.body;
    const allowed = limits?.timeout ? durationMilliseconds(limits.timeout) : undefined;
    // The documentation says that the system cancels the job at the limit; the reason's words are not verified against live Azure.
    const late = () => this.cancel(`The job ran longer than its limit of ${limits?.timeout}.`);
    const inTime = allowed === undefined ? undefined : this.host.world.clock.after(allowed, late);
    const stop = () => void command.stop(this.host.world.settings.killGrace);
    this.stop.signal.addEventListener("abort", stop, { once: true });
    if (this.stop.signal.aborted) stop();
    try {
      return await command.ended;
    } finally {
      inTime?.();
      this.stop.signal.removeEventListener("abort", stop);
    }
  }

  private async inFolder(work: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), "azureml-job-"));
    try {
      await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }
}

/** The log's first lines: what is simulated says so. */
function preface(job: JobRecord<CommandBody>, programs: JobPrograms): string {
  const lines = [
    ...programs.sentences,
    "inputs are copied to a temporary folder, outputs are uploaded when the command has succeeded.",
  ];
  const instances = Number(job.body.resources?.["instanceCount"] ?? 1);
  if (instances > 1 || job.body.distribution) {
    lines.push(
      `${instances} instance(s)${job.body.distribution ? `, distribution ${String(job.body.distribution["distributionType"])}` : ""} asked for; one process runs.`,
    );
  }
  return lines.map((line) => `[local Azure, simulated] ${line}\n`).join("");
}

/** The sentence is the one that Azure ML's runtime is known to write; not verified against live Azure. */
function judge(end: ProcessEnd): void {
  if (end.startError) throw new JobError(`bash could not be started: ${end.startError.message}.`, "ServiceError");
  if (end.code === 0) return;
  const how = end.code === null ? `was ended by ${end.signal}` : `exited with status code ${end.code}`;
  throw new JobError(
    `Execution failed. User process 'bash' ${how}. Please check log file '${standardLog}' for error details.`,
  );
}
