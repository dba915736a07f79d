// Reads JSON that others wrote: it refuses a depth at which recursion would fail, and quotes none of it in an error.
// Tests: test/lib/azure/answers.test.ts

/** Levels that any answer of Azure's may have; a specification of a component nests some tens. */
export const DEEPEST = 500;

export type ReadJson = { readonly value: unknown } | { readonly fault: string };

/** The value, or why it is none. Linear in the text; never throws. */
export function readJson(text: string): ReadJson {
  if (text.trim() === "") return { fault: "nothing at all" };
  if (isDeep(text)) return { fault: `JSON of more than ${DEEPEST} levels` };
  try {
    return { value: JSON.parse(text) };
  } catch {
    // The parser's own message quotes the text.
    return { fault: text.trimStart().startsWith("<") ? "a page in place of JSON" : "something other than whole JSON" };
  }
}

/** Tests whether lists and objects are nested too deep. Linear in the text. */
export function isDeep(text: string): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isQuoted) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) isQuoted = false;
    } else if (code === 0x22) isQuoted = true;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > DEEPEST) return true;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return false;
}
