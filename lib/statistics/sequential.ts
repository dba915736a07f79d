// Sequential tests, which may be looked at after every request: Wald's SPRT, and the always-valid probabilities of the mixture SPRT (Johari
// et al.): docs/facts/evidence.md#H.1. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts

export interface SprtPlan {
  /** The share of failures that is fine. */
  readonly fine: number;
  /** The share of failures that is not. */
  readonly bad: number;
  /** The chance to refuse what is fine. */
  readonly falseAlarm: number;
  /** The chance to accept what is bad. */
  readonly missed: number;
}

export interface Sprt {
  /** At or above it, the share is bad. */
  readonly badFrom: number;
  /** At or below it, the share is fine. */
  readonly fineFrom: number;
  readonly perFailure: number;
  readonly perSuccess: number;
  ratio(failures: number, requests: number): number;
  decide(failures: number, requests: number): "bad" | "fine" | "goOn";
}

/** Wald's sequential probability ratio test of a share of failures. */
export function sprt({ fine, bad, falseAlarm, missed }: SprtPlan): Sprt {
  const badFrom = Math.log((1 - missed) / falseAlarm);
  const fineFrom = Math.log(missed / (1 - falseAlarm));
  const perFailure = Math.log(bad / fine);
  const perSuccess = Math.log((1 - bad) / (1 - fine));
  const ratio = (failures: number, requests: number) => failures * perFailure + (requests - failures) * perSuccess;
  return {
    ...{ badFrom, fineFrom, perFailure, perSuccess, ratio },
    decide: (failures, requests) => {
      const now = ratio(failures, requests);
      return now >= badFrom ? "bad" : now <= fineFrom ? "fine" : "goOn";
    },
  };
}

/** One look at a mean. */
export interface Look {
  readonly mean: number;
  readonly n: number;
}

/** The mixture's likelihood ratio of a mean that differs from 0, of n values with a known variance. */
export function mixtureRatio({ mean, n }: Look, variance: number, tau: number): number {
  const wide = variance + n * tau ** 2;
  return Math.sqrt(variance / wide) * Math.exp((n ** 2 * tau ** 2 * mean ** 2) / (2 * variance * wide));
}

/**
 * The always-valid probabilities after each look: they hold whenever one stops.
 * @param tau the size of difference that matters, as a standard deviation
 */
export function alwaysValid(looks: readonly Look[], variance: number, tau: number): number[] {
  let least = 1;
  return looks.map((look) => {
    least = Math.min(least, 1 / mixtureRatio(look, variance, tau));
    return least;
  });
}
