// Plain scalars mean what PyYAML means by them, and become the text that Python's str() gives. The expectations were taken from PyYAML 6 and CPython 3.11.
import assert from "node:assert/strict";
import { plainScalar, pythonFloat } from "../../../../lib/documents/language/value.ts";

const EXPECTED: readonly (readonly [string, string, string])[] = [
  ["1", "integer", "1"],
  ["01", "integer", "1"],
  ["0o7", "string", "0o7"],
  ["08", "string", "08"],
  ["0b11", "integer", "3"],
  ["0x1f", "integer", "31"],
  ["1_000", "integer", "1000"],
  ["190:20:30", "integer", "685230"],
  ["100000000000000000000", "integer", "100000000000000000000"],
  ["1.", "float", "1.0"],
  [".5", "float", "0.5"],
  ["1e3", "string", "1e3"],
  ["1e-5", "string", "1e-5"],
  ["1.0e-5", "float", "1e-05"],
  ["1.5e+16", "float", "1.5e+16"],
  [".inf", "float", "inf"],
  ["-.INF", "float", "-inf"],
  [".nan", "float", "nan"],
  ["yes", "boolean", "True"],
  ["OFF", "boolean", "False"],
  ["y", "string", "y"],
  ["tRue", "string", "tRue"],
  ["~", "null", "None"],
  ["", "null", "None"],
  ["2022-07-10", "timestamp", "2022-07-10"],
  ["2022-07-10T10:00:00", "timestamp", "2022-07-10 10:00:00"],
  ["2022-07-10T10:00:00Z", "timestamp", "2022-07-10 10:00:00+00:00"],
  ["2022-7-1 3:04:05.25", "timestamp", "2022-07-01 03:04:05.250000"],
  ["2022-7-1", "string", "2022-7-1"],
  ["azureml:env@latest", "string", "azureml:env@latest"],
];

describe("spec value", () => {
  for (const [source, type, text] of EXPECTED)
    it(`reads ${JSON.stringify(source)} as ${type} ${text}`, () => {
      const value = plainScalar(source);
      assert.equal(value.type, type);
      assert.equal(value.text, text);
    });

  it("writes floats as Python's repr does", () => {
    const pairs: [number, string][] = [
      [1, "1.0"],
      [0.1, "0.1"],
      [1e-4, "0.0001"],
      [2.5e-7, "2.5e-07"],
      [1e16, "1e+16"],
      [123456789012345680, "1.2345678901234568e+17"],
      [-0, "-0.0"],
    ];
    for (const [value, text] of pairs) assert.equal(pythonFloat(value), text);
  });
});
