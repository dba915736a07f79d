// Files from storage into a folder: in pieces side by side, going on where an earlier try stopped, held against their
// checksums, and never outside the folder.
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { constants, createReadStream, type Stats } from "node:fs";
import { appendFile, lstat, mkdir, open, readdir, readFile, realpath, rename, rm, utimes } from "node:fs/promises";
import path from "node:path";
import { TaskError } from "../errors.ts";
import { type BlobFile, CHECKED_RANGE, type Container, placeInside } from "./blobs.ts";
import { Budget } from "./budget.ts";
import { whyNotHere } from "./names-here.ts";
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
  // Each piece listens to the signal while it travels.
  if (signal) setMaxListeners(4 * AT_ONCE, signal);
  const root = path.resolve(folder);
  const top = path.resolve(within ?? root);
  const targets = [...distinct(root, files)];
  refuseHistory(top, root, targets);
  if (within === undefined && (await lookAt(root))?.isSymbolicLink()) throw inTheWay(root, "link");
  await mkdir(top, { recursive: true });
  await makeParents(top, path.join(root, "x"));
  const real = await realpath(root);
  for (const [target] of targets) await makeParents(root, target);
  const budget = new Budget(ON_THEIR_WAY);
  const report = { kept: 0, brought: 0, bytes: 0 };
  await sideBySide(targets, AT_ONCE, async ([target, { blob }]) => {
    signal?.throwIfAborted();
    if (await holds(target, blob)) {
      report.kept++;
      return;
    }
    for (let isFirst = true; ; isFirst = false) {
      const part = await Part.open(target, blob);
      await sideBySide(part.missing, AT_ONCE, (piece) =>
        budget.with(part.length(piece), async () => {
          const got = await container.range(blob, piece * CHECKED_RANGE, part.length(piece), signal);
          report.bytes += got.length;
          await part.write(piece, got);
        }),
      );
      if (await part.finish(path.join(real, path.relative(root, path.dirname(target))))) break;
      await part.discard();
      // What an earlier try left was not what it should have been: once more, from nothing.
      if (!part.resumed || !isFirst) throw damaged(blob);
    }
    report.brought++;
  });
  return report;
}

/** What git keeps of the repository that is worked in, its hooks among it, is nobody's to bring. */
function refuseHistory(top: string, root: string, targets: readonly (readonly [string, FileToDownload])[]): void {
  const isGit = (name: string | undefined) => /^(\.git|git~\d+)$/i.test(name ?? "");
  const isHistory = (below: string) => isGit(below.split(path.sep)[0]);
  if (path.relative(top, root).split(path.sep).some(isGit))
    throw new TaskError("input", `${root} belongs to the repository's .git, into which nothing is downloaded.`);
  for (const [target, { blob }] of targets) {
    if (!isHistory(path.relative(top, target))) continue;
    throw new TaskError(
      "service",
      `Storage holds a blob named ${JSON.stringify(blob.name)}, which would be written into the repository's .git.`,
      { hint: "Download to a folder of its own." },
    );
  }
}

const damaged = (blob: BlobFile) =>
  new TaskError("service", `${blob.name} did not arrive with the content that storage has a checksum of.`, {
    hint: "Run the step again. If it fails again, the blob was not stored as it was meant to be: register the model anew.",
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
    const why = whyNotHere(relative);
    if (why === undefined) continue;
    throw new TaskError(
      "service",
      `Storage holds a blob named ${JSON.stringify(shortened(blob.name))}, which cannot be a file on this machine: it ${why}.`,
      { hint: "Leave it out with the input itemPattern, or store it under another name." },
    );
  }
  return targets;
}

const shortened = (name: string) => (name.length > 200 ? `${name.slice(0, 200)}…` : name);

const clash = (one: string, other: string) =>
  new TaskError("service", `The blobs ${JSON.stringify(one)} and ${JSON.stringify(other)} cannot both be files here.`);

const lookAt = (file: string): Promise<Stats | undefined> => lstat(file).catch(() => undefined);

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

const inTheWay = (folder: string, what: "link" | "file") =>
  new TaskError("input", `${folder} is a ${what}, so that nothing is written below it.`, {
    hint: "Remove it, or download to an empty folder.",
  });

