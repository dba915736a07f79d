// The data of a monitor: production data over a moving window, and the reference data that it is compared with
// (docs/facts/azureml-documents.md#2.12).
// Tests: test/lib/documents/schedules/monitor.test.ts

import { present } from "../../plain-objects.ts";
import { type AssetInput, DATA_TYPES, jobInput, locationUri } from "../assets/io.ts";
import { isOffCalendar } from "../language/calendar.ts";
import { map, object, optional, required } from "../language/object.ts";
import { assetReference, type Reference, referenceText, resolveReference } from "../language/reference.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, looseText, text } from "../language/scalar.ts";
import type { Infer, Reading, Shape } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import type { Trigger } from "../language/trigger.ts";

/** The default lookback of a monitor. */
export interface Windows {
  readonly production: string;
  readonly reference: string;
}

/** The windows that fit how often the monitor runs. */
export function defaultWindows(trigger: Trigger): Windows {
  if (trigger.type === "cron") return { production: "P7D", reference: "P14D" };
  const { frequency, interval } = trigger;
  const days = { minute: 1, hour: 1, day: interval, week: interval * 7, month: interval * 30 }[frequency];
  return { production: `P${days}D`, reference: `P${days * 2}D` };
}

const span = text({ pattern: /^(default|P(?=.)(\d+[YMWD])*(T(\d+[HMS])+)?)$/, rule: "a span such as P7D is needed" });
const day = text({ pattern: /^\d{4}-\d\d-\d\d$/, rule: "a day such as 2024-01-31 is needed" });
const looseDay: Shape<string> = {
  ...day,
  // YAML takes an unquoted day for a date.
  read(node, at) {
    const value = day.read(
      node.kind === "scalar" && node.type === "timestamp" ? { ...node, type: "string" } : node,
      at,
    );
    if (value === undefined || isOffCalendar(value, node, at, "a day such as 2024-01-31")) return undefined;
    return value;
  },
};

const window = object("a data window", {
  lookback_window_size: optional(span),
  lookback_window_offset: optional(span),
  window_start: optional(looseDay),
  window_end: optional(looseDay),
});

const dataInput: Shape<AssetInput> = {
  expects: "a mapping with type and path",
  below: jobInput.below,
  read(node, at) {
    const input = jobInput.read(node, at);
    if (input === undefined) return undefined;
    if (input.kind === "asset" && (DATA_TYPES as readonly string[]).includes(input.type)) return input;
    return at.fault(node, `${at.name} is no data; a mapping with type and path is needed.`, { allowed: DATA_TYPES });
  },
  write: () => undefined,
};
export const dataInputs = map(dataInput);

const CONTEXTS = ["model_inputs", "model_outputs", "training", "test", "validation", "ground_truth"] as const;

const common = {
  input_data: required(dataInput),
  data_column_names: optional(map(looseText)),
  data_window: optional(window),
};
const named = {
  ...common,
  data_context: optional(enumeration(CONTEXTS, { fold: "snake" })),
  pre_processing_component: optional(assetReference("components")),
};

export const productionData = object("production data", named, { check: checkTrailing });
export const referenceData = object("reference data", named, {
  check: checkWhole,
  hints: { target_column_name: "Write `data_column_names: {target_column: ...}`." },
});
/** Prompts and completions of a language model. */
export const languageData = object("production data", common, { check: checkTrailing });

export interface MonitorData extends Partial<Infer<typeof referenceData>> {
  readonly input_data: AssetInput;
}

function checkTrailing(value: { data_window?: Infer<typeof window> }, node: MapNode, at: Reading): void {
  const place = node.entries.get("data_window");
  if (place && (value.data_window?.window_start ?? value.data_window?.window_end) !== undefined)
    at.step("data_window").fault(place, "production data has a window that moves, without start and end.", {
      hint: "Write `lookback_window_size: P7D`, for example.",
    });
}

function checkWhole(value: { data_window?: Infer<typeof window> }, node: MapNode, at: Reading): void {
  const place = node.entries.get("data_window");
  const given = value.data_window;
  if (place && given && (given.window_start === undefined) !== (given.window_end === undefined))
    at.step("data_window").fault(place, "a window has both a start and an end.", {
      hint: "Give `window_start` and `window_end`.",
    });
}

/** A data asset that a monitored deployment collects. */
export interface CollectedData {
  readonly id: string;
  readonly type: string;
}

/** Data that is looked at over a window that moves with time. */
export async function trailingBody(data: MonitorData, windows: Windows, resolver: Resolver): Promise<object> {
  const given = data.data_window;
  const size = given?.lookback_window_size;
  return present({
    ...(await commonBody(data, resolver)),
    inputDataType: "Trailing",
    windowSize: size === undefined || size === "default" ? windows.production : size,
    windowOffset: given?.lookback_window_offset ?? "P0D",
    preprocessingComponentId: await componentOf(data, resolver),
  });
}

/** A reference: over a moving window, between two days, or as a whole. `isRaw`: the service resolves the asset's name itself. */
export async function referenceBody(
  data: MonitorData,
  windows: Windows,
  resolver: Resolver,
  isRaw = false,
): Promise<object> {
  const body = await commonBody(data, resolver, isRaw);
  const given = data.data_window;
  if (given?.lookback_window_size !== undefined) {
    const { lookback_window_size: size, lookback_window_offset: offset = "P0D" } = given;
    return present({
      ...body,
      inputDataType: "Trailing",
      windowSize: size === "default" ? windows.reference : size,
      windowOffset: offset === "default" ? windows.production : offset,
      preprocessingComponentId: await componentOf(data, resolver),
    });
  }
  if (given?.window_start !== undefined)
    return present({
      ...body,
      inputDataType: "Static",
      windowStart: `${given.window_start}T00:00:00.000Z`,
      windowEnd: `${given.window_end}T00:00:00.000Z`,
      preprocessingComponentId: await componentOf(data, resolver),
    });
  return present({ ...body, inputDataType: "Fixed" });
}

/** Production data that the deployment collects by itself. */
export function collectedProduction(data: CollectedData, context: string, windows: Windows): object {
  return { ...collected(data, context), windowSize: windows.production, windowOffset: "P0D" };
}

/** Data collected earlier is the reference for data collected now. */
export function collectedReference(data: CollectedData, context: string, windows: Windows): object {
  return { ...collected(data, context), windowSize: windows.reference, windowOffset: windows.production };
}

function collected(data: CollectedData, context: string): object {
  return { inputDataType: "Trailing", dataContext: context, jobInputType: data.type, uri: data.id };
}

async function commonBody(data: MonitorData, resolver: Resolver, isRaw = false): Promise<Record<string, unknown>> {
  const { location, type, datastore } = data.input_data;
  if (location === undefined) throw new Error("Data of a monitor has no path.");
  const isAsset = location.kind === "data" || location.kind === "models";
  return {
    dataContext: data.data_context,
    columns: data.data_column_names,
    jobInputType: type,
    uri: isRaw && isAsset ? rawReference(location.reference) : await locationUri(location, type, resolver, datastore),
  };
}

async function componentOf(data: MonitorData, resolver: Resolver): Promise<string | undefined> {
  const component = data.pre_processing_component;
  return component && (await resolveReference(component, "components", resolver));
}

/** `name:version`: what Azure's client sends for the assets of a custom signal. */
export function rawReference(reference: Reference): string {
  return referenceText(reference).replace(/^azureml:(?!\/\/)/, "");
}
