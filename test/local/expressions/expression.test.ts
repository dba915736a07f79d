// The expression language: literals, conversions, every function, and what it says about faults.
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkExpression, evaluate, type Scope, toText, type Value } from "../../../local/expressions/evaluate.ts";
import { ExpressionError, parseExpression } from "../../../local/expressions/expression.ts";

const scope: Scope = {
  names: {
    variables: (key) =>
      (({ "build.sourcebranch": "refs/heads/main", empty: "", number: "10", flag: "true" }) as Record<string, string>)[
        key.toLowerCase()
      ] ?? null,
    dependencies: { A: { result: "Succeeded", outputs: { "step.x": "42" } }, B: { result: "Failed", outputs: {} } },
    list: ["a", "b"],
  },
  functions: { always: () => true },
};
const value = (text: string): Value => evaluate(parseExpression(text), scope);

describe("expressions of pipelines", () => {
  const table: readonly (readonly [string, Value])[] = [
    ["'it''s'", "it's"],
    ["-1.5", -1.5],
    ["True", true],
    ["null", null],
    ["variables['Build.SourceBranch']", "refs/heads/main"],
    ["variables.flag", "true"],
    ["variables['nothing']", null],
    ["eq(variables['nothing'], '')", true],
    ["eq('', variables['nothing'])", true],
    ["eq('ABC', 'abc')", true],
    ["eq(1, '1')", true],
    ["eq(1, 'one')", false],
    ["eq(true, 'anything')", true],
    ["eq('true', true)", true],
    ["eq(variables.flag, 'True')", true],
    ["ne('a', 'b')", true],
    ["and(true, eq(1, 1), 'x')", true],
    ["and(false, lt('not', 1))", false],
    ["or(false, '', 0, null)", false],
    ["not('')", true],
    ["xor(true, false)", true],
    ["in('B', 'a', 'b')", true],
    ["notIn('C', 'a', 'b')", true],
    ["gt(10, variables.number)", false],
    ["ge(10, variables.number)", true],
    ["lt(9, variables.number)", true],
    ["le('a', 'B')", true],
    ["lt(1.2.3, '1.10.0')", true],
    ["contains('Hello', 'ELL')", true],
    ["startsWith(variables['Build.SourceBranch'], 'refs/heads/')", true],
    ["endsWith('file.YML', '.yml')", true],
    ["containsValue(list, 'B')", true],
    ["coalesce(variables.empty, variables.nothing, 'last')", "last"],
    ["format('{0}-{1} {{0}}', 'a', 2)", "a-2 {0}"],
    ["join(';', list)", "a;b"],
    ["split('a,b;c', ',;')[2]", "c"],
    ["length(list)", 2],
    ["lower('AbC')", "abc"],
    ["upper('AbC')", "ABC"],
    ["trim('  x ')", "x"],
    ["replace('a.b', '.', '_')", "a_b"],
    ["dependencies.A.outputs['step.x']", "42"],
    ["dependencies.a.result", "Succeeded"],
    ["dependencies.C.result", null],
    ["containsValue(dependencies.*.result, 'Failed')", true],
    ["dependencies['A']['outputs']['step.x']", "42"],
    ["always()", true],
    ["convertToJson(list)", '[\n  "a",\n  "b"\n]'],
  ];
  for (const [text, expected] of table) {
    it(`${text} is ${JSON.stringify(expected)}`, () => assert.deepEqual(value(text), expected));
  }

  const faults: readonly (readonly [string, RegExp])[] = [
    ["eq(1, 2", /ends too early/],
    ["eq(1 2)", /Unexpected symbol: '2'; ',' or '\)' was expected. Located at position 6/],
    ["eq($(a), 1)", /Unexpected symbol: '\$'. Located at position 4/],
    ["'open", /A string that begins at position 1 does not end/],
    ["", /empty/],
    ["eq(1, 2) and", /should end here/],
    ["equal(1, 2)", /Unrecognized function: 'equal'/],
    ["variable['a']", /Unrecognized value: 'variable'; here there is variables/],
    ["eq(1)", /The function 'eq' takes 2 parameters, not 1/],
    ["and(true)", /The function 'and' takes 2 or more parameters, not 1/],
  ];
  for (const [text, message] of faults) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const check = () => checkExpression(parseExpression(text), ["variables"], ["always"]);
      assert.throws(check, (error: unknown) => error instanceof ExpressionError && message.test(error.message));
    });
  }

  it("cannot compare what cannot be converted", () => {
    assert.throws(() => value("lt(1, 'x')"), /Unable to convert 'x'/);
  });

  it("writes strings so that it reads them back, and never fails otherwise than by an ExpressionError", () => {
    fc.assert(fc.property(fc.string(), (text) => value(`'${text.replaceAll("'", "''")}'`) === text));
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          return toText(evaluate(parseExpression(text), { names: {}, functions: {} })).length >= 0;
        } catch (error) {
          return error instanceof ExpressionError;
        }
      }),
    );
  });
});
