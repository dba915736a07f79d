// A model monitor's definition as a schedule shows it (recorded in May 2023, api-version 2023-04-01-preview).

import { input } from "../jobs/shape/parts.ts";
import type { JobInput } from "../records/job.ts";

type Json = Record<string, unknown>;

/** Keys that each kind of signal shows, in order; null where they were not sent. */
const signalKeys: Record<string, readonly string[]> = {
  DataDrift: ["features", "dataSegment", "metricThresholds", "targetData", "baselineData"],
  PredictionDrift: ["metricThresholds", "modelType", "targetData", "baselineData"],
  DataQuality: ["features", "metricThresholds", "targetData", "baselineData"],
};

/** Later api-versions have other keys, and their answers are in no recording: there only what was sent is shown, in the service's letters. */
export function monitorShown(sent: Json, apiVersion: string): Json {
  const recorded = apiVersion === "2023-04-01-preview";
  const signals = Object.entries((sent["signals"] ?? {}) as Record<string, Json>).map(([name, signal]) => [
    name,
    signalShown(signal, recorded),
  ]);
  const shown = Object.fromEntries(signals);
  if (!recorded) return { ...sent, signals: shown };
  return {
    monitoringTarget: sent["monitoringTarget"] ?? null,
    signals: shown,
    computeId: sent["computeId"] ?? null,
    alertNotificationSetting: sent["alertNotificationSetting"] ?? null,
  };
}

function signalShown(signal: Json, recorded: boolean): Json {
  const keys = recorded ? (signalKeys[String(signal["signalType"])] ?? []) : [];
  const known = Object.fromEntries(keys.map((key) => [key, null]));
  return Object.fromEntries(
    Object.entries({ ...known, ...signal }).map(([key, value]) => [key, partShown(key, value, recorded)]),
  );
}

function partShown(key: string, value: unknown, recorded: boolean): unknown {
  if (key === "modelType") return capital(value) ?? value;
  if (key === "metricThresholds" && Array.isArray(value)) return value.map(thresholdShown);
  if (/Data$/.test(key) && typeof value === "object" && value !== null) return dataShown(value as Json, recorded);
  return value;
}

function thresholdShown(threshold: Json): Json {
  return { ...threshold, ...("metric" in threshold ? { metric: capital(threshold["metric"]) } : {}) };
}

/** Data that a signal looks at: its asset is an input like a job's. */
function dataShown(data: Json, recorded: boolean): Json {
  const { dataContext, asset } = data;
  return {
    ...(recorded ? { preprocessingComponentId: null, targetColumnName: null } : {}),
    ...data,
    ...(dataContext === undefined ? {} : { dataContext: capital(dataContext) }),
    ...(typeof asset === "object" && asset !== null ? { asset: input(asset as JobInput) } : {}),
  };
}

/** The first letter as a capital; null of what is no text. */
export function capital(text: unknown): string | null {
  return typeof text === "string" ? `${text.slice(0, 1).toUpperCase()}${text.slice(1)}` : null;
}
