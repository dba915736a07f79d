// Reference cases of the statistics, docs/facts/evidence.md#H.2: values of scipy, statsmodels, R and pROC, equal to nine digits.
import assert from "node:assert/strict";
import { basicInterval, bcaInterval, percentileInterval, resample, SEED } from "../../../lib/statistics/bootstrap.ts";
import { aucCovariance, aucOf, deLong, mcNemar } from "../../../lib/statistics/classifiers.ts";
import {
  chiSquareDrift,
  jensenShannon,
  kolmogorovSmirnov,
  normalisedWasserstein,
  populationStability,
  wasserstein,
} from "../../../lib/statistics/drift.ts";
import { benjaminiHochberg, holm } from "../../../lib/statistics/multiplicity.ts";
import { differences, mean, quantile, standardDeviation } from "../../../lib/statistics/numbers.ts";
import {
  alpaydin,
  correctedT,
  dietterich,
  type FiveByTwo,
  pairedT,
  signTest,
  wilcoxon,
} from "../../../lib/statistics/paired-scores.ts";
import { mulberry32 } from "../../../lib/statistics/random.ts";
import {
  clopperPearson,
  fisher,
  newcombe,
  poissonGreater,
  pooledZ,
  scoreInterval,
  wilson,
} from "../../../lib/statistics/rates.ts";
import { alwaysValid, mixtureRatio, sprt } from "../../../lib/statistics/sequential.ts";
import {
  betaQuantile,
  binomialTails,
  chiSquareTails,
  normalQuantile,
  normalTails,
  tQuantile,
  tTails,
} from "../../../lib/statistics/tails.ts";
import type { Untested } from "../../../lib/statistics/tested.ts";
import { mannWhitney } from "../../../lib/statistics/unpaired-scores.ts";

