// Measures of how two distributions differ, as Azure ML's model monitors compute them: Jensen-Shannon distance, population stability index,
// Pearson's chi-square test, Wasserstein distance and the two-sample Kolmogorov-Smirnov test: docs/facts/operations.md#F.5. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts
import { ascending, standardDeviation, sum } from "./numbers.ts";
import { chiSquareTails } from "./tails.ts";
import { probability } from "./tested.ts";

/** The number of rows in each bin or category; two lists that are compared have the same bins in the same order. */
export type Counts = readonly number[];

const shares = (counts: Counts): number[] => {
  const all = sum(counts);
  return counts.map((count) => count / all);
};

/** The Jensen-Shannon distance with logarithms to base 2: from 0, the same, to 1, nothing in common. */
export function jensenShannon(base: Counts, production: Counts): number {
  const [p, q] = [shares(base), shares(production)];
  const toMiddle = (one: readonly number[], other: readonly number[]) =>
    sum(one.map((share, at) => (share === 0 ? 0 : share * Math.log2((2 * share) / (share + (other[at] as number))))));
  return Math.sqrt(Math.max(0, (toMiddle(p, q) + toMiddle(q, p)) / 2));
}

/**
 * The population stability index.
 * @param smoothing one row more in every bin, as Azure ML does; without it a bin that is empty on one side makes the index infinite
 */
export function populationStability(base: Counts, production: Counts, smoothing = true): number {
  const more = smoothing ? 1 : 0;
  const [p, q] = [base, production].map((counts) => shares(counts.map((count) => count + more))) as [
    number[],
    number[],
  ];
  return sum(
    p.map((share, at) => {
      const other = q[at] as number;
      return share === other ? 0 : (share - other) * Math.log(share / other);
    }),
  );
}

export interface Tested {
  readonly statistic: number;
  readonly pValue: number;
}

/**
 * Pearson's chi-square test of production against the shares of the baseline. A category that only production has makes it infinite;
 * one that neither has does not count.
 */
export function chiSquareDrift(base: Counts, production: Counts): Tested & { readonly degreesOfFreedom: number } {
  const rows = sum(production);
  const expected = shares(base).map((share) => share * rows);
  const seen = expected.map((count, at) => [count, production[at] as number] as const);
  const used = seen.filter(([count, found]) => count > 0 || found > 0);
  const statistic = sum(used.map(([count, found]) => (found - count) ** 2 / count));
  const degreesOfFreedom = used.length - 1;
  const pValue = degreesOfFreedom < 1 ? 1 : chiSquareTails(statistic, degreesOfFreedom).upper;
  return { statistic, pValue, degreesOfFreedom };
}

/** Walks the places at which either distribution function changes: the place, the next one, and both functions there. */
function* steps(first: readonly number[], second: readonly number[]): Generator<[number, number, number, number]> {
  const [u, v] = [ascending(first), ascending(second)];
  let [i, j] = [0, 0];
  while (i < u.length || j < v.length) {
    const place = Math.min(u[i] ?? Number.POSITIVE_INFINITY, v[j] ?? Number.POSITIVE_INFINITY);
    while (i < u.length && u[i] === place) i++;
    while (j < v.length && v[j] === place) j++;
    yield [place, Math.min(u[i] ?? Number.POSITIVE_INFINITY, v[j] ?? Number.POSITIVE_INFINITY), i, j];
  }
}

/** The Wasserstein distance of order 1 between finite values, in their own unit. */
export function wasserstein(first: readonly number[], second: readonly number[]): number {
  let distance = 0;
  for (const [place, next, i, j] of steps(first, second))
    if (Number.isFinite(next)) distance += Math.abs(i / first.length - j / second.length) * (next - place);
  return distance;
}

/** The Wasserstein distance in standard deviations of the baseline, of at least 0.001. */
export const normalisedWasserstein = (base: readonly number[], production: readonly number[]): number =>
  wasserstein(base, production) / Math.max(base.length < 2 ? 0 : standardDeviation(base), 0.001);

/** Rows on either side up to which the Kolmogorov-Smirnov test is exact, as scipy's is. */
const EXACT_ROWS = 10_000;

/** The two-sided Kolmogorov-Smirnov test of two samples of finite values; exact up to 10,000 rows on either side. */
export function kolmogorovSmirnov(first: readonly number[], second: readonly number[]): Tested {
  const [n, m] = [first.length, second.length];
  // Counted in whole numbers, so that equal distances are equal.
  let most = 0;
  for (const [, , i, j] of steps(first, second)) most = Math.max(most, Math.abs(i * m - j * n));
  const statistic = most / (n * m);
  if (most === 0) return { statistic, pValue: 1 };
  if (Math.max(n, m) > EXACT_ROWS) return { statistic, pValue: limitTail(statistic, (n * m) / (n + m)) };
  const pValue = n === m ? squareTail(n, Math.round(most / n)) : rectangleTail(n, m, most);
  return { statistic, pValue: probability(pValue) };
}

/** The share of paths through a square that leave the band |x - y| < h: an alternating sum, in the form that loses no digits. */
function squareTail(n: number, h: number): number {
  let outside = 0;
  for (let k = Math.floor(n / h); k >= 0; k--) {
    let factor = 1;
    for (let j = 0; j < h; j++) factor *= (n - k * h - j) / (n + k * h + j + 1);
    outside = factor * (1 - outside);
  }
  return 2 * outside;
}

/** The share of paths from a rectangle's corner to the other that touch |i m - j n| >= most, by their last step. */
function rectangleTail(n: number, m: number, most: number): number {
  let before = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    const here = new Float64Array(m + 1).fill(1);
    const from = Math.max(0, Math.floor((i * m - most) / n) + 1);
    const to = Math.min(m, Math.ceil((i * m + most) / n) - 1);
    for (let j = from; j <= to; j++) {
      const left = i === 0 ? 0 : (i / (i + j)) * (before[j] as number);
      const below = j === 0 ? 0 : (j / (i + j)) * (here[j - 1] as number);
      here[j] = left + below;
    }
    before = here;
  }
  return before[m] as number;
}

/** Kolmogorov's limit, with the correction of Vrbik for a finite number of rows: an approximation. */
function limitTail(distance: number, rows: number): number {
  const root = Math.sqrt(rows);
  const scaled = root * distance;
  const x = scaled + 1 / (6 * root) + (scaled - 1) / (4 * rows);
  if (x < 1) {
    const terms = Array.from({ length: 20 }, (_, k) => Math.exp(-((2 * k + 1) ** 2 * Math.PI ** 2) / (8 * x * x)));
    return probability(1 - (Math.sqrt(2 * Math.PI) / x) * sum(terms));
  }
  return probability(
    2 * sum(Array.from({ length: 20 }, (_, k) => (k % 2 === 0 ? 1 : -1) * Math.exp(-2 * ((k + 1) * x) ** 2))),
  );
}
