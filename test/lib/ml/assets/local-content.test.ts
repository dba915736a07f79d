// A file or folder as it would be uploaded, and what cannot be.
import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { readContent } from "../../../../lib/ml/assets/local-content.ts";
import { project } from "../projects.ts";

describe("local content", () => {
  const folder = project({
    "data/b.txt": "b",
    "data/A.txt": "aa",
    "data/.amlignore": "skip\n",
    "data/skip/x": "x",
    "data/.gitignore": "*",
  });
  const data = path.join(folder, "data");

  it("knows its files, in one order, without those that are ignored", async () => {
    const content = await readContent(data, folder);
    assert.equal(content.shown, "data");
    assert.equal((await readContent(path.join(data, "b.txt"), folder)).shown, "data/b.txt");
    assert.deepEqual(
      content.files.map(({ relative }) => relative),
      [".amlignore", ".gitignore", "A.txt", "b.txt"],
    );
    assert.deepEqual([content.name, content.isFolder, content.size], ["data", true, 5 + 1 + 2 + 1]);
  });

  it("has a hash that changes with content and names, and with nothing else", async () => {
    const objectHash = async () => (await readContent(data)).objectHash();
    const codeHash = async (of: string) => (await readContent(of)).codeHash();
    const before = await objectHash();
    writeFileSync(path.join(data, "skip", "x"), "changed, and ignored");
    assert.equal(await objectHash(), before);
    const other = project({
      "data/b.txt": "b",
      "data/A.txt": "aa",
      "data/.amlignore": "skip\n",
      "data/.gitignore": "*",
    });
    assert.equal(await codeHash(path.join(other, "data")), await codeHash(data));
    writeFileSync(path.join(other, "data", "b.txt"), "c");
    assert.notEqual(await codeHash(path.join(other, "data")), await codeHash(data));
  });

  it("takes a single file by itself", async () => {
    const content = await readContent(path.join(data, "b.txt"));
    assert.deepEqual([content.isFolder, content.files.length, content.files[0]?.relative], [false, 1, "b.txt"]);
  });

  it("says what is beside a file that is not there, and that a link leads nowhere or away", async () => {
    symlinkSync("/nowhere/at/all", path.join(folder, "broken"));
    symlinkSync(project({ secret: "s" }), path.join(folder, "away"));
    await assert.rejects(readContent(path.join(data, "c.txt")), {
      kind: "input",
      message: /no file or folder .*c\.txt\. In .*data there are \.amlignore/,
    });
    await assert.rejects(readContent(path.join(folder, "broken")), { kind: "input", message: /points to nothing/ });
    await assert.rejects(readContent(path.join(folder, "away"), folder), {
      kind: "input",
      message: /leaves the repository by a link/,
    });
    assert.equal((await readContent(path.join(folder, "away"))).files.length, 1);
  });
});
