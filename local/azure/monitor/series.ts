// Time series of a metric, made from the minutes that were counted (docs/facts/operations.md#A.3): absent for what never occurred, zero
// between occurrences, and zero or absent for the newest minutes, which Azure Monitor learns of late.
import type { ToldLatency } from "../scenarios/rules.ts";
import type { AzureWorld } from "../world/world.ts";
import { type Filter, isMet } from "./filter.ts";
import type { MetricKind } from "./metrics.ts";
import { latencyOf, MINUTE, type MinuteRecord, minutesBefore, type Usage } from "./minutes.ts";

/** A value of one minute; undefined where the metric has none. */
interface Value {
  readonly average: number;
  readonly minimum: number;
  readonly maximum: number;
}

interface Point {
  readonly timeStamp: number;
  readonly value: Value | undefined;
}

export interface Series {
  /** Dimensions that the filter names, in small letters, with the value of this series. */
  readonly dimensions: readonly (readonly [name: string, value: string])[];
  readonly points: readonly Point[];
}

export interface SeriesQuery {
  readonly endpoint: string;
  /** Absent: of the endpoint, over all of its deployments. */
  readonly deployment?: string | undefined;
  readonly metric: MetricKind;
  readonly filter: Filter;
  /** Milliseconds since 1970; the second is not part of it. */
  readonly from: number;
  readonly to: number;
  /** One point over the whole span. */
  readonly full: boolean;
  /** When it is asked, which decides what is known; the cloud's clock where absent. */
  readonly asOf?: number;
  /** Leaves out minutes that are not known yet. */
  readonly onlyKnown?: boolean;
}

/** A part of a minute with its value of each dimension. */
interface Cell {
  readonly dimensions: Readonly<Record<string, string>>;
  readonly record: MinuteRecord;
  /** Requests of this status. */
  readonly count: number;
}

/** 93 days (docs/facts/operations.md#A.4). */
const RETENTION = 93 * 24 * 60 * MINUTE;

export function seriesOf(world: AzureWorld, query: SeriesQuery): Series[] {
  const { metric, filter } = query;
  const now = query.asOf ?? world.clock.now();
  const { delay } = world.settings.monitor;
  const isVisible = (minute: number) => minute + MINUTE + delay <= now;
  const from = Math.max(Math.floor(query.from / MINUTE) * MINUTE, Math.floor((now - RETENTION) / MINUTE) * MINUTE);
  const to = Math.min(query.to, now);
  const records = minutesBefore(world, to, query.endpoint, query.deployment);
  const cells = records
    .filter(({ minute }) => isVisible(minute) && minute >= now - RETENTION)
    .flatMap((record) => cellsOf(metric, record))
    .filter(({ dimensions }) => [...filter].every(([name, one]) => isMet(one, dimensions[name] ?? "")));
  return groups(cells, [...filter.keys()]).map(({ dimensions, cells: own }) => {
    const byMinute = grouped(own, ({ record }) => record.minute);
    const points: Point[] = [];
    for (let minute = from; minute < to; minute += MINUTE) {
      const here = byMinute.get(minute);
      const isNew = !isVisible(minute);
      if (isNew && query.onlyKnown === true) continue;
      const isZero = isCounter(metric) && own.length > 0 && !(isNew && world.settings.monitor.newest === "absent");
      const value = here === undefined ? undefined : together(world, metric, here);
      points.push({ timeStamp: minute, value: value ?? (isZero ? ZERO : undefined) });
    }
    return { dimensions, points: query.full ? [whole(from, points)] : points };
  });
}

const ZERO: Value = { average: 0, minimum: 0, maximum: 0 };

const isCounter = ({ name }: MetricKind): boolean => name === "RequestsPerMinute";

/** One group without a filter, whatever there is; with one a group for each combination of values that occurred. */
function groups(
  cells: readonly Cell[],
  names: readonly string[],
): { dimensions: Series["dimensions"]; cells: readonly Cell[] }[] {
  if (names.length === 0) return [{ dimensions: [], cells }];
  const found = grouped(cells, ({ dimensions }) => JSON.stringify(names.map((name) => [name, dimensions[name] ?? ""])));
  return [...found].map(([key, own]) => ({ dimensions: JSON.parse(key) as [string, string][], cells: own }));
}

