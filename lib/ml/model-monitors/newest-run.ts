// A monitor as its schedule has it, and the newest of its runs that has ended.
// Tests: test/lib/ml/model-monitors/check-monitor.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { bounded } from "../../remote-text.ts";
import { hasEnded, type Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type AnsweredTrigger, longestPause } from "./frequency.ts";

export interface Monitor {
  readonly name: string;
  readonly displayName: string;
  /** Its signals with their types. */
  readonly signals: readonly { readonly name: string; readonly type?: string }[];
  /** Milliseconds between two runs at most; undefined where its trigger does not say. */
  readonly every?: number;
  readonly isEnabled: boolean;
  /** The deployment or model that it watches, by ARM id; undefined where its signals name data alone. */
  readonly target?: MonitorTarget;
}

interface MonitorTarget {
  readonly deploymentId?: string | null;
  readonly modelId?: string | null;
}

interface ScheduleBody {
  readonly name?: string;
  readonly properties?: {
    readonly displayName?: string | null;
    readonly isEnabled?: boolean;
    readonly trigger?: AnsweredTrigger;
    readonly action?: {
      readonly actionType?: string;
      readonly monitorDefinition?: {
        readonly signals?: Readonly<Record<string, { signalType?: string } | null>> | null;
        readonly monitoringTarget?: MonitorTarget | string | null;
      };
    };
  };
}

/** @throws TaskError `notFound` where there is no schedule of that name; `input` where it is no monitor. One round trip. */
export async function readMonitor(workspace: Workspace, name: string): Promise<Monitor> {
  const { azure, id, signal } = workspace;
  const answer = await azure.request<ScheduleBody>("GET", `${id}/schedules/${segment(name, "the monitor's name")}`, {
    doing: `read the monitor ${name}`,
    promises: "resource",
    expect: [404],
    signal,
  });
  if (answer.status === 404)
    throw new TaskError("notFound", `The workspace ${workspace.name} has no monitor ${JSON.stringify(name)}.`, {
      errorCode: "AML1210",
      hint: "A monitor is a schedule: see `az ml schedule list`, and make it with AzureMLApply.",
    });
  const { displayName, isEnabled, trigger, action } = answer.body?.properties ?? {};
  if (!/^createMonitor$/i.test(action?.actionType ?? ""))
    throw new TaskError(
      "input",
      `The schedule ${JSON.stringify(name)} starts ${bounded(action?.actionType ?? "nothing", 40)} and is no monitor.`,
      { errorCode: "AML1210", hint: "Name a schedule whose action is CreateMonitor." },
    );
  const every = longestPause(trigger);
  const signals = Object.entries(action?.monitorDefinition?.signals ?? {}).map(([signalName, one]) => ({
    name: signalName,
    ...(one?.signalType ? { type: one.signalType } : {}),
  }));
  const target = action?.monitorDefinition?.monitoringTarget;
  return {
    ...{ name, displayName: displayName || name, signals, isEnabled: isEnabled !== false },
    ...(isObject(target) ? { target } : {}),
    ...(every === undefined ? {} : { every }),
  };
}

/** Jobs of the list that are looked at. */
const MOST_JOBS = 50;

/**
 * The newest jobs of a monitor, newest first. The list is asked for the schedule's jobs by the query of Azure's own client, in the one
 * api-version that has it; a service that ignored it would list every job, so only jobs that name the monitor count. One round trip a page.
 */
export async function monitorJobs(workspace: Workspace, monitor: string): Promise<Job[]> {
  const jobs: Job[] = [];
  const listed = workspace.azure.list<Job>(`${workspace.id}/jobs`, {
    doing: `list the runs of the monitor ${monitor}`,
    apiVersion: "2024-01-01-preview",
    query: { scheduled: "true", scheduleId: monitor, listViewType: "All" },
    signal: workspace.signal,
  });
  let seen = 0;
  for await (const job of listed) {
    if (isOf(job, monitor)) jobs.push(job);
    seen += 1;
    if (seen >= MOST_JOBS) break;
  }
  return jobs.sort((one, other) => createdOf(other) - createdOf(one));
}

const createdOf = ({ systemData }: Job): number => Date.parse(systemData?.createdAt ?? "") || 0;

/** How a run's display name goes on after that of its schedule: a time, as 20261127T031500Z. Not verified against live Azure. */
const TIME = /^(?:[-_]\d{4}-?\d{2}-?\d{2}[\d:TZ.-]*)?$/;

/** Whether a job names the monitor: in the property that names its schedule; else in any property or tag, or by its display name. */
function isOf({ properties }: Job, monitor: string): boolean {
  const schedule = properties?.properties?.["azureml.scheduleName"];
  if (schedule !== undefined) return schedule === monitor;
  const values = [...Object.values(properties?.properties ?? {}), ...Object.values(properties?.tags ?? {})];
  if (values.includes(monitor)) return true;
  const shown = properties?.displayName ?? "";
  return shown.startsWith(monitor) && TIME.test(shown.slice(monitor.length));
}

/** The newest run that has ended, and whether a newer one goes on. */
export function newestEnded(jobs: readonly Job[]): { ended?: Job; goesOn?: Job } {
  const [first] = jobs;
  const ended = jobs.find(({ properties }) => hasEnded(properties?.status));
  return { ...(ended ? { ended } : {}), ...(first && first !== ended ? { goesOn: first } : {}) };
}
