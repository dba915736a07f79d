// YAML syntax errors in plain words: the fault and its remedy; never the parser's words about its own functions.
import type { Document } from "yaml";

type Found = Document["errors"][number];

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: "Indent with spaces alone.",
  BAD_ALIAS: "Quote a value that begins with `*`, or define its anchor (`&name`) above it.",
  BAD_DQ_ESCAPE: "Put text with backslashes in single quotes.",
  BLOCK_AS_IMPLICIT_KEY: "Quote a value that holds `: `.",
};
const HINT = "Check the indentation, and quote values that hold `: `, `#` or `{`.";

/** The sentence and the hint for one error of the parser; the place stands before them. */
export function yamlFault({ code, message }: Found): { readonly sentence: string; readonly hint: string } {
  if (code === "MULTIPLE_DOCS")
    return {
      sentence: "a second document begins here; a file holds one.",
      hint: "Move what follows the line `---` into a file of its own.",
    };
  const end = /[.!?]$/.test(message) ? "" : ".";
  return {
    sentence: `this is no YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}${end}`,
    hint: HINTS[code] ?? HINT,
  };
}
