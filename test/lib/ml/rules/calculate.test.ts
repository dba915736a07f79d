// Calculations of rules: what comes to no finite number, or divides whole numbers and leaves the rest out, passes nowhere in a rule.
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Facts, judge, parseRules } from "../../../../lib/ml/gate/rules.ts";

const FACTS: Facts = {
  metrics: { one: 1, none: 0, most: 1e308, quarter: 0.25 },
  champion: { one: 1 },
  history: { loss: [3, 2, 1] },
};

/** How a rule ends: refused as it is read, or judged, with its sentence. */
function ended(text: string): { outcome: "refused" | "passed" | "failed"; said: string } {
  try {
    const [rule] = parseRules(text);
    assert.ok(rule);
    const { outcome, detail } = judge(rule, FACTS);
    assert.notEqual(outcome, "skipped");
    return { outcome: outcome === "passed" ? "passed" : "failed", said: detail };
  } catch (error) {
    return { outcome: "refused", said: String(error) };
  }
}

describe("a calculation in a rule", () => {
  const WRITTEN_OUT = [
    "metrics.one > -1/2",
    "metrics.one > -(1)/2",
    "metrics.one > 1/-2",
    "metrics.one > int(1)/int(2)",
    "metrics.one > double(1/2)",
    "metrics.one > (true ? 1 : 2)/4",
    "metrics.one > [1, 2][0]/4",
    "metrics.one > {'a': 1}['a']/2",
    "metrics.one > dyn(1)/dyn(2)",
    "1u/2u == 0u",
    "size([1, 2, 3])/2 == 1",
    "size('abc')/2 == 1",
    "[1/2].exists(x, metrics.one > x)",
    "metrics.one > int('7') / 2",
  ];
  for (const text of WRITTEN_OUT)
    it(`is refused where it is written out and leaves a rest: ${text}`, () => {
      const { outcome, said } = ended(text);
      assert.equal(outcome, "refused", said);
      assert.match(said, /line 1, column \d+: the rule .* divides whole numbers, which leaves the rest out: /);
    });

  const LEAVES_A_REST = [
    "size(history.loss)/2 == 1",
    "history.loss.size()/2 == 1",
    "(size(history.loss) + 0)/2 == 1",
    "double(size(history.loss)/2) == 1.0",
    "(metrics.one > 0.5 ? 1 : 2)/4 == 0",
    "int(metrics.one)/2 == 0",
    "[3].exists(x, x/2 == 1)",
    "[7, 8].map(x, x/2)[0] == 3",
    "[1].all(x, metrics.one > x/2)",
    "dyn(int(metrics.one))/2 == 0",
    "history.loss[size(history.loss)/2] == 2.0",
    "size(history.loss)/2 == 1 || metrics.one > 0.5",
  ];
  for (const text of LEAVES_A_REST)
    it(`fails where it leaves a rest: ${text}`, () => {
      const { outcome, said } = ended(text);
      assert.equal(outcome, "failed", said);
      assert.match(said, /divides whole numbers, which leaves the rest out; write double\(\.\.\.\) around one of them/);
    });

  const NOT_FINITE = [
    "(metrics.one + 1) / metrics.none > 0.5",
    "(metrics.one + 1.0) / (metrics.none * 2.0) > 0.5",
    "double(metrics.one / metrics.none) > 0.5",
    "[1.0].exists(x, metrics.one / metrics.none > x)",
    "[0.0].exists(x, metrics.one / x > 1.0)",
    "[0.0].map(x, metrics.one / x).all(y, y > 1.0)",
    "(metrics.most + metrics.most) * 1.0 > 1.0",
    "champion.one / metrics.none > 0.5",
    "metrics.one / metrics.none > 0.5 || metrics.none == 0.0",
    "metrics.one / metrics.none > 0.5 || metrics.one > 0.5",
    "metrics.none == 0.0 ? metrics.one / metrics.none > 0.5 : true",
    "metrics.none == 0.0 && metrics.one / metrics.none > 0.5",
    "metrics.none != 0.0 || metrics.one / metrics.none > 0.5",
    "int(metrics.one) / int(metrics.none) > 0",
    "dyn(metrics.one) / dyn(metrics.none) > 0.5",
    // CEL passes over an error beside `||` where the other side is true.
    "int(metrics.one) / int(metrics.none) > 0 || metrics.one > 0.5",
    "metrics.one > 1.0 || int(metrics.one) / int(metrics.none) > 0 || metrics.one > 0.5",
    "int(metrics.one) % int(metrics.none) > 0 || metrics.one > 0.5",
    "dyn(int(metrics.one)) / dyn(int(metrics.none)) > 0 || metrics.one > 0.5",
    "dyn(int(metrics.one)) % dyn(int(metrics.none)) > 0 || metrics.one > 0.5",
    "7u / uint(size(history.loss) - 3) > 0u || metrics.one > 0.5",
    "[0, 1].exists(x, 7 / x > 6)",
    "!(int(metrics.one) / int(metrics.none) > 0 && metrics.one > 1.0)",
  ];
  for (const text of NOT_FINITE)
    it(`fails where it comes to no finite number: ${text}`, () => {
      const { outcome, said } = ended(text);
      assert.equal(outcome, "failed", said);
      assert.match(said, /no finite number|division by zero/);
    });

  const RIGHT = [
    "metrics.quarter == 1.0/4",
    "metrics.quarter == -1.0/-4",
    "metrics.quarter > -1/2.0",
    "metrics.one == 4/2 - 1",
    "-4/2 == -2",
    "int(4)/int(2) == 2",
    "double(size(history.loss))/2 == 1.5",
    "int(double(size(history.loss))/2) == 1",
    "(size(history.loss) + 1)/2 == 2",
    "history.loss[(size(history.loss) - 1)/2] == 2.0",
    "[4, 6].all(x, x/2 > 1)",
    "size(history.loss) % 2 == 1",
    "metrics['one'] - (metrics.one - metrics.one) == 1",
    "'a' + 'b/c' == 'ab/c'",
    "[1.5] + [2.5] == [1.5, 2.5]",
    "!(metrics.one < metrics.quarter ? metrics.one / 2 > 1 : metrics.one - 1 > 0)",
    "(history.loss.map(l, l / 2).size() + 1) / 2 == 2",
    "has(metrics.one) && metrics.one / 2 == 0.5",
  ];
  for (const text of RIGHT)
    it(`passes where it is right: ${text}`, () => {
      const { outcome, said } = ended(text);
      assert.equal(outcome, "passed", said);
    });

  const GUARDED = [
    "metrics.none == 0 ? true : metrics.one / metrics.none > 0.5",
    "metrics.none == 0.0 || metrics.one / metrics.none > 0.5",
    "metrics.none == 0.0 || (metrics.one + 1) / metrics.none > 0.5",
    "!(metrics.none != 0.0 && metrics.one / metrics.none > 0.5)",
    "metrics.none > 0.0 ? metrics.one / metrics.none > 0.5 : metrics.one > 0.5",
    "(metrics.none == 0.0 ? 1.0 : metrics.one / metrics.none) > 0.5",
    "int(metrics.none) == 0 || int(metrics.one) / int(metrics.none) > 0",
    "int(metrics.none) == 0 || int(metrics.one) % int(metrics.none) == 0",
    "metrics.none == 0.0 || dyn(metrics.one) / dyn(metrics.none) > 0.5",
    "[0.0, 2.0].all(x, x == 0.0 || metrics.one / x > 0.1)",
    "metrics.one > 0.5 || size(history.loss)/2 == 1",
    "(metrics.none == 0.0 || champion.one / metrics.none > 0.5) && metrics.one > 0.5",
  ];
  for (const text of GUARDED)
    it(`passes where a guard keeps it from being evaluated: ${text}`, () => {
      const { outcome, said } = ended(text);
      assert.equal(outcome, "passed", said);
      assert.doesNotMatch(said, /Infinity|NaN/);
    });

  it("is not said where a guard makes the rule fail", () => {
    const { outcome, said } = ended("metrics.none == 0 ? false : metrics.one / metrics.none > 0.5");
    assert.deepEqual([outcome, said], ["failed", "metrics.none = 0 is equal to 0."]);
  });

  interface Built {
    readonly text: string;
    readonly whole: boolean;
    /** In decimals; undefined where a division left a rest, or anything came to no finite number. */
    readonly value: number | undefined;
  }
  const COMPUTE = {
    "+": (a: number, b: number) => a + b,
    "-": (a: number, b: number) => a - b,
    "*": (a: number, b: number) => a * b,
    "/": (a: number, b: number) => a / b,
  };
  function combined([left, operator, right]: [Built, keyof typeof COMPUTE, Built]): Built {
    const whole = left.whole && right.whole;
    const text = `(${left.text}) ${operator} (${right.text})`;
    if (left.value === undefined || right.value === undefined) return { text, whole, value: undefined };
    const value = COMPUTE[operator](left.value, right.value);
    const isSame = Number.isFinite(value) && (!whole || Number.isInteger(value));
    return { text, whole, value: isSame ? value + 0 : undefined };
  }

  it("is worth what it is in decimals, or passes nothing, however it is written", () => {
    const built = fc.letrec<{ number: Built }>((tie) => ({
      number: fc.oneof(
        { maxDepth: 3 },
        fc.integer({ min: 0, max: 9 }).map((value): Built => ({ text: String(value), whole: true, value })),
        fc.integer({ min: 0, max: 9 }).map((value): Built => ({ text: `int(${value})`, whole: true, value })),
        fc.integer({ min: 0, max: 9 }).map((value): Built => ({ text: `${value}.0`, whole: false, value })),
        fc.constantFrom<Built>(
          { text: "metrics.one", whole: false, value: 1 },
          { text: "metrics.none", whole: false, value: 0 },
          { text: "metrics['quarter']", whole: false, value: 0.25 },
          { text: "size(history.loss)", whole: true, value: 3 },
          { text: "history.loss[0]", whole: false, value: 3 },
        ),
        tie("number").map(
          ({ text, whole, value }): Built => ({
            text: `-(${text})`,
            whole,
            value: value === undefined ? undefined : 0 - value,
          }),
        ),
        fc
          .tuple(tie("number"), fc.constantFrom(...(Object.keys(COMPUTE) as (keyof typeof COMPUTE)[])), tie("number"))
          .map(combined),
      ),
    })).number;
    const around = fc.constantFrom<(text: string) => string>(
      (text) => text,
      (text) => `(metrics.one > 0.5) && (${text})`,
      (text) => `metrics.one > 0.5 ? (${text}) : false`,
      (text) => `[1.0].all(x, x > 0.5 && (${text}))`,
      (text) => `!(!(${text}))`,
    );
    fc.assert(
      fc.property(built, around, ({ text, value }, within) => {
        const compared = value === undefined ? `${text} == ${text}` : `(${text}) - (${value.toFixed(20)}) == 0.0`;
        const { outcome, said } = ended(within(compared));
        assert.equal(outcome === "passed", value !== undefined, `${within(compared)}: ${said}`);
      }),
      { numRuns: 600 },
    );
  });
});
