// The beginning of a sentence.
// Tests: test/lib/segment.test.ts

/** The text with a capital letter at its beginning. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
