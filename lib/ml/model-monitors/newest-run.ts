// A monitor as its schedule has it, and its runs, the newest first.
// Tests: test/lib/ml/model-monitors/check-monitor.test.ts
import { segment } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { whatItHas } from "../../nearest-name.ts";
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
  const monitor = await findMonitor(workspace, name);
  if (monitor !== undefined) return monitor;
  throw new TaskError(
    "notFound",
    `The workspace ${workspace.name} has no monitor ${JSON.stringify(name)}${await otherSchedules(workspace, name)}`,
    {
      errorCode: "AML1210",
      hint: "A monitor is a schedule: see `az ml schedule list`, and make it with AzureMLApply.",
    },
  );
}

/** The end of a sentence that says which schedules there are; its full stop alone where they cannot be listed. */
async function otherSchedules({ azure, id, signal }: Workspace, name: string): Promise<string> {
  const names: string[] = [];
  try {
    for await (const one of azure.list<{ name?: string }>(`${id}/schedules`, { signal })) {
      if (one.name) names.push(one.name);
      if (names.length === 200) break;
    }
  } catch {
    return ".";
  }
  return `; ${whatItHas(name, names.sort())}`;
}

/** The monitor; undefined where there is no schedule of that name. One round trip. @throws TaskError `input` where it is no monitor */
export async function findMonitor(workspace: Workspace, name: string): Promise<Monitor | undefined> {
  const { azure, id, signal } = workspace;
  const answer = await azure.request<ScheduleBody>("GET", `${id}/schedules/${segment(name, "the monitor's name")}`, {
    doing: `read the monitor ${name}`,
    promises: "resource",
    expect: [404],
    signal,
  });
  if (answer.status === 404) return undefined;
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

/** Jobs of the list that are looked at, at least and at most. */
const [LEAST_JOBS, MOST_JOBS] = [50, 2_000];

export interface MonitorRuns {
  /** The newest first. */
  readonly jobs: readonly Job[];
  /** False: the list has more, in no order of time, so that nobody knows which run is the newest. */
  readonly isKnown: boolean;
}

/**
 * The newest jobs of a monitor, archived ones too. The list is asked for the schedule's jobs by the query of Azure's own client, in the one
 * api-version that has it; a service that ignored it would list every job, so only jobs that name the monitor count. That the list
 * comes newest first is not verified against live Azure: only while it does is its rest left unread. One round trip a page.
 * @param from milliseconds since the epoch: older jobs are wanted no more, once LEAST_JOBS are read
 */
export async function monitorJobs(
  workspace: Workspace,
  monitor: string,
  from = Number.POSITIVE_INFINITY,
): Promise<MonitorRuns> {
  const jobs: Job[] = [];
  const listed = workspace.azure.list<Job>(`${workspace.id}/jobs`, {
    doing: `list the runs of the monitor ${monitor}`,
    apiVersion: "2024-01-01-preview",
    query: { scheduled: "true", scheduleId: monitor, listViewType: "All" },
    signal: workspace.signal,
  });
  let seen = 0;
  let last = Number.POSITIVE_INFINITY;
  let isOrdered = true;
  for await (const job of listed) {
    const made = createdOf(job);
    if (isOrdered && made < from && seen >= LEAST_JOBS) break;
    if (seen >= MOST_JOBS) return { jobs: newestFirst(jobs), isKnown: isOrdered };
    seen += 1;
    isOrdered &&= made <= last;
    last = made;
    if (isOf(job, monitor)) jobs.push(job);
  }
  return { jobs: newestFirst(jobs), isKnown: true };
}

export const unordered = ({ name }: Monitor): string =>
  `The workspace lists more than ${MOST_JOBS} runs of the monitor ${name}, in no order of time, so that nobody knows which is the newest.`;

const newestFirst = (jobs: readonly Job[]): Job[] => [...jobs].sort((one, other) => createdOf(other) - createdOf(one));

/** When a job was made, in milliseconds since the epoch; 0 where it does not say. */
export const createdOf = ({ systemData }: Job): number => Date.parse(systemData?.createdAt ?? "") || 0;

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
