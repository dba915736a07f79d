// The result of a significance test: numbers, or the reason why there is none. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface Significance {
  readonly tested: true;
  /** The test's own statistic: t, z, W or a count. */
  readonly statistic: number;
  /** That the two differ by chance, in whichever direction. */
  readonly twoSided: number;
  /** That the first exceeds the second by chance. */
  readonly greater: number;
}

export interface Untested {
  readonly tested: false;
  readonly reason: "tooFew" | "noVariance";
  /** A clause in plain words: "1 pair is not enough". */
  readonly why: string;
}

/** A test that says by how much, too. */
export interface Difference extends Significance {
  readonly difference: number;
  readonly standardError: number;
  /** The two-sided interval of the difference at a confidence such as 0.95. */
  interval(confidence: number): Interval;
}

export const tooFew = (why: string): Untested => ({ tested: false, reason: "tooFew", why });
export const noVariance = (why: string): Untested => ({ tested: false, reason: "noVariance", why });

/** Rounding can take a sum of probabilities a little above 1. */
export const probability = (p: number): number => Math.min(1, Math.max(0, p));
