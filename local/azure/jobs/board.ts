// All jobs of the workspace: submitting, canceling and forgetting them, and their runs in run history and MLflow.
import { createHash } from "node:crypto";
import type { Author } from "../arm/envelope.ts";
import { newStamps } from "../arm/envelope.ts";
import type { Store } from "../state.ts";
import type { AzureWorld } from "../world.ts";
import { outputUris } from "./outputs.ts";
import { type CommandBody, isTerminal, type JobRecord, type JobStatus } from "./record.ts";
import { JobRun } from "./run.ts";
import { type RunStatus, TrackingStore } from "./tracking.ts";

/** Who submits a job, as far as the job needs it. */
export interface Submitter {
  readonly author: Author;
  readonly objectId: string;
  /** Issues a token for the job's own calls. */
  token(): string;
}

const boards = new WeakMap<AzureWorld, JobBoard>();

/** The board of this workspace, the same one at every call. */
export function jobBoard(world: AzureWorld): JobBoard {
  let board = boards.get(world);
  if (board === undefined) {
    board = new JobBoard(world);
    boards.set(world, board);
  }
  return board;
}

export class JobBoard {
  readonly tracking: TrackingStore;
  private readonly world: AzureWorld;
  private readonly jobs: Store<JobRecord>;
  private readonly runs = new Map<string, JobRun>();

  constructor(world: AzureWorld) {
    this.world = world;
    this.jobs = world.store<JobRecord>("jobs");
    this.tracking = new TrackingStore(
      { experiments: world.store("experiments"), runs: world.store("runs") },
      { now: () => world.clock.now(), metricDelay: () => world.scenario.metricDelay },
    );
    this.endInterrupted();
    world.onClose(async () => {
      for (const run of this.runs.values()) run.cancel();
      await Promise.all([...this.runs.values()].map((run) => run.done));
    });
  }

  get(name: string): JobRecord | undefined {
    return this.jobs.get(name);
  }

  all(): JobRecord[] {
    return [...this.jobs.values()];
  }

  /** Takes a job in and starts it. `name` must be new. */
  submit(name: string, body: CommandBody, submitter: Submitter): JobRecord {
    const { world } = this;
    const now = world.clock.now();
    const experiment = this.tracking.ensureExperiment(body.experimentName || "Default");
    const job: JobRecord = {
      name,
      sequence: Math.max(0, ...this.all().map((other) => other.sequence)) + 1,
      body,
      displayName: textOf(body["displayName"]) ?? name,
      description: textOf(body["description"]) ?? null,
      isArchived: body["isArchived"] === true,
      tags: { ...(body["tags"] as Record<string, string> | null) },
      properties: { ...(body["properties"] as Record<string, string> | null), ...serviceProperties(body) },
      experimentName: experiment.name,
      experimentId: experiment.id,
      status: "Starting",
      created: now,
      stamps: newStamps(now, submitter.author),
      ownerId: submitter.objectId,
      outputUris: outputUris(world, name, body),
      registered: {},
      logFiles: [],
    };
    this.jobs.set(name, job);
    this.tracking.addRun({
      id: name,
      experimentId: experiment.id,
      name: job.displayName,
      userId: submitter.author.name,
      status: "SCHEDULED",
      startTime: now,
      ofJob: true,
      tags: {
        "mlflow.rootRunId": name,
        "mlflow.runName": job.displayName,
        "mlflow.user": submitter.author.name,
        ...Object.fromEntries(Object.entries(job.properties).filter(([key]) => key.startsWith("mlflow."))),
        ...job.tags,
      },
    });
    this.world.events.emit("jobStatus", job);
    const run = new JobRun(job, { world, token: submitter.token, changed: (changed) => this.changed(changed) });
    this.runs.set(name, run);
    void run.done.then(() => this.runs.delete(name));
    return job;
  }

  /** What a repeated PUT may change. */
  update(
    job: JobRecord,
    changes: Partial<Pick<JobRecord, "displayName" | "description" | "isArchived" | "tags" | "properties">>,
  ): void {
    const run = this.tracking.runs.get(job.name);
    if (run && changes.tags) for (const key of Object.keys(job.tags)) delete run.tags[key];
    Object.assign(job, changes);
    if (run) {
      Object.assign(run.tags, job.tags, { "mlflow.runName": job.displayName });
      run.name = job.displayName;
    }
    this.jobs.changed();
    this.tracking.changed();
  }

  /** Asks a job to end; one that has ended stays as it is. Resolves when it is terminal. */
  cancel(job: JobRecord): Promise<void> {
    const run = this.runs.get(job.name);
    if (isTerminal(job.status) || run === undefined) return Promise.resolve();
    if (job.status !== "CancelRequested") {
      job.status = "CancelRequested";
      this.changed(job);
    }
    run.cancel();
    return run.done;
  }

  /** Forgets a job that has ended. Its blobs stay, as run history's artifacts do. */
  forget(job: JobRecord): void {
    this.jobs.delete(job.name);
    this.tracking.runs.delete(job.name);
  }

  /** Resolves when the job is terminal. */
  ended(name: string): Promise<void> {
    return this.runs.get(name)?.done ?? Promise.resolve();
  }

  private changed(job: JobRecord): void {
    const run = this.tracking.runs.get(job.name);
    if (run) {
      run.status = runStatus(job.status);
      if (job.started !== undefined) run.startTime = job.started;
      if (job.ended !== undefined) run.endTime = job.ended;
      this.tracking.changed();
    }
    this.jobs.changed();
    this.world.events.emit("jobStatus", job);
    if (isTerminal(job.status)) this.world.events.emit("jobTerminal", job);
  }

  /** Jobs that were under way when an earlier local cloud with the same data folder stopped. */
  private endInterrupted(): void {
    for (const job of this.all().filter((one) => !isTerminal(one.status))) {
      job.failure = { code: "ServiceError", message: "The local cloud was stopped while the job was under way." };
      job.ended = this.world.clock.now();
      job.status = "Failed";
      this.changed(job);
    }
  }
}

/** facts/03 5.5 (inferred there). CancelRequested still runs. */
export function runStatus(status: JobStatus): RunStatus {
  switch (status) {
    case "Completed":
      return "FINISHED";
    case "Failed":
      return "FAILED";
    case "Canceled":
      return "KILLED";
    case "Running":
    case "Finalizing":
    case "CancelRequested":
      return "RUNNING";
    default:
      return "SCHEDULED";
  }
}

/** What the service writes into a job's properties (facts/04 9.1). */
function serviceProperties(body: CommandBody): Record<string, string> {
  return {
    "_azureml.ComputeTargetType": "amlctrain",
    ...(body.codeId ? { ContentSnapshotId: guidOf(body.codeId) } : {}),
  };
}

/** A guid that is the same for the same text. */
function guidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
