// Marks "not verified" of the documentation, gathered for docs/status.md: each with its page and heading, so that nothing of it has to be searched for.
// Tests: test/docs/status.test.ts
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Mark {
  /** Relative to the root of the project. */
  readonly page: string;
  /** The heading under which it stands. */
  readonly heading: string;
  /** One line. */
  readonly text: string;
}

const MARK = /\bnot verified\b|\bis not tried\b|\bwere not tried\b/i;
/** A list that only leads to the marks is none. */
const NO_MARKS = new Set([
  "docs/status.md",
  "docs/privacy.md",
  "README.md",
  "overview.md",
  "SUPPORT.md",
  "CONTRIBUTING.md",
]);

/** Every mark of the pages that users read. Facts have marks of their own, which their pages explain. */
export function unverified(root: string): Mark[] {
  const below = ["docs", "tasks", "relay", "local", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => join(folder, name).replaceAll("\\", "/"))
      .filter((name) => name.endsWith(".md") && !/(^|\/)(node_modules|dist)\/|^docs\/facts\//.test(name)),
  );
  const pages = ["SECURITY.md", ...below].filter((page) => !NO_MARKS.has(page)).sort();
  return pages.flatMap((page) => marksOf(page, readFileSync(join(root, page), "utf8")));
}

/** The marks of one page: the whole of a section that is headed so, elsewhere the sentences that say it. */
export function marksOf(page: string, text: string): Mark[] {
  let heading = "";
  const found: Mark[] = [];
  for (const block of blocksOf(text)) {
    const head = /^#{1,6} +(.+)$/.exec(block)?.[1];
    if (head !== undefined) {
      heading = head;
      continue;
    }
    const words = MARK.test(heading) ? rowOf(block).join(": ") : sentencesWithMark(block);
    // What leads to a list or a table says nothing by itself.
    if (words !== "" && !words.endsWith(":")) found.push({ page, heading, text: words });
  }
  return found;
}

/** Paragraphs, items of lists, rows of tables and headings, each on one line; no code. */
function blocksOf(text: string): string[] {
  const prose = text
    .replace(/^( *)(```|~~~)[\s\S]*?^\1\2/gm, "")
    .replace(/<!--[\s\S]*?-->/g, "")
    // The head of a table.
    .replace(/^\|.*\n\|[ :|-]+\|$/gm, "");
  const parted = prose.replace(/^(?= *(?:[-*] |\d+\. |\||#))/gm, "\n").replace(/^(#.*)$/gm, "$1\n");
  return parted
    .split(/\n\s*\n/)
    .map((block) =>
      block
        .replace(/\s+/g, " ")
        .trim()
        .replace(/^(?:[-*]|\d+\.) /, ""),
    )
    .filter((block) => block !== "");
}

/** The cells of a table's row; any other block is one. */
function rowOf(block: string): string[] {
  if (!block.startsWith("|")) return [block];
  return block
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim())
    .filter((cell) => cell !== "");
}

function sentencesWithMark(block: string): string {
  if (!MARK.test(block)) return "";
  // The cell of a table's row that says it, after the row's name.
  const [name = "", ...cells] = rowOf(block);
  if (cells.length > 0) return [name, ...cells.filter((cell) => MARK.test(cell))].join(": ");
  const sentences = block.split(/(?<=[.?!]) (?=[A-Z*`[])/);
  return sentences.filter((sentence) => MARK.test(sentence)).join(" ");
}

const [START, END] = ["<!-- generated: unverified -->", "<!-- end: unverified -->"];

/** docs/status.md with the list brought up to date. @throws Error where its marks are missing */
export function statusFile(text: string, root: string): string {
  const [from, to] = [text.indexOf(START), text.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`docs/status.md: the marks ${START} and ${END} are missing.`);
  return `${text.slice(0, from + START.length)}\n${listOf(unverified(root))}\n${text.slice(to)}`;
}

function listOf(marks: readonly Mark[]): string {
  const pages = [...new Set(marks.map(({ page }) => page))];
  const parts = pages.map((page) => {
    const ours = marks.filter((mark) => mark.page === page);
    const link = page.startsWith("docs/") ? page.slice("docs/".length) : `../${page}`;
    const from = page.includes("/") ? page.slice(0, page.lastIndexOf("/") + 1) : "";
    return [
      `### [${page}](${link})`,
      "",
      ...ours.map(({ heading, text }) => `- *${plain(heading)}*: ${relinked(text, from)}`),
    ].join("\n");
  });
  return [`${marks.length} marks on ${pages.length} pages.`, ...parts].join("\n\n");
}

const plain = (heading: string) => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("*", "");

/** Links of the page, as they are from docs/. */
function relinked(text: string, from: string): string {
  return text.replace(
    /\[([^\]]*)\]\((?![a-z]+:)([^)#\s]*)(#[^)\s]*)?\)/gi,
    (_, words: string, file: string, anchor = "") => {
      if (file === "") return words;
      const parts = join("/", from, file).split(/[\\/]/).slice(1);
      return `[${words}](${parts[0] === "docs" ? parts.slice(1).join("/") : `../${parts.join("/")}`}${anchor})`;
    },
  );
}
