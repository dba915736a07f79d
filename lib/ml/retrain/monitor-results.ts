// Reads what monitors found, as a check of one does: their completed runs, and the signals of these that are breached.
// Tests: test/lib/ml/retrain/monitor-results.test.ts, test/tasks/retraining.test.ts
import { sideBySide } from "../../azure/index.ts";
import { hasEnded, type Job } from "../jobs/jobs.ts";
import { judgeRun, staleness } from "../model-monitors/judge-run.ts";
import { freshFor } from "../model-monitors/monitor-verdict.ts";
import { createdOf, findMonitor, type Monitor, monitorJobs, unordered } from "../model-monitors/newest-run.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { MonitorResult } from "./decision.ts";

/** Milliseconds that a monitor's job takes at most: one that was made so long before cannot have ended later. */
const LONGEST_JOB = 24 * 60 * 60_000;
/** Results of one monitor that one look reads, the newest first. */
const MOST_RESULTS = 100;
const AT_ONCE = 8;

interface Reach {
  /** In milliseconds since the epoch: results that ended then or later. */
  readonly since: number;
  /** The newest result counts from then on. */
  readonly oldest: number;
}

/**
 * Results of monitors that ended at `since` or later, and the newest of each since `oldest`. Sequential round trips: the schedules and their
 * runs side by side, then those of a run, of eight runs at once.
 * @throws TaskError `input` for a schedule that is no monitor
 */
export async function monitorResults(
  workspace: Workspace,
  monitors: readonly string[],
  reach: Reach,
): Promise<MonitorResult[]> {
  const found = await sideBySide(monitors, AT_ONCE, (name) => runsOf(workspace, name, reach));
  const results = await sideBySide(found.flat(), AT_ONCE, (one) => resultOf(workspace, one));
  return results.filter(({ at }) => at >= reach.oldest);
}

interface MonitorRun {
  readonly monitor: Monitor;
  readonly job: Job;
  /** Why the newest run says nothing of now, as a sentence. */
  readonly unknown?: string | undefined;
  readonly later?: MonitorResult["later"];
}

async function runsOf(workspace: Workspace, name: string, { since, oldest }: Reach): Promise<MonitorRun[]> {
  const from = Math.min(since, oldest) - LONGEST_JOB;
  const [monitor, { jobs, isKnown }] = await Promise.all([
    findMonitor(workspace, name),
    monitorJobs(workspace, name, from),
  ]);
  if (monitor === undefined) {
    workspace.log.warn(`The workspace ${workspace.name} has no schedule ${JSON.stringify(name)}: check its name.`);
    return [];
  }
  const completed = jobs.filter((job) => job.name && job.properties?.status === "Completed");
  const [newest] = completed;
  if (newest === undefined) return [];
  const failed = jobs.slice(0, jobs.indexOf(newest)).find(({ properties }) => hasEnded(properties?.status));
  const later = failed?.name ? { run: failed.name, status: failed.properties?.status ?? "" } : undefined;
  const limit = freshFor(monitor.every) ?? workspace.azure.now() - oldest;
  const unknown = isKnown ? staleness(workspace, monitor, newest, limit) : unordered(monitor);
  // A job that was made before may have ended since.
  const recent = completed.filter((job) => job !== newest && createdOf(job) >= since - LONGEST_JOB);
  if (recent.length >= MOST_RESULTS)
    workspace.log.warn(
      `The monitor ${name} has ${recent.length + 1} results since ${new Date(since).toISOString()}; the newest ${MOST_RESULTS} are looked at.`,
    );
  return [
    { monitor, job: newest, unknown, later },
    ...recent.slice(0, MOST_RESULTS - 1).map((job) => ({ monitor, job })),
  ];
}

async function resultOf(workspace: Workspace, { monitor, job, unknown, later }: MonitorRun): Promise<MonitorResult> {
  const { outcome, reasons, breached, ended } = await judgeRun(workspace, monitor, job);
  const why = unknown ?? (outcome === "noEvidence" ? reasons.join(" ") : undefined);
  return {
    ...{ monitor: monitor.name, run: job.name ?? "", at: ended, breached },
    ...(why === undefined ? {} : { unknown: why }),
    ...(later === undefined ? {} : { later }),
  };
}
