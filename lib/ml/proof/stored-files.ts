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

/**
 * The SHA-256 of every file of a place; all bytes are read, and those of an early list beside the list of now.
 * @param expected files that ought to be there: they are read beside the list, which says whether that was what it shows
 */
export async function digestsAt(
  place: BlobPlace,
  what: string,
  signal: AbortSignal,
  expected: readonly FileDigest[] = [],
): Promise<FileDigest[]> {
  const read = new Map<string, Promise<FileDigest>>();
  // The same blob with the same mark has the same bytes.
  const keyOf = ({ path, blob: { etag, size } }: StoredFile) => JSON.stringify([path, etag.replace(/"/g, ""), size]);
  const digest = (file: StoredFile) => {
    const key = keyOf(file);
    const known = read.get(key) ?? digestOf(place, file, signal);
    read.set(key, known);
    return known;
  };
  const guessing = sideBySide(expected, AT_ONCE, async ({ path, size }) => {
    const found = await guessed(place, path, size, signal);
    if (found !== undefined) read.set(keyOf(found.file), Promise.resolve(found.digest));
  }).catch(() => {});
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
  await Promise.all([early, guessing]);
  return sideBySide(files, AT_ONCE, digest);
}

async function digestOf(place: BlobPlace, { blob, path }: StoredFile, signal: AbortSignal): Promise<FileDigest> {
  const hash = createHash("sha256");
  for await (const piece of piecesOf(place, blob, signal)) hash.update(piece);
  return { path, sha256: hash.digest("hex"), size: blob.size };
}

/** A file that no list has shown yet, as it is under the mark that its first bytes came with. @returns undefined where it is not there, or empty */
async function guessed({ container, path: folder }: BlobPlace, path: string, size: number, signal: AbortSignal) {
  if (size === 0) return undefined;
  const name = path === "." ? folder : folder === "" ? path : `${folder}/${path}`;
  const first = await container.start(name, Math.min(CHECKED_RANGE, size), signal);
  if (first === undefined) return undefined;
  const blob: BlobFile = { name, size, etag: first.etag, lastModified: new Date(0) };
  const hash = createHash("sha256").update(first.bytes);
  for await (const piece of piecesOf({ container, path: folder }, blob, signal, first.bytes.length)) hash.update(piece);
  return { file: { blob, path }, digest: { path, sha256: hash.digest("hex"), size } };
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

/** A blob in pieces of 4 MiB, from a byte on; the next is asked for while the caller has the last. */
async function* piecesOf(
  { container }: BlobPlace,
  blob: BlobFile,
  signal: AbortSignal,
  from = 0,
): AsyncGenerator<Buffer> {
  const ask = (offset: number) => {
    const piece = container.range(blob, offset, Math.min(CHECKED_RANGE, blob.size - offset), signal);
    // The caller that awaits it gets its failure; one that ended early does not.
    piece.catch(() => {});
    return piece;
  };
  let next = blob.size > from ? ask(from) : undefined;
  for (let offset = from + CHECKED_RANGE; next !== undefined; offset += CHECKED_RANGE) {
    const piece = await next;
    next = offset < blob.size ? ask(offset) : undefined;
    yield piece;
  }
}