/** Map.groupBy, which Node 20 lacks. */
function grouped<K>(cells: readonly Cell[], keyOf: (cell: Cell) => K): Map<K, Cell[]> {
  const found = new Map<K, Cell[]>();
  for (const cell of cells) {
    const key = keyOf(cell);
    const group = found.get(key);
    if (group === undefined) found.set(key, [cell]);
    else group.push(cell);
  }
  return found;
}

function cellsOf(metric: MetricKind, record: MinuteRecord): Cell[] {
  const { deployment } = record;
  if (isCounter(metric)) {
    return Object.entries(record.requests).map(([key, count]) => {
      const [status = "", model = ""] = key.split("/");
      const dimensions = {
        ...{ deployment, statuscode: status, statuscodeclass: `${status[0] ?? ""}xx`, modelstatuscode: model },
        // Whether these are codes or classes is not known (docs/facts/operations.md#A.10).
        envoy_response_code: status,
      };
      return { dimensions, record, count };
    });
  }
  if (metric.name.startsWith("RequestLatency"))
    return latencyOf([record]) === undefined ? [] : [{ dimensions: { deployment }, record, count: 0 }];
  if (usageOf(metric, record) !== undefined)
    // One process serves, whatever the count of instances; how the service calls an instance is not recorded.
    return [{ dimensions: { deployment, instanceid: `${deployment}-0` }, record, count: 0 }];
  if (metric.name === "DeploymentCapacity" && record.instances !== undefined)
    return Array.from({ length: record.instances }, (_, index) => ({
      ...{ dimensions: { deployment, instanceid: `${deployment}-${index}` }, record, count: 1 },
    }));
  return [];
}

function usageOf({ name }: MetricKind, record: MinuteRecord): Usage | undefined {
  if (name === "CpuUtilizationPercentage") return record.cpu;
  return name === "CpuMemoryUtilizationPercentage" ? record.memory : undefined;
}

const latencyKeys: Readonly<Record<string, keyof ToldLatency>> = {
  RequestLatency: "average",
  RequestLatency_P50: "p50",
  RequestLatency_P90: "p90",
  RequestLatency_P95: "p95",
  RequestLatency_P99: "p99",
};

/** The value that cells of one minute make together. */
function together(world: AzureWorld, metric: MetricKind, cells: readonly Cell[]): Value | undefined {
  const key = latencyKeys[metric.name];
  if (key !== undefined) {
    const value = latencyOf(cells.map(({ record }) => record))?.[key];
    return value === undefined ? undefined : alike(value);
  }
  const usages = cells.flatMap(({ record }) => usageOf(metric, record) ?? []);
  if (usages.length > 0) {
    return {
      average: usages.reduce((sum, one) => sum + one.sum, 0) / usages.reduce((sum, one) => sum + one.count, 0),
      minimum: Math.min(...usages.map(({ minimum }) => minimum)),
      maximum: Math.max(...usages.map(({ maximum }) => maximum)),
    };
  }
  // Requests that the filter does not tell apart are added up, as the metric's description has it. That is not verified: an average
  // of the parts would be another reading, and settings.monitor.together makes it one.
  const sum = cells.reduce((all, { count }) => all + count, 0);
  return alike(world.settings.monitor.together === "mean" ? sum / cells.length : sum);
}

const alike = (value: number): Value => ({ average: value, minimum: value, maximum: value });

/** One point of all: the mean of the minutes that have a value. */
function whole(timeStamp: number, points: readonly Point[]): Point {
  const values = points.flatMap(({ value }) => value ?? []);
  if (values.length === 0) return { timeStamp, value: undefined };
  return {
    timeStamp,
    value: {
      average: values.reduce((sum, { average }) => sum + average, 0) / values.length,
      minimum: Math.min(...values.map(({ minimum }) => minimum)),
      maximum: Math.max(...values.map(({ maximum }) => maximum)),
    },
  };
}
