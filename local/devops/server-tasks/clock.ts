// Time as the server sees it: the machine's, or one that a test drives, so that two days of waiting take no two days.
import { setTimeout as sleep } from "node:timers/promises";

export interface ServerClock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after so many milliseconds, and as soon as the signal is aborted. Never rejects. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** Longest time that one timer of Node can take, milliseconds. */
const LONGEST = 2 ** 31 - 1;

export const machineClock: ServerClock = {
  now: () => Date.now(),
  async wait(milliseconds, signal) {
    for (let left = milliseconds; left > 0 && !signal?.aborted; left -= LONGEST) {
      await sleep(Math.min(left, LONGEST), undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    }
  },
};

/** Milliseconds of a .NET TimeSpan: `[d.]hh:mm:ss[.fff]`, hours up to 23. @throws Error for any other text */
export function timeSpan(text: string): number {
  const match = /^(?:(\d+)\.)?([01]?\d|2[0-3]):([0-5]?\d):([0-5]?\d)(?:\.(\d{1,7}))?$/.exec(text.trim());
  if (match === null) throw new Error(`'${text}' is no time span; it is written [days.]hours:minutes:seconds.`);
  const [days = "0", hours, minutes, seconds, fraction = "0"] = match.slice(1);
  const whole = ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds);
  return whole * 1000 + Math.round(Number(`0.${fraction}`) * 1000);
}
