// Comparisons of a challenger with a champion: outcomes, sentences, and no difference by the order of the pairs.
import assert from "node:assert/strict";
import fc from "fast-check";
import { compare } from "../../../lib/statistics/comparison.ts";
import type { Paired, Question } from "../../../lib/statistics/paired.ts";
import { mulberry32 } from "../../../lib/statistics/random.ts";
import { ROW_METRICS, type RowMetricName } from "../../../lib/statistics/row-metrics.ts";
import { sayComparison } from "../../../lib/statistics/say-comparison.ts";

const question: Question = { better: "higher", confidence: 0.95, margin: 0 };
const folds = {
  by: "folds",
  testToTrain: 1 / 9,
  challenger: [0.821, 0.803, 0.829, 0.809, 0.802, 0.838, 0.817, 0.811, 0.824, 0.801],
  champion: [0.812, 0.798, 0.825, 0.806, 0.791, 0.833, 0.819, 0.802, 0.811, 0.796],
} satisfies Paired;
const said = { metric: "auc", champion: "the champion house:3" };
const sentence = (paired: Paired, asked = question) => sayComparison(compare(paired, asked), paired, asked, said);

describe("a comparison", () => {
  it("says by how much a challenger is better, and how sure that is", () => {
    assert.equal(
      sentence(folds),
      "auc is 0.8155 against 0.8093 of the champion house:3: better by 0.0062, with 95 % confidence by more than 0 " +
        "(90 % interval 0.002522 to 0.009878; corrected resampled t-test over 10 folds; p = 0.0065; effect size 1.42).",
    );
    assert.match(sentence(folds, { ...question, margin: 0.002 }), /with 95 % confidence by more than 0\.002 \(/);
    assert.match(sentence(folds, { ...question, margin: -0.002 }), /with 95 % confidence worse by less than 0\.002 \(/);
  });

  it("says what chance may explain, and which improvement as much data would show", () => {
    assert.match(
      sentence(folds, { ...question, confidence: 0.999 }),
      /: better by 0\.0062, which chance may explain at 99\.9 % confidence \(99\.8 % interval .*\)\. As much data shows an improvement of 0\.01039 in 8 of 10 cases\.$/,
    );
    const turned = { ...folds, challenger: folds.champion, champion: folds.challenger };
    assert.match(sentence(turned), /: worse by 0\.0062, which is no improvement \(/);
    assert.match(sentence(turned, { ...question, margin: -0.001 }), /being worse by 0\.001 is not excluded with 95 %/);
    assert.match(sentence(folds, { ...question, margin: 0.005 }), /not with 95 % confidence by more than 0\.005 \(/);
  });

  it("turns the direction of a metric that is better when it is lower", () => {
    const lower = { ...question, better: "lower" } as const;
    assert.equal(compare(folds, lower).outcome, "doesNotHold");
    assert.ok(compare(folds, lower).betterBy < 0);
    const turned = { ...folds, challenger: folds.champion, champion: folds.challenger };
    assert.equal(compare(turned, lower).outcome, "holds");
  });

  it("has not enough data as an outcome of its own", () => {
    const pair = (n: number, by: "seeds" | "values"): Paired => ({
      by,
      challenger: Array.from({ length: n }, (_, at) => at * 2 + 1),
      champion: Array.from({ length: n }, (_, at) => at),
    });
    const scarce: [Paired, Question, RegExp][] = [
      [pair(2, "seeds"), question, /^Not enough data: there are 2 seeds, and 3 are needed\. Auc is 2 against 0\.5 of/],
      [pair(29, "values"), question, /there are 29 rows, and 30 are needed/],
      [
        pair(0, "values"),
        question,
        /^Not enough data: there are 0 rows.* Auc was compared with the champion house:3\.$/,
      ],
      [pair(4, "seeds"), { ...question, test: "wilcoxon" }, /4 pairs that differ cannot reach a confidence of 0\.95/],
      [
        { by: "seeds", challenger: [2, 3, 4], champion: [1, 2, 3] },
        question,
        /every pair differs by the same amount, so chance cannot be judged/,
      ],
      [
        {
          by: "rows",
          metric: "auc",
          labels: [1, ...new Array(40).fill(0)],
          challenger: new Array(41).fill(1),
          champion: new Array(41).fill(1),
        },
        question,
        /there are 1 positive and 40 other rows, and 10 of each are needed/,
      ],
      [
        {
          by: "rows",
          metric: "f1",
          labels: new Array(40).fill(0),
          challenger: new Array(40).fill(0),
          champion: new Array(40).fill(0),
        },
        question,
        /the metric is no number for these rows/,
      ],
    ];
    for (const [paired, asked, expected] of scarce) {
      assert.equal(compare(paired, asked).outcome, "notEnoughData");
      assert.match(sentence(paired, asked), expected);
    }
  });

  it("refuses what are no pairs of numbers", () => {
    const wrong: [Paired, Partial<Question>, RegExp][] = [
      [{ ...folds, champion: [1] }, {}, /The lists have 10 and 1 values, which are no pairs\./],
      [{ ...folds, champion: folds.champion.map(() => Number.NaN) }, {}, /A value is NaN/],
      [folds, { confidence: 95 }, /The confidence 95 is not between 0\.5 and 1\./],
      [folds, { margin: Number.NaN }, /The margin NaN/],
    ];
    for (const [paired, more, expected] of wrong)
      assert.throws(() => compare(paired, { ...question, ...more }), expected);
  });

  it("is the same in every order of the pairs", () => {
    const value = fc.double({ min: -2, max: 2, noNaN: true });
    const row = fc.tuple(fc.constantFrom(0, 1), value, value);
    const kinds: ((labels: number[], one: number[], other: number[]) => Paired)[] = [
      (_, challenger, champion) => ({ by: "folds", testToTrain: 0.25, challenger, champion }),
      (_, challenger, champion) => ({ by: "seeds", challenger, champion }),
      (_, challenger, champion) => ({ by: "values", challenger, champion }),
      ...(["auc", "accuracy", "rmse", "r2", "f1"] as const).map(
        (metric) => (labels: number[], challenger: number[], champion: number[]) =>
          ({ by: "rows", metric, labels, challenger, champion }) satisfies Paired,
      ),
    ];
    fc.assert(
      fc.property(
        fc
          .array(row, { minLength: 31, maxLength: 40 })
          .chain((rows) =>
            fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length })),
          ),
        fc.constantFrom(...kinds),
        fc.constantFrom(0, 0.05, -0.05),
        ([rows, shuffled], kind, margin) => {
          const [a, b] = [rows, shuffled].map((list) =>
            compare(
              kind(
                list.map(([label]) => label),
                list.map(([, one]) => one),
                list.map(([, , other]) => other),
              ),
              {
                ...question,
                margin,
                draws: 50,
              },
            ),
          );
          assert.deepEqual(a, b);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("metrics of rows", () => {
  // scikit-learn's definitions, counted by hand.
  it("are what they say", () => {
    const labels = [1, 1, 1, 0, 0, 0];
    const predictions = [1, 1, 0, 1, 0, 0];
    const metric = (name: RowMetricName, of = predictions) => {
      const { width, row, of: value } = ROW_METRICS[name];
      const sums = new Float64Array(width);
      labels.forEach((label, at) => {
        const one = new Float64Array(width);
        row(label, of[at]!, one, 0);
        one.forEach((part, place) => {
          sums[place]! += part;
        });
      });
      return value(sums, labels.length);
    };
    const near = (actual: number, expected: number) => assert.ok(Math.abs(actual - expected) < 1e-12, `${actual}`);
    near(metric("accuracy"), 4 / 6);
    near(metric("precision"), 2 / 3);
    near(metric("recall"), 2 / 3);
    near(metric("f1"), 2 / 3);
    near(metric("mae"), 2 / 6);
    near(metric("rmse"), Math.sqrt(2 / 6));
    near(metric("r2"), 1 - 2 / 1.5);
    near(
      metric(
        "log_loss",
        labels.map(() => 0.5),
      ),
      Math.log(2),
    );
    near(
      metric(
        "brier",
        labels.map(() => 0.5),
      ),
      0.25,
    );
    assert.ok(metric("log_loss") < 12 && metric("log_loss") > 11);
  });

  it("of many rows are compared as quickly, by the jackknife", () => {
    const random = mulberry32(1);
    const labels = Array.from({ length: 30_000 }, () => random() * 10);
    const noise = (size: number) => labels.map((label) => label + size * (random() - 0.5));
    const found = compare(
      { by: "rows", metric: "rmse", labels, challenger: noise(1.9), champion: noise(2) },
      { ...question, better: "lower" },
    );
    assert.deepEqual([found.outcome, found.test, found.pairs], ["holds", "jackknife", 30_000]);
    assert.ok(Math.abs(found.betterBy - 0.1 / Math.sqrt(12)) < 0.005, `${found.betterBy}`);
  });
});
