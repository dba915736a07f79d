// A command line that cannot be run: what is wrong with it, for the person who typed it.

/** Its message is all that is printed; the program ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Runs a reader of a command line; what it throws, but for a UsageError, becomes one that ends with the command's usage. */
export function readWith<T>(usage: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${(error as Error).message}\n\n${usage}`);
  }
}
