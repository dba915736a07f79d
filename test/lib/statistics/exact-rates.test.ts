// Tests: lib/statistics/comparison.ts. The true error rate of the t-tests, by quadrature and without a draw: mean and deviation of normal differences
// are independent, so the rate is the chance that the mean exceeds the bound at which the comparison says "holds", over all deviations.
import assert from "node:assert/strict";
import { compare } from "../../../lib/statistics/comparison.ts";
import type { Paired } from "../../../lib/statistics/paired.ts";
import { normalTails } from "../../../lib/statistics/tails.ts";

/** A list with this mean and this deviation. */
function listOf(pairs: number, mean: number, deviation: number): number[] {
  const middle = (pairs - 1) / 2;
  const spread = Math.sqrt((pairs * (pairs + 1)) / 12);
  return Array.from({ length: pairs }, (_, at) => mean + (deviation * (at - middle)) / spread);
}

/** The least mean at which the comparison holds, in the units of the deviation of a difference. */
function bound(pairs: number, deviation: number, confidence: number, ratio: number | undefined): number {
  const holds = (mean: number) => {
    const challenger = listOf(pairs, mean, deviation);
    const both = { challenger, champion: challenger.map(() => 0) };
    const paired: Paired =
      ratio === undefined ? { by: "seeds", ...both } : { by: "folds", testToTrain: ratio, ...both };
    return compare(paired, { better: "higher", confidence, margin: 0 }).outcome === "holds";
  };
  let [low, high] = [0, 100 * deviation];
  assert.ok(!holds(low) && holds(high), `${deviation}`);
  for (let step = 0; step < 45; step++) {
    const middle = (low + high) / 2;
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The density of a deviation of so many normal differences of deviation 1, up to a factor. */
const density = (deviation: number, freedom: number): number =>
  deviation ** (freedom - 1) * Math.exp((-freedom * deviation ** 2) / 2);

/**
 * The chance that a model improves on itself.
 * @param shared the part of a difference's variance that all folds share, as their training sets overlap; the rest of it is 1
 */
function rateOf(pairs: number, confidence: number, ratio?: number, shared = 0): number {
  const STEPS = 200;
  const most = 5;
  const ofMean = Math.sqrt(1 / pairs + shared);
  let [total, whole] = [0, 0];
  for (let step = 1; step <= STEPS; step++) {
    const deviation = (most * step) / STEPS;
    const weight = step === STEPS ? 1 : step % 2 === 1 ? 4 : 2;
    const exceeds = normalTails(bound(pairs, deviation, confidence, ratio) / ofMean).upper;
    const share = weight * density(deviation, pairs - 1);
    total += exceeds * share;
    whole += share;
  }
  return total / whole;
}

describe("the true rate at which the same model improves", () => {
  const cases: [string, number, number, number | undefined, number][] = [
    ["3 seeds at 0.95", 3, 0.95, undefined, 0],
    ["5 seeds at 0.95", 5, 0.95, undefined, 0],
    ["5 seeds at 0.99", 5, 0.99, undefined, 0],
    ["10 folds whose training sets overlap at 0.95", 10, 0.95, 1 / 9, 1 / 9],
    ["5 folds whose training sets overlap at 0.95", 5, 0.95, 1 / 4, 1 / 4],
  ];
  for (const [name, pairs, confidence, ratio, shared] of cases)
    it(`is what the confidence leaves, and no more: ${name}`, () => {
      const rate = rateOf(pairs, confidence, ratio, shared);
      assert.ok(Math.abs(rate - (1 - confidence)) < 1e-6, `${rate}`);
    });

  it("is less where folds share less than was assumed, and more where they share more", () => {
    assert.ok(rateOf(10, 0.95, 1 / 9, 1 / 18) < 0.04);
    assert.ok(rateOf(10, 0.95, 1 / 9, 2 / 9) > 0.06);
  });
});