/** Equal to nine digits, or to `within` in absolute terms. */
function near(actual: number, expected: number, within = Math.abs(expected) * 1e-9): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`);
}

/** The numbers of a test that could be made. */
function of<T extends object>(result: T | Untested): T {
  assert.ok(!("why" in result), JSON.stringify(result));
  return result as T;
}

const A = [0.812, 0.798, 0.825, 0.806, 0.791, 0.833, 0.819, 0.802, 0.811, 0.796];
const B = [0.821, 0.803, 0.829, 0.809, 0.802, 0.838, 0.817, 0.811, 0.824, 0.801];
const d = differences(B, A);

// pROC's data set aSAH (Turck et al. 2010), as the facts name it.
const OUTCOME =
  "00001101001011001011101000000000100110110000000001100010001010011101101111000110100000010000000000001111110001000";
const WFNS =
  "11113254125255125225211112121134214541425511241125521251222151125214524414121421232421451154221113125225552445111";
const S100B =
  "13 14 10 4 13 10 47 16 18 10 12 10 44 71 4 8 49 4 7 33 9 9 7 11 7 17 7 11 13 19 5 16 41 14 34 35 48 9 96 25 50 46 16 7 43 45 11 8 9 86 52 8 6 13 207 10 14 15 7 6 77 5 9 30 3 9 4 23 70 9 27 71 8 26 8 16 9 13 10 8 11 33 11 28 7 10 32 22 7 5 24 38 10 15 8 14 10 7 4 19 56 14 58 32 82 74 15 47 17 44 15 50 48";

describe("the statistics equal their reference", () => {
  it("1: the paired t-test", () => {
    assert.deepEqual(d, [0.009, 0.005, 0.004, 0.003, 0.011, 0.005, -0.002, 0.009, 0.013, 0.005]);
    near(standardDeviation(d), 0.00436653943835);
    const t = of(pairedT(d));
    near(t.difference, 0.0062);
    near(t.statistic, 4.490082311143);
    near(t.twoSided, 0.00151033951708);
    near(t.greater, 0.000755169758541);
    const { low, high } = t.interval(0.95);
    near(low, 0.00307636585758);
    near(high, 0.00932363414242);
  });

  it("2: the corrected resampled t-test", () => {
    const ninth = of(correctedT(d, 1 / 9));
    near(ninth.statistic, 3.0902865856503);
    near(ninth.twoSided, 0.0129234910171847);
    near(ninth.greater, 0.00646174550859);
    near(ninth.interval(0.95).low, 0.0016614648122);
    near(ninth.interval(0.95).high, 0.0107385351878);
    const quarter = of(correctedT(d, 0.25));
    near(quarter.statistic, 2.40004994953017);
    near(quarter.twoSided, 0.0398946193218628);
    near(quarter.greater, 0.0199473096609);
    near(quarter.interval(0.95).low, 0.000356215618723);
    near(quarter.interval(0.95).high, 0.0120437843813);
  });

  it("3: Wilcoxon's signed rank test, exact and normal, with ties", () => {
    const exact = of(wilcoxon([9, 5, 4, 3, 11, 6, -2, 8, 13, 7]));
    near(exact.statistic, 54);
    near(exact.twoSided, 0.00390625);
    near(exact.greater, 0.001953125);
    const tied = [9, 5, 4, 3, 11, 5, -2, 9, 13, 5];
    near(of(wilcoxon(tied)).twoSided, 0.00390625);
    near(of(wilcoxon(tied, { method: "normal" })).twoSided, 0.0078416715589);
    near(of(wilcoxon(tied, { method: "normal", continuity: false })).twoSided, 0.00672947798441);
    const x = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
    const y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    const published = of(wilcoxon(differences(x, y)));
    near(published.statistic, 40);
    near(published.greater, 0.01953125);
    near(published.twoSided, 0.0390625);
  });

  it("4: the sign test", () => {
    near(signTest([1, 1, 1, 1, 1, 1, 1, 1, 1, -1, 0]).twoSided, 0.021484375);
  });

  it("5: McNemar's test", () => {
    const few = mcNemar(6, 16);
    near(few.exact, 0.0524787902832031);
    near(few.chiSquare, 4.54545454545, 1e-9);
    near(few.twoSided, 0.0330062576612, 1e-12);
    near(few.corrected.chiSquare, 3.68181818182, 1e-9);
    near(few.corrected.twoSided, 0.0550088336293);
    near(few.midP, 0.0346896648406982);
    const many = mcNemar(86, 150);
    near(many.chiSquare, 17.3559322034);
    near(many.twoSided, 3.09929344104522e-5);
    near(many.corrected.chiSquare, 16.8177966102);
    near(many.corrected.twoSided, 4.11456228134594e-5);
    near(many.exact, 3.71593613957e-5);
  });

  it("6: DeLong's test", () => {
    const y = Array.from({ length: 12 }, (_, at) => at < 6);
    const a = [0.9, 0.8, 0.75, 0.6, 0.55, 0.4, 0.7, 0.5, 0.45, 0.35, 0.3, 0.2];
    const b = [0.85, 0.6, 0.7, 0.45, 0.5, 0.3, 0.65, 0.55, 0.4, 0.5, 0.35, 0.1];
    const small = of(deLong(y, a, b));
    near(small.first, 0.861111111111111);
    near(small.second, 0.680555555555556);
    const [first, second] = [aucOf(y, a), aucOf(y, b)];
    near(aucCovariance(first, first), 0.0126543209876543);
    near(aucCovariance(second, second), 0.0281635802469136);
    near(aucCovariance(first, second), 0.0160493827160494);
    near(small.statistic, 1.93363338125337);
    near(small.twoSided, 0.0531582199742);

    const outcome = [...OUTCOME].map((one) => one === "1");
    const [wfns, s100b] = [[...WFNS].map(Number), S100B.split(" ").map((one) => Number(one) / 100)];
    assert.deepEqual([outcome.length, wfns.length, s100b.length], [113, 113, 113]);
    const large = of(deLong(outcome, wfns, s100b));
    near(large.first, 0.823678861788618);
    near(large.second, 0.731368563685637);
    const [one, other] = [aucOf(outcome, wfns), aucOf(outcome, s100b)];
    near(aucCovariance(one, one), 0.00146991470882);
    near(aucCovariance(other, other), 0.00266868245717);
    near(aucCovariance(one, other), 0.00119615567377);
    near(large.statistic, 2.20898359144091);
    near(large.twoSided, 0.0271757822291882);
    near(large.interval(0.95).low, 0.0104061769565);
    near(large.interval(0.95).high, 0.174214419249);
    const reach = normalQuantile(0.975) * Math.sqrt(aucCovariance(one, one));
    near(one.auc - reach, 0.748534887819);
    near(one.auc + reach, 0.898822835758);
  });

  it("7: the bootstrap, of all resamples and of seeded draws", () => {
    const few = [0.02, -0.01, 0.03, 0.01, 0];
    const meanOf = (values: readonly number[]) => (rows: Int32Array) =>
      rows.reduce((total, row) => total + values[row]!, 0) / rows.length;
    const all = resample(5, meanOf(few));
    assert.equal(all.length, 3125);
    near(mean(all), 0.01);
    near(Math.sqrt(mean(all.map((value) => (value - 0.01) ** 2))), 0.00632455532034);
    // Sums of binary fractions miss 0 by their last digits.
    near(all.filter((value) => value <= 1e-12).length / 3125, 0.07904);
    const { low, high } = percentileInterval(all, 0.95);
    near(low, -0.002);
    near(high, 0.022);

    const random = mulberry32(42);
    const first = [random(), random(), random(), random()];
    assert.deepEqual(first, [0.6011037519201636, 0.44829055899754167, 0.8524657934904099, 0.6697340414393693]);
    const tied = [9, 5, 4, 3, 11, 5, -2, 9, 13, 5];
    const drawn = resample(10, meanOf(tied), { draws: 10_000, seed: SEED });
    near(mean(drawn), 6.20831);
    near(quantile(drawn, 0.025), 3.6);
    near(quantile(drawn, 0.975), 8.8);
    assert.equal(drawn.filter((value) => value <= 0).length, 0);

    // scipy drew 200,000 resamples. Quantiles of whole sums are exact; of the same in thousandths, scipy counts some ties otherwise.
    const draws = resample(10, meanOf(tied), { draws: 200_000 });
    near(standardDeviation(draws), 1.30996183, 0.01);
    const leftOut = tied.map((_, at) => mean(tied.filter((__, other) => other !== at)));
    const intervals = [
      percentileInterval(draws, 0.95),
      basicInterval(draws, 6.2, 0.95),
      bcaInterval(draws, 6.2, leftOut, 0.95),
    ];
    const expected = [
      [3.6, 8.7],
      [3.7, 8.8],
      [3.5, 8.7],
    ];
    intervals.forEach((one, at) => {
      // The upper end of the corrected interval falls between two of the means, 8.6 and 8.7, by a hundredth of a per cent of the draws.
      near(one.low, expected[at]![0]!);
      near(one.high, expected[at]![1]!, at === 2 ? 0.1001 : undefined);
    });
  });

  it("8: the difference of two shares", () => {
    const [more, fewer] = [
      { count: 12, of: 2000 },
      { count: 3, of: 2000 },
    ];
    near(pooledZ(more, fewer).statistic, 2.32815940677127);
    near(pooledZ(more, fewer).twoSided, 0.0199036407807);
    near(fisher(more, fewer).twoSided, 0.0348234162393999);
    near(fisher(more, fewer).greater, 0.0174117081197);
    near(newcombe(more, fewer, 0.95).low, 0.000628028139405);
    near(newcombe(more, fewer, 0.95).high, 0.0090669836596);
    // statsmodels' cubic has a slip in one coefficient; these are the root of the score with 40 digits (mpmath).
    near(scoreInterval(more, fewer, 0.95).low, 0.000819788335531246);
    near(scoreInterval(more, fewer, 0.95).high, 0.00912673132925459);
  });

  it("9: the interval of a share", () => {
    const few = { count: 3, of: 2000 };
    near(wilson(few, 0.95).low, 0.000510263583638);
    near(wilson(few, 0.95).high, 0.00440103255577);
    near(clopperPearson(few, 0.95).low, 0.000309442949312);
    near(clopperPearson(few, 0.95).high, 0.00437732010453);
    const none = { count: 0, of: 500 };
    assert.equal(wilson(none, 0.95).low, 0);
    near(wilson(none, 0.95).high, 0.00762434046155);
    assert.equal(clopperPearson(none, 0.95).low, 0);
    near(clopperPearson(none, 0.95).high, 0.00735061005191);
  });

  it("10: rates over different exposures", () => {
    near(poissonGreater({ count: 9, of: 400 }, { count: 14, of: 3600 }), 0.000220313727424767);
    near(binomialTails(9, 23, 0.1).upper, 0.000220313727424767);
  });

  it("11: corrections for many tests", () => {
    const ps = [0.01, 0.04, 0.03, 0.005];
    holm(ps).forEach((p, at) => {
      near(p, [0.03, 0.06, 0.06, 0.02][at]!);
    });
    benjaminiHochberg(ps).forEach((p, at) => {
      near(p, [0.02, 0.04, 0.04, 0.02][at]!);
    });
  });

  it("12: the Mann-Whitney test", () => {
    const found = of(mannWhitney([102, 110, 95, 130, 121, 99], [90, 101, 88, 97, 93, 104]));
    assert.equal(found.statistic, 30);
    near(found.twoSided, 0.0649350649350649);
  });

  it("13: Wald's sequential test", () => {
    const test = sprt({ fine: 0.001, bad: 0.01, falseAlarm: 0.05, missed: 0.1 });
    near(test.badFrom, 2.89037175789616);
    near(test.fineFrom, -2.2512917986065);
    near(test.perFailure, Math.LN10);
    near(test.perSuccess, -0.00904983551991793);
    near(test.ratio(2, 300), 1.90831920105);
    near(test.ratio(0, 250), -2.26245887998);
    assert.equal(test.decide(0, 248), "goOn");
    assert.equal(test.decide(0, 249), "fine");
    assert.equal(test.decide(2, 300), "goOn");
    assert.equal(test.decide(3, 300), "bad");
  });

  it("14: the always-valid probability", () => {
    const variance = standardDeviation(d) ** 2;
    near(mixtureRatio({ mean: 0.0062, n: 10 }, variance, 0.005), 3110.658394201);
    near(mixtureRatio({ mean: 0.001, n: 10 }, variance, 0.005), 0.33964518551);
    const [first = 0, second = 0, third = 0] = alwaysValid(
      [
        { mean: 0.001, n: 10 },
        { mean: 0.0062, n: 10 },
        { mean: 0.001, n: 10 },
      ],
      variance,
      0.005,
    );
    assert.equal(first, 1);
    near(second, 0.000321475351284);
    assert.equal(third, second);
  });

  it("15: the tests of five repetitions of two folds", () => {
    const pairs: FiveByTwo = [
      [0.01, 0.004],
      [0.006, 0.012],
      [-0.002, 0.008],
      [0.009, 0.005],
      [0.007, 0.011],
    ];
    near(of(dietterich(pairs)).statistic, 2.21403721385024);
    near(of(dietterich(pairs)).twoSided, 0.0777087798004);
    near(of(alpaydin(pairs)).statistic, 3.13725490196079);
    near(of(alpaydin(pairs)).twoSided, 0.109415188615);
  });

  it("16: tails and quantiles", () => {
    near(tTails(2.5, 9).upper, 0.0169309138414929);
    near(tTails(-6.3, 9).lower, 7.04920196221997e-5);
    near(normalTails(5).upper, 2.86651571879193e-7);
    near(normalQuantile(0.975), 1.95996398454005);
    near(tQuantile(0.975, 9), 2.2621571627982);
    near(chiSquareTails(50 / 11, 1).upper, 0.0330062576612);
    near(binomialTails(6, 22, 0.5).lower, 0.0262393951416016);
    near(betaQuantile(0.975, 4, 1997), 0.00437732010453);
  });

  it("17: measures of drift", () => {
    const [base, production] = [
      [10, 20, 40, 20, 10],
      [5, 15, 35, 25, 20],
    ];
    near(jensenShannon(base, production), 0.155497710835344);
    near(populationStability(base, production), 0.119759575116682);
    near(populationStability(base, production, false), 0.136189927903517);
    near(chiSquareDrift(base, production).statistic, 15.625);
    near(chiSquareDrift(base, production).pValue, 0.00356593555469);
    assert.equal(chiSquareDrift(base, production).degreesOfFreedom, 4);
    const [u, v] = [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [2, 3, 4, 5, 6, 7, 8, 12],
    ];
    near(wasserstein(u, v), 1.375);
    near(standardDeviation(u), 2.44948974278318);
    near(normalisedWasserstein(u, v), 0.561341399387812);
    assert.deepEqual(kolmogorovSmirnov(u, v), { statistic: 0.125, pValue: 1 });
  });
});
