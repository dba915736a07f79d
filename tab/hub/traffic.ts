// An endpoint's traffic over time as a chart: the shares that each change has left.
import type { ChartProps } from "../model/chart.ts";
import type { Endpoint } from "./endpoints.ts";

const MOST_LINES = 6;

/**
 * Undefined with fewer than two changes: there is nothing to draw. What the last change left holds until now.
 * @param now milliseconds since 1970
 */
export function trafficChart({ name, changes }: Endpoint, now: number): ChartProps | undefined {
  const moments = [...changes]
    .reverse()
    .map(({ at, traffic }) => ({ time: Date.parse(at), traffic }))
    .filter(({ time }) => Number.isFinite(time));
  const newest = moments.at(-1);
  if (moments.length < 2 || newest === undefined) return undefined;
  if (now > newest.time) moments.push({ time: now, traffic: newest.traffic });
  const names = [...new Set(moments.flatMap(({ traffic }) => Object.keys(traffic)))].filter((one) =>
    moments.some(({ traffic }) => (traffic[one] ?? 0) > 0),
  );
  return {
    ...{ title: `Traffic of ${name} over time`, along: "Time", unit: " %", isTime: true, isStepped: true },
    places: moments.map(({ time }) => time / 1000),
    ...(names.length > MOST_LINES ? { note: `The last ${MOST_LINES} of ${names.length} deployments.` } : {}),
    lines: names.slice(-MOST_LINES).map((one) => ({
      name: one,
      values: moments.map(({ traffic }) => (Object.hasOwn(traffic, one) ? (traffic[one] ?? 0) : 0)),
    })),
  };
}
