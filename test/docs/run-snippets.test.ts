// Snippets of the documentation that `npm run docs:run` runs on local Azure, and those that are only read, each with its reason.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { GROUNDS } from "../../scripts/docs/grounds.ts";
import { NOT_RUN } from "../../scripts/docs/not-run.ts";
import { keyedSnippets } from "../../scripts/docs/snippets.ts";
import { root, snippets } from "./samples.ts";

describe("snippets that run", () => {
  const keys = keyedSnippets(root).map(({ key }) => key);

  it("have keys of their own", () => assert.equal(new Set(keys).size, keys.length));

  it("are all but those of a list that says why not, and names none that is gone", () => {
    assert.deepEqual(
      Object.keys(NOT_RUN).filter((key) => !key.startsWith("`") && !keys.includes(key)),
      [],
    );
    for (const [key, reason] of Object.entries(NOT_RUN)) assert.ok(reason.length > 20, key);
  });

  it("are told to the reader where they do not run", () => {
    const page = (name: string) => readFileSync(path.join(root, "docs", name), "utf8");
    const [usage, reliability] = [page("usage.md"), page("reliability.md")];
    for (const [key, reason] of Object.entries(NOT_RUN)) {
      const isRecipe = !key.startsWith("`") && !key.includes(".md: ");
      const line = key.startsWith("`") ? `- ${key}: ${reason}` : `- *${key}*: ${reason}`;
      assert.ok((isRecipe ? usage : reliability).includes(line), line);
    }
  });

  it("are each run once, also where two pages have the same", () => {
    const texts = keyedSnippets(root).map(({ text }) => JSON.stringify(parse(text)));
    assert.equal(new Set(texts).size, texts.length);
    const pagesOf = new Set(keyedSnippets(root).map(({ file }) => file));
    for (const page of ["README.md", "docs/waiting.md", "tasks/SubmitJob/README.md"])
      assert.ok(pagesOf.has(page), page);
    assert.deepEqual(
      snippets().filter(({ text }) => !texts.includes(JSON.stringify(parse(text)))),
      [],
    );
  });

  it("have grounds of their own for recipes that are there, of folders that are there", () => {
    const folders = readdirSync(path.join(root, "scripts", "docs", "grounds"));
    assert.deepEqual(
      Object.keys(GROUNDS).filter((key) => !keys.includes(key)),
      [],
    );
    const used = new Set(Object.values(GROUNDS).flatMap(({ folder }) => (folder === undefined ? [] : [folder])));
    assert.deepEqual([...used].sort(), folders.sort());
    for (const { folder = "", startedBy, beside = {}, again } of Object.values(GROUNDS))
      for (const file of [startedBy && "before.yml", ...Object.values(beside), again])
        if (file !== undefined)
          assert.ok(existsSync(path.join(root, "scripts", "docs", "grounds", folder, file)), file);
  });
});
