// The metrics of a judged job, once it has ended: waits for the job, and for metrics that are late.
// Tests: test/lib/ml/gate/job-metrics.test.ts, test/lib/ml/gate/gate.test.ts
import { TaskError } from "../../errors.ts";
import { type Clock, poll } from "../../poll.ts";
import {
  type FoundMetrics,
  MetricFinder,
  metricsAround,
  missingPrefixes,
  type WantedMetrics,
} from "../jobs/found-metrics.ts";
import { getJob, hasEnded, type Job } from "../jobs/jobs.ts";
import { latestMetrics } from "../jobs/metrics.ts";
import type { Workspace } from "../workspace/workspace.ts";

interface MetricsOptions {
  readonly jobName: string;
  /** Metrics that rules name or ask after: what is late is not yet missing. */
  readonly wanted: WantedMetrics;
  /** Merges the metrics of all child runs, the latest of each. */
  readonly includeChildRuns: boolean;
  /** Milliseconds to wait for the job to end and for metrics. */
  readonly patience: number;
  readonly clock?: Clock | undefined;
}

/** The metrics of a champion's job, whose end is not asked for; undefined where MLflow does not know it. */
export async function metricsOfChampion(
  workspace: Workspace,
  jobName: string,
  wanted: WantedMetrics,
  includeChildRuns: boolean,
): Promise<FoundMetrics | undefined> {
  const isMerged = includeChildRuns && wanted.from === undefined;
  return isMerged ? merged(workspace, jobName) : metricsAround(workspace, jobName, wanted);
}

async function merged(workspace: Workspace, jobName: string): Promise<FoundMetrics | undefined> {
  const metrics = await latestMetrics(workspace, jobName, true);
  return metrics && { metrics, runs: new Map(), refused: new Map() };
}

/**
 * The job's metrics, once it has ended and has every metric that the rules name; at the deadline, those that exist. A metric that several
 * runs have is not waited for.
 */
export async function metricsAtTheEnd(
  workspace: Workspace,
  options: MetricsOptions,
): Promise<{ found: FoundMetrics; job: Job }> {
  const { jobName, wanted } = options;
  // A step that is named counts alone.
  const includeChildRuns = options.includeChildRuns && wanted.from === undefined;
  /** The awaited event, in words; undefined if there is none. */
  const missing = (found: FoundMetrics | undefined): string | undefined => {
    if (found === undefined) return "MLflow to know the run";
    if (wanted.any && Object.keys(found.metrics).length === 0 && found.refused.size === 0) return "metrics";
    const isDecided = (name: string) => found.refused.has(name) && found.isLate !== true;
    const names = [...wanted.names].filter((name) => !Object.hasOwn(found.metrics, name) && !isDecided(name));
    names.push(...missingPrefixes({ ...found.metrics, ...Object.fromEntries(found.refused) }, wanted));
    return names.length > 0 ? `the metrics ${names.join(", ")}` : undefined;
  };
  const finder = new MetricFinder(workspace, jobName);
  let job: Job | undefined;
  let found: FoundMetrics | undefined;
  let said = false;
  const look = async () => {
    // A job that has ended will not change any more.
    const isOver = hasEnded(job?.properties?.status);
    const asked = isOver ? Promise.resolve(job as Job) : getJob(workspace, jobName);
    // What failed is told once, below.
    const ended = asked.then(({ properties }) => properties?.status === "Completed").catch(() => false);
    // Only what is read once the job has ended is its last, and no child run is lacking then.
    const read = includeChildRuns
      ? ended.then((isEnded) => (isEnded ? merged(workspace, jobName) : undefined))
      : finder.find(wanted, isOver ? undefined : ended);
    [job, found] = await Promise.all([asked, read]);
    const status = job.properties?.status;
    if (status === "Failed" || status === "Canceled" || status === "NotResponding") throw notCompleted(jobName, status);
    const awaited = hasEnded(status) ? missing(found) : `the job, which is ${status}`;
    if (awaited === undefined) return { done: true as const, value: undefined };
    if (!said) {
      workspace.log.info(`Waiting for ${awaited} of ${jobName}.`);
      said = true;
    }
    return { done: false as const };
  };
  try {
    await poll(look, {
      what: `the metrics of ${jobName}`,
      initial: 1_000,
      maximum: 10_000,
      deadline: options.patience,
      signal: workspace.signal,
      ...(options.clock ? { clock: options.clock } : {}),
    });
  } catch (error) {
    const late = error instanceof TaskError && error.kind === "timeout";
    if (!late) throw error;
    // Metrics that never came are each rule's own failure; a job that goes on has no final metrics at all.
    const status = job?.properties?.status;
    if (!hasEnded(status)) throw notCompleted(jobName, status);
  }
  if (found === undefined || job === undefined) throw unknownToMlflow(jobName, includeChildRuns);
  return { found, job };
}

/** No answer about metrics is not an answer that there are none. */
function unknownToMlflow(jobName: string, includeChildRuns: boolean): TaskError {
  const run = includeChildRuns ? `the run ${jobName}, or not all of its child runs` : `the run ${jobName}`;
  return new TaskError("failed", `MLflow does not know ${run}, so its metrics cannot be judged.`, {
    errorCode: "AML1503",
    hint: "Wait longer with metricsTimeoutInSeconds; see whether the run is in the workspace's studio, and whether somebody deleted it.",
  });
}

function notCompleted(jobName: string, status: string | undefined): TaskError {
  return new TaskError(
    "failed",
    `The job ${jobName} is ${status ?? "unknown"}, not Completed, so its metrics cannot be judged.`,
    { errorCode: "AML1502", hint: "Judge a job after it has completed: let SubmitJob wait for it." },
  );
}
