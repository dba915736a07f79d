// Files from storage into a folder: in pieces side by side, going on where an earlier try stopped, held against their
// checksums, and never outside the folder.
import { setMaxListeners } from "node:events";
import { mkdir, realpath } from "node:fs/promises";
import path from "node:path";
import { TaskError } from "../errors.ts";
import { isGit } from "../git-folder.ts";
import { type BlobFile, CHECKED_RANGE, placeInside } from "./blob-files.ts";
import type { Container } from "./blobs.ts";
import { Budget } from "./budget.ts";
import { inTheWay, lookAt, md5Of, Part, partsIn, sayLocal } from "./download-part.ts";
import { fileNameFault, shownFile } from "./local-file-names.ts";
import { sideBySide } from "./parallel.ts";

/** A blob, and its path below the folder, with `/`. */
export interface FileToDownload {
  readonly blob: BlobFile;
  readonly relative: string;
}

export interface DownloadReport {
  /** Files that were there already, with the same content. */
  readonly kept: number;
  /** Files that were brought, wholly or to the end of an earlier try. */
  readonly brought: number;
  /** Bytes that travelled. */
  readonly bytes: number;
}

/** Files, and pieces of one file, that are looked at side by side. */
const FILES_AT_ONCE = 16;
const AT_ONCE = 8;
/** Bytes that are in memory on their way here. */
const ON_THEIR_WAY = 16 * 1024 * 1024;

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** A folder that the target lies in: nothing between the two may be a link. The target itself where absent. */
  readonly within?: string | undefined;
}

/**
 * Brings the files into `folder`, which is made if it is missing. A file that holds the blob's content already is left
 * alone: by its checksum, or, where the blob has none, by size and time. Each file is in its place as soon as it is whole.
 * @throws TaskError where a name leads out of the folder, also by a link, or cannot be kept here, before anything is
 * written; or where content does not arrive whole
 */
export async function downloadFiles(
  container: Container,
  files: readonly FileToDownload[],
  folder: string,
  given: AbortSignal | DownloadOptions = {},
): Promise<DownloadReport> {
  const { signal, within }: DownloadOptions = given instanceof AbortSignal ? { signal: given } : given;
  // Each piece is cancelled by the signal during its transfer.
  if (signal) setMaxListeners(4 * FILES_AT_ONCE, signal);
  const root = path.resolve(folder);
  const top = path.resolve(within ?? root);
  const targets = [...distinct(root, files)];
  refuseHistory(top, root, targets);
  if (within === undefined && (await lookAt(root))?.isSymbolicLink()) throw inTheWay(root, "link");
  await mkdir(top, { recursive: true });
  await makeParents(top, path.join(root, "x"));
  const real = await realpath(root);
  const left = new Map<string, readonly string[]>();
  for (const [target] of targets) {
    const parent = path.dirname(target);
    if (left.has(parent)) continue;
    await makeParents(root, target);
    left.set(parent, await partsIn(parent));
  }
  const budget = new Budget(ON_THEIR_WAY);
  const report = { kept: 0, brought: 0, bytes: 0 };
  await sideBySide(targets, FILES_AT_ONCE, async ([target, { blob }]) => {
    signal?.throwIfAborted();
    if (await holds(target, blob)) {
      report.kept++;
      return;
    }
    for (let isFirst = true; ; isFirst = false) {
      const part = await Part.open(target, blob, left.get(path.dirname(target)) ?? []);
      await sideBySide(part.missing, AT_ONCE, (piece) =>
        budget.with(part.length(piece), async () => {
          const got = await container.range(blob, piece * CHECKED_RANGE, part.length(piece), signal);
          report.bytes += got.length;
          await part.write(piece, got);
        }),
      );
      if (await part.finish(path.join(real, path.relative(root, path.dirname(target))))) break;
      await part.discard();
      // The part that an earlier attempt left was wrong: download the file again from its beginning.
      if (!part.resumed || !isFirst) throw damaged(blob);
    }
    report.brought++;
  });
  return report;
}

