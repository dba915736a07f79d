// The verdict on scored rows: what each metric's test finds, what chance may explain, and what cannot be judged.
import assert from "node:assert/strict";
import {
  type Cell,
  type CompareMetric,
  type JudgeOptions,
  judgeRows,
  type ScoredRows,
} from "../../../../lib/ml/compare/judge-rows.ts";
import { mulberry32 } from "../../../../lib/statistics/random.ts";

const options = (metric: CompareMetric, more: Partial<JudgeOptions> = {}): JudgeOptions => ({
  ...{ metric, require: "better", margin: 0, confidence: 0.95, minimumRows: 10, ...more },
});

/** Rows with a binary target; each model sees the truth through noise of its own. */
function drawn(count: number, seed: number, noise: { readonly champion: number; readonly challenger: number }) {
  const random = mulberry32(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const rows = { targets: [] as number[], champion: [] as number[], challenger: [] as number[] };
  for (let at = 0; at < count; at++) {
    const signal = normal();
    rows.targets.push(signal + normal() / 2 > 0 ? 1 : 0);
    for (const which of ["champion", "challenger"] as const)
      rows[which].push(1 / (1 + Math.exp(-2 * (signal + noise[which] * normal()))));
  }
  return rows;
}
const labels = (rows: ScoredRows): ScoredRows => {
  const of = (cells: readonly Cell[]) => cells.map((one) => (Number(one) > 0.5 ? 1 : 0));
  return { targets: rows.targets, champion: of(rows.champion), challenger: of(rows.challenger) };
};
const fitted = (rows: ScoredRows, metric: CompareMetric) => (metric === "accuracy" ? labels(rows) : rows);
const METRICS = ["accuracy", "auc", "logLoss", "brier", "mae", "mse"] as const;

describe("the verdict on two models' scores", () => {
  it("has the numbers of McNemar's test and of the reference rows of DeLong's", () => {
    // b = 6 and c = 16 of 100 rows (docs/facts/evidence.md#H.2, case 5).
    const pairs = [
      ...Array(40).fill([1, 1]),
      ...Array(6).fill([1, 0]),
      ...Array(16).fill([0, 1]),
      ...Array(38).fill([0, 0]),
    ] as [number, number][];
    const rows = { targets: pairs.map(() => 1), champion: pairs.map(([a]) => a), challenger: pairs.map(([, b]) => b) };
    const accuracy = judgeRows(rows, options("accuracy"));
    assert.ok(Math.abs((accuracy.pValue ?? 0) - 0.0524787902832031) < 1e-12);
    assert.deepEqual([accuracy.champion, accuracy.challenger, accuracy.outcome], [0.46, 0.56, "noDifference"]);
    assert.match(accuracy.sentence, /16 rows right by the challenger alone and 6 by the champion alone/);

    // Case 6.
    const targets = [1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
    const challenger = [0.9, 0.8, 0.75, 0.6, 0.55, 0.4, 0.7, 0.5, 0.45, 0.35, 0.3, 0.2];
    const champion = [0.85, 0.6, 0.7, 0.45, 0.5, 0.3, 0.65, 0.55, 0.4, 0.5, 0.35, 0.1];
    const auc = judgeRows({ targets, champion, challenger }, options("auc"));
    assert.ok(Math.abs((auc.pValue ?? 0) - 0.0531582199742) < 1e-9);
    assert.equal(auc.outcome, "noDifference");
  });

  for (const metric of METRICS) {
    it(`by ${metric}: the same scores never differ, a better model passes, and the worse one is called worse`, () => {
      const rows = fitted(drawn(600, 11, { champion: 1.6, challenger: 0.3 }), metric);
      const same = judgeRows({ ...rows, challenger: rows.champion }, options(metric));
      assert.deepEqual([same.outcome, same.passed, same.difference, same.pValue], ["noDifference", false, 0, 1]);
      const better = judgeRows(rows, options(metric));
      assert.deepEqual([better.outcome, better.passed], ["better", true], better.sentence);
      const worse = judgeRows({ ...rows, champion: rows.challenger, challenger: rows.champion }, options(metric));
      assert.deepEqual([worse.outcome, worse.passed], ["worse", false], worse.sentence);
      assert.ok(Math.abs((worse.difference ?? 0) + (better.difference ?? 0)) < 1e-12);
    });

    it(`by ${metric}: the order of the rows changes nothing`, () => {
      const rows = fitted(drawn(120, 3, { champion: 1, challenger: 0.6 }), metric);
      const turn = (cells: readonly Cell[]) => [...cells].reverse();
      const turned = { targets: turn(rows.targets), champion: turn(rows.champion), challenger: turn(rows.challenger) };
      const [one, other] = [judgeRows(rows, options(metric)), judgeRows(turned, options(metric))];
      assert.ok(Math.abs((one.difference ?? 0) - (other.difference ?? 0)) < 1e-12);
      assert.equal(one.outcome, other.outcome);
    });
  }

  it("takes models that are equally good for an improvement in no more than the nominal share of draws", () => {
    const tries = 800;
    for (const metric of ["accuracy", "auc"] as const) {
      let passed = 0;
      for (let seed = 1; seed <= tries; seed++) {
        const rows = fitted(drawn(200, seed, { champion: 0.8, challenger: 0.8 }), metric);
        if (judgeRows(rows, options(metric)).passed) passed++;
      }
      // Three standard errors above 2.5 %: with these seeds the figure is always the same.
      assert.ok(passed / tries < 0.025 + 3 * Math.sqrt((0.025 * 0.975) / tries), `${metric}: ${passed} of ${tries}`);
    }
  });

  it("finds a real improvement of 0.05 in AUC on 1,000 rows in at least nine of ten draws", () => {
    let found = 0;
    for (let seed = 1; seed <= 50; seed++)
      if (judgeRows(drawn(1_000, seed, { champion: 1, challenger: 0.6 }), options("auc")).passed) found++;
    assert.ok(found >= 45, `${found} of 50`);
  });

  it("judges the mean of many rows by a t-test, of few by draws with a fixed seed", () => {
    const few = judgeRows(drawn(200, 5, { champion: 1, challenger: 0.9 }), options("mae"));
    assert.deepEqual(few, judgeRows(drawn(200, 5, { champion: 1, challenger: 0.9 }), options("mae")));
    assert.match(few.method ?? "", /bootstrap, 10,000 draws/);
    const many = judgeRows(drawn(6_000, 5, { champion: 1, challenger: 0.9 }), options("mae"));
    assert.equal(many.method, "paired t-test");
    assert.equal(many.outcome, "better");
  });

  it("needs a margin to let a worse model pass, and says the margin", () => {
    const rows = labels(drawn(2_000, 9, { champion: 0.6, challenger: 0.65 }));
    const strict = judgeRows(rows, options("accuracy", { require: "notWorse", margin: 0.0001 }));
    assert.equal(strict.passed, false, strict.sentence);
    const kind = judgeRows(rows, options("accuracy", { require: "notWorse", margin: 0.05 }));
    assert.deepEqual([kind.passed, kind.outcome], [true, "notWorse"]);
    assert.match(kind.sentence, /^The challenger is worse by no more than the margin of 0\.05\./);
    assert.equal(judgeRows(rows, options("accuracy", { margin: 0.05 })).passed, false, "better was asked");
  });

  it("gives no verdict on rows that are too few, or of one class", () => {
    const rows = drawn(40, 2, { champion: 1, challenger: 0.2 });
    const few = judgeRows(rows, options("auc", { minimumRows: 50 }));
    assert.deepEqual([few.outcome, few.passed, few.champion], ["notEnoughData", false, undefined]);
    assert.match(
      few.sentence,
      /^There is not enough data for a verdict on AUC: 40 rows, and the input minimumRows asks for 50\.$/,
    );
    const lonely = judgeRows({ ...rows, targets: rows.targets.map((_, at) => (at === 0 ? 1 : 0)) }, options("auc"));
    assert.equal(lonely.outcome, "notEnoughData");
    // Of so few the variance is not known well enough: models that are equally good pass too often.
    const rare = {
      ...drawn(100, 2, { champion: 1, challenger: 0.2 }),
      targets: Array.from({ length: 100 }, (_, at) => (at < 4 ? 1 : 0)),
    };
    const said = judgeRows(rare, options("auc"));
    assert.deepEqual([said.outcome, said.passed], ["notEnoughData", false]);
    assert.match(said.sentence, /: there are 4 positive and 96 other rows, and 5 of each are needed\.$/);
  });

  it("takes 1, 1.0, '1' and true for the labels that they are", () => {
    const targets = Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? "true" : "false"));
    const champion = targets.map((one) => (one === "true" ? "True" : "False"));
    const challenger = targets.map((one) => one === "true");
    const verdict = judgeRows({ targets, champion, challenger }, options("accuracy"));
    assert.deepEqual([verdict.champion, verdict.challenger], [1, 1]);
    const numbers = {
      targets: targets.map(() => "1"),
      champion: targets.map(() => 1),
      challenger: targets.map(() => "1.0"),
    };
    assert.deepEqual(judgeRows(numbers, options("accuracy")).challenger, 1);
  });

  it("names the row, and the metric that would fit, where scores cannot be judged", () => {
    const rows = drawn(30, 4, { champion: 1, challenger: 1 });
    const wrong: readonly (readonly [ScoredRows, JudgeOptions, RegExp])[] = [
      [rows, options("accuracy"), /^Row 1 has 0\.\d+ as the champion's score, which is no label\.$/],
      [
        { ...rows, challenger: rows.challenger.map((one, at) => (at === 7 ? null : one)) },
        options("auc"),
        /^1 row of 30 has no score of the challenger, .* the first is row 8\.$/,
      ],
      [
        { ...rows, targets: rows.targets.map((one, at) => (at > 27 ? null : one)) },
        options("auc"),
        /^2 rows of 30 have no target/,
      ],
      [
        { ...rows, targets: rows.targets.map((_, at) => `c${at % 3}`) },
        options("auc"),
        /^The target has 3 labels \(c0, c1, c2\)/,
      ],
      [
        { ...rows, targets: rows.targets.map((one) => Number(one) + 1) },
        options("auc"),
        /^The target has 2 labels \(1, 2\)/,
      ],
      [
        { ...rows, champion: rows.champion.map((one) => one * 3) },
        options("brier"),
        /as the champion's score, which is no probability/,
      ],
      [
        { ...labels(rows), targets: rows.targets.map((one) => one === 1) },
        options("accuracy"),
        /^No score of the champion is one of the target's labels false, true, and the first is [01]\.$/,
      ],
      [
        { ...rows, champion: rows.champion.map(() => "yes") },
        options("mse"),
        /^Row 1 has "yes" as the champion's score, and this metric needs a number\.$/,
      ],
    ];
    for (const [given, how, says] of wrong) assert.throws(() => judgeRows(given, how), { message: says });
  });
});
