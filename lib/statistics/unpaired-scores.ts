// The Mann-Whitney test of two independent samples, such as seeds that are not paired: exact also with ties, where samples are small. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts
import { ranks, sum, tieSizes } from "./numbers.ts";
import { normalTails } from "./tails.ts";
import { probability, type Significance, tooFew, type Untested } from "./tested.ts";

/** Values of both samples up to which arrangements are counted out. */
const EXACT_VALUES = 60;

/** The statistic is U of the first sample: the pairs in which its value is the larger, ties counted half. */
export function mannWhitney(first: readonly number[], second: readonly number[]): Significance | Untested {
  const [n, m] = [first.length, second.length];
  if (n === 0 || m === 0) return tooFew("one of the samples is empty");
  const values = [...first, ...second];
  const places = ranks(values);
  const least = (n * (n + 1)) / 2;
  const rankSum = sum(places.slice(0, n));
  const statistic = rankSum - least;
  if (n + m <= EXACT_VALUES) {
    const { lower, upper } = rankSumTails(places, n, rankSum);
    return { tested: true, statistic, twoSided: probability(2 * Math.min(lower, upper)), greater: upper };
  }
  const ties = sum(tieSizes(values).map((size) => size ** 3 - size));
  const deviation = Math.sqrt(((n * m) / 12) * (n + m + 1 - ties / ((n + m) * (n + m - 1))));
  if (deviation === 0) return { tested: true, statistic, twoSided: 1, greater: 1 };
  const away = statistic - (n * m) / 2;
  return {
    ...{ tested: true, statistic },
    twoSided: probability(2 * normalTails(Math.max(0, Math.abs(away) - 0.5) / deviation).upper),
    greater: normalTails((away - 0.5) / deviation).upper,
  };
}

/** The share of choices of n ranks whose sum is at most and at least the observed one. */
function rankSumTails(places: readonly number[], n: number, observed: number): { lower: number; upper: number } {
  const whole = places.map((place) => Math.round(2 * place));
  const size = sum(whole) + 1;
  const counts = Array.from({ length: n + 1 }, () => new Float64Array(size));
  (counts[0] as Float64Array)[0] = 1;
  whole.forEach((rank, taken) => {
    for (let chosen = Math.min(n, taken + 1); chosen >= 1; chosen--) {
      const [fewer, here] = [counts[chosen - 1] as Float64Array, counts[chosen] as Float64Array];
      for (let total = size - 1; total >= rank; total--)
        here[total] = (here[total] as number) + (fewer[total - rank] as number);
    }
  });
  const found = counts[n] as Float64Array;
  const place = Math.round(2 * observed);
  const all = sum([...found]);
  return { lower: sum([...found.subarray(0, place + 1)]) / all, upper: sum([...found.subarray(place)]) / all };
}
