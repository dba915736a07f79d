// The window of a judgement: whole minutes that are old enough for their metrics to be complete, and what may be said of their values.
// Tests: test/lib/ml/monitor/window.test.ts
const MINUTE = 60_000;

/** Minutes until a metric's newest points no longer change (docs/facts/operations.md#A.4). */
const LAG_MINUTES = 5;

/** From the first minute to the one after the last, as ISO 8601 in UTC: `2026-11-27T10:00:00Z`. */
export interface Window {
  readonly from: string;
  readonly to: string;
}

/** A time as Azure Monitor writes it, to the second. */
export const isoOf = (milliseconds: number): string =>
  `${new Date(milliseconds).toISOString().slice(0, "yyyy-mm-ddThh:mm:ss".length)}Z`;

/** The minute that a time lies in, in milliseconds since the epoch. */
export const minuteOf = (milliseconds: number): number => Math.floor(milliseconds / MINUTE) * MINUTE;

/** Minutes in a window; 0 where it ends before it begins. */
export const minutesIn = ({ from, to }: Window): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / MINUTE);

/** Whether a time lies in the window, whose end does not belong to it. */
export const isIn = (milliseconds: number, { from, to }: Window): boolean =>
  milliseconds >= Date.parse(from) && milliseconds < Date.parse(to);

/**
 * The whole minutes between two times whose metrics are complete: the last one ended five minutes before now.
 * @param from, to, now milliseconds since the epoch
 * @returns a window that is empty, and begins where it ends, where no such minute is there yet
 */
export function judgedWindow(from: number, to: number, now: number): Window {
  const start = Math.ceil(from / MINUTE) * MINUTE;
  const end = minuteOf(Math.min(to, now - LAG_MINUTES * MINUTE));
  return { from: isoOf(start), to: isoOf(Math.max(start, end)) };
}

/** Windows of so many minutes, one after another; the last one takes what is left over. None of an empty window. */
export function measurementsOf(window: Window, minutes: number): Window[] {
  const count = Math.max(1, Math.floor(minutesIn(window) / minutes));
  if (minutesIn(window) === 0) return [];
  const start = Date.parse(window.from);
  const at = (index: number) => isoOf(start + index * minutes * MINUTE);
  return Array.from({ length: count }, (_, index) => ({
    from: at(index),
    to: index === count - 1 ? window.to : at(index + 1),
  }));
}

/** The middle value; the mean of the two in the middle where their number is even. Undefined of none. */
export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) return undefined;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
