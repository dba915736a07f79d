// A sweep under way: trials as command jobs, some at a time; the best one's outputs become the sweep's.
import { setTimeout as sleep } from "node:timers/promises";
import { durationMilliseconds } from "../../records/durations.ts";
import type { CommandBody, JobRecord } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import type { Run } from "../../tracking/store.ts";
import type { AzureWorld } from "../../world/world.ts";
import { registerOutputs } from "../running/outputs.ts";
import { ParentLife } from "../running/parent.ts";
import { takeSlot } from "../running/slots.ts";
import { draw, grid, type Point, random, type SearchSpace } from "./space.ts";
import { type Policy, toEnd } from "./termination.ts";

/** The log that streaming clients look for first in a sweep (docs/facts/azureml-services.md#5.2). */
const sweepLog = "azureml-logs/hyperdrive.txt";

/** Milliseconds between two looks at the metrics of running trials. */
const lookEvery = 100;

interface Limits {
  readonly maxTotalTrials?: number | null;
  readonly maxConcurrentTrials?: number | null;
  readonly timeout?: string | null;
  readonly trialTimeout?: string | null;
}

interface Trial {
  readonly job: JobRecord;
  readonly point: Point;
}

export class SweepRun extends ParentLife {
  protected override readonly logFile = sweepLog;
  private readonly trials: Trial[] = [];

  protected override async work(): Promise<void> {
    const { job, host } = this;
    const limits = (job.body["limits"] ?? {}) as Limits;
    const inTime = this.deadline(limits.timeout);
    try {
      job.started = host.world.clock.now();
      job.logFiles.push(sweepLog);
      this.say("Experiment created for sweep.");
      await this.log;
      job.status = job.status === "CancelRequested" ? job.status : "Running";
      host.changed(job);
      await this.failOf("imageBuild", "quota", "command", "service");
      await this.sweep(limits);
      this.stop.signal.throwIfAborted();
      await this.takeBest();
    } finally {
      inTime?.();
    }
  }

  protected override moment(now: Date): string {
    return now.toISOString();
  }

