// Escaping of logging commands: nothing that others wrote is a command of the agent, however it is cut into lines.
import assert from "node:assert/strict";
import fc from "fast-check";
import { escapeCommands, escapedLines } from "../../../lib/agent/escape-commands.ts";

describe("harmless", () => {
  it("breaks commands and styles anywhere in a line, and splits at CR as the agent does", () => {
    assert.deepEqual(escapedLines("50%\r##vso[task.complete result=Succeeded]\r\nx ##vso[a.b]\n##[error]no"), [
      "50%",
      "##_vso[task.complete result=Succeeded]",
      "x ##_vso[a.b]",
      "##_[error]no",
    ]);
    assert.equal(escapeCommands("###vso[a.b]c"), "###_vso[a.b]c");
    assert.equal(escapeCommands("## heading, # vso and [x] stay"), "## heading, # vso and [x] stay");
  });

  it("breaks the bare word, of which the agent makes a warning with the whole line in it", () => {
    assert.equal(escapeCommands("see ##vso and ##VSO"), "see ##_vso and ##_VSO");
  });

  it("breaks markers that hold characters which a culture's comparison passes over", () => {
    for (const one of [
      "\u200b",
      "\u200d",
      "\u00ad",
      "\ufeff",
      "\u2060",
      "\u0000",
      "\u001b",
      "\u034f",
      "\ufe0f",
      "\u{e0001}",
    ]) {
      const between = [..."##vso["].join(one);
      const broken = escapeCommands(`x ${between}task.complete result=Succeeded]`);
      const seen = broken.replace(/[\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]/gu, "");
      assert.equal(seen, "x ##_vso[task.complete result=Succeeded]", JSON.stringify(one));
      assert.equal(escapeCommands(`#${one}#${one}[error]no`).replaceAll(one, ""), "##_[error]no", JSON.stringify(one));
    }
    assert.equal(escapeCommands("\u{1f468}\u200d\u{1f469} #\u200d# stays"), "\u{1f468}\u200d\u{1f469} #\u200d# stays");
  });

  it("takes time in proportion to a text, whatever it holds", () => {
    for (const piece of ["#", "#\u200b", "##\u200b", "##v\u200b", "\u200b", "##vs"]) {
      const time = (length: number) => {
        const text = `${piece.repeat(length / piece.length)}x`;
        const from = process.cpuUsage().user;
        escapeCommands(text);
        return process.cpuUsage().user - from;
      };
      time(1_000);
      const [short, long] = [time(200_000), time(2_000_000)];
      assert.ok(long < 40 * short + 500_000, `${JSON.stringify(piece)}: ${short} and ${long} microseconds`);
    }
  });

  it("leaves no marker in any text made of a marker's pieces", () => {
    const piece = fc.constantFrom("#", "##", "v", "vso", "vso[", "[", "o[", "\r", "\n", "_", "##vso[", "##[", "x");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join("");
        assert.doesNotMatch(escapeCommands(text), /##vso|##\[|\r/);
        assert.equal(escapeCommands(escapeCommands(text)), escapeCommands(text));
      }),
    );
  });
});
