// Follows a job: streams its log as it grows, reports its states, and ends with its result.
// Tests: test/lib/ml/jobs/follow-steps.test.ts, test/lib/ml/jobs/jobs.test.ts
import { throughOutages } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { type Clock, poll, systemClock } from "../../poll.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Informing, informing } from "./after-the-end.ts";
import { endWait, type GivingUp } from "./end-wait.ts";
import { type FailedStep, type RecordedStep, StepsFollower } from "./follow-steps.ts";
import { StandingReader } from "./job-standing.ts";
import { getJob, hasEnded, type Job, outputUris, runStudioUrl } from "./jobs.ts";
import { LONGEST_TAIL, lastOf, shorten } from "./logs.ts";
import type { JobCost, Meter } from "./meter.ts";
import { latestMetrics, type Metrics } from "./metrics.ts";
import { Pace } from "./pace.ts";
import { type Read, RunLog, TAIL } from "./run-log.ts";
import { bestTrialName } from "./run-tree.ts";
import { type RunDetails, runDetails, runErrorText } from "./runs.ts";
import { RunsSeen } from "./runs-seen.ts";
import { takenOverBy } from "./supersede.ts";

export interface FollowOptions extends Callbacks<JobProgress>, Omit<GivingUp, "onLeft"> {
  /** Milliseconds; absent or 0: as long as the pipeline allows. */
  readonly deadline?: number | undefined;
  readonly clock?: Clock;
  /** The job's page in studio, from which those of its steps are made. */
  readonly studioUrl?: string | undefined;
  /** Outputs as the submission told them, for when nobody says them again. */
  readonly outputs?: Readonly<Record<string, string>> | undefined;
  /** As it was submitted with: a newer run with the same key may cancel it. */
  readonly concurrencyKey?: string | undefined;
  /** Measures what the job takes; ends the wait where that is too much. */
  readonly meter?: Meter | undefined;
}

/** What each new state changes of the record's section on the job. */
interface JobProgress {
  readonly name: string;
  readonly status: string;
  /** Of a pipeline, once it has ended. */
  readonly steps?: readonly RecordedStep[];
  /** As the meter says it, once the job has ended or is left. */
  readonly cost?: JobCost;
}

export interface FollowedJob {
  readonly name: string;
  readonly status: string;
  /** ISO 8601; absent where run history does not say. */
  readonly started?: string;
  readonly finished?: string;
  /** URI by output name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The job's own; of a sweep and of AutoML those of its best trial, which its own count before. */
  readonly metrics: Metrics;
  /** Of a pipeline. */
  readonly steps?: readonly RecordedStep[];
  /** Of a sweep or AutoML. */
  readonly bestTrial?: string;
  /** As the meter says it. */
  readonly cost?: JobCost;
}

/** Steps whose logs an error holds. */
const MOST_FAILED = 3;
/** Most characters of a failed run's own words. */
const LONGEST_REASON = 4_000;

/**
 * Follows a job to its end, as `follow` does. Only a job that is to be cancelled still is left to the post-job stage.
 * @throws as `follow`
 */
export async function followJob(workspace: Workspace, name: string, options: FollowOptions = {}): Promise<FollowedJob> {
  let isLeft = false;
  const onLeft = (mark?: string) => {
    isLeft = true;
    options.onLeft?.(mark);
  };
  try {
    return await follow(workspace, name, { ...options, onLeft });
  } finally {
    if (!isLeft && !workspace.signal.aborted) options.onLeft?.();
  }
}

/**
 * Follows a job to its end and streams its log; of a pipeline those of its steps, each in a group of its own. What is
 * read beside the job's state (logs, metrics, outputs) never changes the result: it is asked for again, and then missing
 * with a warning.
 * @throws TaskError `failed` with the reason and the log's last lines; `timeout` at the deadline, with the job
 * cancelled; the signal's reason when it is aborted, with the job cancelled by one short request; where the wait cannot
 * go on, an error that says what became of the job (`endWait`)
 */
