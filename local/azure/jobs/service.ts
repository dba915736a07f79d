// All jobs of the workspace: submitting, canceling and forgetting them, and their runs in run history and MLflow.
import { randomUUID } from "node:crypto";
import { newStamps } from "../arm/envelope.ts";
import {
  type CommandBody,
  isTerminal,
  type JobBody,
  type JobParent,
  type JobRecord,
  type JobStatus,
} from "../records/job.ts";
import type { Store } from "../records/state.ts";
import type { JobEffect } from "../scenarios/rules.ts";
import { type RunStatus, TrackingStore } from "../tracking/store.ts";
import type { AzureWorld } from "../world/world.ts";
import { MonitorRun, monitorOf, SignalRun, signalOf } from "./monitors/run.ts";
import { SignalStep, stepOf } from "./monitors/signal-step.ts";
import { PipelineRun } from "./pipelines/run.ts";
import { AutoMLRun } from "./running/automl-run.ts";
import { JobRun } from "./running/command-run.ts";
import type { ChildSpec, RunHost, RunningJob } from "./running/lifecycle.ts";
import { outputUris } from "./running/outputs.ts";
import { isImport, SimulatedRun, simulates } from "./running/simulated.ts";
import { TakenOver } from "./running/taken-over.ts";
import { firstStatus, serviceProperties } from "./service-properties.ts";
import type { Submitter } from "./submitter.ts";
import { SweepRun } from "./sweeps/run.ts";

/** The job service of this workspace, the same one at every call. */
export function jobService(world: AzureWorld): JobService {
  return world.part("job service", () => new JobService(world));
}

export class JobService {
  readonly tracking: TrackingStore;
  private readonly world: AzureWorld;
  private readonly jobs: Store<JobRecord>;
  private readonly runs = new Map<string, RunningJob>();
  /** Milliseconds, by the name of the job. */
  private readonly metricsLate = new Map<string, number>();
  private lastSequence = 0;

  constructor(world: AzureWorld) {
    this.world = world;
    this.jobs = world.store<JobRecord>("jobs");
    this.tracking = new TrackingStore(
      { experiments: world.store("experiments"), runs: world.store("runs") },
      { now: () => world.clock.now(), metricDelay: ({ id }) => this.metricDelay(id) },
    );
    this.endInterrupted();
    world.onClose(async () => {
      for (const run of this.runs.values()) run.cancel();
      // A stay that no cancel ends may be hours long.
      world.clock.stop();
      await Promise.all([...this.runs.values()].map((run) => run.done));
    });
  }

  get(name: string): JobRecord | undefined {
    return this.jobs.get(name);
  }

  all(): JobRecord[] {
    return [...this.jobs.values()];
  }

  /** Jobs that are no part of another one. */
  own(): JobRecord[] {
    return this.all().filter((job) => job.parent === undefined);
  }

  /** Takes a job in and starts it. `name` must be new. */
  submit(name: string, body: JobBody, submitter: Submitter): JobRecord {
    const job = this.add(name, body, submitter, undefined, {});
    this.start(job, submitter);
    return job;
  }

  private start(job: JobRecord, submitter: Submitter): RunningJob {
    const effect = this.effectOn(job);
    const run = runOf(job, {
      world: this.world,
      tracking: this.tracking,
      effect,
      token: submitter.token,
      changed: (changed) => this.changed(changed),
      tag: (tagged, tags) => this.update(tagged, { tags: { ...tagged.tags, ...tags } }),
      log: (name, metrics) => this.log(name, metrics),
      child: (spec) => this.child(spec, submitter),
    });
    this.runs.set(job.name, run);
    void run.done.then(() => this.runs.delete(job.name));
    return run;
  }

  /** The scenario's effect on a job that starts. */
  private effectOn(job: JobRecord): JobEffect {
    const effect = this.world.scenarios.job({
      name: job.name,
      displayName: job.displayName,
      experiment: job.experimentName,
      type: job.body.jobType,
      step: job.parent?.node,
      parent: job.parent && this.get(job.parent.name),
    });
    if (effect.metricsLate !== undefined) this.metricsLate.set(job.name, effect.metricsLate);
    return effect;
  }

