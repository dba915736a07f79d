// Reads what monitors found: their finished jobs, and the signals that these report as breached. A threshold that is broken never fails
// the job; the run of the step that evaluates it carries a tag (docs/facts/operations.md#F.4).
// Tests: test/lib/ml/retrain/monitor-results.test.ts, test/tasks/retraining.test.ts
import { sideBySide } from "../../azure/index.ts";
import { hasEnded, type Job } from "../jobs/jobs.ts";
import { type ChildRun, childRuns } from "../jobs/runs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { MonitorResult } from "./decision.ts";

const BREACHED = "azureml_modelmonitor_threshold_breached";
/** The tag of the job itself, where the monitor sends e-mails: the signal's name follows. */
const BREACHED_SIGNAL = "azureml.modelmonitor.threshold.breached.";
/** How a job's display name goes on after its schedule's name: a time, as 20261127T031500Z. Not verified against live Azure. */
const TIME = /^(?:[-_]\d{4}-?\d{2}-?\d{2}[\d:TZ.-]*)?$/;
/** Jobs that one look reads, the newest first. */
const MOST = 2_000;
/** Milliseconds that a monitor's job takes at most: one that was made so long before cannot have ended later. */
const LONGEST_JOB = 24 * 60 * 60_000;
/** Levels of pipelines within a monitor's job that are looked through. */
const DEEPEST = 3;
const AT_ONCE = 8;

/**
 * Results of monitors that ended at `since` or later, and the newest of each since `oldest`. One round trip a page of jobs, and a few
 * for each of these results, side by side.
 * @param since,oldest in milliseconds since the epoch
 */
export async function monitorResults(
  workspace: Workspace,
  monitors: readonly string[],
  { since, oldest }: { readonly since: number; readonly oldest: number },
): Promise<MonitorResult[]> {
  const { azure, id, signal } = workspace;
  const found: { readonly job: Job; readonly monitor: string }[] = [];
  const later = new Map<string, NonNullable<MonitorResult["later"]>>();
  let seen = 0;
  for await (const job of azure.list<Job>(`${id}/jobs`, {
    doing: "look for the jobs of the monitors",
    query: { jobType: "Pipeline", listViewType: "ActiveOnly" },
    signal,
  })) {
    const made = Date.parse(job.systemData?.createdAt ?? "");
    if (made < oldest - LONGEST_JOB || ++seen > MOST) break;
    const monitor = monitors.find((one) => isOf(job, one));
    if (monitor === undefined || !job.name) continue;
    const { status = "" } = job.properties ?? {};
    if (status === "Completed") found.push({ job, monitor });
    else if (hasEnded(status) && !later.has(monitor) && !found.some((one) => one.monitor === monitor))
      later.set(monitor, { run: job.name, status });
  }
  const read = async (one: (typeof found)[number]): Promise<MonitorResult> => {
    const { job, monitor } = one;
    const { at, breached } = await signalsOf(workspace, job);
    const since = isNewest.has(one) ? later.get(monitor) : undefined;
    return { monitor, run: job.name ?? "", at, breached, ...(since === undefined ? {} : { later: since }) };
  };
  const isNewest = new Set(monitors.flatMap((one) => found.find(({ monitor }) => monitor === one) ?? []));
  // A job that was made before may have ended since.
  const wanted = found.filter(
    (one) => isNewest.has(one) || Date.parse(one.job.systemData?.createdAt ?? "") >= since - LONGEST_JOB,
  );
  const results = await sideBySide(wanted, AT_ONCE, read);
  return results.filter(({ at }) => at >= oldest);
}

function isOf({ properties }: Job, monitor: string): boolean {
  const schedule = properties?.properties?.["azureml.scheduleName"];
  if (schedule !== undefined) return schedule === monitor;
  const title = properties?.displayName ?? "";
  return title.startsWith(monitor) && TIME.test(title.slice(monitor.length));
}

/**
 * Whether a whole message names nothing but accuracy, precision and recall: the service takes more of them for worse, so that these
 * are better than their thresholds (docs/facts/operations.md#F.4).
 */
function isOfGoodOnes(message: string): boolean {
  const names = [...message.matchAll(/"metric_name": ?"([^"]{1,200})"/g)].map(([, name = ""]) => name);
  return (
    names.length > 0 && /\]\s*$/.test(message) && names.every((name) => /^(accuracy|precision|recall)$/i.test(name))
  );
}

async function signalsOf(workspace: Workspace, job: Job): Promise<Pick<MonitorResult, "at" | "breached">> {
  const breached = new Set(
    Object.entries(job.properties?.tags ?? {}).flatMap(([tag, said]) =>
      tag.startsWith(BREACHED_SIGNAL) && !isOfGoodOnes(said) ? [tag.slice(BREACHED_SIGNAL.length)] : [],
    ),
  );
  const made = Date.parse(job.systemData?.createdAt ?? "");
  let last = 0;
  const look = async (run: string, depth: number): Promise<void> => {
    const children = await childRuns(workspace, run);
    for (const child of children) {
      const said = child.tags?.[BREACHED];
      if (said !== undefined && !isOfGoodOnes(said))
        breached.add(/The signal '([^']{1,200})'/.exec(said)?.[1] ?? child.displayName ?? "");
      last = Math.max(last, Date.parse(child.endTimeUtc ?? "") || 0);
    }
    if (depth === DEEPEST) return;
    // The steps of a monitor are pipelines, one a signal, and the runs of steps do not say whether they are pipelines.
    const pipelines = children.filter(({ runType }) => depth === 1 || /pipeline/i.test(runType ?? ""));
    await sideBySide(pipelines, AT_ONCE, (child: ChildRun) => look(child.runId, depth + 1));
  };
  await look(job.name ?? "", 1);
  return { at: Math.max(made, last), breached: [...breached].sort() };
}
