// lib/error-codes.json: the registry of stable error codes. docs/troubleshooting.md has its tables from it; a release publishes its codes.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatJson } from "./json.ts";

interface CodeEntry {
  /** The meaning of the code, in a few words. It never changes once it is published. */
  readonly title: string;
  /** Heading of docs/troubleshooting.md. */
  readonly section: string;
  /** Markdown: the sentences as the tasks write them, in italics with `...` for what differs, and what to do. */
  readonly rows: readonly { readonly see: string; readonly remedy: string }[];
}
/** By code, `AML1001`. */
export type ErrorCodes = Readonly<Record<string, CodeEntry>>;
/** Published codes and their titles. */
type PublishedCodes = Readonly<Record<string, string>>;

/** Where a release writes the codes that it publishes. */
export const PUBLISHED_CODES = "lib/error-codes.published.json";

export const readErrorCodes = (root: string): ErrorCodes =>
  JSON.parse(readFileSync(join(root, "lib/error-codes.json"), "utf8"));

/** The published codes; empty before the first release. */
export function readPublishedCodes(root: string): PublishedCodes {
  const file = join(root, PUBLISHED_CODES);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
}

/** The published codes at a release of these. */
export const publishedCodesFile = (codes: ErrorCodes): string =>
  formatJson(Object.fromEntries(Object.entries(codes).map(([code, { title }]) => [code, title])));

/** Everything wrong with the registry, as sentences: codes that would mean something else than the published ones among them. */
export function faultsOfErrorCodes(codes: ErrorCodes, published: PublishedCodes): string[] {
  const say = (code: string, sentence: string) => `lib/error-codes.json: ${code} ${sentence}`;
  const titles = new Map<string, string>();
  return [
    ...Object.entries(codes).flatMap(([code, { title, rows }]) => {
      const other = titles.get(title);
      titles.set(title, code);
      return [
        ...(/^AML1\d{3}$/.test(code) ? [] : [say(code, "is no code: AML1 and three digits are one.")]),
        ...(other === undefined ? [] : [say(code, `has the title of ${other}.`)]),
        ...(rows.length > 0 ? [] : [say(code, "has no row that says what to do.")]),
      ];
    }),
    ...Object.entries(published).flatMap(([code, title]) => {
      if (!(code in codes))
        return [say(code, "is published and gone: keep it, and say that no task reports it any more.")];
      const now = codes[code]?.title;
      return now === title ? [] : [say(code, `is published as "${title}", and means "${now}" now: take a new code.`)];
    }),
  ];
}

/** The page with the table of each section brought up to date. @throws Error for a section without its marks, and marks without codes */
export function troubleshootingFile(text: string, codes: ErrorCodes): string {
  const sections = new Set(Object.values(codes).map(({ section }) => section));
  const marked = [...text.matchAll(/^<!-- generated: errors of (.+) -->$/gm)].map(([, section = ""]) => section);
  const strange = [...sections]
    .filter((one) => !marked.includes(one))
    .concat(marked.filter((one) => !sections.has(one)));
  if (strange.length > 0)
    throw new Error(`docs/troubleshooting.md and lib/error-codes.json disagree on the section ${strange.join(", ")}.`);
  return marked.reduce((page, section) => {
    const [start, end] = [`<!-- generated: errors of ${section} -->`, "<!-- end: errors -->"];
    const from = page.indexOf(start) + start.length;
    const to = page.indexOf(end, from);
    if (to < 0) throw new Error(`docs/troubleshooting.md: the mark ${end} of ${section} is missing.`);
    const entries = Object.entries(codes).filter(([, entry]) => entry.section === section);
    return `${page.slice(0, from)}\n\n${tableOf(entries)}\n\n${page.slice(to)}`;
  }, text);
}

function tableOf(entries: readonly (readonly [string, CodeEntry])[]): string {
  const rows = entries.flatMap(([code, { title, rows }]) =>
    rows.map(({ see, remedy }, index) => {
      const first = index === 0 ? `<a id="${code.toLowerCase()}"></a>\`${code}\` ${title}` : `\`${code}\``;
      return `| ${first} | ${see} | ${remedy} |`;
    }),
  );
  return ["| Code | What you see | What to do |", "| --- | --- | --- |", ...rows].join("\n");
}
