// Text of others as text and nothing more.

/**
 * Text as lines that the agent prints and nothing else: it takes `##vso[` anywhere in a line for a command and
 * `##[` at its start for a style (facts/02 2.1), and splits lines at CR too.
 */
export function harmlessLines(text: string): string[] {
  return text.split(/\r\n|\r|\n/).map((line) => line.replace(/##(?=vso\[|\[)/gi, "##_"));
}

export const harmless = (text: string): string => harmlessLines(text).join("\n");
