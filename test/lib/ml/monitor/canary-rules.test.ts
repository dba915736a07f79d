// Rules of a canary: CEL over new and live; what is missing or no finite number never passes.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskError } from "../../../../lib/errors.ts";
import { CANARY_METRICS, type CanaryMetric, type CanaryNumbers } from "../../../../lib/ml/monitor/canary-numbers.ts";
import { type CanaryRule, judgeRule, parseCanaryRules, reads } from "../../../../lib/ml/monitor/canary-rules.ts";
import { defaultCanaryRules, defaultRulesAlone } from "../../../../lib/ml/monitor/default-rules.ts";

const rule = (text: string): CanaryRule => {
  const [one] = parseCanaryRules(text);
  assert.ok(one);
  return one;
};
const judged = (text: string, fresh: CanaryNumbers, live?: CanaryNumbers) =>
  judgeRule(rule(text), {
    fresh: { called: "green", numbers: fresh },
    live: live === undefined ? undefined : { called: "blue", numbers: live },
  });

describe("a canary's rules", () => {
  const table: [string, CanaryNumbers, CanaryNumbers | undefined, "pass" | "fail" | "inconclusive", RegExp][] = [
    [
      "new.errorRate <= live.errorRate + 0.01",
      { errorRate: 0.005 },
      { errorRate: 0.001 },
      "pass",
      /^new\.errorRate = 0\.005 is at most live\.errorRate \+ 0\.01 = 0\.011 \(of blue, whose errorRate is 0\.001\)\.$/,
    ],
    ["new.errorRate <= live.errorRate + 0.01", { errorRate: 0.05 }, { errorRate: 0 }, "fail", /0\.05 is not at most/],
    ["new.latencyP95 <= 1.2 * live.latencyP95", { latencyP95: 120 }, { latencyP95: 100 }, "pass", /= 120/],
    ["new.latencyP95 <= 1.2 * live.latencyP95", { latencyP95: 121 }, { latencyP95: 100 }, "fail", /not at most/],
    ["new.latencyP95 <= 2 * live.latencyP95", { latencyP95: 121 }, { latencyP95: 100 }, "pass", /at most/],
    ["new.requests >= 100", { requests: 99 }, undefined, "fail", /99 is not at least 100/],
    [
      "new.errorRate <= live.errorRate",
      { errorRate: 0 },
      {},
      "inconclusive",
      /^The live deployment blue has no metric "errorRate"; it has none\.$/,
    ],
    [
      "new.errorRate <= live.errorRate",
      { errorRate: 0 },
      undefined,
      "inconclusive",
      /^No live deployment has no metric|live deployment/,
    ],
    ["new.errorRate <= 0.1", {}, {}, "inconclusive", /^The new deployment green has no metric "errorRate"/],
    ["new.errorRate >= 0.0", { errorRate: Number.NaN }, {}, "inconclusive", /NaN/],
    ["new.latencyP95 / new.errors < 9.0", { latencyP95: 1, errors: 0 }, {}, "inconclusive", /no finite number/],
    ["new.errorRate <= 0.1 || live.errorRate > 0.5", { errorRate: 0 }, {}, "inconclusive", /errorRate/],
    ["!has(live.errorRate) || new.errorRate <= live.errorRate", { errorRate: 0 }, {}, "pass", /./],
    ["size(live) >= 0", { errorRate: 0 }, {}, "inconclusive", /no metric at all/],
    ["true", {}, {}, "pass", /holds/],
  ];
  for (const [text, fresh, live, outcome, sentence] of table) {
    it(`${text} is ${outcome} for ${JSON.stringify(fresh)} and ${JSON.stringify(live)}`, () => {
      const verdict = judged(text, fresh, live);
      assert.equal(verdict.outcome, outcome, verdict.sentence);
      assert.match(verdict.sentence, sentence);
    });
  }

  const wrong: [string, RegExp][] = [
    ["new.errorRate <=> 1", /line 1, column/],
    ["new.errorrate <= 0.1", /there is no new\.errorrate in the rule/],
    ["live['latency'] <= 100.0", /there is no live\.latency/],
    ["new.errorRate", /says a double, not yes or no/],
    ["metrics.accuracy > 0.9", /unknown variable: metrics/],
  ];
  for (const [text, message] of wrong) {
    it(`${text} is no rule`, () => {
      assert.throws(
        () => parseCanaryRules(text),
        (error: unknown) => error instanceof TaskError && error.kind === "input" && message.test(error.message),
      );
    });
  }

  it("name every line at fault at once, and pass over empty lines and remarks", () => {
    assert.throws(() => parseCanaryRules("# mine\n\nnew.a > 1\nnew.errors <= 3\nnew.b > 1"), /line 3[\s\S]*line 5/);
    assert.deepEqual(
      parseCanaryRules("# mine\r\n\r\nnew.errors <= 3").map(({ text, line }) => [text, line]),
      [["new.errors <= 3", 3]],
    );
  });

  it("stand as they would be written where nobody wrote any", () => {
    const sick = { errorRate: 0.3, latencyP95: 500 };
    const well = { errorRate: 0, latencyP95: 100 };
    const verdicts = (text: string, fresh: CanaryNumbers, live?: CanaryNumbers) =>
      text.split("\n").map((line) => judged(line, fresh, live).outcome);
    assert.deepEqual(verdicts(defaultCanaryRules, well, well), ["pass", "pass"]);
    assert.deepEqual(verdicts(defaultCanaryRules, sick, well), ["fail", "fail"]);
    assert.deepEqual(verdicts(defaultCanaryRules, {}, well), ["inconclusive", "inconclusive"]);
    assert.deepEqual(verdicts(defaultRulesAlone, sick), ["fail"]);
  });

  it("tell which numbers they read, so that no others are asked for", () => {
    assert.equal(reads(parseCanaryRules(defaultCanaryRules), ["cpu", "memory"]), false);
    assert.equal(reads([rule("new.memory <= 90")], ["cpu", "memory"]), true);
    assert.equal(reads([rule("new.memory <= 90")], ["memory"], "live"), false);
    assert.equal(reads([rule("new.all(name, new[name] >= 0.0)")], ["cpu"]), true);
  });

  it("never pass where a number that they speak of is missing or not finite, whatever is built around it", () => {
    const names = Object.keys(CANARY_METRICS) as CanaryMetric[];
    const around: ((bad: string) => string)[] = [
      (bad) => `${bad} <= 1e9`,
      (bad) => `!(${bad} > 1e9)`,
      (bad) => `${bad} != 0.5`,
      (bad) => `new.requests >= 0.0 || ${bad} > 0.0`,
      (bad) => `new.requests >= 0.0 ? true : ${bad} > 0.0`,
      (bad) => `[new.requests, ${bad}].exists(v, v >= 0.0)`,
      (bad) => `${bad} / ${bad} != 2.0`,
    ];
    const value = fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    fc.assert(
      fc.property(
        fc.constantFrom(...names.filter((name) => name !== "requests")),
        fc.constantFrom("new", "live"),
        fc.constantFrom(...around),
        value,
        (name, side, build, bad) => {
          const well = Object.fromEntries(names.map((one) => [one, 1])) as Record<CanaryMetric, number>;
          const { [name]: _gone, ...rest } = well;
          const sick: CanaryNumbers = bad === undefined ? rest : { ...rest, [name]: bad };
          const verdict = judged(build(`${side}.${name}`), side === "new" ? sick : well, side === "live" ? sick : well);
          assert.equal(verdict.outcome, "inconclusive", verdict.sentence);
        },
      ),
      { numRuns: 500 },
    );
  });
});
