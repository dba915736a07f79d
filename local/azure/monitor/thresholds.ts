// Values of a window compared with a threshold, as metric alerts and autoscale settings do.
import type { AzureWorld } from "../world/world.ts";
import type { Filter } from "./filter.ts";
import { type MetricKind, namespaces } from "./metrics.ts";
import { type Series, seriesOf } from "./series.ts";
import type { Target } from "./target.ts";

/** Names of both services: alerts have Equals and not NotEquals. */
export const operators: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  Equals: (value, threshold) => value === threshold,
  NotEquals: (value, threshold) => value !== threshold,
  GreaterThan: (value, threshold) => value > threshold,
  GreaterThanOrEqual: (value, threshold) => value >= threshold,
  LessThan: (value, threshold) => value < threshold,
  LessThanOrEqual: (value, threshold) => value <= threshold,
};

export const metricNamed = (target: Target, name: string): MetricKind | undefined =>
  namespaces[target.scope].metrics.find((one) => one.name.toLowerCase() === name.toLowerCase());

export type WindowAggregation = "Average" | "Minimum" | "Maximum" | "Total" | "Last";

export interface WindowValue {
  readonly dimensions: Series["dimensions"];
  readonly value: number;
}

/** The value of each series over the minutes of a window that are known at its end; a series that has none there is left out. */
export function windowValues(
  world: AzureWorld,
  { endpoint, deployment }: Target,
  metric: MetricKind,
  filter: Filter,
  window: { readonly end: number; readonly length: number; readonly aggregation: WindowAggregation },
): WindowValue[] {
  const { end, length, aggregation } = window;
  const span = { from: end - length, to: end, asOf: end, onlyKnown: true, full: false };
  return seriesOf(world, { endpoint, deployment, metric, filter, ...span }).flatMap(({ dimensions, points }) => {
    const values = points.flatMap(({ value }) => value ?? []);
    if (values.length === 0) return [];
    const sum = values.reduce((total, { average }) => total + average, 0);
    const found = {
      Average: sum / values.length,
      Total: sum,
      Minimum: Math.min(...values.map(({ minimum }) => minimum)),
      Maximum: Math.max(...values.map(({ maximum }) => maximum)),
      Last: values.at(-1)?.average ?? 0,
    }[aggregation];
    return [{ dimensions, value: found }];
  });
}
