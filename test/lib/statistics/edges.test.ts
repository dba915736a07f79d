// Edges of the statistics: nothing to test, equal scores, no variance, tails far out, and the tests that draw against their exact value.
import assert from "node:assert/strict";
import { resample, swapTest } from "../../../lib/statistics/bootstrap.ts";
import { aucOf, deLong, mcNemar, pairedShares } from "../../../lib/statistics/classifiers.ts";
import {
  chiSquareDrift,
  jensenShannon,
  kolmogorovSmirnov,
  populationStability,
} from "../../../lib/statistics/drift.ts";
import { differences, ranks } from "../../../lib/statistics/numbers.ts";
import {
  alpaydin,
  correctedT,
  dietterich,
  pairedT,
  signTest,
  wilcoxon,
} from "../../../lib/statistics/paired-scores.ts";
import { scoreInterval, wilson } from "../../../lib/statistics/rates.ts";
import { binomialTails, chiSquareTails, fTails, normalTails, tTails } from "../../../lib/statistics/tails.ts";
import { mannWhitney } from "../../../lib/statistics/unpaired-scores.ts";

const near = (actual: number, expected: number, share = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * share, `${actual} is not ${expected}`);

describe("a test without enough to go by", () => {
  it("says that pairs are too few", () => {
    for (const none of [pairedT([]), pairedT([0.1]), wilcoxon([0.1]), correctedT([0.1], 0.25)]) {
      assert.ok(!none.tested);
      assert.equal(none.reason, "tooFew");
    }
    const few = deLong([true, false, false], [1, 0, 0], [0, 1, 0]);
    assert.ok(!few.tested && few.reason === "tooFew");
    assert.match(few.why, /^1 positive and 2 negative rows are too few/);
    for (const one of [dietterich([[1, 2]]), alpaydin([[1, 2]])]) assert.ok("why" in one && one.reason === "tooFew");
    const empty = mannWhitney([], [1]);
    assert.ok(!empty.tested && empty.reason === "tooFew");
  });

  it("says that there is no variance, unless nothing differs at all", () => {
    const same = pairedT(differences([0.9, 0.8, 0.7], [0.8, 0.7, 0.6]));
    assert.ok(!same.tested && same.reason === "noVariance");
    const equal = pairedT([0, 0, 0]);
    assert.ok(equal.tested && equal.twoSided === 1 && equal.greater === 1);
    assert.deepEqual(equal.interval(0.95), { low: 0, high: 0 });
    const y = [true, true, true, false, false, false];
    const twice = deLong(y, [6, 5, 1, 4, 3, 2], [6, 5, 1, 4, 3, 2]);
    assert.ok(twice.tested && twice.twoSided === 1 && twice.difference === 0);
    const opposite = deLong(y, [6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6]);
    assert.ok(!opposite.tested && opposite.reason === "noVariance");
    assert.deepEqual([mcNemar(0, 0).exact, mcNemar(0, 0).greater, mcNemar(0, 0).midP], [1, 1, 1]);
    assert.equal(signTest([0, 0]).twoSided, 1);
  });
});

describe("ties", () => {
  it("count half in an area under the curve, and share a rank", () => {
    assert.equal(aucOf([true, false], [0.5, 0.5]).auc, 0.5);
    assert.ok(Number.isNaN(aucOf([true, true], [0.5, 0.5]).auc));
    assert.deepEqual(ranks([3, 1, 3, 2]), [3.5, 1, 3.5, 2]);
    assert.deepEqual(differences([0.829, 0.803], [0.825, 0.799]), [0.004, 0.004]);
    assert.deepEqual(differences([1e300, 5e-324], [0, 0]).map(Number.isFinite), [true, true]);
  });
});

describe("tails", () => {
  // scipy 1.17.1
  it("keep their digits far out and for many degrees of freedom", () => {
    near(normalTails(30).upper, 4.906713927147908e-198);
    near(tTails(40, 3).upper, 1.7190340394579253e-5);
    near(chiSquareTails(5000, 4900).upper, 0.1562274137489366);
    near(fTails(3, 10, 5).upper, 0.11848355278206942);
    near(binomialTails(500_100, 1_000_000, 0.5).lower, 0.5796507066821627);
    near(binomialTails(30, 100_000, 0.0002).upper, 0.021806954198216287);
    assert.deepEqual(tTails(Number.POSITIVE_INFINITY, 3), { lower: 1, upper: 0 });
    assert.deepEqual(binomialTails(0, 5, 0.3).upper, 1);
    assert.deepEqual(binomialTails(5, 5, 0.3).lower, 1);
  });

  it("stay within 0 and 1 for shares at their ends", () => {
    const none = scoreInterval({ count: 0, of: 40 }, { count: 0, of: 50 }, 0.95);
    assert.ok(none.low < 0 && none.low > -0.1 && none.high > 0 && none.high < 0.1, JSON.stringify(none));
    assert.equal(wilson({ count: 7, of: 7 }, 0.95).high, 1);
    const shares = pairedShares(0, 0, 10, 0.95);
    assert.ok(shares.low < 0 && shares.high > 0);
  });
});

describe("distances of distributions", () => {
  it("are 0 for equal ones, whatever their size, and infinite or 1 where nothing is in common", () => {
    assert.equal(jensenShannon([1, 2, 3], [10, 20, 30]), 0);
    assert.equal(jensenShannon([1, 0], [0, 1]), 1);
    assert.equal(populationStability([1, 2], [10, 20], false), 0);
    assert.equal(populationStability([5, 0], [5, 5], false), Number.POSITIVE_INFINITY);
    assert.ok(Number.isFinite(populationStability([5, 0], [5, 5])));
    assert.equal(chiSquareDrift([5, 0], [5, 5]).pValue, 0);
    assert.equal(chiSquareDrift([5, 0, 0], [5, 5, 0]).degreesOfFreedom, 1);
    assert.equal(chiSquareDrift([5], [9]).pValue, 1);
  });

  // scipy 1.17.1, ks_2samp
  it("have exact probabilities for samples of unequal and of equal size", () => {
    near(kolmogorovSmirnov([1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 9, 9.5, 10, 12]).pValue, 0.0606060606060606);
    const [u, v] = [
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      [2.5, 6, 9, 9.5, 10, 12, 14, 15, 16],
    ];
    near(kolmogorovSmirnov(u, v).pValue, 0.03356643356643356);
  });
});

describe("a test that draws", () => {
  it("comes near the exact share of swaps, and never says 0", () => {
    const d = [9, 5, 4, 3, 11, 6, -2, 8, 13, 7];
    const total = (swapped: Uint8Array) => d.reduce((sum, value, at) => sum + (swapped[at] === 1 ? -value : value), 0);
    const exact = Array.from({ length: 1024 }, (_, code) => total(Uint8Array.from(d, (__, at) => (code >> at) & 1)));
    const share = exact.filter((value) => value >= total(new Uint8Array(10))).length / 1024;
    const drawn = swapTest(10, total, { draws: 100_000 });
    assert.ok(Math.abs(drawn - share) < 0.0005, `${drawn} and ${share}`);
    const p = swapTest(400, (swapped) => swapped.reduce((sum, one) => sum + (one === 1 ? -1 : 1), 0), { draws: 99 });
    assert.equal(p, 0.01);
    assert.equal(
      swapTest(4, () => 0, { draws: 99 }),
      1,
    );
  });

  it("leaves out resamples whose statistic is no number", () => {
    const auc = (rows: Int32Array) => (rows.every((row) => row === 0) ? Number.NaN : 0.5);
    assert.equal(resample(2, auc).length, 3);
  });
});
