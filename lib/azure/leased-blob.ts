// A small text in a blob that one party at a time may change: a lease, which storage ends by itself when its holder is gone.
// Tests: test/lib/azure/blobs.test.ts
import type { BlobLeaseClient, BlockBlobClient } from "@azure/storage-blob";
import { TaskError } from "../errors.ts";

/** Runs one request to storage, and turns what goes wrong into a TaskError. */
export type AskStorage = <T>(
  doing: string,
  signal: AbortSignal | undefined,
  expect: readonly number[],
  work: () => Promise<T>,
) => Promise<T | undefined>;

/** Seconds; storage takes 15 to 60, and ends the lease of a holder that renews it no longer. */
export const LEASE_SECONDS = 30;

export class LeasedBlob {
  readonly name: string;
  readonly #blob: BlockBlobClient;
  readonly #ask: AskStorage;

  constructor(name: string, blob: BlockBlobClient, ask: AskStorage) {
    this.name = name;
    this.#blob = blob;
    this.#ask = ask;
  }

  /**
   * The text; undefined where there is no blob, or an empty one. Others may have written it: of one with more than `longest` bytes the
   * text is "", and no more of it is read. One round trip.
   */
  async read(longest: number, signal?: AbortSignal): Promise<string | undefined> {
    const doing = `read ${this.name} in storage`;
    for (let attempt = 1; attempt <= 3; attempt++) {
      const read = await this.#ask(doing, signal, [404, 416], async () => {
        const answer = await this.#blob.download(0, longest, { maxRetryRequests: 0, ...abortable(signal) });
        const whole = Number(answer.contentRange?.split("/")[1]);
        return { length: answer.contentLength, whole, bytes: await allOf(answer.readableStreamBody, signal) };
      });
      if (read === undefined) return undefined;
      if (read.bytes?.length === read.length)
        return read.whole > longest ? "" : read.bytes?.toString("utf8") || undefined;
    }
    throw new TaskError("service", `Azure could not ${doing}: its answer broke off each time.`, {
      errorCode: "AML1107",
    });
  }

  /**
   * Takes the lease under this id, a GUID; makes the blob where there is none. To take it again under the same id is no error.
   * @returns whether it is this party's now; false: another has it
   */
  async acquire(id: string, signal?: AbortSignal): Promise<boolean> {
    for (let made = false; ; made = true) {
      try {
        await this.#ask(`lock ${this.name} in storage`, signal, [], () =>
          this.#lease(id).acquireLease(LEASE_SECONDS, abortable(signal)),
        );
        return true;
      } catch (error) {
        const code = error instanceof TaskError ? error.code : undefined;
        if (code === "LeaseAlreadyPresent" || code === "LeaseIsBreakingAndCannotBeAcquired") return false;
        if (code !== "BlobNotFound" || made) throw error;
      }
      await this.#make(signal);
    }
  }

  /** @throws TaskError where the lease is no longer this party's */
  async renew(id: string, signal?: AbortSignal): Promise<void> {
    await this.#ask(`keep the lock ${this.name} in storage`, signal, [], () =>
      this.#lease(id).renewLease(abortable(signal)),
    );
  }

  /** Lets others have it. A lease that has ended already is fine. */
  async release(id: string, signal?: AbortSignal): Promise<void> {
    await this.#ask(`unlock ${this.name} in storage`, signal, [404, 409, 412], () =>
      this.#lease(id).releaseLease(abortable(signal)),
    );
  }

  /** Writes the text, which storage refuses where the lease is no longer this party's. */
  async write(id: string, text: string, signal?: AbortSignal): Promise<void> {
    await this.#ask(`write ${this.name} in storage`, signal, [], () =>
      this.#blob.upload(text, Buffer.byteLength(text), {
        conditions: { leaseId: id },
        blobHTTPHeaders: { blobContentType: "application/json" },
        ...abortable(signal),
      }),
    );
  }

  async #make(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#ask(`make ${this.name} in storage`, signal, [], () =>
        this.#blob.upload("{}", 2, { conditions: { ifNoneMatch: "*" }, ...abortable(signal) }),
      );
    } catch (error) {
      // Somebody else has made it at the same time, and may have locked it already.
      const code = error instanceof TaskError ? error.code : undefined;
      if (code !== "BlobAlreadyExists" && code !== "LeaseIdMissing") throw error;
    }
  }

  #lease(id: string): BlobLeaseClient {
    return this.#blob.getBlobLeaseClient(id);
  }
}

/** All bytes of an answer; undefined where it broke off. */
async function allOf(stream: NodeJS.ReadableStream | undefined, signal: AbortSignal | undefined) {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of stream ?? []) pieces.push(piece as Buffer);
  } catch (error) {
    if (signal?.aborted) throw error;
    return undefined;
  }
  return Buffer.concat(pieces);
}

const abortable = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});
