// Looks at a monitor's newest results and comes to a verdict, which is left as tags of the run that it is about.
// Tests: test/lib/ml/model-monitors/check-monitor.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { secondaryWrite } from "../../secondary-write.ts";
import type { Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type EarlierRun, earlierRuns } from "./earlier.ts";
import { judgeRun, noSignal, staleness } from "./judge-run.ts";
import { keptTags } from "./kept-results.ts";
import { freshFor, type MonitorOutcome, type SignalVerdict } from "./monitor-verdict.ts";
import {
  createdOf,
  type Monitor,
  type MonitorRuns,
  monitorJobs,
  newestEnded,
  readMonitor,
  unordered,
} from "./newest-run.ts";
import { noteDrift } from "./note-drift.ts";

export interface MonitorRequest {
  readonly monitor: string;
  /** Signals that count; all where there are none. */
  readonly signals: readonly string[];
  /** Milliseconds that a result counts at most; absent: twice the pause between two runs. */
  readonly maximumAge?: number | undefined;
  /** Whether the verdict is left as tags of the run. */
  readonly writesVerdict: boolean;
  /** Earlier runs that are read beside the newest one, for people to see; absent: none. */
  readonly earlier?: number;
  /** Whether a breach is noted on the model version that is live. */
  readonly notesDrift?: boolean;
}

export interface MonitorCheck {
  readonly monitor: string;
  readonly outcome: MonitorOutcome;
  readonly signals: readonly SignalVerdict[];
  /** Why, as sentences; for a breach, those of the signals that broke. */
  readonly reasons: readonly string[];
  /** The run that was looked at. */
  readonly job?: string;
  readonly studioUrl?: string;
  /** When it ended or, where that is not known, began; ISO 8601. */
  readonly at?: string;
  /** Earlier results, the newest first. */
  readonly earlier?: readonly EarlierRun[];
  /** `name:version` of the model that is live, where the breach is noted on it. */
  readonly liveModel?: string;
}

/** Tags of a monitor's run by which a server task and people know what was found. */
const NAME = "monitorName";
const VERDICT = "monitorVerdict";
const VERDICT_AT = "monitorCheckedAt";
const VERDICT_BY = "monitorCheckedBy";

/**
 * Checks a monitor. Sequential round trips: the schedule and its runs side by side, then those of `runResults`, one for the tags, and those of `noteDrift` for a breach;
 * earlier runs that no check has left its results on are read beside these, four at once.
 * @throws TaskError `notFound` for no such monitor; `input` for a signal that it has not
 */
export async function checkMonitor(workspace: Workspace, request: MonitorRequest): Promise<MonitorCheck> {
  const [monitor, listed] = await Promise.all([
    readMonitor(workspace, request.monitor),
    monitorJobs(workspace, request.monitor),
  ]);
  const wanted = chosen(monitor, request.signals);
  const { ended: than } = newestEnded(listed.jobs);
  const { earlier: most = 0 } = request;
  const [check, earlier] = await Promise.all([
    checkNewest(workspace, request, { monitor, listed, wanted }),
    than === undefined ? [] : earlierRuns(workspace, monitor, listed.jobs, { than, wanted, most }),
  ]);
  return { ...check, ...(earlier.length === 0 ? {} : { earlier }) };
}

interface Found {
  readonly monitor: Monitor;
  readonly listed: MonitorRuns;
  readonly wanted: Monitor["signals"];
}

