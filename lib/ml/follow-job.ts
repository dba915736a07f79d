// The story of waiting: the job's log as it grows, its states as they change, and an end that says what happened.
import { readFrom } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import { type Clock, poll } from "../poll.ts";
import { cancelJob, getJob, hasEnded, outputUris } from "./jobs.ts";
import { LogCursor, logsToShow } from "./logs.ts";
import { latestMetrics, type Metrics } from "./metrics.ts";
import { type RunDetails, runDetails, runErrorText } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

export interface FollowOptions {
  /** Milliseconds; absent or 0: as long as the pipeline allows. */
  readonly deadline?: number | undefined;
  readonly clock?: Clock;
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
  readonly metrics: Metrics;
}

/** One look costs one round trip to run history and one ranged read for each log; quick while something happens. */
const QUICKEST = 1_000;
const SLOWEST = 10_000;
/** Lines of the log at the end of a failure. */
const TAIL = 20;

/**
 * Follows a job to its end and streams its log.
 * @throws TaskError `failed` with the reason and the log's last lines; `timeout` at the deadline, with the job
 * cancelled; the signal's reason when it is aborted, with the job cancelled by one short request
 */
export async function followJob(workspace: Workspace, name: string, options: FollowOptions = {}): Promise<FollowedJob> {
  const { log, signal } = workspace;
  const logs = new Map<string, LogCursor>();
  let status = "";
  let pause = QUICKEST;
  const look = async () => {
    const details = await runDetails(workspace, name);
    const news = details ? await showLogs(workspace, details, logs) : false;
    const changed = details?.status !== undefined && details.status !== status;
    if (changed) {
      status = details.status ?? status;
      options.onStatus?.(status);
      log.info(`Job ${name}: ${status}.`);
    }
    if (details && hasEnded(status)) return { done: true as const, value: details };
    pause = news || changed ? QUICKEST : Math.min(pause * 1.3, SLOWEST);
    return { done: false as const, after: pause };
  };
  let details: RunDetails;
  try {
    details = await poll(look, {
      what: `the job ${name} to end`,
      signal,
      ...(options.deadline ? { deadline: options.deadline } : {}),
      ...(options.clock ? { clock: options.clock } : {}),
    });
  } catch (error) {
    throw await endEarly(workspace, name, error);
  }
  // The last bytes may have been written after the last look.
  const last = (await runDetails(workspace, name)) ?? details;
  await showLogs(workspace, last, logs);
  for (const cursor of logs.values()) show(workspace, cursor.end());
  if (status !== "Completed") throw sayFailed(name, status, last, logs);
  const [job, metrics] = await Promise.all([getJob(workspace, name), latestMetrics(workspace, name)]);
  return {
    name,
    status,
    ...(last.startTimeUtc ? { started: last.startTimeUtc } : {}),
    ...(last.endTimeUtc ? { finished: last.endTimeUtc } : {}),
    outputs: outputUris(job),
    metrics,
  };
}

/** Reads what is new in each log; true where there was anything. */
async function showLogs(workspace: Workspace, details: RunDetails, logs: Map<string, LogCursor>): Promise<boolean> {
  const files = details.logFiles ?? {};
  const shown = logsToShow(Object.keys(files));
  const read = await Promise.all(
    shown.map(async (path) => {
      const cursor = logs.get(path) ?? new LogCursor(TAIL);
      logs.set(path, cursor);
      const answer = await readFrom(workspace.azure, files[path] ?? "", cursor.offset, workspace.signal);
      // A job that was moved to another node starts its log anew (not verified against live Azure).
      if (answer.length !== undefined && answer.length < cursor.offset) cursor.offset = 0;
      return {
        path,
        lines: answer.bytes?.length ? cursor.take(answer.bytes) : [],
        news: (answer.bytes?.length ?? 0) > 0,
      };
    }),
  );
  for (const { path, lines } of read) {
    const prefix = shown.length > 1 ? `${path.replace(/^.*\//, "").replace(/\.txt$/, "")}: ` : "";
    show(
      workspace,
      lines.map((line) => prefix + line),
    );
  }
  return read.some(({ news }) => news);
}

function show(workspace: Workspace, lines: readonly string[]): void {
  if (lines.length > 0) workspace.log.remote(lines.join("\n"));
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

function sayFailed(name: string, status: string, details: RunDetails, logs: ReadonlyMap<string, LogCursor>): TaskError {
  const reason = runErrorText(details.error);
  const tail = [...logs.values()].flatMap((cursor) => cursor.tail()).slice(-TAIL);
  const why = reason ? `: ${reason}` : status === "Canceled" ? ", by someone else than this pipeline." : ".";
  const end = tail.length > 0 ? `\nIts log ends with:\n${tail.map((line) => `  ${line}`).join("\n")}` : "";
  const code = details.error?.error?.code ?? details.error?.code;
  return new TaskError("failed", `The job ${name} is ${status}${why}${end}`, code === undefined ? {} : { code });
}