  private async sweep(limits: Limits): Promise<void> {
    const points = this.points(limits.maxTotalTrials ?? 20);
    const watching = this.watch();
    const worker = async (): Promise<void> => {
      for (let next = points.next(); !next.done && !this.stop.signal.aborted; next = points.next()) {
        const free = await takeSlot(this.host.world);
        try {
          if (!this.stop.signal.aborted) await this.trial(next.value, limits.trialTimeout);
        } finally {
          free();
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.max(1, limits.maxConcurrentTrials ?? 4) }, worker));
    } finally {
      watching.abort();
    }
  }

  private *points(most: number): Generator<Point> {
    const { body } = this.job;
    const space = (body["searchSpace"] ?? {}) as SearchSpace;
    const sampling = (body["samplingAlgorithm"] ?? {}) as { samplingAlgorithmType?: string; seed?: number | null };
    if (/^grid$/i.test(sampling.samplingAlgorithmType ?? "")) {
      let count = 0;
      for (const point of grid(space)) if (count++ < most) yield point;
      return;
    }
    // Bayesian sampling draws at random too, and the log says so.
    if (/^bayesian$/i.test(sampling.samplingAlgorithmType ?? "")) {
      this.say("[local Azure, simulated] Bayesian sampling draws at random.");
    }
    const next = random(sampling.seed ?? Math.floor(Math.random() * 2 ** 31));
    for (let count = 0; count < most; count += 1) yield draw(space, next);
  }

  private async trial(point: Point, timeout: string | null | undefined): Promise<void> {
    const { job, host } = this;
    const number = this.trials.length;
    const name = `${job.name}_${number}`;
    const template = job.body["trial"] as CommandBody;
    const literals = Object.entries(point).map(([key, value]) => [
      key,
      { jobInputType: "literal", value: pythonText(value) },
    ]);
    const body: CommandBody = {
      ...template,
      jobType: "Command",
      command: fillSearchSpace(template.command, point),
      displayName: name,
      experimentName: job.experimentName,
      computeId: job.body.computeId ?? null,
      // A component's own inputs may be what is searched (docs/facts/azureml-documents.md#2.6).
      inputs: { ...job.body.inputs, ...Object.fromEntries(literals) },
      outputs: job.body.outputs ?? {},
      ...(timeout ? { limits: { jobLimitsType: "Command", timeout } } : {}),
    };
    const shown = JSON.stringify(point);
    job.tags[`_aml_system_${name}`] = shown;
    const properties = { "azureml.runsource": "azureml.hyperdrive", hyperparameters: shown };
    const child = host.child({
      parent: job,
      kind: "trial",
      node: String(number),
      body,
      runName: name,
      name,
      properties,
    });
    this.trials.push({ job: child.job, point });
    this.say(`Starting trial ${name} with ${shown}`);
    host.changed(job);
    await this.follow(name, child.run);
    this.say(`Trial ${name} ended as ${child.job.status}.`);
  }

  /** Looks at the metrics of what runs, and ends what the policy ends. */
  private watch(): AbortController {
    const over = new AbortController();
    const policy = this.job.body["earlyTermination"] as Policy | null | undefined;
    const look = async (): Promise<void> => {
      while (!over.signal.aborted) {
        await sleep(lookEvery, undefined, { signal: over.signal }).catch(() => undefined);
        if (policy === null || policy === undefined) return;
        const histories = new Map(this.trials.map(({ job }) => [job.name, this.history(job.name)]));
        for (const name of toEnd(policy, histories, [...this.running.keys()], this.sign())) {
          this.say(`Trial ${name} is ended by the ${policy.policyType} policy.`);
          this.running.get(name)?.cancel(`Ended by the ${policy.policyType} policy.`);
        }
      }
    };
    void look();
    return over;
  }

  private async takeBest(): Promise<void> {
    const { job, host } = this;
    const ranked = this.trials
      .map((trial) => ({ trial, score: this.history(trial.job.name).at(-1) }))
      .filter((one): one is { trial: Trial; score: number } => one.score !== undefined && Number.isFinite(one.score))
      .sort((one, other) => this.sign() * (other.score - one.score));
    const completed = ranked.filter(({ trial }) => trial.job.status === "Completed");
    const best = completed[0] ?? ranked[0];
    if (this.trials.length > 0 && this.trials.every(({ job: one }) => one.status === "Failed")) {
      throw new JobError("All trials of the sweep have failed. See the trials' own logs for the reason.");
    }
    job.tags["_aml_system_all_jobs_generated"] = "true";
    if (best === undefined) return;
    const { trial, score } = best;
    Object.assign(job.properties, {
      best_child_run_id: trial.job.name,
      score: String(score),
      best_metric_status: "Succeeded",
    });
    for (const name of Object.keys(job.body.outputs ?? {})) {
      const uri = trial.job.outputUris[name];
      if (uri !== undefined) job.outputUris[name] = uri;
    }
    this.say(`The best trial is ${trial.job.name} with ${this.metric()} = ${score}.`);
    Object.assign(job.registered, await registerOutputs(host.world, job, job.stamps.createdBy));
  }

  private metric(): string {
    return String((this.job.body["objective"] as { primaryMetric?: string } | undefined)?.primaryMetric ?? "");
  }

  private sign(): 1 | -1 {
    const { goal } = (this.job.body["objective"] ?? {}) as { goal?: string };
    return /^minimize$/i.test(goal ?? "") ? -1 : 1;
  }

  private history(trial: string): readonly number[] {
    return readMetric(this.host.world, trial, this.metric());
  }

  /** @returns what says that it has ended in time */
  private deadline(timeout: string | null | undefined): (() => void) | undefined {
    const allowed = timeout ? durationMilliseconds(timeout) : undefined;
    const late = () => this.cancel(`The sweep ran longer than its limit of ${timeout}.`);
    return allowed === undefined ? undefined : this.host.world.clock.after(allowed, late);
  }
}

function fillSearchSpace(command: string, point: Point): string {
  return command.replace(/\$\{\{\s*search_space\.([\w-]+)\s*\}\}/g, (whole, name: string) =>
    name in point ? pythonText(point[name]) : whole,
  );
}

/** As Python would write it: that is what reaches the command. */
function pythonText(value: unknown): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The values of one metric of a trial, in the order they were logged. */
function readMetric(world: AzureWorld, run: string, metric: string): readonly number[] {
  const found = world.store<Run>("runs").get(run)?.metrics ?? [];
  return found.filter(({ key }) => key === metric).map(({ value }) => value);
}
