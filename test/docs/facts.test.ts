// docs/facts: every citation in the code names a section that is there, and a section that no code cites says so.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./samples.ts";

const UNCITED = "*Cited nowhere in the code; background for maintainers.*";
const ROOTS = ["lib", "tasks", "local", "relay", "scripts", "test", "examples", "tab"];
const SELF = path.join("test", "docs", "facts.test.ts");

interface Section {
  readonly id: string;
  readonly level: number;
  readonly text: string;
}

interface Citation {
  readonly where: string;
  readonly page: string;
  /** Sections, and pairs for `#2 to #4`. */
  readonly sections: readonly string[];
  readonly ranges: readonly (readonly [string, string])[];
}

const SECTION = "[A-Z0-9]+(?:\\.[0-9]+)?";
/** Between two sections of one page, also over the end of a comment's line. */
const BETWEEN = "(?:,|,? and| to)\\s+(?:(?://|\\*)\\s+)?";
const CITATION = new RegExp(`docs/facts/([\\w.-]+?\\.md)((?:(?:${BETWEEN})?#${SECTION})*)`, "g");

/** `docs/facts/agent.md#1.1, #1.3` and `docs/facts/agent.md#2 to #4`, as comments have them. */
function citationsIn(text: string, where = ""): Citation[] {
  return [...text.matchAll(CITATION)].map(([, page = "", list = ""]) => {
    const parts = [...list.matchAll(new RegExp(`(${BETWEEN})?#(${SECTION})`, "g"))];
    const sections = parts.map(([, , section = ""]) => section);
    const ranges = parts.flatMap(([, before = ""], at) =>
      before.startsWith(" to") && at > 0 ? [[sections[at - 1]!, sections[at]!] as const] : [],
    );
    return { where, page, sections, ranges };
  });
}

/** Sections of a page: headings with an anchor in front of their number. */
function sectionsIn(text: string): Section[] {
  return text
    .split(/^(?=#{2,3} )/m)
    .slice(1)
    .flatMap((part) => {
      const [, marks = "", id = "", number = ""] = /^(#+) <a id="([^"]*)"><\/a>(\S+) /.exec(part) ?? [];
      assert.equal(id, number, `the anchor and the number of: ${part.split("\n")[0]}`);
      assert.notEqual(id, "", `an anchor for: ${part.split("\n")[0]}`);
      return [{ id, level: marks.length, text: part.slice(part.indexOf("\n")) }];
    });
}

/** Letters before nothing else, numbers as numbers: A.2 stands before A.10. */
const order = (id: string): number[] =>
  id.split(".").map((one) => (/^\d+$/.test(one) ? Number(one) : one.charCodeAt(0)));

function compare(a: string, b: string): number {
  const [left, right] = [order(a), order(b)];
  return left[0]! - right[0]! || (left[1] ?? -1) - (right[1] ?? -1);
}

/** Whether a section is meant by a citation: itself, the section that it is part of, or one between two that are named. */
function means({ sections, ranges }: Citation, id: string): boolean {
  const [chapter = ""] = id.split(".");
  return (
    sections.includes(id) ||
    sections.includes(chapter) ||
    ranges.some(([from, to]) => compare(from, id) <= 0 && (compare(id, to) <= 0 || chapter === to))
  );
}

function textFiles(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|dist|out|\.venv|\..*)$/.test(entry.name) ? [] : textFiles(name);
    return /\.(ts|mts|mjs|js|py|md|json|ya?ml|sh)$/.test(entry.name) && name !== SELF ? [name] : [];
  });
}

const folder = path.join(root, "docs", "facts");
const pages = readdirSync(folder).filter((name) => name.endsWith(".md"));
const textOf = (page: string) => readFileSync(path.join(folder, page), "utf8");
const sections = new Map(
  pages.filter((page) => page !== "README.md").map((page) => [page, sectionsIn(textOf(page))] as const),
);

const present = new Set(readdirSync(root));
const sources = ROOTS.filter((name) => present.has(name)).flatMap(textFiles);
const cited = sources.flatMap((name) => citationsIn(readFileSync(path.join(root, name), "utf8"), name));

