// Tests of two classifiers on the same rows: McNemar's for right and wrong answers, DeLong's for the area under the ROC curve (fast form of
// Sun and Xu). Formulas: docs/facts/evidence.md#H.1. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts
import { mean, ranks, sum } from "./numbers.ts";
import { binomialTails, chiSquareTails, normalQuantile, normalTails } from "./tails.ts";
import { type Difference, type Interval, noVariance, probability, tooFew, type Untested } from "./tested.ts";

export interface McNemar {
  /** By the binomial distribution. */
  readonly exact: number;
  /** That the first is right more often by chance, by the binomial distribution. */
  readonly greater: number;
  readonly midP: number;
  readonly chiSquare: number;
  readonly twoSided: number;
  readonly corrected: { readonly chiSquare: number; readonly twoSided: number };
}

/**
 * McNemar's test.
 * @param onlyFirst rows in which only the first model is right
 * @param onlySecond rows in which only the second is
 */
export function mcNemar(onlyFirst: number, onlySecond: number): McNemar {
  const n = onlyFirst + onlySecond;
  if (n === 0) {
    const corrected = { chiSquare: 0, twoSided: 1 };
    return { exact: 1, greater: 1, midP: 1, chiSquare: 0, twoSided: 1, corrected };
  }
  const fewer = Math.min(onlyFirst, onlySecond);
  const { lower } = binomialTails(fewer, n, 0.5);
  const exact = probability(2 * lower);
  const here = lower - binomialTails(fewer - 1, n, 0.5).lower;
  const distance = Math.abs(onlyFirst - onlySecond);
  const chiSquare = distance ** 2 / n;
  const closer = Math.max(0, distance - 1) ** 2 / n;
  return {
    exact,
    greater: binomialTails(onlyFirst, n, 0.5).upper,
    midP: probability(onlyFirst === onlySecond ? 1 : exact - here),
    chiSquare,
    twoSided: chiSquareTails(chiSquare, 1).upper,
    corrected: { chiSquare: closer, twoSided: chiSquareTails(closer, 1).upper },
  };
}

/** The interval of the difference of two shares of the same rows (Bonett and Price 2012). */
export function pairedShares(onlyFirst: number, onlySecond: number, rows: number, confidence: number): Interval {
  const first = (onlyFirst + 1) / (rows + 2);
  const second = (onlySecond + 1) / (rows + 2);
  const middle = first - second;
  const reach = normalQuantile(0.5 + confidence / 2) * Math.sqrt((first + second - middle ** 2) / (rows + 2));
  return { low: Math.max(-1, middle - reach), high: Math.min(1, middle + reach) };
}

/** An area under the ROC curve with what DeLong's variance is made of. */
export interface Auc {
  readonly auc: number;
  /** For each positive row, the share of negative rows that it outranks; for each negative row, the share of positive rows above it. */
  readonly placements: { readonly positive: readonly number[]; readonly negative: readonly number[] };
}

/** The area under the ROC curve; equal scores count half. Without positive or without negative rows it is no number. */
export function aucOf(isPositive: readonly boolean[], scores: readonly number[]): Auc {
  const [high, low] = [true, false].map((side) => scores.filter((_, at) => isPositive[at] === side)) as [
    number[],
    number[],
  ];
  const together = ranks([...high, ...low]);
  const [own, others] = [ranks(high), ranks(low)];
  const positive = high.map((_, at) => ((together[at] as number) - (own[at] as number)) / low.length);
  const negative = low.map(
    (_, at) => 1 - ((together[high.length + at] as number) - (others[at] as number)) / high.length,
  );
  return { auc: mean(positive), placements: { positive, negative } };
}

/** DeLong's covariance of two areas, and of one with itself its variance. */
export function aucCovariance({ placements: a }: Auc, { placements: b }: Auc): number {
  const covariance = (x: readonly number[], y: readonly number[]) => {
    const [mx, my] = [mean(x), mean(y)];
    return sum(x.map((value, at) => (value - mx) * ((y[at] as number) - my))) / (x.length - 1);
  };
  return (
    covariance(a.positive, b.positive) / a.positive.length + covariance(a.negative, b.negative) / a.negative.length
  );
}

export interface DeLong extends Difference {
  readonly first: number;
  readonly second: number;
}

/** DeLong's test of two areas under the ROC curve on the same rows; the difference is first minus second. */
export function deLong(
  isPositive: readonly boolean[],
  first: readonly number[],
  second: readonly number[],
): DeLong | Untested {
  const positives = isPositive.filter(Boolean).length;
  const negatives = isPositive.length - positives;
  if (positives < 2 || negatives < 2)
    return tooFew(`${positives} positive and ${negatives} negative rows are too few for the variance of an AUC`);
  const [a, b] = [aucOf(isPositive, first), aucOf(isPositive, second)];
  const spread = aucCovariance(a, a) + aucCovariance(b, b) - 2 * aucCovariance(a, b);
  const difference = a.auc - b.auc;
  // Of rows that both rank alike, rounding leaves a little.
  if (spread <= 1e-18) {
    if (Math.abs(difference) > 1e-12)
      return noVariance("the rankings differ by the same amount everywhere, so chance cannot be judged");
    const none = { statistic: 0, difference: 0, standardError: 0, twoSided: 1, greater: 1 };
    return { tested: true, ...none, first: a.auc, second: b.auc, interval: () => ({ low: 0, high: 0 }) };
  }
  const standardError = Math.sqrt(spread);
  const statistic = difference / standardError;
  return {
    ...{ tested: true, statistic, difference, standardError, first: a.auc, second: b.auc },
    twoSided: 2 * normalTails(Math.abs(statistic)).upper,
    greater: normalTails(statistic).upper,
    interval: (confidence) => {
      const reach = normalQuantile(0.5 + confidence / 2) * standardError;
      return { low: difference - reach, high: difference + reach };
    },
  };
}
