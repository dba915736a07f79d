// Words of a shell command.

/** One word for the shell, whatever stands in it; placeholders within are still filled in. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
