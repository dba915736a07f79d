// Paths into a document as text.
import assert from "node:assert/strict";
import { formatPath } from "../../../../lib/documents/language/faults.ts";

describe("spec faults", () => {
  it("writes paths", () => {
    assert.equal(formatPath(["jobs", "train", "list", 0, "a.b"]), 'jobs.train.list[0]["a.b"]');
  });
});
