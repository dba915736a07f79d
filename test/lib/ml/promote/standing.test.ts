// The state of the target after a promotion that failed half-way, in the words of its error.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { Standing } from "../../../../lib/ml/promote/standing.ts";

describe("an error half-way through a promotion", () => {
  const fails = async (standing: Standing, error: Error) => {
    try {
      return await standing.during(() => Promise.reject(error));
    } catch (caught) {
      return caught as TaskError;
    }
  };

  it("says what is there by then, and keeps what it said before", async () => {
    const standing = new Standing("the registry models");
    const cause = new TaskError("forbidden", "You may not.", { errorCode: "AML1201", status: 403, hint: "Ask." });
    assert.equal(await fails(standing, cause), cause, "before anything is there it stays as it is");
    standing.is("m:1 is there without its tags");
    const error = (await fails(standing, cause)) as TaskError;
    assert.equal(error.message, "You may not. In the registry models m:1 is there without its tags.");
    assert.deepEqual([error.kind, error.errorCode, error.status], ["forbidden", "AML1201", 403]);
    assert.match(error.hint ?? "", /^Ask\. A second run continues from there/);
  });

  it("stays as it is where the pipeline was cancelled, or it is no error of ours", async () => {
    const standing = new Standing("the registry models");
    standing.is("x");
    for (const error of [new TaskError("canceled", "Cancelled."), new Error("a fault of the program")])
      assert.equal(await fails(standing, error), error);
  });
});
