// Timers of this process whose end a test decides, for limits of seconds and minutes that only a stopwatch would show otherwise.
import assert from "node:assert/strict";
import sinon from "sinon";

export interface HeldTimer {
  /** Ends it now. Fails where there is none. */
  end(): void;
  /** To be called at the end of the test, whatever became of it. */
  restore(): void;
}

/** Holds the last timer of exactly so many milliseconds that anything in this process starts from now on: local Azure, the local agent. */
export function holdTimer(milliseconds: number): HeldTimer {
  const begin = globalThis.setTimeout;
  let end: (() => void) | undefined;
  const stub = sinon.stub(globalThis, "setTimeout");
  stub.callsFake(((work: () => void, asked?: number, ...rest: []) => {
    if (asked !== milliseconds) return begin(work, asked, ...rest);
    end = work;
    return begin(() => {}, 2 ** 31 - 1);
  }) as typeof setTimeout);
  return {
    end: () => (end ?? assert.fail(`Nothing waits for ${milliseconds} ms.`))(),
    restore: () => stub.restore(),
  };
}
