// Watches monitors: reads their results, starts a retraining for a breach that has none, and says in sentences why, or why not.
// Tests: test/tasks/retraining.test.ts
import { TaskError } from "../../errors.ts";
import type { MonitorOutcome } from "../model-monitors/monitor-verdict.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type Decision, type MonitorResult, newestOf } from "./decision.ts";
import { monitorResults } from "./monitor-results.ts";
import { LONGEST_LOOK_BACK, type Retrained, retrainOnBreach, type TrainingStarter } from "./start-retraining.ts";

/** The record's section on what was started, and on what was looked at. */
interface WatchSection {
  readonly started: readonly {
    /** `monitor:job` of the breach. */
    readonly version: string;
    readonly reference: string;
    readonly url: string;
    readonly before?: boolean;
  }[];
  readonly monitors: readonly {
    readonly name: string;
    readonly run?: string;
    /** ISO 8601, UTC: when the newest result was there. */
    readonly at?: string;
    /** Signals that are breached in the newest result. */
    readonly breached: readonly string[];
    /** No evidence is not healthy. */
    readonly outcome: MonitorOutcome;
  }[];
  /** Why a retraining was started, or why not. */
  readonly decision: string;
  /** The breach that started a retraining, now or in an earlier run. */
  readonly breach?: ActedBreach;
}

interface ActedBreach {
  readonly monitor: string;
  readonly run: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly signals: readonly string[];
  /** `name:version` of the live model that has a note of it. */
  readonly liveModel?: string;
}

interface Watching extends Pick<Callbacks<WatchSection>, "onProgress"> {
  /** Notes a breach on the live model, and says on which that is; asked for where the step's inputs want it. */
  readonly note: (workspace: Workspace, breach: ActedBreach) => Promise<string | undefined>;
}

export interface WatchedNames {
  readonly monitors: readonly string[];
  /** As it was written: `3d`. */
  readonly coolDownText: string;
  /** Milliseconds. */
  readonly coolDown: number;
  /** Milliseconds since the epoch. */
  readonly beginAt: number | undefined;
  /** Whether a breach that was acted on is noted on the model that is live. */
  readonly notesDrift: boolean;
}

/** The inputs of a step that watches monitors. @throws TaskError kind `input` where one cannot be understood */
export function readMonitors(inputs: {
  readonly monitors: string;
  readonly coolDown: string;
  readonly beginAt: string | undefined;
  readonly traceability: string;
}): WatchedNames {
  const { coolDown: coolDownText } = inputs;
  const [monitors, coolDown] = [namesIn(inputs.monitors), spanOf(coolDownText)];
  const notesDrift = inputs.traceability !== "none";
  return { monitors, coolDownText, coolDown, notesDrift, beginAt: timeOf(inputs.beginAt) };
}

/** Outputs of the task. */
interface WatchedMonitors {
  readonly startedCount: string;
  /** `monitor:job` of the breach that this step started a retraining for; empty where it started none. */
  readonly versions: string;
  /** Whether the newest result of a monitor is breached. */
  readonly breached: boolean;
}

const MOST_MONITORS = 20;
const HOUR = 60 * 60_000;

/**
 * One look at the monitors.
 * @param name of the memory, as `memoryName` gives it
 */
export async function watchMonitors(
  workspace: Workspace,
  { monitors, coolDownText, coolDown, beginAt, notesDrift }: WatchedNames,
  starter: TrainingStarter,
  name: string,
  { onProgress, note }: Watching,
): Promise<WatchedMonitors> {
  const { log } = workspace;
  const retraining = {
    ...{ name, monitors, coolDown, beginAt },
    read: (from: Parameters<typeof monitorResults>[2]) => monitorResults(workspace, monitors, from),
  };
  const retrained = await retrainOnBreach(retraining, starter, log);
  const { decision, newest, started, acted } = retrained;
  const ofMonitors = told(workspace, monitors, newest);
  const sentence = sentenceOf(retrained, coolDownText);
  // The record has the address as a link of its own.
  log.info(decision.kind === "start" ? `${sentence.slice(0, -1)}: ${started?.url}` : sentence);
  const isOwn = started !== undefined && decision.kind !== "none" && decision.kind !== "left";
  const entry = isOwn && {
    version: keyOf(decision.breach),
    ...{ reference: started.reference, url: started.url },
    ...(started.before ? { before: true } : {}),
  };
  const section: WatchSection = { started: entry ? [entry] : [], monitors: ofMonitors, decision: sentence };
  onProgress?.(section);
  if (acted !== undefined) {
    const { monitor, run, at, breached: signals } = acted;
    const breach = { monitor, run, at: new Date(at).toISOString(), signals };
    onProgress?.({ ...section, breach });
    const liveModel = notesDrift ? await note(workspace, breach) : undefined;
    if (liveModel !== undefined) onProgress?.({ ...section, breach: { ...breach, liveModel } });
  }
  return {
    startedCount: decision.kind === "start" ? "1" : "0",
    versions: decision.kind === "start" ? keyOf(decision.breach) : "",
    breached: ofMonitors.some(({ breached }) => breached.length > 0),
  };
}

/**
 * One look that starts nothing, because that is left to others.
 * @param left why, as a sentence
 */
