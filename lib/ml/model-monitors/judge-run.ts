// Judges one run of a monitor: the one way in which checks, watches and histories read what a monitor found.
// Tests: test/lib/ml/model-monitors/check-monitor.test.ts, test/lib/ml/retrain/monitor-results.test.ts
import type { Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import {
  freshFor,
  judgeMonitor,
  judgeSignal,
  type MonitorOutcome,
  type SignalResult,
  type SignalVerdict,
} from "./monitor-verdict.ts";
import { createdOf, type Monitor } from "./newest-run.ts";
import { runResults } from "./run-results.ts";

export interface JudgedRun {
  readonly outcome: MonitorOutcome;
  readonly signals: readonly SignalVerdict[];
  /** Why, as sentences; for a breach, those of the signals that broke. */
  readonly reasons: readonly string[];
  /** Names of the signals that broke. */
  readonly breached: readonly string[];
  /** When the last of its steps ended or, where none says, it was made; milliseconds since the epoch. */
  readonly ended: number;
}

/** Judges a completed run by some of the monitor's signals. Round trips: those of `runResults`. */
export async function judgeRun(
  workspace: Workspace,
  monitor: Monitor,
  job: Job,
  wanted: Monitor["signals"] = monitor.signals,
): Promise<JudgedRun> {
  const { signals, ended = 0 } = await runResults(workspace, monitor, job, wanted);
  return { ...judgeResults(monitor, signals), ended: Math.max(createdOf(job), ended) };
}

/** Judges results that a run left. */
export function judgeResults(monitor: Monitor, results: readonly SignalResult[]): Omit<JudgedRun, "ended"> {
  const signals = results.map(judgeSignal);
  const outcome = judgeMonitor(signals);
  const telling = signals.filter((one) => one.outcome === outcome || outcome === "healthy");
  return {
    ...{ outcome, signals },
    reasons: signals.length === 0 ? [noSignal(monitor)] : telling.map(({ sentence }) => sentence),
    breached: signals.filter((one) => one.outcome === "breached").map(({ name }) => name),
  };
}

export const noSignal = ({ name }: Monitor): string => `The monitor ${name} has no signal.`;

/**
 * Why a run says nothing any more, as a sentence: it began too long ago. Undefined while it counts.
 * @param limit milliseconds that a result counts; absent: twice the pause between two runs
 */
export function staleness(
  workspace: Workspace,
  monitor: Monitor,
  job: Job,
  limit: number | undefined = freshFor(monitor.every),
): string | undefined {
  if (limit === undefined)
    return `How often the monitor ${monitor.name} runs is not known, so no result of it is fresh; set maxAgeInHours.`;
  const began = Date.parse(job.systemData?.createdAt ?? "");
  const age = workspace.azure.now() - began;
  if (age <= limit) return undefined;
  return `The newest run ${job.name} of ${monitor.name} began ${hours(age)} ago; results count for ${hours(limit)}.`;
}

const hours = (milliseconds: number): string => {
  const count = milliseconds / 3_600_000;
  return Number.isFinite(count) ? `${Number(count.toFixed(1))} hours` : "an unknown time";
};
