// A clock that stands still until a test moves it: waits of hours and days take no time, and nothing runs early.
import { setImmediate as turn } from "node:timers/promises";
import type { ServerClock } from "../../../local/devops/server-tasks/index.ts";
import { until } from "../../harness/until.ts";

export class VirtualClock implements ServerClock {
  private time = Date.parse("2026-11-23T08:00:00Z");
  private readonly waits = new Set<{ readonly at: number; readonly wake: () => void }>();

  now(): number {
    return this.time;
  }

  wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (milliseconds <= 0 || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const entry = {
        at: this.time + milliseconds,
        wake: () => {
          this.waits.delete(entry);
          resolve();
        },
      };
      this.waits.add(entry);
      signal?.addEventListener("abort", entry.wake, { once: true });
    });
  }

  /** Resolves once somebody waits for exactly that long. Rejects where nobody ever does. */
  async awaited(milliseconds: number): Promise<void> {
    await until(`somebody waits for ${milliseconds} ms`, () =>
      [...this.waits].some(({ at }) => at === this.time + milliseconds),
    );
  }

  /** Moves on by so much, once somebody waits for exactly that. */
  async elapse(milliseconds: number): Promise<void> {
    await this.awaited(milliseconds);
    this.time += milliseconds;
    for (const entry of [...this.waits].sort((one, other) => one.at - other.at)) {
      if (entry.at <= this.time) entry.wake();
    }
    await turn();
  }
}
