// One file of a download on its way: its bytes beside their place, and a journal of the pieces that are there, which only a part of
// our own has.
// Tests: test/lib/azure/download.test.ts

import { createHash } from "node:crypto";
import { constants, createReadStream, type Stats } from "node:fs";
import { lstat, open, readdir, realpath, rename, rm, utimes } from "node:fs/promises";
import path from "node:path";
import { TaskError } from "../errors.ts";
import { sha256 } from "../sha256.ts";
import { type BlobFile, CHECKED_RANGE } from "./blob-files.ts";
import { shownFile } from "./local-file-names.ts";

export const lookAt = (file: string): Promise<Stats | undefined> => lstat(file).catch(() => undefined);

export const inTheWay = (folder: string, what: "link" | "file") =>
  new TaskError("input", `${shownFile(folder)} is a ${what}, so that nothing is written below it.`, {
    errorCode: "AML1707",
    hint: "Remove it, or download to an empty folder.",
  });

export async function md5Of(file: string): Promise<string> {
  const hash = createHash("md5");
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest("base64");
}

/** The end of a part's name, or of its journal's, after the name of the file. */
const PART = /^\.[0-9a-f]{12}\.part(\.journal)?$/;

/** Names that parts and journals have, of all that lie in a folder: read once for all of its files, for a folder may have many. */
export async function partsIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /\.[0-9a-f]{12}\.part(\.journal)?$/.test(name));
}

/** A file on its way: its bytes in `.<name>.<mark>.part`, and in a journal beside it the numbers of the pieces that are there. */
export class Part {
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

  /**
   * Takes up what an earlier try left of the same state of the blob; what is left of others goes.
   * @param left names of the folder as `partsIn` has them
   */
  static async open(target: string, blob: BlobFile, left: readonly string[]): Promise<Part> {
    const folder = path.dirname(target);
    const prefix = `.${path.basename(target)}.`;
    const mark = sha256(`${blob.name}\n${blob.etag}\n${blob.size}`).slice(0, 12);
    const file = path.join(folder, `${prefix}${mark}.part`);
    const own = left.filter((name) => name.startsWith(prefix) && PART.test(name.slice(prefix.length - 1)));
    for (const name of own)
      if (!name.startsWith(path.basename(file))) await rm(path.join(folder, name), { force: true });
    const known = own.length > 0 ? await journaled(file, blob.size) : undefined;
    if (known !== undefined) return new Part(target, blob, file, known);
    if (own.length > 0) {
      await rm(file, { force: true });
      await rm(journalOf(file), { force: true });
    }
    // Exclusive, so that it is a new file and no link that somebody put there.
    const handle = await open(file, NEW, 0o644).catch(sayLocal);
    try {
      await handle.truncate(blob.size);
    } finally {
      await handle.close();
    }
    // Only a file of several pieces can be taken up again.
    if (blob.size > CHECKED_RANGE) await begin(file);
    return new Part(target, blob, file, new Set());
  }

  length(piece: number): number {
    return Math.min(CHECKED_RANGE, this.blob.size - piece * CHECKED_RANGE);
  }

  async write(piece: number, bytes: Buffer): Promise<void> {
    const handle = await open(this.#file, constants.O_WRONLY | NO_LINK).catch(sayLocal);
    try {
      await handle.write(bytes, 0, bytes.length, piece * CHECKED_RANGE);
    } finally {
      await handle.close();
    }
    if (this.blob.size <= CHECKED_RANGE) return;
    const journal = await open(this.#journal, constants.O_WRONLY | constants.O_APPEND | NO_LINK).catch(sayLocal);
    try {
      await journal.write(`${piece}\n`);
    } finally {
      await journal.close();
    }
  }

  /**
   * Moves the file to its place; false where its checksum does not match.
   * @param folder the real path of the folder that it belongs to
   */
  async finish(folder: string): Promise<boolean> {
    if ((await realpath(path.dirname(this.target))) !== folder) throw inTheWay(path.dirname(this.target), "link");
    if (this.blob.md5 !== undefined && (await md5Of(this.#file)) !== this.blob.md5) return false;
    // Without a checksum, the modification time stands for the content.
    await utimes(this.#file, new Date(), this.blob.lastModified);
    await rename(this.#file, this.target);
    if (this.blob.size > CHECKED_RANGE) await rm(this.#journal, { force: true });
    return true;
  }

  async discard(): Promise<void> {
    await rm(this.#file, { force: true });
    await rm(this.#journal, { force: true });
  }
}

/** Rejects with a file system error as a sentence. */
export function sayLocal(error: NodeJS.ErrnoException): never {
  const { code = "unknown reason", path: file = "a file" } = error;
  throw new TaskError("input", `${shownFile(file)} cannot be written (${code}).`, {
    errorCode: "AML1707",
    hint: "Check the space on the disk, and what the agent's user may write.",
    cause: error,
  });
}

const journalOf = (file: string) => `${file}.journal`;

const NO_LINK = constants.O_NOFOLLOW ?? 0;
const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * Identifies the file of a part: inode number and birth time. A repository can hold a file of a part's name, and a journal
 * beside it, but cannot know this of the file that a checkout makes. Undefined where the file system does not say when.
 */
async function identityOf(file: string): Promise<{ text: string; size: bigint } | undefined> {
  const there = await lstat(file, { bigint: true }).catch(() => undefined);
  if (!there?.isFile() || there.birthtimeNs <= 0n) return undefined;
  return { text: `${there.dev} ${there.ino} ${there.birthtimeNs}`, size: there.size };
}

/** Begins the journal of a part that was just made; where nobody can know the part again it gets an empty first line. */
async function begin(part: string): Promise<void> {
  const journal = await open(journalOf(part), NEW, 0o644).catch(sayLocal);
  try {
    await journal.write(`${(await identityOf(part))?.text ?? ""}\n`);
  } finally {
    await journal.close();
  }
}

/** The pieces of a part of our own that are whole; undefined where the part is none. A last line without its end was cut off. */
async function journaled(part: string, size: number): Promise<Set<number> | undefined> {
  const identity = await identityOf(part);
  if (identity === undefined || identity.size !== BigInt(size)) return undefined;
  const journal = await open(journalOf(part), constants.O_RDONLY | NO_LINK).catch(() => undefined);
  try {
    // One line a piece, and the first: a journal of ours is no longer than that.
    const stats = await journal?.stat();
    if (journal === undefined || !stats?.isFile() || stats.size > 200 + 2 * 20 * Math.ceil(size / CHECKED_RANGE))
      return undefined;
    const text = await journal.readFile("utf8");
    const [first, ...lines] = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return first === identity.text ? new Set(lines.filter(Boolean).map(Number)) : undefined;
  } finally {
    await journal?.close();
  }
}
