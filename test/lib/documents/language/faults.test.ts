// Distances, nearest names and paths as text.
import assert from "node:assert/strict";
import fc from "fast-check";
import { damerau, formatPath, nearestName } from "../../../../lib/documents/language/faults.ts";

describe("spec faults", () => {
  it("counts insertions, deletions, replacements and swaps", () => {
    assert.equal(damerau("timeout", "timeout"), 0);
    assert.equal(damerau("timeuot", "timeout"), 1);
    assert.equal(damerau("timout", "timeout"), 1);
    assert.equal(damerau("", "abc"), 3);
  });

  it("is a distance: symmetric, zero only for equal words, never longer than the longer word", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (left, right) => {
        const distance = damerau(left, right);
        assert.equal(distance, damerau(right, left));
        assert.equal(distance === 0, left === right);
        assert.ok(distance <= Math.max(left.length, right.length));
      }),
    );
  });

  it("finds the nearest name, and none where none is near", () => {
    const names = ["instance_count", "instance_type", "environment", "command"];
    assert.equal(nearestName("instanceCount", names), "instance_count");
    assert.equal(nearestName("comand", names), "command");
    assert.equal(nearestName("env", names), undefined);
    assert.equal(nearestName("envir", names), "environment");
    assert.equal(nearestName("zzz", names), undefined);
  });

  it("writes paths", () => {
    assert.equal(formatPath(["jobs", "train", "list", 0, "a.b"]), 'jobs.train.list[0]["a.b"]');
  });
});
