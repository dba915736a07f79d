// The one waiting loop: a clock, a back-off, a deadline and an AbortSignal.
// Tests: test/lib/azure/outage.test.ts
import { TaskError } from "./errors.ts";

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason as soon as it is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, milliseconds);
      signal?.addEventListener("abort", stop, { once: true });
    }),
};

export interface PollOptions {
  /** The awaited event, for the message at the deadline: "job amber_fox to finish". */
  readonly what: string;
  /** First pause in milliseconds; grows by `factor` up to `maximum`. */
  readonly initial?: number;
  readonly maximum?: number;
  readonly factor?: number;
  /** Milliseconds from the start after which waiting ends with a `timeout` TaskError; absent: no deadline. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
}

/**
 * One look: either it is done, or go on: after `after` milliseconds where the look knows its own pace, and not before
 * `atLeast` where the service asked for that (Retry-After), which never makes the pause shorter.
 */
export type Look<T> =
  | { readonly done: true; readonly value: T }
  | { readonly done: false; readonly after?: number; readonly atLeast?: number };

/**
 * Looks until the look says it is done.
 * @throws TaskError kind `timeout` when the deadline passes; the signal's reason when it is aborted.
 */
export async function poll<T>(look: () => Promise<Look<T>>, options: PollOptions): Promise<T> {
  const clock = options.clock ?? systemClock;
  const maximum = options.maximum ?? 30_000;
  const factor = options.factor ?? 1.5;
  const start = clock.now();
  let pause = options.initial ?? 1_000;
  for (;;) {
    options.signal?.throwIfAborted();
    const seen = await look();
    if (seen.done) return seen.value;
    const left = options.deadline === undefined ? Number.POSITIVE_INFINITY : start + options.deadline - clock.now();
    if (left <= 0) {
      throw new TaskError(
        "timeout",
        `Waited ${Math.round((options.deadline ?? 0) / 1000)} seconds for ${options.what}, and it did not happen.`,
        { errorCode: "AML1402" },
      );
    }
    await clock.sleep(Math.min(Math.max(seen.after ?? pause, seen.atLeast ?? 0), left), options.signal);
    pause = Math.min(pause * factor, maximum);
  }
}
