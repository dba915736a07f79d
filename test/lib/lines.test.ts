// Inputs of several lines: what counts as a line, and how the faults of several are told.
import assert from "node:assert/strict";
import { TaskError, TaskErrors } from "../../lib/errors.ts";
import { readLines } from "../../lib/lines.ts";

const number = (line: string, at: number): number => {
  if (!/^\d+$/.test(line)) throw new TaskError("input", `line ${at}: ${line}`);
  return Number(line);
};

describe("lines of an input", () => {
  it("are read trimmed, without empty ones and remarks, whatever ends them", () => {
    assert.deepEqual(readLines(" 1\r\n\n# 2\r  3 ", number), [1, 3]);
    assert.deepEqual(readLines("", number), []);
  });

  it("tell the only fault as it is, with the line's number in the whole input", () => {
    assert.throws(
      () => readLines("1\n\nx", number),
      (error) => error instanceof TaskError && !(error instanceof TaskErrors) && error.message === "line 3: x",
    );
  });

  it("tell all faults together", () => {
    assert.throws(
      () => readLines("x\n1\ny", number),
      (error) => error instanceof TaskErrors && /line 1: x/.test(error.message) && /line 3: y/.test(error.message),
    );
  });

  it("pass on an error that is no fault of a line", () => {
    assert.throws(
      () =>
        readLines("1", () => {
          throw new RangeError("elsewhere");
        }),
      RangeError,
    );
  });
});
