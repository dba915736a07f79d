// Tests of paired scores, such as those of folds or seeds: paired t, the corrected resampled t of Nadeau and Bengio, Wilcoxon's signed rank
// test, the sign test, and the 5x2 tests of Dietterich and Alpaydin. Formulas: docs/facts/evidence.md#H.1. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts
import { mean, ranks, standardDeviation, sum, tieSizes } from "./numbers.ts";
import { binomialTails, fTails, normalTails, tQuantile, tTails } from "./tails.ts";
import { type Difference, noVariance, probability, type Significance, tooFew, type Untested } from "./tested.ts";

/** The paired t-test of differences. */
export const pairedT = (differences: readonly number[]): Difference | Untested => correctedT(differences, 0);

/**
 * The corrected resampled t-test (Nadeau and Bengio 2003): training sets that overlap make scores depend on each other, so the variance is
 * raised by the share of test rows to training rows.
 * @param testToTrain 1/9 for ten folds, 0.25 for repeated splits of 80 to 20; 0 is the plain paired t-test
 */
export function correctedT(differences: readonly number[], testToTrain: number): Difference | Untested {
  const n = differences.length;
  if (n < 2) return tooFew(`${n === 1 ? "1 pair is" : "no pair is"} not enough for a variance`);
  const middle = mean(differences);
  const spread = standardDeviation(differences);
  if (isConstant(differences) || spread === 0) return constant(middle);
  const standardError = spread * Math.sqrt(1 / n + testToTrain);
  const statistic = middle / standardError;
  const { lower, upper } = tTails(statistic, n - 1);
  return {
    ...{ tested: true, statistic, difference: middle, standardError },
    ...{ twoSided: probability(2 * Math.min(lower, upper)), greater: upper },
    interval: (confidence) => {
      const reach = tQuantile(0.5 + confidence / 2, n - 1) * standardError;
      return { low: middle - reach, high: middle + reach };
    },
  };
}

const isConstant = (values: readonly number[]) => values.every((value) => value === values[0]);

/** Equal scores in every pair do not differ. The same distance in every pair leaves nothing to judge chance by. */
function constant(difference: number): Difference | Untested {
  if (difference !== 0) return noVariance("every pair differs by the same amount, so chance cannot be judged");
  const interval = () => ({ low: 0, high: 0 });
  return { tested: true, statistic: 0, difference: 0, standardError: 0, twoSided: 1, greater: 1, interval };
}

export interface WilcoxonOptions {
  /** Exact up to 50 pairs where it is not said. */
  readonly method?: "exact" | "normal";
  /** Of the normal form; true where it is not said. */
  readonly continuity?: boolean;
}

/** Pairs up to which ranks are counted out; above, the normal form is close. */
const EXACT_PAIRS = 50;

/**
 * Wilcoxon's signed rank test. Zeros are dropped and ties share mid-ranks, in the exact form too. The statistic is the sum of
 * positive ranks.
 */
export function wilcoxon(differences: readonly number[], options: WilcoxonOptions = {}): Significance | Untested {
  const nonzero = differences.filter((value) => value !== 0);
  if (differences.length < 2) return tooFew(`${differences.length === 1 ? "1 pair is" : "no pair is"} not enough`);
  if (nonzero.length === 0) return { tested: true, statistic: 0, twoSided: 1, greater: 1 };
  const { method = nonzero.length <= EXACT_PAIRS ? "exact" : "normal", continuity = true } = options;
  const sizes = nonzero.map(Math.abs);
  const places = ranks(sizes);
  const statistic = sum(places.filter((_, at) => (nonzero[at] as number) > 0));
  if (method === "exact") {
    const { lower, upper } = signedRankTails(places, statistic);
    return { tested: true, statistic, twoSided: probability(2 * Math.min(lower, upper)), greater: upper };
  }
  const n = nonzero.length;
  const expected = (n * (n + 1)) / 4;
  const ties = sum(tieSizes(sizes).map((size) => size ** 3 - size));
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48);
  const nearer = continuity ? 0.5 : 0;
  const distance = Math.max(0, Math.abs(statistic - expected) - nearer);
  return {
    ...{ tested: true, statistic },
    twoSided: probability(2 * normalTails(distance / deviation).upper),
    greater: normalTails((statistic - expected - nearer) / deviation).upper,
  };
}

/** The share of sign patterns whose positive ranks sum to at most and to at least the observed sum. */
function signedRankTails(places: readonly number[], observed: number): { lower: number; upper: number } {
  // Doubled, mid-ranks are whole.
  const whole = places.map((place) => Math.round(2 * place));
  let counts = new Float64Array([1]);
  for (const rank of whole) {
    const next = new Float64Array(counts.length + rank);
    for (let at = 0; at < counts.length; at++) {
      next[at] = (next[at] as number) + (counts[at] as number);
      next[at + rank] = (next[at + rank] as number) + (counts[at] as number);
    }
    counts = next;
  }
  const place = Math.round(2 * observed);
  const all = 2 ** whole.length;
  return { lower: sum([...counts.subarray(0, place + 1)]) / all, upper: sum([...counts.subarray(place)]) / all };
}

/** The sign test; zeros are dropped. The statistic is the number of positive differences. */
export function signTest(differences: readonly number[]): Significance {
  const statistic = differences.filter((value) => value > 0).length;
  const n = differences.filter((value) => value !== 0).length;
  const { lower, upper } = binomialTails(statistic, n, 0.5);
  return { tested: true, statistic, twoSided: probability(2 * Math.min(lower, upper)), greater: upper };
}

/** Differences of five repetitions of two folds. */
export type FiveByTwo = readonly (readonly [number, number])[];

const spreads = (pairs: FiveByTwo) => pairs.map(([a, b]) => (a - b) ** 2 / 2);

/** Dietterich's 5x2 t-test, by the first difference. */
export function dietterich(pairs: FiveByTwo): Significance | Untested {
  const [first] = pairs;
  if (pairs.length !== 5 || first === undefined) return tooFew(`5 pairs are needed, and there are ${pairs.length}`);
  const average = mean(spreads(pairs));
  if (average === 0) return noVariance("the two folds of every repetition agree, so chance cannot be judged");
  const statistic = first[0] / Math.sqrt(average);
  const { lower, upper } = tTails(statistic, 5);
  return { tested: true, statistic, twoSided: probability(2 * Math.min(lower, upper)), greater: upper };
}

/** Alpaydin's 5x2 F-test, which uses all ten differences and knows no direction. */
export function alpaydin(pairs: FiveByTwo): { readonly statistic: number; readonly twoSided: number } | Untested {
  if (pairs.length !== 5) return tooFew(`5 pairs are needed, and there are ${pairs.length}`);
  const spread = sum(spreads(pairs));
  if (spread === 0) return noVariance("the two folds of every repetition agree, so chance cannot be judged");
  const statistic = sum(pairs.flatMap(([a, b]) => [a * a, b * b])) / (2 * spread);
  return { statistic, twoSided: fTails(statistic, 10, 5).upper };
}
