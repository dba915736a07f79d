// Minutes of each deployment: requests by status, latencies, and what its container used. Kept with the cloud's state.
import { deploymentKey } from "../records/online-endpoint.ts";
import type { Store } from "../records/state.ts";
import type { ToldLatency } from "../scenarios/rules.ts";
import type { AzureWorld } from "../world/world.ts";

export const MINUTE = 60_000;

/** Samples of a minute, of a percentage. */
export interface Usage {
  count: number;
  sum: number;
  minimum: number;
  maximum: number;
}

export interface MinuteRecord {
  /** In small letters. */
  readonly endpoint: string;
  /** As the deployment is spelled. */
  readonly deployment: string;
  /** When it began: milliseconds since 1970 by the cloud's clock. */
  readonly minute: number;
  /** By `status/model status`, `424/500`; where no container answered, the second part is empty. */
  readonly requests: Record<string, number>;
  /** How many requests took how long, by step of one percent, and what they took together. */
  readonly latency: { readonly steps: Record<number, number>; sum: number };
  /** As a scenario tells them, in place of measured ones. */
  told?: ToldLatency;
  cpu?: Usage;
  memory?: Usage;
  /** Instances of the deployment. */
  instances?: number;
}

/** A request that a deployment has answered. */
export interface AnsweredRequest {
  readonly endpoint: string;
  readonly deployment: string;
  /** The status that the caller got. */
  readonly status: number;
  /** The status that the container answered; undefined where it answered nothing. */
  readonly modelStatus?: number | undefined;
  /** From its arrival to its answer, by the machine's clock. */
  readonly milliseconds: number;
  readonly instances: number;
}

const records = (world: AzureWorld): Store<MinuteRecord> => world.store<MinuteRecord>("scoringMinutes");

/** The record of a minute, made when there is none. */
export function minuteOf(world: AzureWorld, endpoint: string, deployment: string, at: number): MinuteRecord {
  const minute = Math.floor(at / MINUTE) * MINUTE;
  const store = records(world);
  const key = `${minute}/${deploymentKey(endpoint, deployment)}`;
  const known = store.get(key);
  if (known !== undefined) return known;
  const made: MinuteRecord = {
    ...{ endpoint: endpoint.toLowerCase(), deployment, minute },
    ...{ requests: {}, latency: { steps: {}, sum: 0 } },
  };
  store.set(key, made);
  return made;
}

/** The steps are one percent apart, so that a percentile is at most half a percent wrong. */
const stepOf = (milliseconds: number): number => Math.round(Math.log(Math.max(0.01, milliseconds)) / Math.log(1.01));
const ofStep = (step: number): number => 1.01 ** step;

/** Counts a request in the minute that the cloud's clock has now. */
export function countRequest(world: AzureWorld, one: AnsweredRequest): void {
  const record = minuteOf(world, one.endpoint, one.deployment, world.clock.now());
  const key = `${one.status}/${one.modelStatus ?? ""}`;
  record.requests[key] = (record.requests[key] ?? 0) + 1;
  const step = stepOf(one.milliseconds);
  record.latency.steps[step] = (record.latency.steps[step] ?? 0) + 1;
  record.latency.sum += one.milliseconds;
  record.instances = one.instances;
  records(world).changed();
}

/** Adds a sample of what a container uses, in percent of its instance. */
export function countUsage(record: MinuteRecord, what: "cpu" | "memory", percent: number): void {
  const usage = record[what] ?? { count: 0, sum: 0, minimum: percent, maximum: percent };
  record[what] = {
    count: usage.count + 1,
    sum: usage.sum + percent,
    minimum: Math.min(usage.minimum, percent),
    maximum: Math.max(usage.maximum, percent),
  };
}

/** Minutes of an endpoint that began before `end`, oldest first; of one deployment where it is named. */
export function minutesBefore(world: AzureWorld, end: number, endpoint: string, deployment?: string): MinuteRecord[] {
  return [...records(world).values()]
    .filter(
      (one) =>
        one.minute < end &&
        one.endpoint === endpoint.toLowerCase() &&
        (deployment === undefined || one.deployment.toLowerCase() === deployment.toLowerCase()),
    )
    .sort((one, other) => one.minute - other.minute);
}

/** Says that minutes were changed in place. */
export const minutesChanged = (world: AzureWorld): void => records(world).changed();

const requestsIn = (record: MinuteRecord): number =>
  Object.values(record.requests).reduce((sum, count) => sum + count, 0);

/** The latencies of minutes together; undefined where no request was answered. */
export function latencyOf(minutes: readonly MinuteRecord[]): ToldLatency | undefined {
  const told = minutes.filter((one) => one.told !== undefined && requestsIn(one) > 0);
  // Several told ones are weighted by their requests: their percentiles cannot be merged.
  if (told.length > 0) {
    const all = told.reduce((sum, one) => sum + requestsIn(one), 0);
    const mean = (key: keyof ToldLatency) =>
      told.reduce((sum, one) => sum + (one.told?.[key] ?? 0) * requestsIn(one), 0) / all;
    return { average: mean("average"), p50: mean("p50"), p90: mean("p90"), p95: mean("p95"), p99: mean("p99") };
  }
  const steps = new Map<number, number>();
  for (const { latency } of minutes)
    for (const [step, count] of Object.entries(latency.steps))
      steps.set(Number(step), (steps.get(Number(step)) ?? 0) + count);
  const count = [...steps.values()].reduce((sum, one) => sum + one, 0);
  if (count === 0) return undefined;
  const sorted = [...steps].sort(([one], [other]) => one - other);
  const at = (share: number): number => {
    let left = Math.ceil(share * count);
    for (const [step, here] of sorted) {
      left -= here;
      if (left <= 0) return ofStep(step);
    }
    return ofStep(sorted.at(-1)?.[0] ?? 0);
  };
  const average = minutes.reduce((sum, { latency }) => sum + latency.sum, 0) / count;
  return { average, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}
