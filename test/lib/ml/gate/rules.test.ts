// Rules: what they ask for, whether they hold, and the sentences that say why.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskError } from "../../../../lib/errors.ts";
import { type Facts, judge, parseRules } from "../../../../lib/ml/gate/rules.ts";

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
      /^Bc:3 has no metric "acc"; it has auc\. Did you mean auc\?$/,
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

  describe("that touch a metric which is no finite number", () => {
    const written = [
      "metrics.bad != 0.5",
      "!(metrics.bad >= 0.5)",
      "metrics.good > 0.5 || metrics.bad > 0.5",
      "metrics.good > 0.5 ? true : metrics.bad > 0.5",
      "metrics.good > 0.5 ? metrics.bad != 1 : false",
      "metrics['bad'] != 0.5 && metrics.good > 0.5",
      "has(metrics.bad)",
      "'bad' in metrics",
      "!has(metrics.bad) || metrics.good > 0.5",
      "string(metrics.bad) != '0.5'",
      "[metrics.good, metrics.bad].exists(v, v > 0.5)",
      "['good', 'bad'].exists(name, metrics[name] > 0.5)",
      "metrics.exists(name, metrics[name] > 0.5)",
      "size(metrics) == 2",
      "{'m': metrics}.m.good > 0.5",
      "(true ? metrics : champion).good > 0.5",
      "cel.bind(m, metrics, m.good > 0.5)",
      "champion.bad != 0.5",
      "!(metrics.good < champion.bad)",
      "champion.all(name, name != '')",
      "metrics != champion",
      "history.bad[0] >= 0.0 || history.bad.exists(v, v > 0.5)",
      "!history.bad.all(v, v > 0.9)",
    ];
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null as unknown as number])
      it(`fail by its name, however they are written, for ${bad}`, () => {
        const sick = { good: 0.9, bad };
        const given = { metrics: sick, champion: sick, history: { bad: [0.1, bad, 0.9], good: [0.9] } };
        for (const text of written) {
          const { outcome, detail } = judge(rule(text), given, "the champion bc:3");
          assert.equal(outcome, "failed", `${text}: ${detail}`);
          assert.match(detail, /"bad"/, text);
        }
      });

    it("pass as ever where they do not touch it", () => {
      const given = { metrics: { good: 0.9, bad: Number.NaN }, champion: { good: 0.8 }, history: { good: [0.9] } };
      for (const text of ["metrics.good > 0.5", "metrics.good > champion.good", "history.good.all(v, v > 0.5)"])
        assert.equal(judge(rule(text), given).outcome, "passed", text);
    });

    it("fail for a metric that is missing where a list of names or another branch hides it", () => {
      const given = facts({ good: 0.9 }, { champion: { good: 0.9 }, history: { good: [] } });
      for (const text of [
        "['nope', 'good'].exists(name, metrics[name] > 0.5)",
        "metrics.good > 0.5 || metrics.nope > 0.5",
        "{'m': metrics}.m.nope > 0.5 || metrics.good > 0.5",
        "history.good.all(v, v > 0.5)",
      ])
        assert.equal(judge(rule(text), given).outcome, "failed", text);
    });

    for (const text of [
      "metrics.all(name, metrics[name] > 0.5)",
      "!metrics.exists(name, metrics[name] < 0.5)",
      "metrics.filter(name, metrics[name] < 0.5).size() == 0",
      "metrics.map(name, metrics[name]).all(v, v > 0.5)",
      "size(metrics) >= 0",
      "metrics == metrics",
      "history.all(name, size(history[name]) > 0)",
    ])
      it(`fail where there is nothing to look at: ${text}`, () => {
        const result = judge(rule(text), facts({}));
        assert.equal(result.outcome, "failed", result.detail);
        assert.match(result.detail, /^The job has no metric at all\./);
      });
    for (const text of [
      "champion.all(name, metrics[name] >= champion[name])",
      "!champion.exists(n, champion[n] > 0.9)",
    ])
      it(`fail where the champion has nothing to look at: ${text}`, () => {
        const result = judge(rule(text), facts({ auc: 1 }, { champion: {} }), "bc:3");
        assert.equal(result.outcome, "failed", result.detail);
        assert.match(result.detail, /^Bc:3 has no metric at all\./);
      });

    it("fail where a calculation comes to no finite number", () => {
      const given = facts({ none: 0, some: 1 });
      for (const text of ["metrics.some / metrics.none > 1", "!(metrics.none / metrics.none > 1)"])
        assert.equal(judge(rule(text), given).outcome, "failed", text);
    });

    it("never pass, whatever is built around the metric", () => {
      type Built = { text: string; touches: boolean };
      const names = ["a", "b", "c"] as const;
      const numbers = fc.letrec<{ number: Built }>((tie) => ({
        number: fc.oneof(
          { maxDepth: 2 },
          fc
            .record({ name: fc.constantFrom(...names), of: fc.constantFrom("metrics", "champion") })
            .map(({ name, of }): Built => ({ text: `${of}.${name}`, touches: name === "c" })),
          fc.integer({ min: 0, max: 3 }).map((value): Built => ({ text: `${value}.5`, touches: false })),
          fc.tuple(tie("number"), fc.constantFrom("+", "-", "*"), tie("number")).map(
            ([left, operator, right]): Built => ({
              text: `(${left.text} ${operator} ${right.text})`,
              touches: left.touches || right.touches,
            }),
          ),
        ),
      })).number;
      const conditions = fc.letrec<{ condition: Built }>((tie) => ({
        condition: fc.oneof(
          { maxDepth: 4 },
          fc.tuple(numbers, fc.constantFrom(">", "<", ">=", "<=", "==", "!="), numbers).map(
            ([left, operator, right]): Built => ({
              text: `${left.text} ${operator} ${right.text}`,
              touches: left.touches || right.touches,
            }),
          ),
          fc.constantFrom<Built>(
            { text: "has(metrics.a)", touches: false },
            { text: "has(metrics.c)", touches: true },
            { text: "'c' in champion", touches: true },
            { text: "metrics.exists(n, n != '')", touches: true },
            { text: "[1.5, 2.5].exists(x, x > metrics.b)", touches: false },
            { text: "[1.5, 2.5].all(x, x != metrics.c)", touches: true },
            { text: "string(metrics.c) == 'x'", touches: true },
            { text: "history.c.exists(v, v > 0.1)", touches: true },
          ),
          tie("condition").map(({ text, touches }): Built => ({ text: `!(${text})`, touches })),
          fc.tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition")).map(
            ([left, operator, right]): Built => ({
              text: `(${left.text}) ${operator} (${right.text})`,
              touches: left.touches || right.touches,
            }),
          ),
          fc.tuple(tie("condition"), tie("condition"), tie("condition")).map(
            ([one, two, three]): Built => ({
              text: `(${one.text}) ? (${two.text}) : (${three.text})`,
              touches: one.touches || two.touches || three.touches,
            }),
          ),
        ),
      })).condition;
      fc.assert(
        fc.property(conditions, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY), (built, bad) => {
          const metrics = { a: 0.5, b: 1.5, c: bad };
          const history = { a: [0.5], b: [1.5], c: [0.5, bad] };
          const { outcome, detail } = judge(rule(built.text), { metrics, champion: metrics, history });
          if (built.touches) assert.equal(outcome, "failed", `${built.text}: ${detail}`);
        }),
        { numRuns: 500 },
      );
    });
  });

  it("agrees with arithmetic for every number and every comparison", () => {
    const compare = {
      ">=": (a: number, b: number) => a >= b,
      ">": (a: number, b: number) => a > b,
      "<": (a: number, b: number) => a < b,
    };
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
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
