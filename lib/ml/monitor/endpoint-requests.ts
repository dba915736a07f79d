// Requests to an endpoint within the last hours, for whoever has to know whether it is idle. Absent metrics are unknown and not zero.
// Tests: test/lib/ml/monitor/endpoint-requests.test.ts
import { sideBySide } from "../../azure/index.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { endpointId, readMetrics, type Series } from "./metrics.ts";
import { isIn, isoOf, judgedWindow, minutesIn, type Window } from "./window.ts";

/** Azure Monitor keeps metrics for 93 days (docs/facts/operations.md#A.4). */
const KEPT_HOURS = 93 * 24;
/** A day's minutes in one answer. */
const PART_MINUTES = 24 * 60;

export interface EndpointRequests {
  /** Requests in the window; undefined where that is not known. With requests seen and minutes missing, it is what was seen: at least so many. */
  readonly requests: number | undefined;
  /** The number, or why there is none, as a sentence. */
  readonly sentence: string;
  readonly window: Window;
}

/**
 * Counts the requests to a whole endpoint, whichever deployment answered, until five minutes ago. Zero is said only where Azure Monitor
 * has a value for every minute of the window: a minute without one may have had requests. One round trip: a day a request, eight side by side.
 * @param hours at most 2232, the 93 days that metrics are kept; what lies before that is unknown
 * @throws TaskError `forbidden` that names the permission; `service` where Azure Monitor does not answer
 */
export async function requestsOfEndpoint(
  workspace: Workspace,
  endpoint: string,
  hours: number,
  clock: { now(): number } = workspace.azure,
): Promise<EndpointRequests> {
  const now = clock.now();
  const window = judgedWindow(now - hours * 3_600_000, now, now);
  if (hours > KEPT_HOURS) {
    return {
      requests: undefined,
      sentence: `Azure Monitor keeps metrics for ${KEPT_HOURS} hours, not ${hours}.`,
      window,
    };
  }
  const answers = await sideBySide(partsOf(window), 8, (part) =>
    readMetrics(workspace, {
      resource: endpointId(workspace, endpoint),
      called: `the endpoint ${endpoint}`,
      metrics: ["RequestsPerMinute"],
      window: part,
    }),
  );
  return countRequests(endpoint, answers.flat(), window);
}

/** Consecutive windows of a day at most. */
function partsOf(window: Window): Window[] {
  const parts: Window[] = [];
  const end = Date.parse(window.to);
  for (let from = Date.parse(window.from); from < end; ) {
    const to = Math.min(end, from + PART_MINUTES * 60_000);
    parts.push({ from: isoOf(from), to: isoOf(to) });
    from = to;
  }
  return parts;
}

/** Sums the minutes of an endpoint's series. Pure. */
export function countRequests(endpoint: string, series: readonly Series[], window: Window): EndpointRequests {
  const byMinute = new Map<number, number>();
  for (const { minutes } of series) {
    for (const [minute, count] of minutes) {
      if (isIn(minute, window)) byMinute.set(minute, (byMinute.get(minute) ?? 0) + count);
    }
  }
  const requests = [...byMinute.values()].reduce((sum, count) => sum + count, 0);
  const missing = minutesIn(window) - byMinute.size;
  const when = `from ${window.from} to ${window.to}`;
  if (requests > 0) {
    const least = missing > 0 ? "at least " : "";
    return {
      requests,
      sentence: `The endpoint ${endpoint} had ${least}${sayCount(requests)} requests ${when}.`,
      window,
    };
  }
  if (minutesIn(window) > 0 && missing === 0)
    return { requests: 0, sentence: `The endpoint ${endpoint} had no request ${when}.`, window };
  const why = byMinute.size === 0 ? "no minute" : `${byMinute.size} of ${minutesIn(window)} minutes`;
  return {
    requests: undefined,
    sentence: `Azure Monitor has a number of requests of the endpoint ${endpoint} for ${why} ${when}, so it is not known whether it had any.`,
    window,
  };
}

/** A sum of averages, without the digits of binary fractions. */
const sayCount = (count: number): string => String(Number(count.toFixed(2)));
