// Metrics of rows as functions of sums: each row gives a few numbers, and the metric follows from their sums. So a resample costs one pass. Pure.
// Tests: test/lib/statistics/comparison.test.ts

export type Better = "higher" | "lower";

export interface RowMetric {
  readonly better: Better;
  /** Numbers that a row gives. */
  readonly width: number;
  /** Writes a row's numbers. */
  row(label: number, prediction: number, into: Float64Array, at: number): void;
  /** The metric of the sums over n rows; no number where it is not defined. */
  of(sums: ArrayLike<number>, n: number): number;
}

const average = (better: Better, value: (label: number, prediction: number) => number): RowMetric => ({
  better,
  width: 1,
  row: (label, prediction, into, at) => {
    into[at] = value(label, prediction);
  },
  of: (sums, n) => (sums[0] as number) / n,
});

/** The mean of a value that each row has, such as its loss. */
export const MEAN: RowMetric = average("lower", (_, value) => value);

/** Of right and wrong positives, and of missed ones; labels and predictions are 1 and 0. */
const positives = (metric: (right: number, wrong: number, missed: number) => number): RowMetric => ({
  better: "higher",
  width: 3,
  row: (label, prediction, into, at) => {
    into[at] = label === 1 && prediction === 1 ? 1 : 0;
    into[at + 1] = label !== 1 && prediction === 1 ? 1 : 0;
    into[at + 2] = label === 1 && prediction !== 1 ? 1 : 0;
  },
  of: (sums) => metric(sums[0] as number, sums[1] as number, sums[2] as number),
});

/** Predicted probabilities of 0 and 1 would make one wrong row infinitely bad. */
const SUREST = 1e-15;

const logLoss = (label: number, prediction: number) => {
  const p = Math.min(1 - SUREST, Math.max(SUREST, prediction));
  return -Math.log(label === 1 ? p : 1 - p);
};

export const ROW_METRICS = {
  accuracy: average("higher", (label, prediction) => (label === prediction ? 1 : 0)),
  precision: positives((right, wrong) => right / (right + wrong)),
  recall: positives((right, _, missed) => right / (right + missed)),
  f1: positives((right, wrong, missed) => (2 * right) / (2 * right + wrong + missed)),
  mae: average("lower", (label, prediction) => Math.abs(label - prediction)),
  mse: average("lower", (label, prediction) => (label - prediction) ** 2),
  rmse: {
    ...average("lower", (label, prediction) => (label - prediction) ** 2),
    of: (sums, n) => Math.sqrt((sums[0] as number) / n),
  },
  r2: {
    better: "higher",
    width: 3,
    row: (label, prediction, into, at) => {
      into[at] = (label - prediction) ** 2;
      into[at + 1] = label;
      into[at + 2] = label * label;
    },
    of: (sums, n) => 1 - (sums[0] as number) / ((sums[2] as number) - (sums[1] as number) ** 2 / n),
  },
  log_loss: average("lower", logLoss),
  brier: average("lower", (label, prediction) => (label - prediction) ** 2),
} as const satisfies Readonly<Record<string, RowMetric>>;

export type RowMetricName = keyof typeof ROW_METRICS;
