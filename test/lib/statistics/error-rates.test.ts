// Error rates of comparisons: the same model twice improves no more often than the confidence allows, over 10,000 draws of each kind of result,
// and a real improvement is found with the power that is said. Seeded, so each run draws the same.
import assert from "node:assert/strict";
import { compare } from "../../../lib/statistics/comparison.ts";
import type { Paired, Question } from "../../../lib/statistics/paired.ts";
import { mulberry32 } from "../../../lib/statistics/random.ts";

const question: Question = { better: "higher", confidence: 0.95, margin: 0 };
const random = mulberry32(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const list = <T>(n: number, make: (at: number) => T): T[] => Array.from({ length: n }, (_, at) => make(at));

/** Scores of folds whose training sets overlap: a common part of the error, which the plain t-test does not see. */
function folds(gain: number, overlap = 0.1): Paired {
  const [one, other] = [normal(), normal()];
  const share = Math.sqrt(overlap);
  const rest = Math.sqrt(1 - overlap);
  return {
    by: "folds",
    testToTrain: 1 / 9,
    challenger: list(10, () => 0.8 + gain + 0.01 * (share * one + rest * normal())),
    champion: list(10, () => 0.8 + 0.01 * (share * other + rest * normal())),
  };
}

const seeds = (gain: number, n = 5): Paired => ({
  by: "seeds",
  challenger: list(n, () => 0.8 + gain + 0.01 * normal()),
  champion: list(n, () => 0.8 + 0.01 * normal()),
});

const answers = (gain: number, n: number): Paired => ({
  by: "rows",
  metric: "accuracy",
  labels: list(n, () => 1),
  challenger: list(n, () => (random() < 0.85 + gain ? 1 : 0)),
  champion: list(n, () => (random() < 0.85 ? 1 : 0)),
});

/** Scores of rows that both models mostly rank alike. */
function areas(gain: number, n: number): Paired {
  const labels = list(n, (at) => (at % 3 === 0 ? 1 : 0));
  const shared = labels.map((label) => label + normal());
  const score = (more: number) => shared.map((value, at) => value + more * labels[at]! + 0.7 * normal());
  return { by: "rows", metric: "auc", labels, challenger: score(gain), champion: score(0) };
}

/** Losses that are far from normal. */
const values = (gain: number, n: number): Paired => ({
  by: "values",
  challenger: list(n, () => normal() ** 2 * (1 - gain)),
  champion: list(n, () => normal() ** 2),
});

function classes(gain: number, n: number): Paired {
  const labels = list(n, (at) => (at % 4 === 0 ? 1 : 0));
  const predicted = (right: number) => labels.map((label) => (random() < right ? label : 1 - label));
  return { by: "rows", metric: "f1", labels, challenger: predicted(0.75 + gain), champion: predicted(0.75) };
}

function shareThatHolds(draws: number, make: () => Paired, asked: Question): number {
  let held = 0;
  for (let at = 0; at < draws; at++) if (compare(make(), asked).outcome === "holds") held++;
  return held / draws;
}

/** A share of 0.05 over so many draws comes out above this once in a thousand. */
const most = (draws: number) => 0.05 + 3.1 * Math.sqrt((0.05 * 0.95) / draws);

describe("the same model twice improves no more often than the confidence allows", () => {
  const lower: Question = { ...question, better: "lower", draws: 199 };
  const cases: [string, () => Paired, Question][] = [
    ["in folds that overlap", () => folds(0), question],
    ["in 5 seeds", () => seeds(0), question],
    ["in 3 seeds", () => seeds(0, 3), question],
    ["in 10 seeds by Wilcoxon's test", () => seeds(0, 10), { ...question, test: "wilcoxon" }],
    ["in 30 right and wrong answers", () => answers(0, 30), question],
    ["in the area under the curve of 30 rows", () => areas(0, 30), question],
    ["in 30 losses that are far from normal", () => values(0, 30), lower],
    ["in F1 of 40 rows", () => classes(0, 40), { ...question, draws: 199 }],
  ];
  for (const [name, make, asked] of cases)
    it(`${name}, over 10,000 draws`, () => {
      const share = shareThatHolds(10_000, make, asked);
      assert.ok(share <= most(10_000), `${share} of 10,000`);
      assert.ok(share > 0.005, `${share}: the test never finds anything`);
    });

  it("and never where its results are the same ones", () => {
    const same = [folds(0), seeds(0), answers(0, 200), areas(0, 200), values(0, 50), classes(0, 60)];
    for (const one of same) {
      const twice: Paired = { ...one, champion: one.challenger };
      const found = compare(twice, question);
      assert.deepEqual([found.outcome, found.betterBy, found.pValue], ["doesNotHold", 0, 1], one.by);
      assert.equal(compare(twice, { ...question, margin: -0.03 }).outcome, "holds", one.by);
    }
  });
});

describe("a real improvement is found", () => {
  // Fewer mean that a test has become blunt.
  const cases: [string, number, () => Paired][] = [
    ["of 0.0165 over 10 folds with a deviation of 0.01", 0.8, () => folds(0.0165)],
    ["of 0.020 over 5 seeds with a deviation of 0.01", 0.8, () => seeds(0.02)],
    ["of 0.05 in accuracy over 600 rows", 0.8, () => answers(0.05, 600)],
    ["of 0.43 deviations in the positive rows' scores over 200 rows", 0.8, () => areas(0.43, 200)],
  ];
  for (const [name, power, make] of cases)
    it(`${name}, in about ${power * 10} of 10 cases`, () => {
      const share = shareThatHolds(1_000, make, question);
      assert.ok(Math.abs(share - power) < 0.06, `${share}`);
    });

  it("with the power that the comparison states beforehand", () => {
    const stated = compare(answers(0.05, 600), question).detectable ?? 0;
    const share = shareThatHolds(1_000, () => answers(stated, 600), question);
    assert.ok(Math.abs(share - 0.8) < 0.06, `${share} for ${stated}`);
  });
});
