// Timers of this process whose end a test decides, for limits of seconds and minutes that only a stopwatch would show otherwise.
import assert from "node:assert/strict";

export interface HeldTimer {
  /** Ends it now. Fails where there is none. */
  end(): void;
  /** Whether there is one. */
  begun(): boolean;
  /** To be called at the end of the test, whatever became of it; of several, the last one first. */
  restore(): void;
}

/** Holds the last timer of exactly so many milliseconds that anything in this process starts from now on: local Azure, the local agent. */
export function holdTimer(milliseconds: number): HeldTimer {
  const begin = globalThis.setTimeout;
  let end: (() => void) | undefined;
  const held = (work: () => void, asked?: number, ...rest: []) => {
    if (asked !== milliseconds) return begin(work, asked, ...rest);
    end = work;
    return begin(() => {}, 2 ** 31 - 1);
  };
  // With util.promisify's own form of it, and whatever else it carries.
  Object.defineProperties(held, Object.getOwnPropertyDescriptors(begin));
  globalThis.setTimeout = held as typeof setTimeout;
  return {
    end: () => (end ?? assert.fail(`Nothing waits for ${milliseconds} ms.`))(),
    begun: () => end !== undefined,
    restore: () => {
      globalThis.setTimeout = begin;
    },
  };
}

/** Runs `work` with timers that go off at once, and says how long each was to wait. */
export async function pausesOf(work: () => Promise<unknown>): Promise<number[]> {
  const real = globalThis.setTimeout;
  const pauses: number[] = [];
  const noted = (then: () => void, milliseconds = 0) => {
    pauses.push(milliseconds);
    return real(then, 0);
  };
  globalThis.setTimeout = Object.assign(noted, real) as unknown as typeof setTimeout;
  try {
    await work();
  } finally {
    globalThis.setTimeout = real;
  }
  return pauses;
}
