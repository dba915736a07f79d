// The content of a version in storage, as a list of files with checksums and one hash over it: how a source and its copy are compared.
// Tests: test/lib/ml/promote/content.test.ts
import { createHash } from "node:crypto";
import { type BlobFile, CHECKED_RANGE, sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { BlobPlace } from "../assets/held-files.ts";

interface ContentFile {
  readonly blob: BlobFile;
  /** Path below the version's folder; empty where the version is a single file. */
  readonly relative: string;
  /** In base64. */
  readonly md5: string;
}

export interface Content {
  readonly place: BlobPlace;
  /** Sorted by path. */
  readonly files: readonly ContentFile[];
  readonly isFolder: boolean;
  /** Last segment of the place: the folder's or the file's name. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 over a line for each file: its MD5, its length and its path. The same content has the same hash in any storage. */
  readonly hash: string;
}

/** Files without a checksum that are read at a time. */
const AT_ONCE = 4;

/**
 * Reads what lies at a place. One round trip for each 500 files; a file of which storage keeps no checksum is read whole, in pieces of 4 MiB.
 * @returns undefined where nothing lies there
 * @throws TaskError `service` where a file's name would lead out of a folder
 */
export async function contentAt(place: BlobPlace, signal: AbortSignal): Promise<Content | undefined> {
  const { container, path } = place;
  const blobs: { blob: BlobFile; relative: string }[] = [];
  for await (const blob of container.files(path, signal)) {
    // A prefix also matches names that are longer, such as `model-2` for `model`.
    if (blob.name !== path && path !== "" && !blob.name.startsWith(`${path}/`)) continue;
    const relative = blob.name === path ? "" : blob.name.slice(path === "" ? 0 : path.length + 1);
    requirePlain(relative);
    blobs.push({ blob, relative });
  }
  if (blobs.length === 0) return undefined;
  const files = await sideBySide(blobs, AT_ONCE, async (one) => ({
    ...one,
    md5: one.blob.md5 ?? (await md5Of(place, one.blob, signal)),
  }));
  files.sort((one, other) => (one.relative < other.relative ? -1 : 1));
  const lines = files.map(({ md5, blob, relative }) => `${md5} ${blob.size} ${relative}\n`);
  return {
    place,
    files,
    isFolder: !(files.length === 1 && files[0]?.relative === ""),
    name: path.split("/").at(-1) || "model",
    bytes: files.reduce((sum, { blob }) => sum + blob.size, 0),
    hash: createHash("sha256").update(lines.join("")).digest("hex"),
  };
}

/** A path is copied to another store as it is: no segment of it may lead elsewhere. */
function requirePlain(relative: string): void {
  if (relative === "" || relative.split("/").every((part) => part !== "" && part !== "." && part !== "..")) return;
  throw new TaskError(
    "service",
    `Storage holds a blob named ${JSON.stringify(relative.slice(0, 200))}, whose name would lead out of the model's folder.`,
    {
      errorCode: "AML1704",
      hint: "Someone may have put it there on purpose: look at who can write to that datastore.",
    },
  );
}

async function md5Of({ container }: BlobPlace, blob: BlobFile, signal: AbortSignal): Promise<string> {
  const hash = createHash("md5");
  for (let offset = 0; offset < blob.size; offset += CHECKED_RANGE)
    hash.update(await container.range(blob, offset, Math.min(CHECKED_RANGE, blob.size - offset), signal));
  return hash.digest("base64");
}
