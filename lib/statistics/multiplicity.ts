// Corrections for many tests at once: Holm for the chance of any false alarm, Benjamini and Hochberg for the share of them. Pure.
// Tests: test/lib/statistics/reference-cases.test.ts

/** The places of values, in ascending order of the values. */
const orderOf = (values: readonly number[]) =>
  values.map((_, at) => at).sort((a, b) => (values[a] as number) - (values[b] as number));

/** Holm's step-down: corrected probabilities, in the order given. */
export function holm(ps: readonly number[]): number[] {
  const found = new Array<number>(ps.length);
  let least = 0;
  orderOf(ps).forEach((at, rank) => {
    least = Math.max(least, Math.min(1, (ps.length - rank) * (ps[at] as number)));
    found[at] = least;
  });
  return found;
}

/** Benjamini and Hochberg's step-up: corrected probabilities, in the order given. */
export function benjaminiHochberg(ps: readonly number[]): number[] {
  const found = new Array<number>(ps.length);
  const order = orderOf(ps);
  let most = 1;
  for (let rank = order.length; rank >= 1; rank--) {
    const at = order[rank - 1] as number;
    most = Math.min(most, ((ps[at] as number) * ps.length) / rank);
    found[at] = most;
  }
  return found;
}
