// Minutes that a scenario or a test tells in place of requests that nobody has sent: what a deployment had in some minutes of the past.
import type { SeededMinutes, ToldLatency } from "../scenarios/rules.ts";
import type { AzureWorld } from "../world/world.ts";
import { eventsBetween, keepEvent } from "./container-events.ts";
import { countUsage, MINUTE, minuteOf, minutesChanged } from "./minutes.ts";

/** Adds them to what there is. */
export function seedMinutes(world: AzureWorld, seeds: readonly SeededMinutes[]): void {
  const now = world.clock.now();
  for (const seed of seeds) {
    for (let passed = 0; passed < seed.span; passed += MINUTE) {
      const record = minuteOf(world, seed.endpoint, seed.deployment, now - seed.ago + passed);
      const { requests } = record;
      let left = seed.requests;
      for (const [answer, count] of Object.entries(seed.answers ?? {})) {
        const key = answer.includes("/") ? answer : `${answer}/`;
        requests[key] = (requests[key] ?? 0) + count;
        left -= count;
      }
      // A minute without requests is told as one: the metric is there, and zero.
      requests["200/200"] = (requests["200/200"] ?? 0) + Math.max(0, left);
      record.told = latency(seed.latency ?? 20);
      if (seed.cpu !== undefined) countUsage(record, "cpu", seed.cpu);
      if (seed.memory !== undefined) countUsage(record, "memory", seed.memory);
      record.instances = seed.instances ?? 1;
      tellRestarts(world, seed, now - seed.ago + passed);
    }
  }
  minutesChanged(world);
}

/** The start of the container before the first minute, and its restarts, where the seed tells any. */
function tellRestarts(world: AzureWorld, { endpoint, deployment, restarts }: SeededMinutes, at: number): void {
  if (restarts === undefined) return;
  const event = { endpoint: endpoint.toLowerCase(), deployment, instance: "told", name: "Started" };
  const message = "Started container inference-server";
  const hasStarted = eventsBetween(world, endpoint, 0, at).some(
    (one) => one.instance === "told" && one.deployment === deployment,
  );
  if (!hasStarted) keepEvent(world, { ...event, message, at: at - MINUTE });
  for (let count = 0; count < restarts; count += 1) keepEvent(world, { ...event, message, at: at + count });
}

/** A percentile that is not told is the next lower one, and the lowest is the average. */
function latency(told: number | Partial<ToldLatency>): ToldLatency {
  if (typeof told === "number") return { average: told, p50: told, p90: told, p95: told, p99: told };
  const average = told.average ?? told.p50 ?? told.p90 ?? told.p95 ?? told.p99 ?? 20;
  const p50 = told.p50 ?? average;
  const p90 = told.p90 ?? p50;
  const p95 = told.p95 ?? p90;
  return { average, p50, p90, p95, p99: told.p99 ?? p95 };
}
