// A monitor's definition as what is computed: for each signal its data, its metrics with their limits, and its features
// (docs/facts/operations.md#F.1). Every api-version's names are read.
import { durationMilliseconds } from "../../records/durations.ts";
import { JobError } from "../../records/job-failure.ts";
import type { Limit } from "../../signals/metric-rows.ts";

type Json = Readonly<Record<string, unknown>>;

/** Data that a signal looks at: an asset as a whole, or its hours between two moments. */
export interface DataWindow {
  readonly uri: string;
  /** Milliseconds since 1970; both or none. */
  readonly start?: number;
  readonly end?: number;
  /** A component that makes tables of the data, which local Azure does not run. */
  readonly preprocessing?: string;
}

export interface SignalPlan {
  readonly name: string;
  /** DataDrift, PredictionDrift, DataQuality, Custom and others. */
  readonly type: string;
  readonly production?: DataWindow;
  readonly reference?: DataWindow;
  readonly limits: readonly Limit[];
  /** Names of a subset; absent: all. */
  readonly features?: readonly string[];
  /** How many of the features that matter most; only an explainer knows which these are. */
  readonly top?: number;
  readonly overrides: Readonly<Record<string, string>>;
  /** Addresses that are told of a breach; empty: none. */
  readonly emails: string;
  readonly custom?: CustomPlan;
}

/** A signal whose metrics a component of the user's computes. */
export interface CustomPlan {
  readonly componentId: string;
  readonly data: Readonly<Record<string, DataWindow>>;
  readonly literals: Readonly<Record<string, string>>;
}

/** The body of a monitor's pipeline beside what all jobs have. */
export interface MonitorBody {
  /** The schedule's name. */
  readonly name: string;
  readonly definition: Json;
  /** The monitor's current time in milliseconds: windows end there. */
  readonly at: number;
}

/** The signals of a monitor. @throws JobError for one that cannot be read */
export function signalsOf({ definition, at }: MonitorBody): SignalPlan[] {
  const emails = emailsOf(definition);
  return Object.entries((definition["signals"] ?? {}) as Record<string, Json>).map(([name, signal]) =>
    signalOf(name, signal, at, notifies(signal) ? emails : ""),
  );
}

function signalOf(name: string, signal: Json, at: number, emails: string): SignalPlan {
  const type = String(signal["signalType"] ?? "");
  const features = (signal["features"] ?? {}) as Json;
  const window = (...keys: string[]) => {
    const [given] = keys.map((key) => signal[key]).filter((one) => one !== undefined && one !== null);
    const first = Array.isArray(given) ? given[0] : given;
    return first === undefined ? undefined : windowOf(first as Json, signal, at);
  };
  const [production, reference] = [window("productionData", "targetData"), window("referenceData", "baselineData")];
  return {
    ...{ name, type, limits: limitsOf(type, signal), emails },
    ...(production === undefined ? {} : { production }),
    ...(reference === undefined ? {} : { reference }),
    ...(Array.isArray(features["features"]) ? { features: features["features"].map(String) } : {}),
    ...(typeof features["top"] === "number" ? { top: features["top"] } : {}),
    overrides: (signal["featureDataTypeOverride"] ?? {}) as Record<string, string>,
    ...(type === "Custom" ? { custom: customOf(signal, at) } : {}),
  };
}

function customOf(signal: Json, at: number): CustomPlan {
  const assets = Object.entries((signal["inputAssets"] ?? {}) as Record<string, Json>);
  const given = Object.entries((signal["inputs"] ?? {}) as Record<string, Json>);
  const thresholds = listOf(signal["metricThresholds"]).map(({ metric, threshold }) => [
    `${String(metric)}_threshold`,
    String((threshold as Json | undefined)?.["value"] ?? ""),
  ]);
  return {
    componentId: String(signal["componentId"] ?? ""),
    data: Object.fromEntries(assets.map(([name, data]) => [name, windowOf(data, signal, at)])),
    literals: Object.fromEntries([
      ...given.flatMap(([name, input]) => (input["value"] === undefined ? [] : [[name, String(input["value"])]])),
      ...thresholds,
    ]) as Record<string, string>,
  };
}

