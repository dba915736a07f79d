// Words of a shell command.

/** Quotes a text as one word for the shell; placeholders within are still filled in. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
