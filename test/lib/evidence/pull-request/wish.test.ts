// The inputs about pull requests: what is wished, and what is refused by its name.
import assert from "node:assert/strict";
import { readWish } from "../../../../lib/evidence/pull-request/wish.ts";

const read = (pullRequest: string, pullRequestName?: string, pullRequestThread = "activeOnFailure") =>
  readWish({ pullRequest, pullRequestName, pullRequestThread });

describe("the wish about a pull request", () => {
  it("is nothing, a comment, a status or both", () => {
    assert.equal(read("none"), undefined);
    assert.deepEqual(read("comment"), { comment: true, status: false, opensOnFailure: true, name: undefined });
    for (const both of ["comment, status", "Status,comment", "comment\nstatus", "comment;status"])
      assert.deepEqual(read(both, "churn", "closed"), {
        ...{ comment: true, status: true, opensOnFailure: false },
        name: "churn",
      });
  });

  it("is refused where it is none of these", () => {
    assert.throws(() => read("coment"), /^TaskError: Input pullRequest is "coment"; it can be none, comment, status/);
    assert.throws(() => read("none, status"), /Input pullRequest/);
    for (const name of ["a<b", "a|b", "x".repeat(101), "a\nb"])
      assert.throws(() => read("status", name), /Input pullRequestName/);
  });
});
