// Rules: what they ask for, whether they hold, and the sentences that say why.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskError } from "../../../lib/errors.ts";
import { type Facts, judge, parseRules } from "../../../lib/ml/rules.ts";

const rule = (text: string) => {
  const [one] = parseRules(text);
  assert.ok(one);
  return one;
};
const facts = (metrics: Record<string, number>, more: Partial<Facts> = {}): Facts => ({
  metrics,
  history: {},
  ...more,
});

describe("a gate's rules", () => {
  const table: [string, Facts, "passed" | "failed", RegExp][] = [
    ["metrics.accuracy >= 0.9", facts({ accuracy: 0.95 }), "passed", /^metrics\.accuracy = 0\.95 is at least 0\.9\.$/],
    [
      "metrics.accuracy >= 0.9",
      facts({ accuracy: 0.85 }),
      "failed",
      /^metrics\.accuracy = 0\.85 is not at least 0\.9\.$/,
    ],
    ["metrics.n >= 3", facts({ n: 3 }), "passed", /= 3 is at least 3/],
    ["metrics.n == 3", facts({ n: 3 }), "passed", /equal to 3/],
    ["metrics.n != 3", facts({ n: 3 }), "failed", /not other than 3/],
    ["3 <= metrics.n", facts({ n: 2 }), "failed", /^3 is not at most metrics\.n = 2\.$/],
    ['metrics["val/auc"] > 0.5', facts({ "val/auc": 0.6 }), "passed", /val\/auc/],
    ["metrics['f1 score'] > 0.5", facts({ "f1 score": 0.6 }), "passed", /f1 score/],
    [
      "metrics.auc >= champion.auc - 0.005",
      facts({ auc: 0.98 }, { champion: { auc: 0.984 } }),
      "passed",
      /champion\.auc - 0\.005 = 0\.979/,
    ],
    [
      "metrics.auc > champion.auc",
      facts({ auc: 0.9 }, { champion: { auc: 0.95 } }),
      "failed",
      /^metrics\.auc = 0\.9 is not more than champion\.auc = 0\.95 \(of bc:3\)\.$/,
    ],
    ["metrics.auc >= champion.auc - 1", facts({ auc: 0.5 }, { champion: { auc: 0.9 } }), "passed", /at least/],
    ["metrics.a / 2 > 0.1 && metrics.b < 1", facts({ a: 1, b: 2 }), "failed", /^metrics\.b = 2 is not less than 1\.$/],
    [
      "history.loss[0] > history.loss[size(history.loss) - 1]",
      facts({ loss: 1 }, { history: { loss: [3, 2, 1] } }),
      "passed",
      /more than/,
    ],
    ["history.loss.all(l, l < 4)", facts({ loss: 1 }, { history: { loss: [3, 5] } }), "failed", /does not hold/],
    ["has(metrics.x) && metrics.x > 1", facts({}), "failed", /does not hold|not more/],
    ['"x" in metrics ? metrics.x > 1 : true', facts({}), "passed", /holds/],
    [
      "metrics.acc >= 0.9",
      facts({ accuracy: 1, auc: 1 }),
      "failed",
      /^The job has no metric "acc"; it has accuracy, auc\.$/,
    ],
    ["metrics.acc >= 0.9", facts({}), "failed", /it has none/],
    [
      "metrics.auc > champion.acc",
      facts({ auc: 1 }, { champion: { auc: 1 } }),
      "failed",
      /^Bc:3 has no metric "acc"; it has auc\.$/,
    ],
    ["metrics.nan > 0.1", facts({ nan: Number.NaN }), "failed", /NaN is not more than/],
    ["metrics.nan < 0.1", facts({ nan: Number.NaN }), "failed", /not less than/],
    ["history.loss[7] > 1", facts({}, { history: { loss: [1] } }), "failed", /could not be judged/],
  ];
  for (const [text, given, outcome, detail] of table) {
    it(`${text} is ${outcome} for ${JSON.stringify(given.metrics)}`, () => {
      const result = judge(rule(text), given, "bc:3");
      assert.equal(result.outcome, outcome, result.detail);
      assert.match(result.detail, detail);
    });
  }

  const wrong: [string, RegExp][] = [
    ["metrics.accuracy =>= 0.9", /line 1, column 18: .*\n.*\n {21}\^/],
    ["metrics.accuracy", /says a double, not yes or no/],
    ["accuracy >= 0.9", /unknown variable: accuracy/],
    ["metrics.a > 'x'", /no such overload/],
    ["metrics.a > 0 &&", /EOF/],
    ["", /holds no rule/],
    ["# only a remark", /holds no rule/],
  ];
  for (const [text, message] of wrong) {
    it(`${JSON.stringify(text)} is no rule`, () => {
      assert.throws(
        () => parseRules(text),
        (error: unknown) => error instanceof TaskError && error.kind === "input" && message.test(error.message),
      );
    });
  }

  it("names every line at fault at once", () => {
    assert.throws(() => parseRules("metrics.a >\nmetrics.b > 1\nfoo > 1"), /line 1[\s\S]*line 3/);
  });

  it("knows what a rule cannot do without", () => {
    const { needs } = rule('metrics.a > champion["b c"] && history.l[0] > 1 && has(metrics.d) && metrics.d > 1');
    assert.deepEqual(
      [[...needs.metrics], [...needs.champion], [...needs.history], needs.asksChampion],
      [["a"], ["b c"], ["l"], true],
    );
  });

  it("agrees with arithmetic for every number and every comparison", () => {
    const compare = {
      ">=": (a: number, b: number) => a >= b,
      ">": (a: number, b: number) => a > b,
      "<": (a: number, b: number) => a < b,
    };
    fc.assert(
      fc.property(
        fc.double({ noNaN: true }),
        fc.integer({ min: 0, max: 1000 }),
        fc.constantFrom(...(Object.keys(compare) as (keyof typeof compare)[])),
        (value, bound, operator) => {
          const { outcome } = judge(rule(`metrics.m ${operator} ${bound}`), facts({ m: value }));
          assert.equal(outcome === "passed", compare[operator](value, bound));
        },
      ),
    );
  });

  it("never crashes on what people may type", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          for (const one of parseRules(text)) judge(one, facts({}));
        } catch (error) {
          assert.ok(error instanceof TaskError, String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});
