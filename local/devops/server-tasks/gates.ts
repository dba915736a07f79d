// Gates: all of them are asked again at every sample, until all pass in the same one or the time is over (docs/facts/extension.md#3.1).
import type { ServerClock } from "./clock.ts";

/** Durations are milliseconds. */
export interface GateTimes {
  /** Before the first sample; 0 where absent. */
  readonly delay?: number;
  /** Between samples. The service takes no less than five minutes. */
  readonly interval: number;
  /** From the first sample on. */
  readonly timeout: number;
  /** How long all gates must go on passing; 0 where absent: the first sample in which all pass is enough. */
  readonly steadyFor?: number;
}

export interface GateVerdict {
  readonly gate: string;
  readonly passed: boolean;
  /** Why not. */
  readonly detail: string;
}

interface GateSample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly verdicts: readonly GateVerdict[];
}

export interface GatesOutcome {
  readonly result: "succeeded" | "failed" | "canceled";
  readonly samples: readonly GateSample[];
}

/** Samples until all `gates` pass together. A gate that passed once is asked again all the same. */
export async function sampleGates(
  gates: readonly (() => Promise<GateVerdict>)[],
  times: GateTimes,
  clock: ServerClock,
  signal: AbortSignal,
): Promise<GatesOutcome> {
  const samples: GateSample[] = [];
  const outcome = (result: GatesOutcome["result"]): GatesOutcome => ({ result, samples });
  await clock.wait(times.delay ?? 0, signal);
  const started = clock.now();
  let passingSince: number | undefined;
  while (!signal.aborted) {
    const at = clock.now();
    const verdicts = await Promise.all(gates.map((gate) => gate()));
    if (signal.aborted) break;
    samples.push({ at, verdicts });
    if (verdicts.every(({ passed }) => passed)) {
      passingSince ??= at;
      if (at - passingSince >= (times.steadyFor ?? 0)) return outcome("succeeded");
    } else passingSince = undefined;
    // The time is over when no further sample would come within it.
    if (at + times.interval > started + times.timeout) return outcome("failed");
    await clock.wait(Math.max(0, at + times.interval - clock.now()), signal);
  }
  return outcome("canceled");
}