export async function lookOnly(
  workspace: Workspace,
  { monitors }: Pick<WatchedNames, "monitors">,
  left: string,
  onProgress: Watching["onProgress"],
): Promise<WatchedMonitors> {
  const oldest = workspace.azure.now() - LONGEST_LOOK_BACK;
  const newest = newestOf(await monitorResults(workspace, monitors, { since: Number.POSITIVE_INFINITY, oldest }));
  const ofMonitors = told(workspace, monitors, [...newest.values()]);
  onProgress?.({ started: [], monitors: ofMonitors, decision: left });
  return { startedCount: "0", versions: "", breached: ofMonitors.some(({ breached }) => breached.length > 0) };
}

/** Says in the log what the newest results are. @returns them for the record */
function told(
  { log }: Workspace,
  monitors: readonly string[],
  newest: readonly MonitorResult[],
): WatchSection["monitors"] {
  return monitors.map((name) => {
    const result = newest.find(({ monitor }) => monitor === name);
    const one = shown(name, result);
    const { run, at, breached, outcome } = one;
    if (run === undefined)
      log.warn(`Nothing is known of the monitor ${name}: no job of it has completed in the last 30 days.`);
    else if (outcome === "healthy") log.info(`${name}: ${run}, ${at}: within its thresholds.`);
    else if (outcome === "breached") log.info(`${name}: ${run}, ${at}: breached: ${breached.join(", ")}.`);
    const { unknown, later } = result ?? {};
    if (unknown !== undefined)
      log.warn(
        `${name}: ${run}, ${at}: ${outcome === "breached" ? "nothing newer is known" : "no evidence, which is not healthy"}: ${unknown}`,
      );
    if (later !== undefined)
      log.warn(`The newest job ${later.run} of the monitor ${name} is ${later.status}: nothing is known since ${at}.`);
    return one;
  });
}

const keyOf = ({ monitor, run }: MonitorResult) => `${monitor}:${run}`;

function shown(name: string, result: MonitorResult | undefined): WatchSection["monitors"][number] {
  if (result === undefined) return { name, breached: [], outcome: "noEvidence" };
  const { run, at, breached, unknown, later } = result;
  const outcome = breached.length > 0 ? "breached" : (unknown ?? later) ? "noEvidence" : "healthy";
  return { name, run, at: new Date(at).toISOString(), breached, outcome };
}

function sentenceOf({ decision, started }: Retrained, coolDown: string): string {
  if (decision.kind === "none") return "No monitor is breached: nothing is started.";
  if (decision.kind === "left")
    return `This run is tried again and starts nothing now: run ${decision.by} of this pipeline, which is newer, has looked since. The next run decides.`;
  const { monitor, run, breached } = decision.breach;
  const what = `The breach of ${monitor} (${breached.join(", ")}) in the job ${run}`;
  if (decision.kind === "start") return `${what} started ${started?.reference}.`;
  if (decision.kind === "open")
    return `${what} starts nothing now: run ${decision.by} of the pipeline goes on. It is looked at again when that has ended.`;
  const why: Readonly<Record<Extract<Decision, { kind: "covered" }>["why"], string>> = {
    own: `run ${decision.by} was started for it, or went on when it was measured`,
    coolDown: `run ${decision.by} was started less than the cool-down of ${coolDown} before it`,
    later: `run ${decision.by} of the pipeline began after it and succeeded`,
  };
  return `${what} starts nothing: ${why[decision.why]}.`;
}

/** @throws TaskError kind `input` */
function namesIn(text: string): string[] {
  const names = [
    ...new Set(
      text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    ),
  ];
  if (names.length > 0 && names.length <= MOST_MONITORS && names.every((one) => /^[A-Za-z0-9][\w.-]{0,253}$/.test(one)))
    return names;
  throw new TaskError(
    "input",
    names.length === 0
      ? "The input monitors is empty."
      : names.length > MOST_MONITORS
        ? `The input monitors names ${names.length} monitors; ${MOST_MONITORS} can be watched by one step.`
        : `The input monitors has the line ${JSON.stringify(names.find((one) => !/^[A-Za-z0-9][\w.-]{0,253}$/.test(one))?.slice(0, 300))}, which is no name of a schedule.`,
    { errorCode: "AML1316", hint: "Write the names of monitors as their files have them, one a line." },
  );
}

/** @throws TaskError kind `input` */
function spanOf(text: string): number {
  const [, count = "", unit = ""] = /^\s*(\d{1,4})\s*([hd])\s*$/i.exec(text) ?? [];
  const span = Number(count) * (unit.toLowerCase() === "d" ? 24 * HOUR : HOUR);
  if (count !== "" && span >= HOUR) return span;
  throw new TaskError("input", `The input coolDown is ${JSON.stringify(text.slice(0, 100))}, which is no cool-down.`, {
    errorCode: "AML1316",
    hint: "Write hours or days, such as 12h or 3d; at least 1h.",
  });
}

/** @throws TaskError kind `input` */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new TaskError("input", `Input beginAt is "${text}", which is no time.`, {
    errorCode: "AML1316",
    hint: "Write it as 2026-01-31T08:00:00Z.",
  });
}
