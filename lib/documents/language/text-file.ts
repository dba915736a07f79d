// The text of a file that a document or an input names: of a regular file and nothing else, so that reading it ends; a YAML file is UTF-8,
// with or without a mark at its begin, and anything else is refused at its place, before a parser guesses.
// Tests: test/lib/documents/language/source.test.ts

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { DocumentFault } from "./faults.ts";

/**
 * Reads a file as UTF-8. A pipe that nobody writes to, and a device without an end (a repository can hold a link to one), would
 * keep this process for ever, deaf to a cancel.
 * @throws Error with a `code` that completes "cannot be read (…)"
 */
export function readRegular(file: string): string {
  return readRegularBytes(file).toString("utf8");
}

/** As `readRegular`, as it is. */
function readRegularBytes(file: string): Buffer {
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

const IS_UTF_16 = "the file is written in UTF-16; a YAML file here is UTF-8.";
const HINT = "Save it as UTF-8 (most editors: Save with encoding).";

/**
 * Reads a YAML file, or another that is UTF-8.
 * @param name as faults call the file
 * @param sayUtf16 the sentence for a file in UTF-16
 * @throws DocumentFault where the file is no UTF-8; Error with a `code` as `readRegular` throws it
 */
export function readYamlText(file: string, name: string, sayUtf16 = IS_UTF_16): string {
  const bytes = readRegularBytes(file);
  if (isUtf16(bytes))
    throw new DocumentFault(sayUtf16, {
      errorCode: "AML1303",
      where: { file: name },
      hint: HINT,
    });
  const text = bytes.toString("utf8");
  if (bytes.equals(Buffer.from(text, "utf8"))) return text.replace(/^\uFEFF/, "");
  throw wrongByte(bytes, name);
}

/** By its mark, or by the zeros that every second byte of plain letters is. */
function isUtf16(bytes: Buffer): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const start = bytes.subarray(0, 200);
  if (start.length < 2) return false;
  let [even, odd] = [0, 0];
  for (const [index, byte] of start.entries()) {
    if (byte !== 0) continue;
    if (index % 2 === 0) even++;
    else odd++;
  }
  return Math.max(even, odd) * 4 > start.length && Math.min(even, odd) * 4 < Math.max(even, odd);
}

/** The first byte that is no part of UTF-8, at its line and column. */
function wrongByte(bytes: Buffer, name: string): DocumentFault {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let line = 1;
  let start = 0;
  for (;;) {
    const next = bytes.indexOf(0x0a, start);
    const row = bytes.subarray(start, next < 0 ? bytes.length : next);
    if (!isSound(decoder, row) || next < 0) break;
    start = next + 1;
    line++;
  }
  const row = bytes.subarray(start, bytes.indexOf(0x0a, start) < 0 ? bytes.length : bytes.indexOf(0x0a, start));
  let sound = 0;
  // A character has four bytes at most: a longer step over it fails only where it holds the wrong one.
  while (sound < row.length) {
    const size = [1, 2, 3, 4].find(
      (length) => sound + length <= row.length && isSound(decoder, row.subarray(sound, sound + length)),
    );
    if (size === undefined) break;
    sound += size;
  }
  const column = row.subarray(0, sound).toString("utf8").length + 1;
  const byte = (row[sound] ?? 0).toString(16).toUpperCase().padStart(2, "0");
  return new DocumentFault(`the byte 0x${byte} is no UTF-8.`, {
    errorCode: "AML1303",
    where: { file: name, line, column },
    hint: HINT,
  });
}

function isSound(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): boolean {
  try {
    decoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
