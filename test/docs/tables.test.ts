// Tables of the documentation: every row stands in a table, since a blank line before it makes it plain text.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const SEPARATOR = /^\|(\s*:?-+:?\s*\|)+$/;

/** Rows without a table: neither below another row, nor above the line that makes one of it. */
function strayRows(text: string): string[] {
  const lines = text.replace(/^ *(```|~~~)[\s\S]*?^ *\1$/gm, "").split("\n");
  return lines.filter(
    (line, at) => line.startsWith("|") && !lines[at - 1]?.startsWith("|") && !SEPARATOR.test(lines[at + 1] ?? ""),
  );
}

describe("tables of the documentation", () => {
  it("hold all of their rows", () => {
    const pages = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (file) => file.endsWith(".md") && !/(^|[\\/])(node_modules|dist|out|\.git|\.venv)[\\/]/.test(file),
    );
    assert.ok(pages.length > 40, `${pages.length}`);
    const stray = pages.flatMap((page) =>
      strayRows(readFileSync(join(root, page), "utf8")).map((row) => `${page}: ${row}`),
    );
    assert.deepEqual(stray, []);
  });
});
