// Earlier runs of a monitor, judged as its newest one is: for people who look at how it went. They decide nothing.
// Tests: test/tasks/CheckMonitor.test.ts
import { sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { hasEnded, type Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { judgeResults, judgeRun } from "./judge-run.ts";
import { keptResults } from "./kept-results.ts";
import type { MonitorOutcome, SignalVerdict } from "./monitor-verdict.ts";
import { createdOf, type Monitor } from "./newest-run.ts";

export interface EarlierRun {
  readonly job: string;
  /** When it began; ISO 8601. */
  readonly at: string;
  readonly outcome: MonitorOutcome;
  readonly signals: readonly SignalVerdict[];
  /** Why there is no evidence, as a sentence. */
  readonly reason?: string;
}

const AT_ONCE = 4;

/**
 * The newest of the runs that ended before another one. Round trips: none for a run that a check has left its results on; those of `runResults`
 * for others, four runs at once.
 * @param jobs the newest first
 */
export async function earlierRuns(
  workspace: Workspace,
  monitor: Monitor,
  jobs: readonly Job[],
  { than, wanted, most }: { readonly than: Job; readonly wanted: Monitor["signals"]; readonly most: number },
): Promise<EarlierRun[]> {
  const before = jobs.slice(jobs.indexOf(than) + 1).filter((job) => job.name && hasEnded(job.properties?.status));
  return sideBySide(before.slice(0, most), AT_ONCE, async (job) => {
    const { status = "" } = job.properties ?? {};
    const of = { job: job.name ?? "", at: new Date(createdOf(job)).toISOString() };
    if (status !== "Completed") return { ...of, outcome: "noEvidence", signals: [], reason: `The run is ${status}.` };
    try {
      const kept = keptResults(job, wanted);
      const { outcome, signals, reasons } =
        kept === undefined ? await judgeRun(workspace, monitor, job, wanted) : judgeResults(monitor, kept);
      return { ...of, outcome, signals, ...(outcome === "noEvidence" ? { reason: reasons.join(" ") } : {}) };
    } catch (error) {
      if (!(error instanceof TaskError) || workspace.signal.aborted) throw error;
      return { ...of, outcome: "noEvidence", signals: [], reason: error.message };
    }
  });
}
