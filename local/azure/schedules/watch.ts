// Schedules that are due start their jobs; a clock that leaps ahead starts what lies in between, once a minute that was due.
import { randomUUID } from "node:crypto";
import type { Stamps } from "../arm/envelope.ts";
import type { ScheduleActionBase } from "../contract/types.gen.ts";
import type { MonitorBody } from "../jobs/monitors/definition.ts";
import { jobService } from "../jobs/service.ts";
import { submitterOf } from "../jobs/submitter.ts";
import type { JobBody, JobRecord } from "../records/job.ts";
import type { AzureWorld } from "../world/world.ts";
import { isDue, type Trigger } from "./due.ts";

type Json = Record<string, unknown>;

export interface ScheduleRecord {
  readonly name: string;
  stamps: Stamps;
  description: string | null;
  tags: Json;
  properties: Json;
  displayName: string | null;
  isEnabled: boolean;
  trigger: Trigger & Json;
  action: ScheduleActionBase;
  /** Where no start was sent: when the service had made it, as the clock of its time zone showed. */
  began?: string;
  provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded";
  /** The author, whose identity its jobs have. */
  clientId: string;
  /** Milliseconds: the last minute that was looked at. */
  looked: number;
  readonly created: number;
}

/** Minutes that one look goes back at most: a week. */
const mostMinutes = 7 * 24 * 60;

export function schedulesOf(world: AzureWorld) {
  return world.store<ScheduleRecord>("schedules");
}

/** Starts every job that has become due since the last look. @param now milliseconds since the epoch: the cloud's moment, unless said otherwise */
export function startDue(world: AzureWorld, now = world.clock.now()): void {
  for (const schedule of schedulesOf(world).values()) {
    const first = Math.max(schedule.looked + 60_000, now - mostMinutes * 60_000);
    for (let minute = floor(first); minute <= now; minute += 60_000) {
      schedule.looked = minute;
      if (!schedule.isEnabled || schedule.provisioningState !== "Succeeded") continue;
      if (isDue(schedule.trigger, minute, schedule.created)) fire(world, schedule, minute);
    }
  }
}

export function floor(milliseconds: number): number {
  return Math.floor(milliseconds / 60_000) * 60_000;
}

/**
 * The job of one turn. Its name is a guid: how the service names them is in no recording.
 * @param at milliseconds: the moment at which a monitor's windows of data end
 */
export function fire(world: AzureWorld, schedule: ScheduleRecord, at = world.clock.now()): string {
  const service = jobService(world);
  const caller = world.directory.find(schedule.clientId);
  if (caller === undefined) throw new Error(`The client ${schedule.clientId} of schedule ${schedule.name} is gone.`);
  const name = randomUUID();
  service.submit(name, bodyOf(world, schedule, at), submitterOf(world, caller));
  return name;
}

function bodyOf(world: AzureWorld, schedule: ScheduleRecord, at: number): JobBody {
  const marks = { "azureml.scheduleName": schedule.name };
  if (schedule.action.actionType !== "CreateJob") {
    // What runs then is a pipeline of the service's own; a kind of job for it is not published.
    const own = {
      ...{ jobType: "Pipeline", jobs: {}, settings: {}, properties: marks },
      ...{ displayName: schedule.displayName ?? schedule.name, experimentName: schedule.name },
    };
    if (schedule.action.actionType !== "CreateMonitor") return { ...own, simulates: "data import" };
    const outputs = { model_monitor_metrics_output: { jobOutputType: "uri_folder" } };
    const definition = { ...schedule.action.monitorDefinition };
    return { ...own, outputs, monitor: { name: schedule.name, definition, at } satisfies MonitorBody };
  }
  const { action } = schedule;
  const definition = { ...(action.actionType === "CreateJob" ? action.jobDefinition : {}) } as JobBody;
  const source = typeof definition["sourceJobId"] === "string" ? definition["sourceJobId"].split("/").pop() : undefined;
  const copied =
    source !== undefined && definition["jobs"] === undefined
      ? world.store<JobRecord>("jobs").get(source)?.body
      : undefined;
  return {
    ...copied,
    ...Object.fromEntries(Object.entries(definition).filter(([, value]) => value !== null && value !== undefined)),
    jobType: copied?.jobType ?? definition.jobType,
    experimentName: definition.experimentName || "Default",
    properties: { ...((definition["properties"] ?? {}) as Json), ...marks },
  };
}