async function follow(workspace: Workspace, name: string, options: FollowOptions): Promise<FollowedJob> {
  const { log, signal } = workspace;
  const clock = options.clock ?? systemClock;
  const until = options.deadline ? clock.now() + options.deadline : undefined;
  const own = new RunLog(workspace);
  const standing = new StandingReader(workspace, name, clock);
  const show = async (lines: readonly string[]) => {
    if (lines.length === 0) return;
    log.remote(lines.join("\n"));
    await log.drained?.();
  };
  let steps: StepsFollower | undefined;
  let status = "";
  let told = "";
  const pace = new Pace();
  let latest: RunDetails | undefined;
  let unread = false;
  const seen = new RunsSeen(name, clock);
  const lookClosely = async (details: RunDetails): Promise<Read> => {
    // A pipeline's own log says no more than which steps it began.
    if (!steps && details.properties?.["azureml.runsource"] === "azureml.PipelineRun")
      steps = new StepsFollower(workspace, name, options);
    return steps ? steps.look() : own.read(details, show);
  };
  /** While the job runs, an unreadable log is a warning: the wait is for the job. */
  const lookIfPossible = async (details: RunDetails): Promise<Read> => {
    try {
      const read = await lookClosely(details);
      if (unread) log.info("The job's log can be read again.");
      unread = false;
      seen.listed();
      return read;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const why = error instanceof Error ? error.message : String(error);
      if (steps?.isListed === false) seen.missed(error);
      else seen.listed();
      if (!unread)
        log.warn(`The log of the job ${name} cannot be read at the moment. Still waiting for the job to end. ${why}`);
      unread = true;
      return { news: false, more: false };
    }
  };
  /**
   * Reads the log by the address that the last look at the state gave: one ranged read for each log. No meter judges by it: the job may have ended.
   */
  const glance = async () => {
    let read: Read = { news: false, more: false };
    try {
      read = steps ? await steps.glance() : latest ? await own.read(latest, show) : read;
    } catch {
      if (signal.aborted) throw signal.reason;
      // Its address may have ended, and the next look gets a new one; what is wrong beside that is told there.
      pace.askState();
    }
    return { done: false as const, after: pauseAfter(read, false) };
  };
  const pauseAfter = ({ news, more }: Read, state: boolean): number => {
    // Before a job runs, the log that is known is that of its image, and its next line comes in another, which only its state names.
    const readable = latest && !unread && status === "Running" ? RunLog.count(latest) : 0;
    const logs = steps ? steps.logs : readable;
    const pause = pace.next({ news, state, logs, steps: steps?.size }, clock.now());
    return more ? 0 : pause;
  };
  const tell = () => {
    told = status;
    log.info(`Job ${name}: ${status}.`);
  };
  /** Also of a job that failed or was cancelled: its nodes ran. */
  const tellCost = async (beside: Informing): Promise<JobCost | undefined> => {
    const { meter } = options;
    if (meter === undefined) return undefined;
    const cost = await informing(
      workspace,
      `The cost of the job ${name} is not known`,
      () => meter.total(seen.runs(steps?.runs())),
      beside,
    );
    if (cost !== undefined) options.onProgress?.({ name, status, cost });
    return cost;
  };
  const look = async () => {
    // The last look before the deadline asks in any case: an end in silence is no timeout.
    const isLast = until !== undefined && clock.now() >= until;
    if (!isLast && !pace.asksState(clock.now())) return glance();
    const { status: now, details } = await standing.look().catch(async (error: unknown) => {
      if (signal.aborted) throw signal.reason;
      // By what was read before, and only then: a service that is out of order stops no meter, and a job that has ended takes nothing more.
      seen.missed(error);
      await options.meter?.look(seen.runs(steps?.runs()));
      throw error;
    });
    seen.saw(now, details);
    latest = details;
    const changed = now !== undefined && now !== status;
    status = now ?? status;
    if (changed) options.onProgress?.({ name, status });
    if (now !== undefined && hasEnded(now)) return { done: true as const, value: details };
    // The state Running is logged before the first lines of the log.
    if (changed && status !== told) tell();
    const { news, more } = details ? await lookIfPossible(details) : { news: false, more: false };
    await options.meter?.look(seen.runs(steps?.runs()));
    return { done: false as const, after: pauseAfter({ news: news || changed, more }, true) };
  };
  const what = `the job ${name} to end`;
  let last: RunDetails;
  try {
    const ended = await poll(throughOutages(look, { what, log, clock }), {
      what,
      signal,
      clock,
      ...(options.deadline ? { deadline: options.deadline } : {}),
    });
    last = ended ?? {};
  } catch (error) {
    await steps?.close();
    const ended = await endWait(workspace, name, error, options);
    if (!signal.aborted) await tellCost({ clock, until });
    throw ended;
  }
  // From here on the result is known, and nothing that fails changes it.
  const beside: Informing = { clock, until };
  const missing = `The log of the job ${name} could not be read to its end`;
  const readOn = async (details: RunDetails) => {
    while ((await lookClosely(details)).more) {
      if (until === undefined || clock.now() < until) continue;
      return log.warn(`${missing} before the deadline; the rest of it is in studio.`);
    }
  };
  try {
    if (last.status === undefined)
      log.warn(`The log of the job ${name} cannot be shown: run history does not know its run.`);
    else {
      await informing(workspace, missing, () => readOn(last), beside);
      // The last bytes may have been written after the last look.
      last = (await informing(workspace, missing, () => runDetails(workspace, name), beside)) ?? last;
      await informing(workspace, missing, () => readOn(last), beside);
    }
  } finally {
    await steps?.close();
  }
  await own.end(show);
  tell();
  seen.saw(status, last);
  const cost = tellCost(beside);
  // Read beside what else is read of the end.
  cost.catch(() => {});
  if (status !== "Completed") {
    const failed = steps?.failed() ?? [];
    // Where no step is to blame, the pipeline's own log may say what is.
    if (steps && failed.length === 0) await informing(workspace, missing, () => own.read(last, () => {}), beside);
    const { concurrencyKey: key } = options;
    const who = "Whether a newer run has taken over could not be seen";
    const newer =
      status === "Canceled" && key
        ? await informing(workspace, who, () => takenOverBy(workspace, key), beside)
        : undefined;
    const costs = await cost;
    options.onProgress?.({ name, status, ...treeOf(steps), ...(costs === undefined ? {} : { cost: costs }) });
    throw sayFailed(name, status, last, own.tail(), failed, newer);
  }
  const left = await leftBy(workspace, name, last, options, beside);
  const costs = await cost;
  return { name, status, ...timesOf(last), ...left, ...treeOf(steps), ...(costs === undefined ? {} : { cost: costs }) };
}

