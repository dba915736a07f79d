// Comparison of two models by a metric of rows: paired bootstrap and a test that swaps the models row by row, both of which have to agree; for
// many rows the jackknife, whose normal form is close then. Pure.
// Tests: test/lib/statistics/comparison.test.ts, test/lib/statistics/error-rates.test.ts
import { bcaInterval, DRAWS, resample, swapTest } from "./bootstrap.ts";
import { mean, sum } from "./numbers.ts";
import type { Comparison, Question } from "./paired.ts";
import type { RowMetric } from "./row-metrics.ts";
import { normalQuantile, normalTails } from "./tails.ts";

interface Rows {
  readonly challenger: readonly number[];
  readonly champion: readonly number[];
  readonly labels: readonly number[];
}

/** Rows above which the jackknife's normal form is used: resamples would take long and say the same. */
const MOST_RESAMPLED = 20_000;
/** Rows that all draws together take, which bounds the time. */
const MOST_DRAWN = 40_000_000;
const FEWEST_DRAWS = 2_000;

export function compareMetric(metric: RowMetric, rows: Rows, question: Question): Omit<Comparison, "betterBy"> {
  const { confidence, margin, better } = question;
  const up = better === "higher" ? 1 : -1;
  const n = rows.labels.length;
  const { width } = metric;
  const [one, other] = [rowsOf(metric, rows.labels, rows.challenger), rowsOf(metric, rows.labels, rows.champion)];
  const [ones, others] = [totals(one, width), totals(other, width)];
  const both = { challenger: metric.of(ones, n), champion: metric.of(others, n), pairs: n };
  const estimate = up * (both.challenger - both.champion);
  const test = n > MOST_RESAMPLED ? "jackknife" : "paired bootstrap";
  const undecided = (why: string) => ({ ...both, test, outcome: "notEnoughData" as const, why });
  if (!Number.isFinite(estimate)) return undecided("the metric is no number for these rows");
  const leftOut = leaveOneOut(metric, n, [one, ones], [other, others]).map((value) => up * value);
  if (!leftOut.every(Number.isFinite)) return undecided("without one of these rows the metric is no number");
  const standardError = jackknifeError(leftOut);
  const effectSize = standardError === 0 ? 0 : estimate / (standardError * Math.sqrt(n));
  const detectable = margin + (normalQuantile(confidence) + normalQuantile(0.8)) * standardError;
  const measured = { ...both, test, effectSize, detectable };
  if (standardError === 0) {
    if (estimate !== 0) return undecided("every row differs by the same amount, so chance cannot be judged");
    return { ...measured, interval: { low: 0, high: 0 }, pValue: 1, outcome: margin < 0 ? "holds" : "doesNotHold" };
  }
  if (n > MOST_RESAMPLED) {
    const reach = normalQuantile(confidence) * standardError;
    const interval = { low: estimate - reach, high: estimate + reach };
    const pValue = normalTails((estimate - margin) / standardError).upper;
    return { ...measured, interval, pValue, outcome: interval.low > margin ? "holds" : "doesNotHold" };
  }
  const draws = Math.min(question.draws ?? DRAWS, Math.max(FEWEST_DRAWS, Math.floor(MOST_DRAWN / n)));
  const [a, b] = [new Float64Array(width), new Float64Array(width)];
  const drawn = resample(
    n,
    (places) => {
      a.fill(0);
      b.fill(0);
      for (const place of places) add(a, one, b, other, place * width, width);
      return up * (metric.of(a, n) - metric.of(b, n));
    },
    { draws },
  );
  const interval = bcaInterval(drawn, estimate, leftOut, 2 * confidence - 1);
  const above = interval.low > margin;
  if (margin !== 0) return { ...measured, interval, outcome: above ? "holds" : "doesNotHold" };
  const pValue = swapTest(
    n,
    (swapped) => {
      a.fill(0);
      b.fill(0);
      for (let row = 0; row < n; row++)
        if (swapped[row] === 1) add(b, one, a, other, row * width, width);
        else add(a, one, b, other, row * width, width);
      return up * (metric.of(a, n) - metric.of(b, n));
    },
    { draws },
  );
  return { ...measured, interval, pValue, outcome: above && pValue <= 1 - confidence ? "holds" : "doesNotHold" };
}

function add(a: Float64Array, x: Float64Array, b: Float64Array, y: Float64Array, from: number, width: number): void {
  for (let at = 0; at < width; at++) {
    a[at] = (a[at] as number) + (x[from + at] as number);
    b[at] = (b[at] as number) + (y[from + at] as number);
  }
}

function rowsOf(metric: RowMetric, labels: readonly number[], predictions: readonly number[]): Float64Array {
  const found = new Float64Array(labels.length * metric.width);
  labels.forEach((label, row) => {
    metric.row(label, predictions[row] as number, found, row * metric.width);
  });
  return found;
}

const totals = (rows: Float64Array, width: number): number[] =>
  Array.from({ length: width }, (_, at) => sum(Array.from(rows.filter((__, place) => place % width === at))));

type Summed = readonly [rows: Float64Array, totals: readonly number[]];

/** The difference of both metrics without each row in turn. */
function leaveOneOut({ width, of }: RowMetric, n: number, [one, ones]: Summed, [other, others]: Summed): number[] {
  const without = (rows: Float64Array, sums: readonly number[], row: number) =>
    of(
      sums.map((total, at) => total - (rows[row * width + at] as number)),
      n - 1,
    );
  return Array.from({ length: n }, (_, row) => without(one, ones, row) - without(other, others, row));
}

function jackknifeError(leftOut: readonly number[]): number {
  const n = leftOut.length;
  const middle = mean(leftOut);
  const squares = sum(leftOut.map((value) => (value - middle) ** 2));
  const error = Math.sqrt(((n - 1) / n) * squares);
  // Of rows without any difference, rounding leaves a little.
  return error <= 1e-12 * Math.abs(middle) ? 0 : error;
}
