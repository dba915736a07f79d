// Parts of addresses: what is a name for us is one for each server on the way.
import assert from "node:assert/strict";
import { segment } from "../../lib/segment.ts";

describe("a segment of an address", () => {
  it("is no folder above, nor nothing, with blanks around it", () => {
    for (const text of [".. ", " ..", "\u00a0..\u00a0", ". ", " ", "\u3000", "\ufeff.."])
      assert.throws(() => segment(text, "the name of the model"), { kind: "input" }, JSON.stringify(text));
    for (const text of ["...", "a..b", "a b", "．．", "1.0.0"])
      assert.equal(segment(text, "the name of the model"), encodeURIComponent(text));
  });
});
