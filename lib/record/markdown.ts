// Escapes text of others for markdown: cells, code, links, quotations. Nothing in it is markup afterwards.
// Tests: test/lib/record/summary.test.ts

/** A table of two columns without a head; rows without a value are left out. */
export function table(rows: readonly (readonly [string, string | undefined | ""])[]): string {
  const lines = rows.flatMap(([name, value]) => (value ? [`| ${name} | ${value} |`] : []));
  return ["|  |  |", "| --- | --- |", ...lines].join("\n");
}

/** Without line ends: those of Unicode, too, end a line and a table's row for some readers. */
const inLine = (text: string): string => text.replace(/\r\n|[\n\v\f\r\u0085\u2028\u2029]/g, " ");

/** Text of others in the middle of a line: nothing in it is markup. */
export const cell = (text: string): string =>
  inLine(text)
    .replace(/[\\`*_[\]~]/g, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    // Renderers differ over a pipe after backslashes; this form is a plain character in all of them.
    .replace(/\|/g, "&#124;");

/**
 * Text of others as code. A backtick ends the code, and a pipe a table's cell even there: after a backslash readers differ
 * over it, so that a text with both is no code.
 */
export function code(text: string): string {
  const inner = inLine(text).replace(/`/g, "'");
  if (inner.includes("|") && inner.includes("\\")) return cell(text);
  // Some readers let a trailing backslash escape the end of the code.
  return `\`${inner.replace(/\|/g, "\\|").replace(/\\$/, "\\ ")}\``;
}

/** A link to an https address; anything else becomes code. */
export const link = (text: string, url: string | undefined): string =>
  url !== undefined && /^https:\/\/[^\s()<>"|]+$/.test(url) ? `[${cell(text)}](${url})` : code(text);

/** Text of others as a quotation, line by line. */
export const quote = (text: string): string =>
  text
    .split(/\r\n|\r|\n/)
    // At the start of a line more signs are markup: headings, lists, quotes.
    .map(
      (line) =>
        `> ${cell(line.trim())
          .replace(/^(?=[#>+=-])/, "\\")
          .replace(/^(\d+)(?=[.)])/, "$1\\")}`,
    )
    .join("  \n");

/** Between two times as ISO 8601 has them; undefined where that is no time. */
export function duration(started: string | undefined, finished: string | undefined): string | undefined {
  const seconds = Math.round((Date.parse(finished ?? "") - Date.parse(started ?? "")) / 1000);
  if (!Number.isFinite(seconds) || seconds < 0) return undefined;
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds} s` : `${minutes} min ${seconds % 60} s`;
}
