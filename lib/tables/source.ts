// Byte sources of tables: files of this machine here, blobs in lib/ml. Each is read in ranges, so that none has to fit into memory.
// Tests: test/lib/tables/csv.test.ts
import { open, stat } from "node:fs/promises";
import { TaskError } from "../errors.ts";

/** A file that can be read in ranges. */
export interface ByteSource {
  /** As people know the file, for sentences. */
  readonly name: string;
  /** Its length in bytes. */
  readonly size: number;
  /** Bytes `offset` to `offset + count`, no fewer. */
  read(offset: number, count: number): Promise<Uint8Array>;
}

/** The largest range that storage has a checksum of, so that a blob is read in as few requests as can be checked. */
export const RANGE = 4 * 1024 * 1024;

/**
 * A file of this machine.
 * @throws TaskError `input` where it cannot be read
 */
export async function fileSource(path: string, name: string = path): Promise<ByteSource> {
  const { size } = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw unreadable(name, error.code ?? "unknown reason");
  });
  return {
    name,
    size,
    async read(offset, count) {
      const file = await open(path).catch((error: NodeJS.ErrnoException) => {
        throw unreadable(name, error.code ?? "unknown reason");
      });
      try {
        const bytes = Buffer.allocUnsafeSlow(count);
        let filled = 0;
        while (filled < count) {
          const { bytesRead } = await file.read(bytes, filled, count - filled, offset + filled);
          if (bytesRead === 0) throw unreadable(name, "it became shorter while it was read");
          filled += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    },
  };
}

/** The bytes of a source from its beginning, in ranges; the next one is on its way while the last one is used. */
export async function* bytesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  const range = (offset: number) => {
    const reading = source.read(offset, Math.min(RANGE, source.size - offset));
    // A failure is thrown where the range is awaited, and is not unhandled until then.
    reading.catch(() => {});
    return reading;
  };
  let next = source.size > 0 ? range(0) : undefined;
  for (let offset = RANGE; next !== undefined; offset += RANGE) {
    const bytes: Uint8Array = await next;
    next = offset < source.size ? range(offset) : undefined;
    yield bytes;
  }
}

export const unreadable = (name: string, why: string, cause?: unknown) =>
  new TaskError("input", `The file ${name} cannot be read as a table: ${why}.`, {
    errorCode: "AML1751",
    hint: "Tables are read from CSV (.csv, .tsv, also .gz), JSON lines (.jsonl, .ndjson) and Parquet (.parquet) files.",
    ...(cause === undefined ? {} : { cause }),
  });
