// Finds the metrics of a job where they are: on the job itself, else on the one run below it that has them; of a sweep or AutoML on the best
// trial that the service names. Where several runs have a metric, none is chosen.
// Tests: test/bundle/metrics-found.test.ts
import { sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { capital } from "../../sentence.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { latestMetrics, type Metrics, metricsBeside } from "./metrics.ts";
import { bestTrialName, hasTrials, type RunNode, RunTree, reusedRun, sayRun, some } from "./run-tree.ts";

export interface WantedMetrics {
  /** Names that are looked for below the job where it lacks them. */
  readonly names: ReadonlySet<string>;
  /** Beginnings of names, and how many metrics with each are wanted at least. */
  readonly prefixes?: ReadonlyMap<string, number>;
  /** Any metric is wanted: looks below a job that has none at all. */
  readonly any: boolean;
  /** The step whose metrics count, and no other's. */
  readonly from?: string | undefined;
}

export interface FoundMetrics {
  /** The job's own, and those of runs below it that are the only ones to have them. */
  readonly metrics: Metrics;
  /** By metric: the run that has it, where that is not the job itself. */
  readonly runs: ReadonlyMap<string, MetricRun>;
  /** By wanted metric: the sentence why none was taken though there is one, or might be. */
  readonly refused: ReadonlyMap<string, string>;
  /** True: what is refused may still come, as where the service has not named a best trial yet. */
  readonly isLate?: boolean;
}

interface MetricRun {
  readonly runId: string;
  /** The run in words: "the best trial swept_3", "the step evaluate (run 1a2b)". */
  readonly called: string;
}

/** A metric of a run below the job. */
interface Having extends MetricRun {
  readonly metric: string;
  readonly value: number;
  readonly status: string | undefined;
}

/** Runs whose metrics are read for one job, at most. */
const MOST_RUNS = 300;
const LANES = 8;

/** Finds a job's metrics, as often as it takes until they are there. */
export class MetricFinder {
  readonly #workspace: Workspace;
  readonly #jobName: string;
  readonly #tree: RunTree;
  #read = 0;
  /** Why a wanted metric may not have been found. */
  readonly #reasons = new Set<string>();
  /** Runs that could not be looked at: nobody knows whether a metric that was found is the only one. */
  readonly #unseen = new Set<string>();
  #isLate = false;

  constructor(workspace: Workspace, jobName: string) {
    this.#workspace = workspace;
    this.#jobName = jobName;
    this.#tree = new RunTree(workspace);
  }

  /**
   * One round trip where the job has what is wanted. Else two more (the run and its children side by side, then their metrics), and two for
   * each further level of a tree whose runs lack it. One more where the job ended while it was looked at.
   * @param ended resolves to whether the job has ended, where that is asked at the same time: what is below it is looked at no sooner, and its own
   * metrics are those of its end. Absent: it had ended before, or that does not matter
   * @returns undefined where MLflow does not know the job's run
   * @throws TaskError `input` where `from` names no step
   */
  async find(wanted: WantedMetrics, ended?: Promise<boolean>): Promise<FoundMetrics | undefined> {
    this.#read = 0;
    this.#reasons.clear();
    this.#unseen.clear();
    this.#isLate = false;
    if (wanted.from !== undefined) {
      if ((await ended) === false) return this.#asFound({}, [], wanted);
      const node = await this.#tree.find({ run: { runId: this.#jobName }, path: "" }, wanted.from);
      if (typeof node !== "string") return this.#asFound({}, await this.#of(node, wanted, sayRun(node)), wanted);
      throw new TaskError("input", node, {
        errorCode: "AML1509",
        hint: "Name a step of the job, or leave metricsFrom empty.",
      });
    }
    const own = await (ended === undefined
      ? latestMetrics(this.#workspace, this.#jobName)
      : metricsBeside(this.#workspace, this.#jobName, ended));
    if (own === undefined) return undefined;
    const isEnough = !lacks(own, wanted) || (await ended) === false;
    return this.#asFound(own, isEnough ? [] : await this.#belowJob(own, wanted), wanted);
  }

  /** The children are listed beside the job's own entry of history, which says whether it has trials. */
  async #belowJob(own: Metrics, wanted: WantedMetrics): Promise<Having[]> {
    const listed = this.#tree.children({ run: { runId: this.#jobName }, path: "" });
    listed.catch(() => {});
    const run = await this.#tree.run(this.#jobName);
    return this.#below({ run: run ?? { runId: this.#jobName }, path: "" }, own, wanted);
  }

  /** The metrics of a run, and those that it lacks of the runs below it. */
  async #of(node: RunNode, wanted: WantedMetrics, called: string): Promise<Having[]> {
    this.#read += 1;
    const { runId, status } = node.run;
    const logged = await latestMetrics(this.#workspace, runId);
    const reused = reusedRun(node.run);
    const isTaken = reused !== undefined && Object.keys(logged ?? {}).length === 0;
    const own = isTaken ? await latestMetrics(this.#workspace, reused) : logged;
    if (own === undefined) {
      // A step that never began has no run to know.
      if (status === "Completed") {
        this.#unseen.add(`MLflow does not know the metrics of ${called}.`);
        this.#isLate = true;
      }
      return [];
    }
    const as = isTaken ? { runId: reused, called: `${called}, which reused the run ${reused}` } : { runId, called };
    const having = Object.entries(own).map(([metric, value]): Having => ({ ...as, metric, value, status }));
    if (!lacks(own, wanted)) return having;
    // The runs below a reused step are those of the run that did the work.
    const at = isTaken ? { ...node, run: { ...node.run, runId: reused } } : node;
    return [...having, ...(await this.#below(at, own, wanted))];
  }

  /** Metrics of runs below a run, without those that it has itself. */
  async #below(node: RunNode, own: Metrics, wanted: WantedMetrics): Promise<Having[]> {
    const best = await this.#tree.bestTrial(node);
    if (best === "other") {
      this.#reasons.add(`${capital(sayRun(node))} names a best trial that is no run of its own, so it does not count.`);
      return [];
    }
    if (best !== undefined) return without(own, await this.#of(best, wanted, `the best trial ${best.run.runId}`));
    if (hasTrials(node.run)) {
      this.#reasons.add(`The service names no best trial of ${sayRun(node)}.`);
      this.#isLate = true;
      return [];
    }
    const children = await this.#tree.children(node);
    if (children === undefined || this.#read + children.length > MOST_RUNS) {
      this.#unseen.add(`${capital(sayRun(node))} has too many child runs to look at them all.`);
      return [];
    }
    const theirs = await sideBySide(children, LANES, (child) => this.#of(child, wanted, sayRun(child)));
    return without(own, theirs.flat());
  }

  #asFound(own: Metrics, below: readonly Having[], wanted: WantedMetrics): FoundMetrics {
    const metrics: Record<string, number> = { ...own };
    const runs = new Map<string, MetricRun>();
    const refused = new Map<string, string>();
    for (const metric of new Set(below.map((one) => one.metric))) {
      const all = below.filter((one) => one.metric === metric);
      const usable = all.filter(({ status }) => status === undefined || status === "Completed");
      const [only] = usable;
      if (only === undefined) refused.set(metric, sayUnusable(metric, all));
      else if (usable.length > 1) refused.set(metric, saySeveral(metric, usable));
      else if (this.#unseen.size > 0) refused.set(metric, this.#sayUnseen(metric));
      else {
        metrics[metric] = only.value;
        runs.set(metric, { runId: only.runId, called: only.called });
      }
    }
    const reasons = [...this.#reasons, ...this.#unseen].join(" ");
    for (const metric of wanted.names)
      if (reasons !== "" && !Object.hasOwn(metrics, metric) && !refused.has(metric)) refused.set(metric, reasons);
    return { metrics, runs, refused, ...(this.#isLate ? { isLate: true } : {}) };
  }

  #sayUnseen(metric: string): string {
    const why = [...this.#unseen].join(" ");
    return `Whether one run alone has the metric ${JSON.stringify(metric)} is not known. ${why} Name the step with the input metricsFrom.`;
  }
}

/**
 * The metrics that a champion's job is measured by. A model's files may be those of a step, and its metrics on another step of the same
 * pipeline: what the run lacks is looked for in the job that it is a part of. Two round trips more where it is. A step that is named counts
 * where that job has it.
 * @returns undefined where MLflow does not know the run
 */
export async function metricsAround(
  workspace: Workspace,
  runId: string,
  wanted: WantedMetrics,
): Promise<FoundMetrics | undefined> {
  const tree = new RunTree(workspace);
  const { from, ...anywhere } = wanted;
  if (from !== undefined) {
    const root = (await tree.run(runId))?.rootRunId || runId;
    const node = await tree.find({ run: { runId: root }, path: "" }, from);
    if (typeof node !== "string") return new MetricFinder(workspace, root).find(wanted);
  }
  const found = await new MetricFinder(workspace, runId).find(anywhere);
  if (found === undefined || !lacks({ ...found.metrics, ...Object.fromEntries(found.refused) }, wanted)) return found;
  const run = await tree.run(runId);
  const root = run?.rootRunId;
  if (!root || root === runId) return found;
  const parent = run?.parentRunId ? await tree.run(run.parentRunId) : undefined;
  // What was measured elsewhere in the job is the best trial, and no other.
  if (parent !== undefined && hasTrials(parent) && bestTrialName(parent) !== runId) return found;
  const around = await new MetricFinder(workspace, root).find(anywhere);
  if (around === undefined) return found;
  const others = <T>(map: ReadonlyMap<string, T>) =>
    [...map].filter(([metric]) => !Object.hasOwn(found.metrics, metric));
  return {
    metrics: { ...around.metrics, ...found.metrics },
    runs: new Map([...others(around.runs), ...found.runs]),
    refused: new Map([...others(around.refused), ...found.refused]),
  };
}

const lacks = (own: Readonly<Record<string, unknown>>, wanted: WantedMetrics): boolean =>
  (wanted.any && Object.keys(own).length === 0) ||
  [...wanted.names].some((name) => !Object.hasOwn(own, name)) ||
  missingPrefixes(own, wanted).length > 0;

/** The beginnings of names that too few metrics have. */
export const missingPrefixes = (own: Readonly<Record<string, unknown>>, { prefixes }: WantedMetrics): string[] =>
  [...(prefixes ?? [])].flatMap(([prefix, expected]) =>
    Object.keys(own).filter((name) => name.startsWith(prefix)).length < expected ? [`${prefix}*`] : [],
  );

const without = (own: Metrics, below: readonly Having[]): Having[] =>
  below.filter(({ metric }) => !Object.hasOwn(own, metric));

function saySeveral(metric: string, all: readonly Having[]): string {
  const called = some(all.map((one) => one.called));
  return `The metric ${JSON.stringify(metric)} is on ${all.length} runs of the job: ${called}. Name the step whose metrics count with the input metricsFrom.`;
}

function sayUnusable(metric: string, all: readonly Having[]): string {
  const called = some(all.map((one) => `${one.called}, which is ${one.status}`));
  return `The metric ${JSON.stringify(metric)} is only on ${called}, and the metrics of a run that has not completed do not count.`;
}