/** Refuses `.git` of any repository, hooks included, as a target: several may be checked out, each in its own folder. */
function refuseHistory(top: string, root: string, targets: readonly (readonly [string, FileToDownload])[]): void {
  const isHistory = (below: string) => below.split(path.sep).some(isGit);
  if (isHistory(path.relative(top, root)))
    throw new TaskError(
      "input",
      `${shownFile(root)} belongs to the repository's .git, into which nothing is downloaded.`,
      {
        errorCode: "AML1707",
      },
    );
  for (const [target, { blob }] of targets) {
    if (!isHistory(path.relative(top, target))) continue;
    throw new TaskError(
      "service",
      `Storage holds a blob named ${JSON.stringify(blob.name)}, which would be written into a .git.`,
      { errorCode: "AML1704", hint: "Leave it out with the input itemPattern." },
    );
  }
}

const damaged = (blob: BlobFile) =>
  new TaskError("service", `${blob.name} did not arrive with the content that storage has a checksum of.`, {
    errorCode: "AML1705",
    hint: "Run the step again. If it fails again, the blob was not stored as it was meant to be: register the model again.",
  });

/** Targets by path. Two blobs that would become one file are refused, and so is a file where another needs a folder. */
function distinct(root: string, files: readonly FileToDownload[]): Map<string, FileToDownload> {
  // Windows and macOS take names that differ only in case for the same, and macOS those that differ in their composition.
  const fold = (target: string) => (process.platform === "linux" ? target : target.normalize("NFC").toLowerCase());
  const targets = new Map<string, FileToDownload>();
  const seen = new Map<string, string>();
  for (const file of files) {
    const target = placeInside(root, file.relative);
    const other = seen.get(fold(target));
    if (other !== undefined) throw clash(other, file.blob.name);
    seen.set(fold(target), file.blob.name);
    targets.set(target, file);
  }
  for (const target of targets.keys()) {
    for (let above = path.dirname(target); above.length > root.length; above = path.dirname(above)) {
      const other = seen.get(fold(above));
      if (other !== undefined) throw clash(other, targets.get(target)?.blob.name ?? target);
    }
  }
  for (const { blob, relative } of files) {
    const why = fileNameFault(relative);
    if (why === undefined) continue;
    throw new TaskError(
      "service",
      `Storage holds a blob named ${JSON.stringify(shortened(blob.name))}, which cannot be a file on this machine: it ${why}.`,
      { errorCode: "AML1704", hint: "Leave it out with the input itemPattern, or store it under another name." },
    );
  }
  return targets;
}

const shortened = (name: string) => (name.length > 200 ? `${name.slice(0, 200)}…` : name);

const clash = (one: string, other: string) =>
  new TaskError("service", `The blobs ${JSON.stringify(one)} and ${JSON.stringify(other)} cannot both be files here.`, {
    errorCode: "AML1704",
  });

/** Makes the folders above `target` one by one: a link among them would lead elsewhere. */
async function makeParents(root: string, target: string): Promise<void> {
  let folder = root;
  for (const name of path.relative(root, path.dirname(target)).split(path.sep)) {
    if (name === "") continue;
    folder = path.join(folder, name);
    const there = await lookAt(folder);
    if (there === undefined) await mkdir(folder).catch(sayLocal);
    else if (!there.isDirectory()) throw inTheWay(folder, there.isSymbolicLink() ? "link" : "file");
  }
}

async function holds(target: string, blob: BlobFile): Promise<boolean> {
  const there = await lookAt(target);
  if (there?.isDirectory()) {
    throw new TaskError("input", `${shownFile(target)} is a folder, where a file of the model belongs.`, {
      errorCode: "AML1707",
      hint: "Remove it, or download to an empty folder.",
    });
  }
  if (!there?.isFile() || there.size !== blob.size) return false;
  if (blob.md5 !== undefined) return (await md5Of(target)) === blob.md5;
  return Math.abs(there.mtimeMs - blob.lastModified.getTime()) < 2;
}
