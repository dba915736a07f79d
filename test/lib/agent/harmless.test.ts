// Nothing that others wrote is a command of the agent, however it is cut into lines.
import assert from "node:assert/strict";
import fc from "fast-check";
import { harmless, harmlessLines } from "../../../lib/agent/harmless.ts";

describe("harmless", () => {
  it("breaks commands and styles anywhere in a line, and splits at CR as the agent does", () => {
    assert.deepEqual(harmlessLines("50%\r##vso[task.complete result=Succeeded]\r\nx ##vso[a.b]\n##[error]no"), [
      "50%",
      "##_vso[task.complete result=Succeeded]",
      "x ##_vso[a.b]",
      "##_[error]no",
    ]);
    assert.equal(harmless("###vso[a.b]c"), "###_vso[a.b]c");
    assert.equal(harmless("## heading, ##vso and [x] stay"), "## heading, ##vso and [x] stay");
  });

  it("leaves no marker in any text made of a marker's pieces", () => {
    const piece = fc.constantFrom("#", "##", "v", "vso", "vso[", "[", "o[", "\r", "\n", "_", "##vso[", "##[", "x");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join("");
        assert.doesNotMatch(harmless(text), /##vso\[|##\[|\r/);
        assert.equal(harmless(harmless(text)), harmless(text));
      }),
    );
  });
});
