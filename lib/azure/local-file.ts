// A file of this machine while it is sent: the very file that was looked at and hashed, or an error that names it.
// Tests: test/lib/azure/blobs.test.ts
import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { TaskError } from "../errors.ts";
import type { RemoteSource } from "./remote-file.ts";

/** A file on this machine, or of other storage, and the blob it becomes, both with `/`. */
export interface FileToUpload {
  /** As people know it. */
  readonly file: string;
  readonly blob: string;
  /** Bytes. */
  readonly size: number;
  /** Real path: no link is on it, and none is followed. */
  readonly real?: string | undefined;
  /** Identity of the file when it was checked. */
  readonly identity?: { readonly dev: bigint; readonly ino: bigint } | undefined;
  /** Hashes of its content when it was checked: the bytes that are sent must have the same. */
  readonly digests?: Digests | undefined;
  /** The file lies in other storage, from which it is read. */
  readonly remote?: RemoteSource | undefined;
  /** It replaces a blob of that name. */
  readonly replaces?: boolean | undefined;
}

interface Digests {
  /** Hexadecimal; of a file in other storage it is not known. */
  readonly sha256?: string;
  /** In base64. */
  readonly md5: string;
}

/** Reads a file from its beginning to its end, and knows at the end whether it was the one that was looked at. */
export class LocalFile {
  readonly #file: FileToUpload;
  readonly #handle: FileHandle;
  readonly #sha256: Hash = createHash("sha256");
  readonly #md5: Hash = createHash("md5");
  #offset = 0;

  private constructor(file: FileToUpload, handle: FileHandle) {
    this.#file = file;
    this.#handle = handle;
  }

  /** @throws TaskError kind `input` that names the file: gone, unreadable, or another than was looked at */
  static async with<T>(file: FileToUpload, work: (opened: LocalFile) => Promise<T>): Promise<T> {
    const flags = constants.O_RDONLY | (file.real === undefined ? 0 : (constants.O_NOFOLLOW ?? 0));
    const handle = await open(file.real ?? file.file, flags).catch((error: unknown) => {
      throw unreadable(file.file, error);
    });
    try {
      const opened = new LocalFile(file, handle);
      await opened.#checkState();
      return await work(opened);
    } finally {
      await handle.close();
    }
  }

  /**
   * The next bytes, hashed as they are read; `length` of them, no fewer.
   * @param room memory that is used again, where it has that length
   */
  async next(length: number, room?: Buffer): Promise<Buffer> {
    // Not from the shared pool: it is sent while others are read.
    const bytes = room?.length === length ? room : Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#read(bytes, filled, length - filled);
      if (bytesRead === 0) throw changed(this.#file.file);
      filled += bytesRead;
    }
    this.#offset += length;
    this.#sha256.update(bytes);
    this.#md5.update(bytes);
    return bytes;
  }

  /** The MD5 of all that was read, once it is known to be what was looked at. */
  async finish(): Promise<Buffer> {
    const { bytesRead } = await this.#read(Buffer.alloc(1), 0, 1);
    if (bytesRead > 0 || this.#offset !== this.#file.size) throw changed(this.#file.file);
    await this.#checkState();
    const { digests } = this.#file;
    if (digests?.sha256 !== undefined && this.#sha256.digest("hex") !== digests.sha256) throw changed(this.#file.file);
    return this.#md5.digest();
  }

  async #read(bytes: Buffer, at: number, length: number) {
    return this.#handle.read(bytes, at, length, this.#offset + at).catch((error: unknown) => {
      throw unreadable(this.#file.file, error);
    });
  }

  async #checkState(): Promise<void> {
    const stats = await this.#handle.stat({ bigint: true });
    const { identity, size, file } = this.#file;
    const isSame = identity === undefined || (stats.dev === identity.dev && stats.ino === identity.ino);
    if (!stats.isFile() || !isSame || stats.size !== BigInt(size)) throw changed(file);
  }
}

const HINT = "Let no other step or process write to what is uploaded meanwhile, and run the step again.";

function changed(file: string): TaskError {
  return new TaskError("input", `The file ${file} changed while it was being uploaded, so it was not.`, {
    errorCode: "AML1309",
    hint: HINT,
  });
}

function unreadable(file: string, error: unknown): TaskError {
  const code = (error as NodeJS.ErrnoException).code ?? "unknown reason";
  if (code === "ENOENT" || code === "ENOTDIR")
    return new TaskError("input", `The file ${file} is gone: it was there when the upload began.`, {
      errorCode: "AML1309",
      hint: HINT,
    });
  if (code === "ELOOP")
    return new TaskError(
      "input",
      `The file ${file} was replaced by a link while it was being uploaded, so it was not.`,
      { errorCode: "AML1309", hint: HINT },
    );
  return new TaskError("input", `The file ${file} cannot be read (${code}).`, {
    errorCode: "AML1310",
    hint: "Check that the agent's user may read it.",
    cause: error,
  });
}
