// A schedule as the management plane shows it: triggers, and what they start, filled in as recorded (docs/facts/azureml-wire.md#14).

import type { ScheduleActionBase } from "../contract/types.gen.ts";
import { definitionProperties } from "../jobs/shape/shape.ts";
import { responseKeys } from "../jobs/shape/versions.ts";
import type { JobBody } from "../records/job.ts";
import { isEmptyPattern, type Trigger } from "./due.ts";
import { importShown } from "./shape-import.ts";
import { capital, monitorShown } from "./shape-monitor.ts";
import type { ScheduleRecord } from "./watch.ts";

type Json = Record<string, unknown>;

/** @param written whether this answers a PUT: then a start that the service chose is not told yet */
export function scheduleShown(schedule: ScheduleRecord, apiVersion: string, written = false): Json {
  return {
    description: schedule.description,
    tags: schedule.tags,
    properties: schedule.properties,
    displayName: schedule.displayName,
    isEnabled: schedule.isEnabled,
    trigger: triggerShown(schedule, written),
    action: actionShown(schedule.action, apiVersion, written),
    provisioningState: schedule.provisioningState,
  };
}

/** Properties that the service adds to a schedule. */
export function serviceMarks(action: ScheduleActionBase): Json {
  switch (action.actionType) {
    case "CreateMonitor":
      return { "azureml.telemetry.attribution": "modelmonitoring" };
    case "ImportData": {
      const { assetName } = action.dataImportDefinition ?? {};
      return typeof assetName === "string" ? { "azureml.materializationAssetName": assetName } : {};
    }
    default:
      return {};
  }
}

function triggerShown({ trigger, began }: ScheduleRecord, written: boolean): Json {
  const shown = {
    endTime: trigger.endTime ?? null,
    startTime: trigger.startTime ?? (written ? null : (began ?? null)),
    timeZone: trigger.timeZone ?? "UTC",
    triggerType: trigger.triggerType,
  };
  if (trigger.triggerType !== "Recurrence") return { ...shown, expression: trigger.expression ?? null };
  return {
    ...shown,
    frequency: capital(trigger.frequency),
    interval: trigger.interval ?? null,
    schedule: patternShown(trigger, written),
  };
}

/** Days are written with a capital; a pattern without hours, minutes and days is none, as a GET tells. */
function patternShown({ schedule }: Trigger, written: boolean): Json | null {
  if (!schedule || (!written && isEmptyPattern(schedule))) return null;
  return {
    hours: schedule.hours ?? null,
    minutes: schedule.minutes ?? null,
    weekDays: schedule.weekDays?.map(capital) ?? null,
    monthDays: schedule.monthDays ?? null,
  };
}

function actionShown(action: ScheduleActionBase, apiVersion: string, written: boolean): Json {
  const { actionType } = action;
  switch (actionType) {
    case "CreateJob": {
      const body = { ...action.jobDefinition } as JobBody;
      return { actionType, jobDefinition: definitionProperties(body, responseKeys(apiVersion)) };
    }
    case "CreateMonitor":
      return { actionType, monitorDefinition: monitorShown({ ...action.monitorDefinition }, apiVersion) };
    case "ImportData":
      return { actionType, dataImportDefinition: importShown({ ...action.dataImportDefinition }, written) };
    default:
      return { ...action };
  }
}
