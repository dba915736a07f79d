// The paired bootstrap of Efron: rows are drawn again, together with both models' values; and the permutation test beside it, which swaps
// the two models row by row. Seeded: docs/facts/evidence.md#H.1, #H.2. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts
import { ascending, quantile } from "./numbers.ts";
import { mulberry32 } from "./random.ts";
import { normalQuantile, normalTails } from "./tails.ts";
import type { Interval } from "./tested.ts";

export interface Draws {
  /** 10,000 where it is not said. */
  readonly draws?: number;
  readonly seed?: number;
}

export const DRAWS = 10_000;
export const SEED = 20261126;

/** A statistic of rows, given by their places: `rows[i]` is a place, which may come more than once. */
export type StatisticOfRows = (rows: Int32Array) => number;

/**
 * The statistic of many resamples of n rows, ascending. Where all n^n resamples are no more than the draws, each is taken once, and nothing
 * is random. Values that are no finite number (a resample without a positive label has no AUC) are left out.
 */
export function resample(n: number, statistic: StatisticOfRows, { draws = DRAWS, seed = SEED }: Draws = {}): number[] {
  const found: number[] = [];
  const rows = new Int32Array(n);
  const take = () => {
    const value = statistic(rows);
    if (Number.isFinite(value)) found.push(value);
  };
  if (n ** n <= draws) {
    for (let code = 0; code < n ** n; code++) {
      for (let at = 0, rest = code; at < n; at++, rest = Math.floor(rest / n)) rows[at] = rest % n;
      take();
    }
    return ascending(found);
  }
  const random = mulberry32(seed);
  for (let draw = 0; draw < draws; draw++) {
    for (let at = 0; at < n; at++) rows[at] = Math.floor(random() * n);
    take();
  }
  return ascending(found);
}

/** The interval between two quantiles of the resamples. */
export function percentileInterval(sorted: readonly number[], confidence: number): Interval {
  const tail = (1 - confidence) / 2;
  return { low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) };
}

/** The interval of the reflected quantiles. */
export function basicInterval(sorted: readonly number[], estimate: number, confidence: number): Interval {
  const { low, high } = percentileInterval(sorted, confidence);
  return { low: 2 * estimate - high, high: 2 * estimate - low };
}

/**
 * Efron's interval, corrected for bias and for a variance that changes with the value.
 * @param leftOut the statistic without each row in turn (jackknife)
 */
export function bcaInterval(
  sorted: readonly number[],
  estimate: number,
  leftOut: readonly number[],
  confidence: number,
): Interval {
  // The same rows in another order have a mean that differs in its last digits.
  const digits = Math.abs(estimate) * 1e-10;
  const below = sorted.filter((value) => value < estimate - digits).length;
  const equal = sorted.filter((value) => Math.abs(value - estimate) <= digits).length;
  const share = (below + equal / 2) / sorted.length;
  const bias = normalQuantile(Math.min(1 - 1e-9, Math.max(1e-9, share)));
  const middle = leftOut.reduce((total, value) => total + value, 0) / leftOut.length;
  const away = leftOut.map((value) => middle - value);
  const squares = away.reduce((total, value) => total + value ** 2, 0);
  const acceleration = squares === 0 ? 0 : away.reduce((total, value) => total + value ** 3, 0) / (6 * squares ** 1.5);
  const place = (p: number) => {
    const shifted = bias + normalQuantile(p);
    return normalTails(bias + shifted / (1 - acceleration * shifted)).lower;
  };
  const tail = (1 - confidence) / 2;
  return { low: quantile(sorted, place(tail)), high: quantile(sorted, place(1 - tail)) };
}

/**
 * The probability that a difference at least as large comes about where the two models are interchangeable: each draw swaps them in a
 * random half of the rows. Exact at any number of rows, by the observed arrangement that counts as one of the draws.
 * @param statistic of the rows that are swapped, marked by 1
 */
export function swapTest(
  n: number,
  statistic: (swapped: Uint8Array) => number,
  { draws = DRAWS, seed = SEED }: Draws = {},
): number {
  const swapped = new Uint8Array(n);
  const observed = statistic(swapped);
  // Sums in another order differ in their last digits.
  const atLeast = observed - Math.abs(observed) * 1e-10;
  const random = mulberry32(seed);
  let reached = 1;
  for (let draw = 0; draw < draws; draw++) {
    for (let at = 0; at < n; at++) swapped[at] = random() < 0.5 ? 1 : 0;
    if (!(statistic(swapped) < atLeast)) reached++;
  }
  return reached / (draws + 1);
}