const treeOf = (steps: StepsFollower | undefined) => (steps === undefined ? {} : { steps: steps.tree() });

const timesOf = ({ startTimeUtc, endTimeUtc }: RunDetails) => ({
  ...(startTimeUtc ? { started: startTimeUtc } : {}),
  ...(endTimeUtc ? { finished: endTimeUtc } : {}),
});

/** The results of a job: outputs, metrics and its best trial, as far as the services report them. */
async function leftBy(
  workspace: Workspace,
  name: string,
  last: RunDetails,
  options: FollowOptions,
  beside: Informing,
): Promise<Pick<FollowedJob, "outputs" | "metrics" | "bestTrial">> {
  const job = await informing(
    workspace,
    `The outputs of the job ${name} are those reported at its submission`,
    () => getJob(workspace, name),
    beside,
  );
  const bestTrial = bestTrialOf(last, job);
  if (bestTrial)
    workspace.log.info(
      `Best trial ${bestTrial}: ${runStudioUrl(workspace, bestTrial, { job: name, studioUrl: options.studioUrl })}`,
    );
  const metricsOf = (run: string) =>
    informing(workspace, `The metrics of the job ${run} are missing`, () => latestMetrics(workspace, run), beside);
  const [mine, best] = await Promise.all([metricsOf(name), bestTrial ? metricsOf(bestTrial) : {}]);
  return {
    outputs: { ...options.outputs, ...(job ? outputUris(job) : {}) },
    metrics: { ...best, ...mine },
    ...(bestTrial ? { bestTrial } : {}),
  };
}

/** The trial that a sweep or AutoML found best, once it has ended. */
const bestTrialOf = ({ properties }: RunDetails, job: Job | undefined): string | undefined =>
  bestTrialName({ properties: { ...job?.properties?.properties, ...properties }, tags: job?.properties?.tags ?? null });

function sayFailed(
  name: string,
  status: string,
  details: RunDetails,
  ownTail: readonly string[],
  failed: readonly FailedStep[],
  newer?: { readonly name: string; readonly run: number },
): TaskError {
  const reason = newer
    ? `the newer run ${newer.run} of this pipeline has submitted the job ${newer.name} with the same concurrencyKey.`
    : shorten(runErrorText(details.error), LONGEST_REASON);
  const why = reason ? `: ${reason}` : status === "Canceled" ? ", by someone else than this pipeline." : ".";
  const shown = failed.slice(0, MOST_FAILED);
  const parts = shown.map((step) => {
    const reason = shorten(step.reason, LONGEST_REASON / shown.length);
    const because = reason ? `: ${reason}` : ".";
    return `\nThe step ${step.title} is ${step.status}${because}${tailText(step.tail, LONGEST_TAIL / shown.length)}`;
  });
  const more = failed.length > MOST_FAILED ? `\n${failed.length - MOST_FAILED} more steps failed.` : "";
  const own = failed.length === 0 ? tailText(ownTail, LONGEST_TAIL) : "";
  const code = shorten(details.error?.error?.code ?? details.error?.code, 200);
  return new TaskError("failed", `The job ${name} is ${status}${why}${own}${parts.join("")}${more}`, {
    errorCode: "AML1401",
    ...(code === undefined ? {} : { code }),
  });
}

/** The last lines of a log, so that what stands there of it is no longer than so many bytes. */
function tailText(lines: readonly string[], bytes: number): string {
  // Each line is set in by two characters.
  const fitting = lastOf(lines.slice(-TAIL), bytes - 2 * TAIL);
  return fitting.length > 0 ? `\nIts log ends with:\n${fitting.map((line) => `  ${line}`).join("\n")}` : "";
}