describe("docs/facts", () => {
  it("is cited", () => assert.ok(cited.length >= 300, `${cited.length} citations`));

  it("has each section that the code cites", () => {
    const lost = cited.flatMap(({ where, page, sections: named }) => {
      const known = sections.get(page);
      if (known === undefined) return [`${where}: there is no docs/facts/${page}`];
      return named
        .filter((id) => !known.some((section) => section.id === id))
        .map((id) => `${where}: docs/facts/${page} has no section ${id}`);
    });
    assert.deepEqual(lost, []);
  });

  it("is cited in one form, by page and section", () => {
    const old = sources.filter((name) =>
      /(?<!docs\/)\bfacts\/0\d|docs\/facts\/\d|docs\/facts\/[\w-]+\.md,?\s+(?:(?:\/\/|\*)\s+)?(?:§ ?)?\d/.test(
        readFileSync(path.join(root, name), "utf8"),
      ),
    );
    assert.deepEqual(old, []);
  });

  it("says of a section whether the code cites it", () => {
    const untrue = [...sections].flatMap(([page, all]) => {
      const here = cited.filter((citation) => citation.page === page);
      return all.flatMap(({ id, level, text }, at) => {
        const chapter = level === 2 && all[at + 1]?.level === 3;
        const says = text.includes(UNCITED);
        const isCited = here.some((citation) => means(citation, id));
        if (says && isCited) return [`${page}#${id} says that no code cites it, and some does`];
        return says || isCited || chapter ? [] : [`${page}#${id} is cited nowhere: cite it, say so, or drop it`];
      });
    });
    assert.deepEqual(untrue, []);
  });

  it("numbers its sections upwards, each number once", () => {
    for (const [page, all] of sections)
      for (const [at, { id }] of all.entries())
        if (at > 0) assert.ok(compare(all[at - 1]!.id, id) < 0, `${page}: ${all[at - 1]!.id} stands before ${id}`);
  });

  it("links only to what is there", () => {
    const anchors = (page: string) =>
      page === "README.md"
        ? [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
            title
              .toLowerCase()
              .replace(/[^\w -]/g, "")
              .replaceAll(" ", "-"),
          )
        : sections.get(page)!.map(({ id }) => id);
    const dead = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\]\(([\w-]+\.md)?(?:#([\w.-]+))?\)/g)]
        .filter(([, other = page, anchor]) => !(pages.includes(other) && (!anchor || anchors(other).includes(anchor))))
        .map(([link]) => `${page}: ${link}`),
    );
    assert.deepEqual(dead, []);
  });

  it("lists its pages on the first one", () => {
    const listed = [...textOf("README.md").matchAll(/^\| \[([\w-]+\.md)\]/gm)].map(([, page]) => page!);
    assert.deepEqual([...listed].sort(), [...sections.keys()].sort());
  });
});

describe("a citation of docs/facts", () => {
  it("is read with its list and its range", () => {
    assert.deepEqual(citationsIn("as known (docs/facts/agent.md#1.1, #1.3 and #2 to #4).", "x.ts"), [
      { where: "x.ts", page: "agent.md", sections: ["1.1", "1.3", "2", "4"], ranges: [["2", "4"]] },
    ]);
    assert.deepEqual(citationsIn(" * (docs/facts/agent.md#1.1,\n * #1.3)")[0]?.sections, ["1.1", "1.3"]);
    assert.deepEqual(citationsIn("docs/facts/operations.md#B.6."), [
      { where: "", page: "operations.md", sections: ["B.6"], ranges: [] },
    ]);
  });

  it("means the parts of a section, and what lies between two", () => {
    const [citation] = citationsIn("docs/facts/agent.md#2 to #4, #5.2");
    const meant = ["1.9", "2", "2.5", "3", "4.1", "5", "5.2", "5.10"].filter((id) => means(citation!, id));
    assert.deepEqual(meant, ["2", "2.5", "3", "4.1", "5.2"]);
  });
});
