// Verifies that a location in storage holds exactly the given files: by names and lengths, by the checksums that storage keeps, and by the
// bytes where it keeps none. A tag, a property or an address is only a hint where to look.
// Tests: test/lib/ml/assets/stored-content.test.ts
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { type BlobFile, CHECKED_RANGE, type Container, sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { LocalContent } from "./local-content.ts";

/** A file or a folder of blobs; a path has no slash at its end. */
export interface BlobPlace {
  readonly container: Container;
  readonly path: string;
  /** The first blobs of an earlier list: what is read by them counts where a list of now has them too. */
  readonly early?: Promise<readonly BlobFile[]>;
}

/** Blobs that an early list takes: a page of a list, which is one request. */
const EARLY = 500;

/** Lists a place at once, before anybody knows whether it is wanted. Whoever awaits the list gets its failure. */
export function listedEarly({ container, path }: BlobPlace, signal: AbortSignal): BlobPlace {
  const list = async () => {
    const blobs: BlobFile[] = [];
    for await (const blob of container.files(path, signal)) if (blobs.push(blob) === EARLY) break;
    return blobs;
  };
  const early = list();
  early.catch(() => {});
  return { container, path, early };
}

const AT_ONCE = 8;

/** Whether the place holds these local files and no others. */
export function holdsContent(place: BlobPlace, content: LocalContent, signal: AbortSignal): Promise<boolean> {
  return provided(async () => {
    const blobs = await blobsAt(place, signal);
    const files = content.files.map((one) => ({ ...one, relative: content.isFolder ? one.relative : "" }));
    if (blobs.size !== files.length) return false;
    if (!files.every(({ relative, size }) => blobs.get(relative)?.size === size)) return false;
    return all(files, async ({ relative, path }) => {
      const blob = blobs.get(relative) as BlobFile;
      if (blob.md5) return (await md5Of(path)) === blob.md5;
      return sameBytes(blob.size, await readingFile(path), (offset, count) =>
        place.container.range(blob, offset, count, signal),
      );
    });
  });
}

/** Whether two places hold the same files. */
export function sameFiles(one: BlobPlace, other: BlobPlace, signal: AbortSignal): Promise<boolean> {
  return provided(async () => {
    const [left, right] = await Promise.all([blobsAt(one, signal), blobsAt(other, signal)]);
    if (left.size === 0 || left.size !== right.size) return false;
    if (![...left].every(([relative, { size }]) => right.get(relative)?.size === size)) return false;
    return all([...left], async ([relative, blob]) => {
      const twin = right.get(relative) as BlobFile;
      if (blob.md5 && twin.md5) return blob.md5 === twin.md5;
      const read = (offset: number, count: number) => other.container.range(twin, offset, count, signal);
      const reading = { read, close: async () => {} };
      return sameBytes(blob.size, reading, (offset, count) => one.container.range(blob, offset, count, signal));
    });
  });
}

/** The blobs of a place by their path below it; the empty path is the place itself, where it is a file. */
export async function blobsAt({ container, path }: BlobPlace, signal: AbortSignal): Promise<Map<string, BlobFile>> {
  const blobs = new Map<string, BlobFile>();
  for await (const blob of container.files(path, signal)) {
    // A prefix also matches names that are longer, such as `model-2` for `model`.
    if (blob.name === path) blobs.set("", blob);
    else if (blob.name.startsWith(`${path}/`)) blobs.set(blob.name.slice(path.length + 1), blob);
  }
  return blobs;
}

/** A place that is not there or cannot be read counts as holding other files. */
async function provided(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof TaskError && [400, 401, 403, 404, 412].includes(error.status ?? 0)) return false;
    throw error;
  }
}

/** Whether `holds` is true of every item; the rest is not looked at after the first of which it is not. */
async function all<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  let sound = true;
  await sideBySide(items, AT_ONCE, async (item) => {
    if (sound && !(await holds(item))) sound = false;
  });
  return sound;
}

interface Reading {
  read(offset: number, count: number): Promise<Buffer>;
  close(): Promise<void>;
}

async function readingFile(path: string): Promise<Reading> {
  const file = await open(path);
  return {
    async read(offset, count) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, offset);
      return buffer.subarray(0, bytesRead);
    },
    close: () => file.close(),
  };
}

async function sameBytes(
  size: number,
  one: Reading,
  other: (offset: number, count: number) => Promise<Buffer>,
): Promise<boolean> {
  try {
    for (let offset = 0; offset < size; offset += CHECKED_RANGE) {
      const count = Math.min(CHECKED_RANGE, size - offset);
      const [left, right] = await Promise.all([one.read(offset, count), other(offset, count)]);
      if (!left.equals(right)) return false;
    }
    return true;
  } finally {
    await one.close();
  }
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash("md5");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("base64");
}