  private metricDelay(run: string): number {
    return this.metricsLate.get(run) ?? this.world.settings.metricDelay;
  }

  private log(name: string, metrics: Readonly<Record<string, number>>): void {
    const run = this.tracking.runs.get(name);
    const timestamp = this.world.clock.now();
    for (const [key, value] of Object.entries(metrics))
      if (run) this.tracking.logMetric(run, { key, value, timestamp, step: 0 });
  }

  private child(spec: ChildSpec, submitter: Submitter): { job: JobRecord; run: RunningJob | undefined } {
    const { parent, kind, node, body, reused } = spec;
    const own: JobParent = { kind, name: parent.name, root: parent.parent?.root ?? parent.name, node };
    const properties = {
      ...spec.properties,
      ...(reused === undefined ? {} : { "azureml.isreused": "true", "azureml.reusedrunid": reused.name }),
    };
    const job = this.add(spec.name ?? randomUUID(), body, submitter, own, properties);
    job.runName = spec.runName;
    if (reused === undefined) return { job, run: this.start(job, submitter) };
    const run = new TakenOver(job, reused, this.ended(reused.name), {
      now: () => this.world.clock.now(),
      changed: () => this.changed(job),
    });
    if (run.isOver) return { job, run: undefined };
    this.runs.set(job.name, run);
    void run.done.then(() => this.runs.delete(job.name));
    return { job, run };
  }

  private add(
    name: string,
    body: JobBody,
    submitter: Submitter,
    parent: JobParent | undefined,
    properties: Record<string, string>,
  ): JobRecord {
    const { world } = this;
    const now = world.clock.now();
    const experiment = this.tracking.ensureExperiment(body.experimentName || "Default");
    if (this.lastSequence === 0) this.lastSequence = Math.max(0, ...this.all().map((one) => one.sequence));
    this.lastSequence += 1;
    const job: JobRecord = {
      name,
      sequence: this.lastSequence,
      body,
      ...(parent === undefined ? {} : { parent }),
      displayName: textOf(body["displayName"]) ?? name,
      description: textOf(body["description"]) ?? null,
      isArchived: body["isArchived"] === true,
      tags: { ...(body["tags"] as Record<string, string> | null) },
      properties: {
        ...(body["properties"] as Record<string, string> | null),
        ...serviceProperties(world, body, submitter.apiVersion),
        ...properties,
      },
      experimentName: experiment.name,
      experimentId: experiment.id,
      status: firstStatus(body.jobType),
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
        "mlflow.rootRunId": parent?.root ?? name,
        ...(parent === undefined ? {} : { "mlflow.parentRunId": parent.name }),
        "mlflow.runName": job.displayName,
        "mlflow.user": submitter.author.name,
        ...Object.fromEntries(Object.entries(job.properties).filter(([key]) => key.startsWith("mlflow."))),
        ...job.tags,
      },
    });
    this.world.events.emit("jobStatus", job);
    return job;
  }

  /** Jobs that are parts of this one, in the order they began. */
  children(name: string): JobRecord[] {
    return this.all().filter((job) => job.parent?.name === name);
  }

  /** Fields that a repeated PUT may change. */
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
    for (const child of this.children(job.name)) this.forget(child);
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

/** docs/facts/azureml-services.md#5.5 (inferred there). CancelRequested still runs. */
function runStatus(status: JobStatus): RunStatus {
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

function runOf(job: JobRecord, host: RunHost): RunningJob {
  if (monitorOf(job.body) !== undefined) return new MonitorRun(job, host).begin();
  if (signalOf(job.body) !== undefined) return new SignalRun(job, host).begin();
  if (stepOf(job.body) !== undefined) return new SignalStep(job, host).begin();
  if (simulates(job.body) !== undefined || isImport(job.body)) return new SimulatedRun(job, host).begin();
  switch (job.body.jobType) {
    case "Command":
      return new JobRun(job as JobRecord<CommandBody>, host).begin();
    case "Pipeline":
      return new PipelineRun(job, host).begin();
    case "Sweep":
      return new SweepRun(job, host).begin();
    case "AutoML":
      return new AutoMLRun(job, host).begin();
    default:
      return new SimulatedRun(job, host).begin();
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
