// Files of a version in storage, with their SHA-256: read in pieces, so that memory is bounded whatever a model weighs.
// Tests: test/tasks/model-proof.test.ts
import { createHash } from "node:crypto";
import { type BlobFile, CHECKED_RANGE, sideBySide } from "../../azure/index.ts";
import type { AssetKind } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import { bounded } from "../../remote-text.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { versionIn } from "../assets/assets.ts";
import type { BlobPlace } from "../assets/held-files.ts";
import type { FileDigest } from "../assets/model-prover.ts";
import type { Registry } from "../assets/registry.ts";
import { blobsOf, unreadable, uriOf } from "../assets/version-places.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** Files that are read at a time: of each, one piece of 4 MiB is hashed while the next is on its way. */
const AT_ONCE = 4;

interface StoredFile {
  readonly blob: BlobFile;
  /** `.` where the version is a single file. */
  readonly path: string;
}

/** Where a version's files are. @throws TaskError where this task cannot read them */
export async function placeOf(
  home: Workspace | Registry,
  kind: AssetKind,
  name: string,
  version: AssetBody,
): Promise<BlobPlace> {
  const place = await blobsOf(home, kind, name, version);
  if (place !== undefined) return place;
  throw unreadable(`${name}:${versionIn(version)}`, uriOf(version));
}

/** A blob as a file of a place; none where it is not of the place. */
function fileAt(path: string, blob: BlobFile): StoredFile[] {
  // A prefix also matches names that are longer, such as `model-2` for `model`.
  if (blob.name === path) return [{ blob, path: "." }];
  if (path !== "" && !blob.name.startsWith(`${path}/`)) return [];
  return [{ blob, path: blob.name.slice(path === "" ? 0 : path.length + 1) }];
}

/** One round trip for each 500 files. @throws TaskError `notFound` where nothing lies there */
async function filesAt({ container, path }: BlobPlace, what: string, signal: AbortSignal): Promise<StoredFile[]> {
  const files: StoredFile[] = [];
  for await (const blob of container.files(path, signal)) files.push(...fileAt(path, blob));
  if (files.length > 0) return files;
  throw new TaskError("notFound", `${what} has no files: nothing lies at ${bounded(path, 300)}.`, {
    errorCode: "AML1706",
    hint: "The job's output, or the folder in the datastore, that the version points at may have been deleted.",
  });
}

/** The SHA-256 of every file of a place; all bytes are read, and those of an early list beside the list of now. */
export async function digestsAt(place: BlobPlace, what: string, signal: AbortSignal): Promise<FileDigest[]> {
  const read = new Map<string, Promise<FileDigest>>();
  const digest = (file: StoredFile) => {
    // The same blob with the same mark has the same bytes.
    const key = JSON.stringify([file.path, file.blob.etag, file.blob.size]);
    const known = read.get(key) ?? digestOf(place, file, signal);
    read.set(key, known);
    return known;
  };
  const ahead = place.early?.then((blobs) =>
    sideBySide(
      blobs.flatMap((blob) => (blob.etag === undefined ? [] : fileAt(place.path, blob))),
      AT_ONCE,
      digest,
    ),
  );
  // A file that has changed since is in the list of now with another mark, and is read again.
  const early = ahead?.catch(() => {});
  const files = await filesAt(place, what, signal);
  await early;
  return sideBySide(files, AT_ONCE, digest);
}

async function digestOf(place: BlobPlace, { blob, path }: StoredFile, signal: AbortSignal): Promise<FileDigest> {
  const hash = createHash("sha256");
  for await (const piece of piecesOf(place, blob, signal)) hash.update(piece);
  return { path, sha256: hash.digest("hex"), size: blob.size };
}

/** The content of small files of these names, as far as they are there; others are not read. @throws TaskError `failed` for one that is longer than any of ours */
export async function contentsAt(
  place: BlobPlace,
  what: string,
  names: readonly string[],
  longest: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Buffer>> {
  const files = (await filesAt(place, what, signal)).filter(({ path }) => names.includes(path));
  const contents = await sideBySide(files, AT_ONCE, async ({ blob, path }) => {
    if (blob.size > longest)
      throw new TaskError(
        "failed",
        `The file ${bounded(path, 100)} of ${what} has ${blob.size} bytes, and at most ${longest} are read.`,
        {
          errorCode: "AML1713",
          hint: "No file of a proof is so long: look at who can write to that storage.",
        },
      );
    const pieces: Buffer[] = [];
    for await (const piece of piecesOf(place, blob, signal)) pieces.push(piece);
    return [path, Buffer.concat(pieces)] as const;
  });
  return new Map(contents);
}

/** A blob in pieces of 4 MiB; the next is asked for while the caller has the last. */
async function* piecesOf({ container }: BlobPlace, blob: BlobFile, signal: AbortSignal): AsyncGenerator<Buffer> {
  const ask = (offset: number) => {
    const piece = container.range(blob, offset, Math.min(CHECKED_RANGE, blob.size - offset), signal);
    // The caller that awaits it gets its failure; one that ended early does not.
    piece.catch(() => {});
    return piece;
  };
  let next = blob.size > 0 ? ask(0) : undefined;
  for (let offset = CHECKED_RANGE; next !== undefined; offset += CHECKED_RANGE) {
    const piece = await next;
    next = offset < blob.size ? ask(offset) : undefined;
    yield piece;
  }
}
