// The live deployment that a canary is compared with, and the minutes of it that count once the canary has all of the traffic. Pure.
// Tests: test/lib/ml/rollout/canary.test.ts, test/lib/ml/rollout/canary-stages.test.ts
import { knownGood } from "../endpoints/endpoint-tags.ts";
import type { Endpoint, Traffic } from "../endpoints/endpoints.ts";
import { sameName, withoutZeros } from "../endpoints/traffic-shares.ts";
import type { Progress } from "./rollout-progress.ts";

/**
 * The deployment that the new one is compared with: the one that has most of the traffic beside it, or had before a rollout that has all of it
 * by now.
 */
export function liveBeside(endpoint: Endpoint, name: string, begun: Progress | undefined): string | undefined {
  const most = (traffic: Traffic) =>
    Object.entries(withoutZeros(traffic))
      .filter(([one]) => !sameName(one, name))
      .sort((a, b) => b[1] - a[1])[0]?.[0];
  const now = most(endpoint.properties.traffic ?? {});
  if (now !== undefined || begun === undefined) return now;
  return most(begun.was ?? {}) ?? knownGood(endpoint).find((one) => !sameName(one, name));
}

/** Milliseconds before the first share of a rollout in which the live deployment is looked at least, where it has no traffic beside that share. */
const LIVE_BEFORE = 60 * 60_000;

/**
 * The minutes before a share in milliseconds since the epoch: those of the share before it, or as long before the rollout as the share has stood,
 * and an hour at least. In them the live deployment had traffic still.
 */
export function minutesBefore(
  { since, before }: Progress,
  now: number,
): { readonly from: number; readonly to: number } {
  const to = Date.parse(since);
  return { from: before === undefined ? to - Math.max(LIVE_BEFORE, now - to) : Date.parse(before), to };
}
