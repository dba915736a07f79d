// Escapes logging commands in text of others (logs, answers, file names), so that the agent prints them and never executes them.

/**
 * Characters that a comparison by culture passes over, as the agent's search for its marker is one (read in its source, not
 * run): controls, formats, and what Unicode lists as to be ignored. They may stand between the letters of a marker.
 */
const PASSED_OVER = "[\\p{Cc}\\p{Cf}\\p{Default_Ignorable_Code_Point}]*";

/** `##vso`, with or without its bracket, in any case; and `##[`. Linear: no two of its parts can take the same character. */
const MARKER = new RegExp(`#${PASSED_OVER}#(?=${PASSED_OVER}(?:${["v", "s", "o"].join(PASSED_OVER)}|\\[))`, "giu");

/**
 * Text as lines that the agent prints and nothing else: it takes `##vso[` anywhere in a line for a command, makes a warning
 * of `##vso` without one, takes `##[` at a line's start for a style (docs/facts/agent.md#2.1), and splits lines at CR too.
 */
export function escapedLines(text: string): string[] {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => (line.includes("#") ? line.replace(MARKER, (found) => `${found}_`) : line));
}

/** The same as one text. A text without `#` is not split, because logs are long. */
export function escapeCommands(text: string): string {
  if (text.includes("#")) return escapedLines(text).join("\n");
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}
