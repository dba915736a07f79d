// An endpoint's traffic over time as a chart: the shares that each change has left.
import type { ChartProps } from "../model/chart.ts";
import type { Endpoint } from "./endpoints.ts";

const MOST_LINES = 6;

/** Undefined with fewer than two changes: there is nothing to draw. */
export function trafficChart({ name, changes }: Endpoint): ChartProps | undefined {
  const told = [...changes].reverse().filter(({ at }) => Number.isFinite(Date.parse(at)));
  if (told.length < 2) return undefined;
  const names = [...new Set(told.flatMap(({ traffic }) => Object.keys(traffic)))].filter((one) =>
    told.some(({ traffic }) => (traffic[one] ?? 0) > 0),
  );
  return {
    ...{ title: `Traffic of ${name} over time`, along: "Time", unit: " %", isTime: true, isStepped: true },
    places: told.map(({ at }) => Date.parse(at) / 1000),
    ...(names.length > MOST_LINES ? { note: `The last ${MOST_LINES} of ${names.length} deployments.` } : {}),
    lines: names.slice(-MOST_LINES).map((one) => ({
      name: one,
      values: told.map(({ traffic }) => (Object.hasOwn(traffic, one) ? (traffic[one] ?? 0) : 0)),
    })),
  };
}
