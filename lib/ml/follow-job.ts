// The story of waiting: the job's log as it grows, its states as they change, and an end that says what happened.
import { throughOutages } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import { type Clock, poll } from "../poll.ts";
import { type FailedStep, StepsFollower } from "./follow-steps.ts";
import { cancelJob, getJob, hasEnded, type Job, outputUris, runStudioUrl } from "./jobs.ts";
import { latestMetrics, type Metrics } from "./metrics.ts";
import { RunLog, TAIL } from "./run-log.ts";
import { type RunDetails, runDetails, runErrorText } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

export interface FollowOptions {
  /** Milliseconds; absent or 0: as long as the pipeline allows. */
  readonly deadline?: number | undefined;
  readonly clock?: Clock;
  /** The job's page in studio, from which those of its steps are made. */
  readonly studioUrl?: string | undefined;
  /** Told each new state, for the record. */
  readonly onStatus?: (status: string) => void;
}

export interface FollowedJob {
  readonly name: string;
  readonly status: string;
  /** ISO 8601; absent where run history does not say. */
  readonly started?: string;
  readonly finished?: string;
  /** URI by output name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The job's own; of a sweep those of its best trial, which its own count before. */
  readonly metrics: Metrics;
  /** Of a sweep. */
  readonly bestTrial?: string;
}

/** One look costs one round trip to run history and one ranged read for each log; quick while something happens. */
const QUICKEST = 1_000;
const SLOWEST = 10_000;
/** A listing of many steps is long, and is asked for less often: milliseconds for each of them. */
const FOR_EACH_STEP = 10;
/** Steps whose logs an error holds. */
const MOST_FAILED = 3;

/**
 * Follows a job to its end and streams its log; of a pipeline those of its steps, each in a group of its own.
 * @throws TaskError `failed` with the reason and the log's last lines; `timeout` at the deadline, with the job
 * cancelled; the signal's reason when it is aborted, with the job cancelled by one short request
 */
export async function followJob(workspace: Workspace, name: string, options: FollowOptions = {}): Promise<FollowedJob> {
  const { log, signal } = workspace;
  const own = new RunLog(workspace);
  const show = (lines: readonly string[]) => lines.length > 0 && log.remote(lines.join("\n"));
  let steps: StepsFollower | undefined;
  let status = "";
  let told = "";
  let pause = QUICKEST;
  const lookClosely = async (details: RunDetails): Promise<boolean> => {
    // A pipeline's own log says no more than which steps it began.
    if (!steps && details.properties?.["azureml.runsource"] === "azureml.PipelineRun")
      steps = new StepsFollower(workspace, name, options.studioUrl);
    if (steps) return steps.look();
    const { lines, news } = await own.read(details);
    show(lines);
    return news;
  };
  const tell = () => {
    told = status;
    options.onStatus?.(status);
    log.info(`Job ${name}: ${status}.`);
  };
  const look = async () => {
    const details = await runDetails(workspace, name);
    status = details?.status ?? status;
    const changed = status !== told;
    // That it runs stands before what it says, and that it has ended behind.
    if (changed && !hasEnded(status)) tell();
    const news = details ? await lookClosely(details) : false;
    if (changed && hasEnded(status)) {
      await steps?.close();
      tell();
    }
    if (details && hasEnded(status)) return { done: true as const, value: details };
    const quickest = Math.min(QUICKEST + (steps?.size ?? 0) * FOR_EACH_STEP, SLOWEST);
    pause = news || changed ? quickest : Math.min(Math.max(pause, quickest) * 1.3, SLOWEST);
    return { done: false as const, after: pause };
  };
  const what = `the job ${name} to end`;
  let details: RunDetails;
  try {
    details = await poll(throughOutages(look, { what, log, clock: options.clock }), {
      what,
      signal,
      ...(options.deadline ? { deadline: options.deadline } : {}),
      ...(options.clock ? { clock: options.clock } : {}),
    });
  } catch (error) {
    await steps?.close();
    throw await endEarly(workspace, name, error);
  }
  // The last bytes may have been written after the last look.
  const last = (await runDetails(workspace, name)) ?? details;
  await lookClosely(last);
  await steps?.close();
  show(own.end());
  if (status !== "Completed") {
    const failed = steps?.failed() ?? [];
    // Where no step is to blame, the pipeline's own log may say what is.
    if (steps && failed.length === 0) await own.read(last);
    throw sayFailed(name, status, last, own.tail(), failed);
  }
  const job = await getJob(workspace, name);
  const bestTrial = bestTrialOf(last, job);
  if (bestTrial)
    log.info(
      `Best trial ${bestTrial}: ${runStudioUrl(workspace, bestTrial, { job: name, studioUrl: options.studioUrl })}`,
    );
  const [mine, best] = await Promise.all([
    latestMetrics(workspace, name),
    bestTrial ? latestMetrics(workspace, bestTrial) : {},
  ]);
  return {
    name,
    status,
    ...(last.startTimeUtc ? { started: last.startTimeUtc } : {}),
    ...(last.endTimeUtc ? { finished: last.endTimeUtc } : {}),
    outputs: outputUris(job),
    metrics: { ...best, ...mine },
    ...(bestTrial ? { bestTrial } : {}),
  };
}

/** The trial that a sweep found best; it says so among its properties once it has ended (facts/03 5.4). */
function bestTrialOf(details: RunDetails, job: Job): string | undefined {
  const name = "best_child_run_id";
  return details.properties?.[name] || job.properties?.properties?.[name] || undefined;
}

/** What a wait that did not come to the job's end leaves behind: a job that is asked to end. */
async function endEarly(workspace: Workspace, name: string, error: unknown): Promise<unknown> {
  const late = error instanceof TaskError && error.kind === "timeout";
  if (!late && !workspace.signal.aborted) return error;
  workspace.log.info(`Cancelling the job ${name}.`);
  try {
    await cancelJob(workspace, name);
  } catch (failure) {
    workspace.log.warn(
      `The job ${name} could not be cancelled: ${failure instanceof Error ? failure.message : String(failure)}`,
    );
  }
  if (!late) return workspace.signal.reason;
  return new TaskError("timeout", `${error.message} It has been asked to cancel.`, {
    hint: "Give the input timeoutInMinutes more time, or the job less to do.",
  });
}

function sayFailed(
  name: string,
  status: string,
  details: RunDetails,
  ownTail: readonly string[],
  failed: readonly FailedStep[],
): TaskError {
  const reason = runErrorText(details.error);
  const why = reason ? `: ${reason}` : status === "Canceled" ? ", by someone else than this pipeline." : ".";
  const parts = failed.slice(0, MOST_FAILED).map((step) => {
    const because = step.reason ? `: ${step.reason}` : ".";
    return `\nThe step ${step.title} is ${step.status}${because}${tailText(step.tail)}`;
  });
  const more = failed.length > MOST_FAILED ? `\n${failed.length - MOST_FAILED} more steps failed.` : "";
  const own = failed.length === 0 ? tailText(ownTail) : "";
  const code = details.error?.error?.code ?? details.error?.code;
  return new TaskError(
    "failed",
    `The job ${name} is ${status}${why}${own}${parts.join("")}${more}`,
    code === undefined ? {} : { code },
  );
}

function tailText(lines: readonly string[]): string {
  return lines.length > 0
    ? `\nIts log ends with:\n${lines
        .slice(-TAIL)
        .map((line) => `  ${line}`)
        .join("\n")}`
    : "";
}
