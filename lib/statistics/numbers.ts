// Sums, means, variances, quantiles, ranks and rounded differences of lists of numbers. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts

/** Neumaier's compensated sum. */
export function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return Number.isFinite(total) ? total + lost : total;
}

export const mean = (values: readonly number[]): number => sum(values) / values.length;

/** The sample's variance, over n - 1. */
function variance(values: readonly number[]): number {
  const middle = mean(values);
  return sum(values.map((value) => (value - middle) ** 2)) / (values.length - 1);
}

export const standardDeviation = (values: readonly number[]): number => Math.sqrt(variance(values));

export const ascending = (values: Iterable<number>): number[] => Array.from(Float64Array.from(values).sort());

/** The linear quantile (R's type 7, numpy's default) of values in ascending order. */
export function quantile(sorted: readonly number[], p: number): number {
  const place = (sorted.length - 1) * p;
  const below = Math.floor(place);
  const [low = Number.NaN, high = low] = [sorted[below], sorted[below + 1]];
  return low + (high - low) * (place - below);
}

/** Mid-ranks from 1: equal values share the mean of their places. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, at) => at).sort((a, b) => (values[a] as number) - (values[b] as number));
  const found = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    const value = values[order[from] as number];
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] as number] === value) to++;
    for (let at = from; at <= to; at++) found[order[at] as number] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return found;
}

/** The sizes of groups of equal values, of those with more than one. */
export function tieSizes(values: readonly number[]): number[] {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1);
}

/**
 * The differences `values - others`, pair by pair, without the digits in which subtraction of binary numbers is arbitrary: .829 - .825 and
 * .803 - .799 are equal, so that they tie in a rank test.
 */
export function differences(values: readonly number[], others: readonly number[]): number[] {
  const largest = [...values, ...others].reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0 || !Number.isFinite(largest)) return values.map((value, at) => value - (others[at] as number));
  const decimals = 12 - Math.ceil(Math.log10(largest));
  const unit = 10 ** decimals;
  return values.map((value, at) => {
    const difference = value - (others[at] as number);
    const rounded = Math.round(difference * unit) / unit;
    return Number.isFinite(rounded) ? rounded : difference;
  });
}
