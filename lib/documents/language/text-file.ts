// The text of a YAML file: UTF-8, with or without a mark at its begin. Anything else is refused at its place, before a parser guesses.
import { SpecFault } from "./faults.ts";
import { readRegularBytes } from "./regular-file.ts";

const HINT = "Save it as UTF-8 (most editors: Save with encoding).";

/**
 * Reads a YAML file.
 * @param name as faults call the file
 * @throws SpecFault where the file is no UTF-8; Error with a `code` as `readRegular` throws it
 */
export function readYamlText(file: string, name: string): string {
  const bytes = readRegularBytes(file);
  if (isUtf16(bytes))
    throw new SpecFault("the file is written in UTF-16; a YAML file here is UTF-8.", {
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
function wrongByte(bytes: Buffer, name: string): SpecFault {
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
  return new SpecFault(`the byte 0x${byte} is no UTF-8.`, {
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