/** @throws JobError for a window that is none */
function windowOf(data: Json, signal: Json, at: number): DataWindow {
  const asset = (data["asset"] ?? data) as Json;
  const uri = String(asset["uri"] ?? "");
  const preprocessing = textOf(data["preprocessingComponentId"]);
  const base = { uri, ...(preprocessing === undefined ? {} : { preprocessing }) };
  switch (data["inputDataType"]) {
    case "Rolling":
    case "Trailing": {
      const end = at - span(data["windowOffset"] ?? "P0D", "windowOffset");
      return { ...base, start: end - span(data["windowSize"] ?? "P7D", "windowSize"), end };
    }
    case "Static":
      return {
        ...base,
        start: moment(data["windowStart"], "windowStart"),
        end: moment(data["windowEnd"], "windowEnd"),
      };
    case "Fixed":
      return base;
    default:
      // The first preview has one lookback for the whole signal, which speaks of collected data.
      return signal["lookbackPeriod"] && /inputs|outputs/i.test(String(data["dataContext"]))
        ? { ...base, start: at - span(signal["lookbackPeriod"], "lookbackPeriod"), end: at }
        : base;
  }
}

function span(text: unknown, name: string): number {
  const milliseconds = durationMilliseconds(String(text));
  if (milliseconds === undefined) throw new JobError(`'${String(text)}' is no duration for ${name}, as P7D is one.`);
  return milliseconds;
}

function moment(text: unknown, name: string): number {
  const milliseconds = Date.parse(String(text));
  if (Number.isNaN(milliseconds)) throw new JobError(`'${String(text)}' is no time for ${name}.`);
  return milliseconds;
}

/** The components' own defaults, of a signal that names no metric. */
const defaults: Readonly<Record<string, readonly Limit[]>> = {
  drift: [
    { dataType: "Numerical", metric: "NormalizedWassersteinDistance", threshold: 0.5 },
    { dataType: "Categorical", metric: "JensenShannonDistance", threshold: 0.5 },
  ],
  quality: ["DataTypeErrorRate", "NullValueRate", "OutOfBoundsRate"].flatMap((metric) => [
    { dataType: "Numerical" as const, metric, threshold: 0.5 },
    { dataType: "Categorical" as const, metric, threshold: 0.5 },
  ]),
};

function limitsOf(type: string, signal: Json): readonly Limit[] {
  const given = listOf(signal["metricThresholds"]).filter(({ dataType }) => typeof dataType === "string");
  if (given.length === 0) return defaults[type === "DataQuality" ? "quality" : "drift"] ?? [];
  return given.map(({ dataType, metric, threshold }) => {
    const value = (threshold as Json | null | undefined)?.["value"];
    return {
      dataType: /^categorical$/i.test(String(dataType)) ? "Categorical" : "Numerical",
      metric: `${String(metric).slice(0, 1).toUpperCase()}${String(metric).slice(1)}`,
      ...(typeof value === "number" ? { threshold: value } : {}),
    };
  });
}

/** Stable versions list the ways to tell; previews have a mode, which is on where it is not said. */
function notifies(signal: Json): boolean {
  const types = signal["notificationTypes"];
  return Array.isArray(types) ? types.includes("AmlNotification") : !/^disabled$/i.test(String(signal["mode"] ?? ""));
}

function emailsOf(definition: Json): string {
  const settings = (definition["alertNotificationSettings"] ?? definition["alertNotificationSetting"] ?? {}) as Json;
  const email = (settings["emailNotificationSettings"] ?? settings["emailNotificationSetting"] ?? {}) as Json;
  return Array.isArray(email["emails"]) ? email["emails"].join(",") : "";
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);
const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
