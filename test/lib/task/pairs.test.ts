// name=value lines.
import assert from "node:assert/strict";
import { TaskErrors } from "../../../lib/errors.ts";
import { readPairs } from "../../../lib/task/pairs.ts";

describe("name=value lines", () => {
  it("are read with values that hold anything, remarks and empty lines left out", () => {
    assert.deepEqual(readPairs("a=1\r\n\n# b=2\n c = x=y z \nd=", "tags"), { a: "1", c: "x=y z", d: "" });
    assert.deepEqual(readPairs(undefined, "tags"), {});
    assert.deepEqual(Object.keys(readPairs("__proto__=x", "tags")), ["__proto__"]);
  });

  it("are refused with the input and every line at fault", () => {
    assert.throws(
      () => readPairs("a\nb=1\n=c\nb=2", "tags"),
      (error: Error) => {
        assert.ok(error instanceof TaskErrors);
        assert.deepEqual(
          error.errors.map((one) => one.message),
          [
            "Input tags, line 1: no name=value.",
            "Input tags, line 3: no name=value.",
            "Input tags, line 4: b is there twice.",
          ],
        );
        return true;
      },
    );
  });
});
