// MLflow's nouns: experiments and runs with their parameters, tags and metrics. Jobs live here too: run id = job name.
import { randomUUID } from "node:crypto";
import type { Store } from "../records/state.ts";

export interface Experiment {
  readonly id: string;
  name: string;
  lifecycle: "active" | "deleted";
  readonly created: number;
  lastUpdated: number;
  readonly tags: Record<string, string>;
}

/**
 * A logged value. `step` and `timestamp` (ms) are MLflow's; a step that a number cannot hold is kept as its digits. `visibleAt` (ms)
 * is when readers begin to see it.
 */
export interface Metric {
  readonly key: string;
  readonly value: number;
  readonly timestamp: number;
  readonly step: number | string;
  readonly visibleAt: number;
}

export type RunStatus = "RUNNING" | "SCHEDULED" | "FINISHED" | "FAILED" | "KILLED";

export interface Run {
  readonly id: string;
  readonly experimentId: string;
  name: string;
  userId: string;
  status: RunStatus;
  /** Milliseconds since the epoch, as the two below. A client says when its run started, the service when it came to be. */
  startTime: number;
  created?: number;
  endTime?: number;
  lifecycle: "active" | "deleted";
  readonly parameters: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly metrics: Metric[];
  /** Datasets that were logged as inputs, as sent. */
  inputs?: object[];
  /** A job's run takes its status and times from the job, not from MLflow clients. */
  readonly ofJob: boolean;
}

/** How many milliseconds pass before a run's logged metric can be read, and the time now. */
export interface TrackingTime {
  now(): number;
  metricDelay(run: Run): number;
}

/** Experiments and runs of one workspace. Whoever changes one in place calls `changed`. */
export class TrackingStore {
  readonly experiments: Store<Experiment>;
  readonly runs: Store<Run>;
  /** Experiment "0" in MLflow's language; Azure ML names every experiment by a guid (docs/facts/azureml-services.md#5.5). */
  readonly defaultExperiment: Experiment;
  private readonly time: TrackingTime;

  constructor(stores: { experiments: Store<Experiment>; runs: Store<Run> }, time: TrackingTime) {
    this.experiments = stores.experiments;
    this.runs = stores.runs;
    this.time = time;
    this.defaultExperiment = this.ensureExperiment("Default");
  }

  experiment(id: string): Experiment | undefined {
    return id === "0" ? this.defaultExperiment : this.experiments.get(id);
  }

  experimentByName(name: string): Experiment | undefined {
    return [...this.experiments.values()].find((experiment) => experiment.name === name);
  }

  addExperiment(name: string, tags: Record<string, string> = {}): Experiment {
    const now = this.time.now();
    const experiment: Experiment = {
      id: randomUUID(),
      name,
      lifecycle: "active",
      created: now,
      lastUpdated: now,
      tags,
    };
    this.experiments.set(experiment.id, experiment);
    return experiment;
  }

  /** The experiment of that name, made if there is none: what submitting a job does. */
  ensureExperiment(name: string): Experiment {
    return this.experimentByName(name) ?? this.addExperiment(name);
  }

  addRun(run: Pick<Run, "experimentId" | "name"> & Partial<Omit<Run, "parameters" | "metrics">>): Run {
    const added: Run = {
      id: randomUUID(),
      userId: "",
      status: "RUNNING",
      startTime: this.time.now(),
      lifecycle: "active",
      tags: {},
      ofJob: false,
      ...run,
      parameters: {},
      metrics: [],
    };
    this.runs.set(added.id, added);
    return added;
  }

  changed(): void {
    this.experiments.changed();
    this.runs.changed();
  }

  logMetric(run: Run, metric: Omit<Metric, "visibleAt">): void {
    run.metrics.push({ ...metric, visibleAt: this.time.now() + this.time.metricDelay(run) });
    this.runs.changed();
  }

  /** The values that readers can see by now, in the order of logging; of one key if `key` is given. */
  visibleMetrics(run: Run, key?: string): Metric[] {
    const now = this.time.now();
    return run.metrics.filter((metric) => metric.visibleAt <= now && (key === undefined || metric.key === key));
  }

  /** The latest value of every key: greatest step, then greatest time, then greatest value, as MLflow has it. */
  latestMetrics(run: Run): Metric[] {
    const latest = new Map<string, Metric>();
    for (const metric of this.visibleMetrics(run)) {
      const before = latest.get(metric.key);
      if (!before || isLater(metric, before)) latest.set(metric.key, metric);
    }
    return [...latest.values()];
  }
}

function isLater(one: Metric, other: Metric): boolean {
  if (one.step !== other.step) return BigInt(one.step) > BigInt(other.step);
  if (one.timestamp !== other.timestamp) return one.timestamp > other.timestamp;
  return one.value >= other.value;
}
