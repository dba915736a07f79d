// A file's tree, its places, and what is said of a file that cannot be read.
import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { readSource } from "../../../../lib/documents/index.ts";
import { plainValue } from "../../../../lib/documents/language/source.ts";
import { TaskError } from "../../../../lib/errors.ts";
import { faultsOf, project } from "../project.ts";

describe("spec source", () => {
  it("knows the line and column of every key and value", () => {
    const files = project();
    const { node } = files.yaml("name: a\ninputs:\n  data:\n    path: ./x\n");
    const inputs = node.entries.get("inputs");
    assert.ok(inputs?.kind === "map");
    assert.deepEqual(inputs.keys.get("data"), { file: "doc.yml", line: 3, column: 3 });
    const data = inputs.entries.get("data");
    assert.ok(data?.kind === "map");
    assert.deepEqual(data.entries.get("path")?.where, { file: "doc.yml", line: 4, column: 11 });
    files.remove();
  });

  it("resolves anchors, merges and block text", () => {
    const files = project();
    const file = files.yaml("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\ntext: |\n  a\n  b\nk: 2\nq: 'yes'\n");
    assert.deepEqual(plainValue(file.node), {
      base: { x: 1, y: 2 },
      use: { x: 1, y: 3 },
      text: "a\nb\n",
      k: 2,
      q: "yes",
    });
    files.remove();
  });

  it("says where a file is no YAML", () => {
    const files = project();
    const faults = faultsOf(() => files.yaml("name: a\ninputs: [1, 2\nother: b\n"));
    assert.ok(faults.length >= 1);
    assert.equal(faults[0]?.where?.file, "doc.yml");
    assert.ok((faults[0]?.where?.line ?? 0) >= 2);
    assert.match(faults[0]?.message ?? "", /^doc\.yml:\d+:\d+: this is no YAML: /);
    files.remove();
  });

  for (const [what, text, line, column, says] of [
    ["an alias without an anchor", "a: &count 2\nb: *cuont\n", 2, 4, /the alias \*cuont .* did you mean \*count\?/],
    ["an alias in a list", "a: &x 1\nb: [*x, *y]\n", 2, 9, /the alias \*y stands for nothing/],
    ["a merge of nothing", "a: 1\nb:\n  <<: *base\n", 3, 7, /the alias \*base stands for nothing/],
    ["an alias before its anchor", "a: *x\nb: &x 1\n", 1, 4, /the alias \*x stands for nothing/],
    ["a pattern that was meant as text", "path: *.csv\n", 1, 7, /the alias \*\.csv stands for nothing/],
    ["a tag of another tool", "a: !include env.yml\n", 1, 4, /the tag !include/],
    ["a tag on a mapping", "a: 1\nb: !vault {c: 1}\n", 2, 4, /the tag !vault/],
    ["an object of Python", "a: !!python/object:os.system x\n", 1, 4, /the tag !!python\/object:os\.system/],
    ["bytes", "a: !!binary aGVsbG8=\n", 1, 4, /the tag !!binary/],
    ["a control character", "a: 1\nb: x\u0007y\n", 2, 5, /the character U\+0007/],
    ["a zero byte", "a: x\u0000y\n", 1, 5, /the character U\+0000/],
  ] as const)
    it(`refuses what a parser lets pass without a word: ${what}`, () => {
      const files = project();
      const [fault, ...more] = faultsOf(() => files.yaml(text));
      assert.deepEqual([fault?.where, more.length], [{ file: "doc.yml", line, column }, 0]);
      assert.match(fault?.message ?? "", says);
      files.remove();
    });

  it("takes the tags that say what a value is anyway", () => {
    const files = project();
    const file = files.yaml("a: !!str 5\nb: !!int 6\nc: !!map {d: !!bool true}\ne: !!seq [!!float 0.5]\nf: !!null\n");
    assert.deepEqual(plainValue(file.node), { a: "5", b: 6, c: { d: true }, e: [0.5], f: null });
    files.remove();
  });

  for (const [what, text] of [
    ["empty", "# nothing\n"],
    ["a list", "- a\n"],
    ["a single value", "hello\n"],
  ] as const)
    it(`refuses a file that is ${what}`, () => {
      const files = project();
      assert.throws(
        () => files.yaml(text),
        (error: unknown) => error instanceof TaskError && error.kind === "input" && error.message.includes("mapping"),
      );
      files.remove();
    });

  it("refuses a missing file, a folder, and a link out of the repository", () => {
    const outside = project({ "secret.yml": "name: a\n" });
    const files = project({ "d/x.yml": "name: a\n" });
    symlinkSync(outside.at("secret.yml"), files.at("link.yml"));
    const refused = (name: string, pattern: RegExp) =>
      assert.throws(
        () => readSource(files.at(name), { root: files.folder }),
        (error: unknown) => error instanceof TaskError && error.kind === "input" && pattern.test(error.message),
      );
    refused("none.yml", /There is no file/);
    refused("d", /is a folder/);
    refused("link.yml", /leaves the repository by a link/);
    assert.equal(readSource(files.at("d/x.yml"), { root: files.folder }).folder, files.at("d"));
    files.remove();
    outside.remove();
  });

  it("ends on aliases that would expand without end", () => {
    const files = project();
    const lines = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const [name, before] of ["ba", "cb", "dc", "ed", "fe"].map((pair) => [pair[0], pair[1]]))
      lines.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(", ")}]`);
    assert.throws(() => files.yaml(lines.join("\n")), /aliases/);
    files.remove();
  });
});
