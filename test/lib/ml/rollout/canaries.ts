// Canaries for tests: a rollout by its library's clock, an hour ago, so that Azure Monitor has the minutes that a scenario tells of them.
import { readStrategy, type StrategyInputs } from "../../../../lib/ml/rollout/strategy.ts";
import type { Clock } from "../../../../lib/poll.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import { begin, isTrafficWrite, type Rollout, type Wish } from "../rollouts.ts";
import { theCloud } from "../world.ts";

const MINUTE = 60_000;

interface JumpingClock extends Clock {
  /** Minutes that its pauses have taken. */
  readonly jumped: () => number;
  /** Whole minutes that it is behind the clock of local Azure, rounded up. */
  readonly minutesBehind: () => number;
}

/** A clock whose pauses take no time; it begins so many minutes ago. */
export function jumpingClock(minutesAgo: number): JumpingClock {
  const start = Date.now() - minutesAgo * MINUTE;
  let jumped = 0;
  return {
    jumped: () => jumped / MINUTE,
    minutesBehind: () => Math.ceil((Date.now() - start - jumped) / MINUTE),
    now: () => start + jumped,
    sleep: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      jumped += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}

/**
 * A jumping clock, and the minutes of it since the first write of traffic. Until then the rollout waits for the deployment, in more
 * pauses the slower the machine is: a test that counts pauses counts those of a share.
 * @param atPause told which pause it is since the traffic was written the last time, and how often it was written
 */
export function bakingClock(
  endpoint: string,
  minutesAgo: number,
  atPause?: (pause: number, writes: number) => Promise<unknown>,
) {
  const clock = jumpingClock(minutesAgo);
  let begun: number | undefined;
  let writes = 0;
  let pauses = 0;
  return {
    clock: {
      ...clock,
      sleep: async (milliseconds: number, signal?: AbortSignal) => {
        if (writes > 0) await atPause?.(++pauses, writes);
        return clock.sleep(milliseconds, signal as AbortSignal);
      },
    },
    opening: {
      onRequest(method: string, url: string) {
        if (!isTrafficWrite(endpoint)({ method, url })) return;
        begun ??= clock.jumped();
        writes += 1;
        pauses = 0;
      },
    },
    baked: () => clock.jumped() - (begun ?? Number.NaN),
  };
}

interface Minutes {
  /** Requests a minute, and how many of them fail with 503. */
  readonly requests?: number;
  readonly errors?: number;
  /** Milliseconds. */
  readonly latency?: number;
  /** Restarts of the container a minute. */
  readonly restarts?: number;
  /** Minutes before now: the first of them, and the one after the last. */
  readonly ago?: number;
  readonly until?: number;
}

/** Minutes of one deployment as Azure Monitor is to tell them: two hours, up to five minutes ago. */
export async function seed(endpoint: string, deployment: string, minutes: Minutes = {}): Promise<void> {
  const { requests = 60, errors = 0, latency = 20, ago = 120, until = 5 } = minutes;
  const { azure } = await theCloud();
  const answers = errors > 0 ? { "503": errors } : {};
  const { restarts } = minutes;
  seedMinutes(azure, [
    {
      ...{ endpoint, deployment, ago: ago * MINUTE, span: (ago - until) * MINUTE, requests, answers, latency },
      ...(restarts === undefined ? {} : { restarts }),
    },
  ]);
}

const inputs = {
  strategy: "canary",
  steps: "10, 50, 100",
  bakeMinutes: 5,
  canaryRules: undefined,
  minimumRequests: 50,
  failureLimit: 0,
  alertRules: undefined,
  onInconclusive: "wait",
  advance: "all",
  mirrorPercent: 20,
};

type Inputs = typeof inputs;
interface Given extends Omit<Inputs, "strategy" | "canaryRules" | "alertRules" | "onInconclusive" | "advance"> {
  readonly strategy: "canary" | "shadow";
  readonly canaryRules: string | undefined;
  readonly alertRules: string | undefined;
  readonly onInconclusive: "wait" | "fail" | "continue";
  readonly advance: "all" | "next";
}

export interface Canary extends Wish {
  readonly inputs?: Partial<Given>;
  readonly clock?: Clock;
}

/** Begins a canary of green, beside blue. */
export async function beginCanary(endpoint: string, canary: Canary = {}): Promise<Rollout> {
  const { inputs: own, clock = jumpingClock(100), options, ...wish } = canary;
  return begin(endpoint, {
    deployment: "green",
    how: "a",
    ...wish,
    clock,
    options: { strategy: readStrategy({ ...inputs, ...own } as StrategyInputs), ...options },
  });
}
