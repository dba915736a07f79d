// Snippets of the documentation that `npm run docs:run` runs on local Azure, and those that are only read, each with its reason.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { GROUNDS } from "../../scripts/docs/grounds.ts";
import { NOT_RUN } from "../../scripts/docs/not-run.ts";
import { keyedSnippets } from "../../scripts/docs/run-snippets.ts";
import { root } from "./samples.ts";

describe("snippets that run", () => {
  const keys = keyedSnippets(root).map(({ key }) => key);

  it("have keys of their own", () => assert.equal(new Set(keys).size, keys.length));

  it("are all but those of a list that says why not, and names none that is gone", () => {
    assert.deepEqual(
      Object.keys(NOT_RUN).filter((key) => !keys.includes(key)),
      [],
    );
    for (const [key, reason] of Object.entries(NOT_RUN)) assert.ok(reason.length > 20, key);
  });

  it("are told to the reader where they do not run", () => {
    const page = readFileSync(path.join(root, "docs", "usage.md"), "utf8");
    for (const [key, reason] of Object.entries(NOT_RUN)) assert.ok(page.includes(`- *${key}*: ${reason}`), key);
  });

  it("have grounds of their own for recipes that are there, of folders that are there", () => {
    const folders = readdirSync(path.join(root, "scripts", "docs", "grounds"));
    assert.deepEqual(
      Object.keys(GROUNDS).filter((key) => !keys.includes(key)),
      [],
    );
    const used = new Set(Object.values(GROUNDS).flatMap(({ folder }) => (folder === undefined ? [] : [folder])));
    assert.deepEqual([...used].sort(), folders.sort());
    for (const { folder = "", startedBy } of Object.values(GROUNDS))
      if (startedBy !== undefined)
        assert.ok(existsSync(path.join(root, "scripts", "docs", "grounds", folder, "before.yml")));
  });
});
