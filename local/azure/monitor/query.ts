// Reads a metrics query, and refuses what Azure Monitor refuses: unknown metrics, dimensions, aggregations and time grains
// (docs/facts/operations.md#A.2). The bodies are `{code, message}` without more; texts are Microsoft's where public reports quote them.
import { randomUUID } from "node:crypto";
import type { Request } from "express";
import { ArmError, notImplemented } from "../arm/errors.ts";
import { choice, flag, text, whole } from "../arm/query.ts";
import { durationMilliseconds } from "../records/durations.ts";
import { type Filter, FilterFault, parseFilter } from "./filter.ts";
import { type Aggregation, aggregations, type MetricKind, namespaces, type Scope } from "./metrics.ts";
import { MINUTE } from "./minutes.ts";

export interface MetricsQuery {
  readonly metrics: readonly MetricKind[];
  readonly aggregations: readonly Aggregation[];
  readonly filter: Filter;
  readonly from: number;
  readonly to: number;
  readonly full: boolean;
  /** The most series of a metric; absent without a filter. */
  readonly top?: number;
  readonly order?: "asc" | "desc";
}

/** Names of the parameters that are read. */
export const parameters = [
  ...["timespan", "interval", "metricnames", "aggregation", "top", "orderby", "$filter", "resultType"],
  ...["metricnamespace", "AutoAdjustTimegrain", "ValidateDimensions"],
];

/** A 400 of Azure Monitor. */
function badRequest(message: string): ArmError {
  return new ArmError(400, "BadRequest", `${message}, TraceId: {${randomUUID()}}`, [], {}, "monitor");
}

/** @param now by the cloud's clock @throws ArmError 400 */
export function readQuery(query: Request["query"], scope: Scope, now: number): MetricsQuery {
  if (choice(query, "resultType", ["Data", "Metadata"]) === "Metadata") throw notImplemented("resultType=Metadata");
  requireNamespace(query, scope);
  const metrics = metricsOf(text(query, "metricnames"), scope);
  const filterText = text(query, "$filter");
  const filter = filterText === undefined ? new Map() : readFilter(filterText);
  const isStrict = flag(query, "ValidateDimensions") ?? true;
  for (const metric of metrics) for (const name of filter.keys()) if (isStrict) requireDimension(metric, name);
  const known = new Set(metrics.flatMap(({ dimensions }) => dimensions.map((name) => name.toLowerCase())));
  const interval = text(query, "interval") ?? "PT1M";
  if (interval !== "FULL" && flag(query, "AutoAdjustTimegrain") !== true) requireGrain(interval, metrics);
  const order = /^\s*(?:sum|average|minimum|maximum|count)\s+(asc|desc)\s*$/i.exec(text(query, "orderby") ?? "");
  if (text(query, "orderby") !== undefined && order === null)
    throw badRequest(`The order '${text(query, "orderby")}' is invalid: 'sum asc' is one`);
  const direction = order?.[1]?.toLowerCase() as "asc" | "desc" | undefined;
  return {
    metrics,
    aggregations: aggregationsOf(text(query, "aggregation"), metrics),
    filter: new Map([...filter].filter(([name]) => known.has(name))),
    ...spanOf(text(query, "timespan"), now),
    full: interval === "FULL",
    ...(filterText === undefined ? {} : { top: whole(query, "top") ?? 10 }),
    ...(direction === undefined ? {} : { order: direction }),
  };
}

/** @throws ArmError 400 when it is not the resource's own */
export function requireNamespace(query: Request["query"], scope: Scope): void {
  const asked = text(query, "metricnamespace");
  const { name } = namespaces[scope];
  if (asked === undefined || asked.toLowerCase() === name.toLowerCase()) return;
  throw badRequest(`Detect invalid value: ${asked} for query parameter: 'metricnamespace', the value must be: ${name}`);
}