async function checkNewest(
  workspace: Workspace,
  request: MonitorRequest,
  { monitor, listed, wanted }: Found,
): Promise<MonitorCheck> {
  const nothing = (reason: string, more: Partial<MonitorCheck> = {}): MonitorCheck => ({
    ...{ monitor: monitor.name, outcome: "noEvidence", signals: [], reasons: [reason] },
    ...more,
  });
  if (wanted.length === 0) return nothing(noSignal(monitor));
  if (!listed.isKnown) return nothing(unordered(monitor));
  const { ended, goesOn } = newestEnded(listed.jobs);
  const running = goesOn === undefined ? "" : ` The run ${goesOn.name} goes on.`;
  if (ended?.name === undefined) {
    const off = monitor.isEnabled ? "" : " It is switched off.";
    return nothing(`No run of the monitor ${monitor.name} has ended.${running}${off}`);
  }
  const began = createdOf(ended);
  const seen = {
    job: ended.name,
    ...(ended.properties?.services?.["Studio"]?.endpoint
      ? { studioUrl: ended.properties.services["Studio"].endpoint }
      : {}),
    ...(began === 0 ? {} : { at: new Date(began).toISOString() }),
  };
  const { status } = ended.properties ?? {};
  if (status !== "Completed") {
    const fault = ended.properties?.tags?.["azureml.modelmonitor.error"];
    return nothing(
      `The newest run ${ended.name} of ${monitor.name} is ${status}${fault ? ` (${fault})` : ""}.${running}`,
      seen,
    );
  }
  // A part of the signals is no verdict on the run, which a gate would take for one on all of them.
  const leave = async (check: MonitorCheck): Promise<MonitorCheck> => {
    if (request.writesVerdict && request.signals.length === 0) await leaveVerdict(workspace, check, ended);
    return check;
  };
  const limit = request.maximumAge ?? freshFor(monitor.every);
  const stale = staleness(workspace, monitor, ended, limit);
  // Written too: an older verdict of this run would pass a gate that cannot tell the time.
  if (stale !== undefined)
    return limit === undefined ? nothing(stale, seen) : leave(nothing(`${stale}${running}`, seen));
  const { outcome, signals, reasons, breached } = await judgeRun(workspace, monitor, ended, wanted);
  const breach = { monitor: monitor.name, run: seen.job, at: seen.at, signals: breached };
  const [check, liveModel] = await Promise.all([
    leave({ monitor: monitor.name, outcome, signals, reasons, ...seen }),
    request.notesDrift && outcome === "breached" ? noteDrift(workspace, breach, monitor) : undefined,
  ]);
  return { ...check, ...(liveModel === undefined ? {} : { liveModel }) };
}

/** @throws TaskError `input` that names the signals there are */
function chosen(monitor: Monitor, names: readonly string[]): Monitor["signals"] {
  const unknown = names.find((name) => !monitor.signals.some((signal) => signal.name === name));
  if (unknown === undefined)
    return names.length === 0 ? monitor.signals : monitor.signals.filter(({ name }) => names.includes(name));
  const there = monitor.signals.map(({ name }) => name).join(", ") || "none";
  throw new TaskError("input", `The monitor ${monitor.name} has no signal ${JSON.stringify(unknown)}.`, {
    errorCode: "AML1210",
    hint: `It has ${there}.`,
  });
}

/** Leaves the verdict as tags of the run, by the PATCH of run history with which the studio changes tags. The same again changes nothing. */
async function leaveVerdict(workspace: Workspace, check: MonitorCheck, job: Job): Promise<void> {
  const { azure, provenance, signal } = workspace;
  await secondaryWrite(
    workspace,
    {
      failed: `The verdict could not be written to the run ${job.name}`,
      missing: "The step's own result counts all the same; AzureMLCheckMonitorResult finds no evidence.",
      needs: "a role such as AzureML Data Scientist on the workspace",
    },
    async () => {
      const experiment = segment(job.properties?.experimentName ?? "Default", "the name of the experiment");
      const at = `${await workspace.serviceUrl("history")}/experiments/${experiment}/runs/${segment(job.name ?? "", "the name of the run")}`;
      const by = provenance.kind === "none" ? {} : { [VERDICT_BY]: provenance.runUri.slice(0, 500) };
      const verdict = {
        ...{ [NAME]: check.monitor, [VERDICT]: check.outcome, [VERDICT_AT]: new Date(azure.now()).toISOString() },
        ...by,
      };
      const doing = `write the verdict to the run ${job.name}`;
      const send = (tags: object) => azure.request("PATCH", at, { doing, body: { tags }, repeats: true, signal });
      const kept = keptTags(job, check.signals);
      try {
        await send({ ...verdict, ...kept });
      } catch (error) {
        // Gates rely on the verdict, and only people on the results beside it.
        if (!(error instanceof TaskError) || error.status !== 400 || Object.keys(kept).length === 0) throw error;
        workspace.log.debug(`The results were not kept on the run ${job.name}: ${error.message}`);
        await send(verdict);
      }
    },
  );
}
