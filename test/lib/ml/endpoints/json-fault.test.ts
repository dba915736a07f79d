// Places of JSON syntax errors.
import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonFault } from "../../../../lib/ml/endpoints/json-fault.ts";

describe("faults in JSON", () => {
  const cases: [string, number | undefined][] = [
    ['{"a": [1, 2.5e3, "x\\u00fc", true, null, {}]}', undefined],
    ['{"a":\n  oops}', 8],
    ['{"a": 1,}', 8],
    ["[1, 2", 5],
    ["", 0],
    ["[1] x", 4],
    ['{"a" 1}', 5],
    ["{'a': 1}", 1],
    ["[01]", 2],
    ['"tab\there"', 0],
    ["]", 0],
    ["[}", 1],
  ];
  for (const [text, expected] of cases)
    it(`${JSON.stringify(text)}: ${expected}`, () => assert.equal(jsonFault(text), expected));

  it("agrees with JSON.parse on every text", () => {
    const piece = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      "1",
      "-0.5",
      "true",
      "null",
      " ",
      "\n",
      "x",
      '"',
      "\\",
      "e",
      "0",
    );
    const text = fc.oneof(
      fc.json(),
      fc.string(),
      fc.array(piece, { maxLength: 9 }).map((parts) => parts.join("")),
    );
    const isJson = (one: string) => {
      try {
        JSON.parse(one);
        return true;
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(text, (one) => assert.equal(jsonFault(one) === undefined, isJson(one))),
      { numRuns: 2000 },
    );
  });
});
