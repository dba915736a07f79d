// Shares and rates of failures: their intervals (Wilson, Clopper-Pearson), the difference of two (pooled z, Newcombe, score interval), Fisher's
// exact test, and the conditional Poisson test of rates over different exposures: docs/facts/evidence.md#H.1. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts
import { betaQuantile, binomialTails, logChoose, normalQuantile, normalTails, rootOf } from "./tails.ts";
import { type Interval, probability } from "./tested.ts";

/** A number of failures among a number of tries. */
export interface Share {
  readonly count: number;
  readonly of: number;
}

const critical = (confidence: number) => normalQuantile(0.5 + confidence / 2);

export function wilson({ count, of }: Share, confidence: number): Interval {
  const z = critical(confidence);
  const share = count / of;
  const scale = 1 + z ** 2 / of;
  const middle = (share + z ** 2 / (2 * of)) / scale;
  const reach = (z * Math.sqrt((share * (1 - share)) / of + z ** 2 / (4 * of ** 2))) / scale;
  return { low: count === 0 ? 0 : middle - reach, high: count === of ? 1 : middle + reach };
}

/** The exact interval, which is never narrower than it says. */
export function clopperPearson({ count, of }: Share, confidence: number): Interval {
  const tail = (1 - confidence) / 2;
  return {
    low: count === 0 ? 0 : betaQuantile(tail, count, of - count + 1),
    high: count === of ? 1 : betaQuantile(1 - tail, count + 1, of - count),
  };
}

/** The z-test of two shares with their pooled variance. */
export function pooledZ(first: Share, second: Share): { readonly statistic: number; readonly twoSided: number } {
  const share = (first.count + second.count) / (first.of + second.of);
  const deviation = Math.sqrt(share * (1 - share) * (1 / first.of + 1 / second.of));
  const difference = first.count / first.of - second.count / second.of;
  const statistic = difference === 0 ? 0 : difference / deviation;
  return { statistic, twoSided: 2 * normalTails(Math.abs(statistic)).upper };
}

/** Fisher's exact test; `greater`: that the first share is larger by chance. */
export function fisher(first: Share, second: Share): { readonly twoSided: number; readonly greater: number } {
  const failures = first.count + second.count;
  const least = Math.max(0, failures - second.of);
  const most = Math.min(failures, first.of);
  const all = logChoose(first.of + second.of, failures);
  const density = (k: number) => Math.exp(logChoose(first.of, k) + logChoose(second.of, failures - k) - all);
  // Equal probabilities differ in their last digits.
  const observed = density(first.count) * (1 + 1e-7);
  let [twoSided, greater] = [0, 0];
  for (let k = least; k <= most; k++) {
    const p = density(k);
    if (p <= observed) twoSided += p;
    if (k >= first.count) greater += p;
  }
  return { twoSided: probability(twoSided), greater: probability(greater) };
}

/** Newcombe's interval of the difference of two shares, made of their Wilson intervals. */
export function newcombe(first: Share, second: Share, confidence: number): Interval {
  const [a, b] = [wilson(first, confidence), wilson(second, confidence)];
  const [p, q] = [first.count / first.of, second.count / second.of];
  return {
    low: p - q - Math.hypot(p - a.low, b.high - q),
    high: p - q + Math.hypot(a.high - p, q - b.low),
  };
}

/** The score interval of Miettinen and Nurminen for the difference of two shares. */
export function scoreInterval(first: Share, second: Share, confidence: number): Interval {
  const z = critical(confidence);
  const [n, m] = [first.of, second.of];
  const total = n + m;
  const found = first.count / n - second.count / m;
  const score = (difference: number) => {
    const share = shareUnder(first, second, difference);
    const other = share + difference;
    const spread = ((other * (1 - other)) / n + (share * (1 - share)) / m) * (total / (total - 1));
    return spread <= 0
      ? found === difference
        ? 0
        : Math.sign(found - difference) * Infinity
      : (found - difference) / Math.sqrt(spread);
  };
  return {
    low: rootOf((difference) => z - score(difference), -1, found),
    high: rootOf((difference) => -z - score(difference), found, 1),
  };
}

/** The likeliest second share where the first exceeds it by a given difference: the likelihood's slope falls to zero there. */
function shareUnder(first: Share, second: Share, difference: number): number {
  const term = (count: number, share: number) => (count === 0 ? 0 : count / share);
  const falls = (share: number) =>
    term(first.of - first.count, 1 - share - difference) +
    term(second.of - second.count, 1 - share) -
    term(first.count, share + difference) -
    term(second.count, share);
  return rootOf(falls, Math.max(0, -difference), Math.min(1, 1 - difference));
}

/**
 * That the first rate is larger by chance, of counts over exposures (requests, hours) that may differ: given the sum of both counts, the
 * first is binomial.
 */
export function poissonGreater(first: Share, second: Share): number {
  return binomialTails(first.count, first.count + second.count, first.of / (first.of + second.of)).upper;
}
