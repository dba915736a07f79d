// The pipelines of the documentation, each with a key that stays where lines move; what stands on two pages is one of them.
// Tests: test/docs/run-snippets.test.ts
import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { type Sample, snippets as snippetsOf } from "../../test/docs/samples.ts";

export interface Snippet extends Sample {
  /**
   * `Train, and see the log while it runs`, with `(2)` for the second one below a heading; before the heading of another page than
   * docs/usage.md stands the page: `docs/waiting.md: Waiting for several jobs`.
   */
  readonly key: string;
}

/** The page whose headings need no page before them. */
const RECIPES = path.join("docs", "usage.md");

/** Every pipeline of every page, in the order of the pages, that of the recipes first. Of those that say the same there is the first. */
export function keyedSnippets(root: string): Snippet[] {
  const seen = new Map<string, number>();
  const said = new Set<string>();
  return snippetsOf()
    .sort((one, other) => Number(other.file === RECIPES) - Number(one.file === RECIPES))
    .map((snippet) => {
      const heading = headingAbove(path.join(root, snippet.file), Number(snippet.name.split(":")[1]));
      const base = snippet.file === RECIPES ? heading : `${snippet.file}: ${heading}`;
      const count = (seen.get(base) ?? 0) + 1;
      seen.set(base, count);
      return { ...snippet, key: count === 1 ? base : `${base} (${count})` };
    })
    .filter(({ text }) => {
      const content = JSON.stringify(parse(text));
      return !said.has(content) && said.add(content);
    });
}

/** The last heading above a line, without its marks. What looks like one inside a code block is a remark of that code. */
function headingAbove(file: string, line: number): string {
  const above = readFileSync(file, "utf8")
    .split("\n")
    .slice(0, line - 1)
    .join("\n")
    .replace(/^( *)```[\s\S]*?^\1```$/gm, "");
  return (
    above
      .match(/^#{1,6} .*$/gm)
      ?.at(-1)
      ?.replace(/^#+ /, "") ?? ""
  );
}
