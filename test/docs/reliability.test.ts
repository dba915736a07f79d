// docs/reliability.md and SECURITY.md: each promise names a test that holds it, and each test that they name is there.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./samples.ts";

/** Titles of a test file as they stand in it, those of its tables (`what: "..."`) too; what a table fills in is `...`. */
function titlesIn(source: string): Set<string> {
  const calls = source.matchAll(/\b(?:(?:it|describe)\(|what:)\s*(?:"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g);
  return new Set(
    [...calls].map(([, text = "", template]) =>
      (template?.replaceAll(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, "...") ?? text).replaceAll(/\\(["`])/g, "$1"),
    ),
  );
}

/** Cells of the tables that have a column `Test`, without the table that `npm run test:red` writes. */
function rowsOf(markdown: string): { readonly promise: string; readonly tests: string }[] {
  const ours = markdown.replace(/<!-- Begin of what[\s\S]*?<!-- End of what it writes\. -->/, "");
  let column = -1;
  return ours.split("\n").flatMap((line) => {
    if (!line.startsWith("|")) {
      column = -1;
      return [];
    }
    const cells = line.split("|").map((cell) => cell.trim());
    if (column < 0) {
      column = cells.indexOf("Test");
      return [];
    }
    return /^[-\s|]+$/.test(line) ? [] : [{ promise: cells[1] ?? "", tests: cells[column] ?? "" }];
  });
}

for (const [file, atLeast] of [
  ["docs/reliability.md", 70],
  ["SECURITY.md", 25],
] as const)
  describe(file, () => {
    const rows = rowsOf(readFileSync(path.join(root, file), "utf8"));

    it("has promises", () => assert.ok(rows.length >= atLeast, `${rows.length} rows`));

    it("names for each promise a test that is there, by its whole title", () => {
      const wrong: string[] = [];
      for (const { promise, tests } of rows)
        for (const one of tests.split("<br>")) {
          const [, name = "", title = ""] = /^`(test\/[\w./-]+\.ts)` :: (.+)$/.exec(one.trim()) ?? [];
          const at = path.join(root, name);
          if (name === "" || !existsSync(at)) wrong.push(`${promise}\n    names no test file: ${one}`);
          else if ((title.match(/\w{2,}/g) ?? []).length < 3) wrong.push(`${name}: "${title}" says too little`);
          else if (!titlesIn(readFileSync(at, "utf8")).has(title)) wrong.push(`${name} has no test "${title}"`);
        }
      assert.equal(wrong.join("\n"), "");
    });
  });

describe("titles of tests", () => {
  it("are read as they stand in a file, with what a table fills in as three dots", () => {
    const source =
      'it("one \\"word\\"", f); describe(`of ${a.map((b) => ({ b }))} and ${c}`, g); it(\n  `two`, h); wait("x", y); const t = { what: "three" };';
    assert.deepEqual([...titlesIn(source)], ['one "word"', "of ... and ...", "two", "three"]);
  });

  it("are asked of every row of a table with tests, and of no other", () => {
    const table =
      "| Promise | Test |\n|---|---|\n| a | `test/a.ts` :: b |\n\n| Word | Meaning |\n|---|---|\n| c | d |\n";
    assert.deepEqual(rowsOf(table), [{ promise: "a", tests: "`test/a.ts` :: b" }]);
  });
});
