// A file of storage on its way to other storage: read piece by piece, and hashed as it passes, so that it never lies on this machine.
// Tests: test/lib/azure/remote-file.test.ts
import { createHash, type Hash } from "node:crypto";
import { TaskError } from "../errors.ts";

/** The reading end of a copy. */
export interface RemoteSource {
  /** Bytes `offset` to `offset + count` of the state that was listed. @throws TaskError where the file has changed since */
  readonly read: (offset: number, count: number) => Promise<Buffer>;
  /** MD5 of the whole content in base64; what passes must have it. */
  readonly md5: string;
}

/** Reads a file of storage from its beginning to its end, as LocalFile reads one of this machine. */
export class RemoteFile {
  readonly #name: string;
  readonly #source: RemoteSource;
  readonly #md5: Hash = createHash("md5");
  #offset = 0;

  /** @param name as people know the file */
  constructor(name: string, source: RemoteSource) {
    this.#name = name;
    this.#source = source;
  }

  /** The next bytes; `length` of them, no fewer. */
  async next(length: number): Promise<Buffer> {
    const bytes = length === 0 ? Buffer.alloc(0) : await this.#source.read(this.#offset, length);
    this.#offset += length;
    this.#md5.update(bytes);
    return bytes;
  }

  /** The MD5 of all that passed, once it is known to be the file that was listed. */
  async finish(): Promise<Buffer> {
    const md5 = this.#md5.digest();
    if (md5.toString("base64") === this.#source.md5) return md5;
    throw new TaskError(
      "service",
      `The file ${this.#name} arrived with another content than storage has a checksum of, so it was not copied.`,
      {
        errorCode: "AML1705",
        hint: "Run the step again; if it stays, the file was not stored as it was meant to be: register the model again.",
      },
    );
  }
}
