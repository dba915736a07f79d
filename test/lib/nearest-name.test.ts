// Distances between names, the nearest name, and what a sentence says of what there is.
import assert from "node:assert/strict";
import fc from "fast-check";
import { damerau, nearestName, whatItHas } from "../../lib/nearest-name.ts";

describe("nearest names", () => {
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
    assert.equal(nearestName("acc", ["auc", "accuracy"]), undefined, "either is as likely");
    assert.equal(nearestName("acc", ["auc"]), "auc");
    assert.equal(nearestName("envir", names), "environment");
    assert.equal(nearestName("zzz", names), undefined);
  });

  it("says what there is, at most twenty names, and what was meant", () => {
    assert.equal(whatItHas("bikess", ["bikes", "cars"]), "it has bikes, cars. Did you mean bikes?");
    assert.equal(whatItHas("trains", ["bikes", "cars"]), "it has bikes, cars.");
    assert.equal(whatItHas("bikes", []), "it has none.");
    const many = Array.from({ length: 25 }, (_, index) => `name-${index + 10}`);
    assert.match(whatItHas("other", many), /name-29 and 5 more\.$/);
    assert.match(whatItHas("name-344", many), / Did you mean name-34\?$/, "a name that is not shown is offered too");
  });
});
