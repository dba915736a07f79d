// Text that others wrote: cut to a stated length before anything else is done with it.
// Tests: test/lib/azure/failure.test.ts

/** Characters of an error's text that are looked at or shown. */
export const LONGEST_MESSAGE = 2_000;

/** The text, or its beginning with a word about the rest. No half of a character stays. */
export function bounded(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const isHalf = /[\ud800-\udbff]$/.test(text.charAt(limit - 1));
  return `${text.slice(0, isHalf ? limit - 1 : limit)}… (${text.length} characters)`;
}

/** The text, or its beginning with an ellipsis: `longest` characters at most. No half of a character stays. */
export const cut = (text: string, longest: number): string =>
  text.length <= longest ? text : `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, "")}…`;
