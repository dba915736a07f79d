// Expectations of a reply.
import assert from "node:assert/strict";
import fc from "fast-check";
import { TaskError } from "../../../../lib/errors.ts";
import { meet, parseExpectations } from "../../../../lib/ml/endpoints/expectations.ts";

const one = (reply: unknown, text: string) => {
  const [result] = meet(reply, parseExpectations(text));
  assert.ok(result);
  return result;
};
const reply = { predictions: ["malignant", "benign"], p: [0.1, 0.9], n: 3, deep: { a: [{ b: 1 }, { b: 2 }] } };

describe("expectations", () => {
  const table: [string, boolean][] = [
    ['$.predictions[0] == "malignant"', true],
    ['$.predictions[0] != "benign"', true],
    ['$.predictions == ["malignant", "benign"]', true],
    ["$.p[*] <= 1", true],
    ["$.p[*] < 0.5", false],
    ["$.n >= 3", true],
    ["$.n>2", true],
    ['$.n > "2"', false],
    ["$.deep.a[?@.b == 2].b == 2", true],
    ["$['deep'].a[0] == {\"b\": 1}", true],
    ["$.predictions", true],
    ["$.nothing", false],
    ["$.nothing == 1", false],
    ["$.n == null", false],
  ];
  for (const [text, passed] of table) it(`${text} is ${passed}`, () => assert.equal(one(reply, text).passed, passed));

  it("shows the difference", () => {
    const { diff, detail } = one(reply, '$.predictions[0] == "benign"');
    assert.equal(diff, '  $.predictions[0]\n- "benign"\n+ "malignant"');
    assert.equal(detail, '$.predictions[0] is "malignant", not "benign".');
  });

  it("looks into a text that is JSON itself", () => assert.ok(one(JSON.stringify(reply), "$.n == 3").passed));

  it("leaves out remarks and empty lines", () => assert.equal(parseExpectations("# x\n\n$.n == 3\n").length, 1));

  const wrong: [string, RegExp][] = [
    ["predictions[0] == 1", /line 1.*no JSONPath/],
    ["$.label == benign", /benign is no JSON value/],
    ["$.n ==", /nothing is no JSON value/],
    ["$.a[ == 1", /no JSONPath/],
    ["$.n == 3\nfoo\n$.x == y", /line 2[\s\S]*line 3/],
  ];
  for (const [text, message] of wrong) {
    it(`${JSON.stringify(text)} is no expectation`, () =>
      assert.throws(() => parseExpectations(text), { kind: "input", message }));
  }

  it("never crashes on what people may type, nor on what endpoints may say", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, body) => {
        try {
          meet(body, parseExpectations(text));
        } catch (error) {
          assert.ok(error instanceof TaskError, String(error));
        }
      }),
    );
    fc.assert(fc.property(fc.jsonValue(), (body) => one(body, "$").passed));
  });
});
