// Inputs of several lines, each of which is read by itself and may be at fault by itself.
import { TaskError, throwFaults } from "./errors.ts";

/**
 * Reads each line; empty lines and lines that start with `#` do not count.
 * @param read gets the trimmed line and its number from 1, and throws a TaskError where it cannot read it
 * @throws TaskError the only fault, or TaskErrors with all of them
 */
export function readLines<T>(text: string, read: (line: string, number: number) => T): T[] {
  const values: T[] = [];
  const faults: TaskError[] = [];
  for (const [index, written] of text.split(/\r\n|\r|\n/).entries()) {
    const line = written.trim();
    if (line === "" || line.startsWith("#")) continue;
    try {
      values.push(read(line, index + 1));
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      faults.push(error);
    }
  }
  throwFaults(faults);
  return values;
}