function metricsOf(names: string | undefined, scope: Scope): MetricKind[] {
  const { name: namespace, metrics } = namespaces[scope];
  // Which metric is the default one is not known.
  if (names === undefined) throw badRequest("The query parameter 'metricnames' is required here");
  const asked = names.split(",").map((name) => name.trim());
  if (asked.length > 20) throw badRequest(`At most 20 metrics can be asked for, and these are ${asked.length}`);
  return asked.map((name) => {
    const found = metrics.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return found;
    const [provider, ...type] = namespace.split("/");
    throw badRequest(
      `Failed to find metric configuration for provider: ${provider}, resource Type: ${type.join("/")}, metric: ${name}, Valid metrics: ${metrics.map((one) => one.name).join(",")}`,
    );
  });
}

function readFilter(filter: string): Filter {
  try {
    return parseFilter(filter);
  } catch (error) {
    if (error instanceof FilterFault) throw badRequest(`The filter '${filter}' is invalid: ${error.message}`);
    throw error;
  }
}

function requireDimension({ name: metric, dimensions }: MetricKind, name: string): void {
  if (dimensions.some((one) => one.toLowerCase() === name)) return;
  throw badRequest(
    `Metric: ${metric} does not support requested dimension combination: ${name}, supported ones are: ${dimensions.join(",")}`,
  );
}

/** The primary one where none is asked for. That another is refused is inferred: reports tell of 501 and of points without values. */
function aggregationsOf(asked: string | undefined, metrics: readonly MetricKind[]): Aggregation[] {
  if (asked === undefined) return ["Average"];
  return asked.split(",").map((text) => {
    const found = aggregations.find((one) => one.toLowerCase() === text.trim().toLowerCase());
    const without = metrics.find((one) => found === undefined || !one.aggregations.includes(found));
    if (found !== undefined && without === undefined) return found;
    throw badRequest(
      `Metric: ${without?.name} does not support requested aggregation: ${text.trim()}, supported ones are: ${without?.aggregations.join(",")}`,
    );
  });
}

/** One minute alone (docs/facts/operations.md#A.1). */
function requireGrain(interval: string, metrics: readonly MetricKind[]): void {
  const milliseconds = durationMilliseconds(interval);
  if (milliseconds === MINUTE) return;
  if (milliseconds === undefined || milliseconds <= 0)
    throw badRequest(`Invalid time grain duration: ${interval}, supported ones are: 00:01:00`);
  const seconds = Math.floor(milliseconds / 1_000);
  const two = (number: number) => String(Math.floor(number)).padStart(2, "0");
  const clock = `${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  throw badRequest(
    `Commonly allowed time grains: 00:01:00 between metrics: ${metrics.map(({ name }) => name).join(",")}, can not support requested time grain: ${clock} please adjust your interval parameter to use one of the common grains`,
  );
}

/**
 * The last hour where none is asked for. Two times, a time and how long, how long and a time, or how long until now: Azure Monitor's own
 * refusal names these forms. A time without a zone is one of UTC.
 */
function spanOf(span: string | undefined, now: number): { from: number; to: number } {
  if (span === undefined) return { from: now - 60 * MINUTE, to: now };
  const parts = span.split("/").map((part) => part.trim());
  const [first, second] = parts.map(timeOf);
  const [long, longer] = parts.map((part) => durationMilliseconds(part));
  const [from, to] =
    parts.length === 1
      ? [long === undefined ? undefined : now - long, now]
      : [
          first ?? (long === undefined || second === undefined ? undefined : second - long),
          second ?? (longer === undefined || first === undefined ? undefined : first + longer),
        ];
  if (parts.length > 2 || from === undefined || to === undefined)
    throw badRequest(
      `Detected invalid time interval input: ${span}, supported Iso 8601 time interval format: (Datetime/Datetime, Datetime/Duration, Duration/Datetime, Duration)`,
    );
  if (from >= to) throw badRequest(`The start time of the timespan ${span} must be before its end time`);
  return { from, to };
}

function timeOf(text: string): number | undefined {
  const iso = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/i.exec(text);
  const time = iso === null ? Number.NaN : Date.parse(iso[3] === undefined ? `${text}Z` : text);
  return Number.isNaN(time) ? undefined : time;
}