async function holds(target: string, blob: BlobFile): Promise<boolean> {
  const there = await lookAt(target);
  if (there?.isDirectory()) {
    throw new TaskError("input", `${target} is a folder, where a file of the model belongs.`, {
      hint: "Remove it, or download to an empty folder.",
    });
  }
  if (!there?.isFile() || there.size !== blob.size) return false;
  if (blob.md5 !== undefined) return (await md5Of(target)) === blob.md5;
  return Math.abs(there.mtimeMs - blob.lastModified.getTime()) < 2;
}

async function md5Of(file: string): Promise<string> {
  const hash = createHash("md5");
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest("base64");
}

/** A file on its way: its bytes in `.<name>.<mark>.part`, and in a journal beside it the numbers of the pieces that are there. */
class Part {
  readonly target: string;
  readonly blob: BlobFile;
  readonly missing: readonly number[];
  /** Whether an earlier try brought some of it. */
  readonly resumed: boolean;
  readonly #file: string;
  readonly #journal: string;

  private constructor(target: string, blob: BlobFile, file: string, known: ReadonlySet<number>) {
    this.target = target;
    this.blob = blob;
    this.#file = file;
    this.#journal = journalOf(file);
    this.resumed = known.size > 0;
    const count = Math.ceil(blob.size / CHECKED_RANGE);
    this.missing = Array.from({ length: count }, (_, piece) => piece).filter((piece) => !known.has(piece));
  }

  /** Takes up what an earlier try left of the same state of the blob; what is left of others goes. */
  static async open(target: string, blob: BlobFile): Promise<Part> {
    const folder = path.dirname(target);
    const prefix = `.${path.basename(target)}.`;
    const mark = createHash("sha256").update(`${blob.name}\n${blob.etag}\n${blob.size}`).digest("hex").slice(0, 12);
    const file = path.join(folder, `${prefix}${mark}.part`);
    for (const name of await readdir(folder)) {
      const stale = name.startsWith(prefix) && /^[0-9a-f]{12}\.part(\.journal)?$/.test(name.slice(prefix.length));
      if (stale && !name.startsWith(path.basename(file))) await rm(path.join(folder, name), { force: true });
    }
    const there = await lookAt(file);
    if (there?.isFile() && there.size === blob.size) return new Part(target, blob, file, await journaled(file));
    await rm(file, { force: true });
    await rm(journalOf(file), { force: true });
    // Exclusive, so that it is a new file and no link that somebody put there.
    const handle = await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o644).catch(sayLocal);
    await handle.truncate(blob.size);
    await handle.close();
    return new Part(target, blob, file, new Set());
  }

  length(piece: number): number {
    return Math.min(CHECKED_RANGE, this.blob.size - piece * CHECKED_RANGE);
  }

  async write(piece: number, bytes: Buffer): Promise<void> {
    const handle = await open(this.#file, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)).catch(sayLocal);
    try {
      await handle.write(bytes, 0, bytes.length, piece * CHECKED_RANGE);
    } finally {
      await handle.close();
    }
    // Only a file of several pieces can be taken up again.
    if (this.blob.size > CHECKED_RANGE) await appendFile(this.#journal, `${piece}\n`);
  }

  /**
   * Puts the file in its place; false where it is not what its checksum says.
   * @param folder the real path of the folder that it belongs to
   */
  async finish(folder: string): Promise<boolean> {
    if ((await realpath(path.dirname(this.target))) !== folder) throw inTheWay(path.dirname(this.target), "link");
    if (this.blob.md5 !== undefined && (await md5Of(this.#file)) !== this.blob.md5) return false;
    // The time stands for the content where there is no checksum.
    await utimes(this.#file, new Date(), this.blob.lastModified);
    await rename(this.#file, this.target);
    await rm(this.#journal, { force: true });
    return true;
  }

  async discard(): Promise<void> {
    await rm(this.#file, { force: true });
    await rm(this.#journal, { force: true });
  }
}

/** Rejects with what this machine has against a file, as a sentence. */
function sayLocal(error: NodeJS.ErrnoException): never {
  const { code = "unknown reason", path: file = "a file" } = error;
  throw new TaskError("input", `${file} cannot be written (${code}).`, {
    hint: "Check the space on the disk, and what the agent's user may write.",
    cause: error,
  });
}

const journalOf = (file: string) => `${file}.journal`;

/** The pieces that are whole. A last line without its end was cut off, and does not count. */
async function journaled(file: string): Promise<Set<number>> {
  const text = await readFile(journalOf(file), "utf8").catch(() => "");
  return new Set(
    text
      .slice(0, text.lastIndexOf("\n") + 1)
      .split("\n")
      .filter(Boolean)
      .map(Number),
  );
}
