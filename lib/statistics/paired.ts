// Paired results of two models, the question that is asked about them, and the answer. Pure.
// Tests: test/lib/statistics/comparison.test.ts
import type { Better, RowMetricName } from "./row-metrics.ts";
import type { Interval } from "./tested.ts";

interface Pairs {
  readonly challenger: readonly number[];
  readonly champion: readonly number[];
}

/** Results of both models, pair by pair. */
export type Paired =
  /** One score a fold; training sets of folds overlap, by the share of test rows to training rows. */
  | (Pairs & { readonly by: "folds"; readonly testToTrain: number })
  /** One score a seed, each of an independent training. */
  | (Pairs & { readonly by: "seeds" })
  /** Predictions of the same labelled rows, as numbers; classes of `accuracy` by any numbers, those of the others by 1 and 0. */
  | (Pairs & { readonly by: "rows"; readonly metric: RowMetricName | "auc"; readonly labels: readonly number[] })
  /** One value a row, such as a loss; the metric is their mean. */
  | (Pairs & { readonly by: "values" });

export interface Question {
  readonly better: Better;
  /** Between 0.5 and 1, such as 0.95: one in twenty of equal models may look better. */
  readonly confidence: number;
  /** The challenger is better by more than this; below 0: it is worse by less than that. */
  readonly margin: number;
  /** Wilcoxon's test in the place of the t-test, of folds and seeds. */
  readonly test?: "t" | "wilcoxon";
  /** Most resamples of a bootstrap; 10,000 where it is not said. */
  readonly draws?: number;
}

export interface Comparison {
  readonly outcome: "holds" | "doesNotHold" | "notEnoughData";
  readonly challenger: number;
  readonly champion: number;
  /** Above 0 the challenger is better, whichever direction the metric has. */
  readonly betterBy: number;
  /** Two-sided; its lower end is what the challenger is better by with the confidence that was asked for. */
  readonly interval?: Interval;
  /** The chance to look as much better if both were equal. */
  readonly pValue?: number;
  /** The difference in standard deviations of a pair; of right and wrong answers, the odds. */
  readonly effectSize?: number;
  /** The improvement that as much data would show in 8 of 10 cases. */
  readonly detectable?: number;
  readonly pairs: number;
  readonly test: string;
  /** Of not enough data: a clause. */
  readonly why?: string;
}
