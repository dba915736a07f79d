// Links between the pages of the documentation: each leads to a file that is there, and to a heading that it has.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");
const FOLDERS = ["docs", "tasks", "examples", "relay", "local", "changes"];
const top = readdirSync(root).filter((name) => name.endsWith(".md"));
const below = FOLDERS.flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !/(^|[\\/])(node_modules|dist)[\\/]/.test(name))
    .map((name) => path.join(folder, name)),
);
const pages = [...top, ...below].sort();

/** A page without what stands in code, where brackets are no links. */
const prose = (text: string) => text.replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, "").replace(/`[^`\n]*`/g, "`code`");

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  const words = heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase();
  return words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "").replaceAll(" ", "-");
}

const anchors = new Map<string, ReadonlySet<string>>();
function anchorsOf(page: string): ReadonlySet<string> {
  const known = anchors.get(page);
  if (known !== undefined) return known;
  const text = readFileSync(path.join(root, page), "utf8").replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, "");
  const found = new Set<string>([...text.matchAll(/<a (?:id|name)="([^"]+)"/g)].map(([, id = ""]) => id));
  for (const [, heading = ""] of text.matchAll(/^ {0,3}#{1,6} +(.+?) *#*$/gm)) {
    const anchor = anchorOf(heading);
    let name = anchor;
    for (let more = 1; found.has(name); more++) name = `${anchor}-${more}`;
    found.add(name);
  }
  anchors.set(page, found);
  return found;
}

/** What is wrong with a page's links to other places of the repository. */
function deadLinks(page: string, text: string): string[] {
  const links = [...prose(text).matchAll(/\]\(<?([^)\s>]+)>?(?: "[^"]*")?\)/g)].map(([, link = ""]) => link);
  return links.flatMap((link) => {
    if (/^[a-z][\w+.-]*:/i.test(link)) return [];
    const [file = "", anchor] = link.split("#");
    // Change notes are gathered into CHANGELOG.md, beside which their links lead.
    const from = page.startsWith("changes") && !page.endsWith("README.md") ? "." : path.dirname(page);
    const target = file === "" ? page : path.join(from, decodeURI(file));
    if (!existsSync(path.join(root, target))) return [`${page}: there is no ${link}`];
    // Facts are cited by number, and test/docs/facts.test.ts resolves those; a file of code has lines.
    if (anchor === undefined || !target.endsWith(".md") || target.startsWith(path.join("docs", "facts"))) return [];
    return anchorsOf(target).has(anchor) ? [] : [`${page}: ${target} has no heading #${anchor}`];
  });
}

describe("links of the documentation", () => {
  it("lead to files and headings that are there", () => {
    assert.ok(pages.length > 60, `${pages.length}`);
    assert.deepEqual(
      pages.flatMap((page) => deadLinks(page, readFileSync(path.join(root, page), "utf8"))),
      [],
    );
  });

  it("are found dead where they are", () => {
    assert.deepEqual(deadLinks("README.md", "[a](docs/gone.md) [b](docs/usage.md#no-such-heading) [c](#nowhere)"), [
      "README.md: there is no docs/gone.md",
      "README.md: docs/usage.md has no heading #no-such-heading",
      "README.md: README.md has no heading #nowhere",
    ]);
    assert.deepEqual(deadLinks("README.md", "[a](docs/usage.md#judge-a-job) [b](https://example.com) `[c](x)`"), []);
  });

  it("reach every page of docs from the README, a page at most between", () => {
    const linked = (page: string) =>
      [...prose(readFileSync(path.join(root, page), "utf8")).matchAll(/\]\(([^)#\s]+\.md)/g)].map(([, link = ""]) =>
        path.join(path.dirname(page), link),
      );
    const first = linked("README.md").filter((page) => existsSync(path.join(root, page)));
    const second = first.flatMap((page) => linked(page));
    const reached = new Set([...first, ...second]);
    assert.deepEqual(
      pages.filter((page) => page.startsWith("docs") && !reached.has(page)),
      [],
    );
  });
});
