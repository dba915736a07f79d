// The text of a file that a document or an input names: a regular file and nothing else, so that reading it ends.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/**
 * Reads a file as UTF-8. A pipe that nobody writes to, and a device without an end (a repository can hold a link to one), would
 * keep this process for ever, deaf to a cancel.
 * @throws Error with a `code` that completes "cannot be read (…)"
 */
export function readRegular(file: string): string {
  return readRegularBytes(file).toString("utf8");
}

/** As `readRegular`, as it is. */
export function readRegularBytes(file: string): Buffer {
  const handle = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(handle);
    if (stats.isDirectory()) throw withCode("EISDIR");
    if (!stats.isFile()) throw withCode("it is a pipe, a socket or a device, and no file");
    return readFileSync(handle);
  } finally {
    closeSync(handle);
  }
}

const withCode = (code: string) => Object.assign(new Error(code), { code });
