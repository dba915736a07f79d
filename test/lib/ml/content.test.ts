// A file or folder as it would be uploaded, and what cannot be.
import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readContent } from "../../../lib/ml/content.ts";
import { project } from "./projects.ts";

describe("local content", () => {
  const folder = project({
    "data/b.txt": "b",
    "data/A.txt": "aa",
    "data/.amlignore": "skip\n",
    "data/skip/x": "x",
    "data/.gitignore": "*",
  });
  const data = path.join(folder, "data");

  it("knows its files, in one order, without those that are ignored", () => {
    const content = readContent(data, folder);
    assert.equal(content.shown, "data");
    assert.equal(readContent(path.join(data, "b.txt"), folder).shown, "data/b.txt");
    assert.deepEqual(
      content.files.map(({ relative }) => relative),
      [".amlignore", ".gitignore", "A.txt", "b.txt"],
    );
    assert.deepEqual([content.name, content.isFolder, content.size], ["data", true, 5 + 1 + 2 + 1]);
  });

  it("has a hash that changes with content and names, and with nothing else", () => {
    const before = readContent(data).objectHash();
    writeFileSync(path.join(data, "skip", "x"), "changed, and ignored");
    assert.equal(readContent(data).objectHash(), before);
    const other = project({
      "data/b.txt": "b",
      "data/A.txt": "aa",
      "data/.amlignore": "skip\n",
      "data/.gitignore": "*",
    });
    assert.equal(readContent(path.join(other, "data")).codeHash(), readContent(data).codeHash());
    writeFileSync(path.join(other, "data", "b.txt"), "c");
    assert.notEqual(readContent(path.join(other, "data")).codeHash(), readContent(data).codeHash());
  });

  it("takes a single file by itself", () => {
    const content = readContent(path.join(data, "b.txt"));
    assert.deepEqual([content.isFolder, content.files.length, content.files[0]?.relative], [false, 1, "b.txt"]);
  });

  it("says what is beside a file that is not there, and that a link leads nowhere or away", () => {
    symlinkSync("/nowhere/at/all", path.join(folder, "broken"));
    symlinkSync(project({ secret: "s" }), path.join(folder, "away"));
    assert.throws(() => readContent(path.join(data, "c.txt")), {
      kind: "input",
      message: /no file or folder .*c\.txt\. In .*data there are \.amlignore/,
    });
    assert.throws(() => readContent(path.join(folder, "broken")), { kind: "input", message: /points to nothing/ });
    assert.throws(() => readContent(path.join(folder, "away"), folder), {
      kind: "input",
      message: /leads out of the repository by a link/,
    });
    assert.equal(readContent(path.join(folder, "away")).files.length, 1);
  });
});
