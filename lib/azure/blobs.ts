// Blob storage: bringing files there and back. Signed addresses and keys stay below this file, and out of every error.
import { createHash } from "node:crypto";
import { type BlobDownloadOptions, type BlobItem, ContainerClient, type HttpHeaders } from "@azure/storage-blob";
import { TaskError } from "../errors.ts";
import { type BlobFile, CHECKED_RANGE } from "./blob-files.ts";
import { Budget } from "./budget.ts";
import type { AzureMl } from "./client.ts";
import { UNKNOWN_HOST } from "./dry-run.ts";
import { failureOf, unreachable } from "./failure.ts";
import { type AskStorage, LeasedBlob } from "./leased-blob.ts";
import type { FileToUpload } from "./local-file.ts";
import { sideBySide } from "./parallel.ts";
import { sendFile } from "./send-file.ts";
import { type BlobAccess, countingTries, isNoAnswer, storagePipeline } from "./storage-pipeline.ts";
import type { WithheldWrites } from "./withheld-writes.ts";

export type { FileToUpload } from "./local-file.ts";

export interface UploadOptions {
  /** Replaces blobs that exist; without it they stay, and one that holds something else is an error. */
  readonly overwrite: boolean;
  /** Written to the first file once all are there; nothing is where absent. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface BlobHead {
  readonly length: number;
  /** Of the whole content, in base64, where the blob has one. */
  readonly md5: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

const FILES_AT_ONCE = 16;
/** Azure's limit for the name of a blob, in characters. */
const LONGEST_NAME = 1024;
/** Bytes of files that are in memory on their way to storage. */
const ON_THEIR_WAY = 8 * 1024 * 1024;
/** Blobs in one answer to a list: what they take while it is read is many times what is kept of them. */
const PAGE = 500;
/** Milliseconds without a byte after which an answer counts as broken off. */
const SILENCE = 120_000;

export class Container {
  /** Without query and without a slash at the end. */
  readonly url: string;
  /** True where the container needs no credential. */
  readonly isAnonymous: boolean;
  /** Whether its address is not known, because a dry run asks for no place to upload to. */
  readonly isPlanned: boolean;
  readonly #client: ContainerClient;
  readonly #withheld: WithheldWrites | undefined;

  /** @throws TaskError where a credential would go to a host that may have none */
  constructor(azure: AzureMl, containerUrl: string, access: BlobAccess) {
    const url = new URL(containerUrl);
    url.search = "";
    url.hash = "";
    this.url = url.href.replace(/\/$/, "");
    this.isAnonymous = access.kind === "anonymous";
    this.#withheld = azure.dryRun;
    this.isPlanned = azure.dryRun !== undefined && url.host === UNKNOWN_HOST;
    const signed = access.kind === "sas" ? `${this.url}?${access.sasToken.replace(/^\?/, "")}` : this.url;
    this.#client = new ContainerClient(signed, storagePipeline(azure, url, access));
  }

  /** A blob that one party at a time may change. */
  leased(blob: string): LeasedBlob {
    const ask: AskStorage = (doing, signal, expect, work) => this.#say(doing, signal, expect, work);
    return new LeasedBlob(blob, this.#client.getBlockBlobClient(blob), ask);
  }

  /** A blob's properties, without its content; undefined if it does not exist. */
  async head(blob: string, signal?: AbortSignal): Promise<BlobHead | undefined> {
    const known = await this.#say(`look for ${blob} in storage`, signal, [404], () =>
      this.#client.getBlobClient(blob).getProperties(abortable(signal)),
    );
    return (
      known && {
        length: known.contentLength ?? 0,
        md5: known.contentMD5 && Buffer.from(known.contentMD5).toString("base64"),
        metadata: known.metadata ?? {},
      }
    );
  }

  /**
   * Brings `files` (at least one, the first first) to the container, many at a time. Each is hashed as it is sent.
   * @throws TaskError `input` that names a file which is gone, or changed since it was looked at; `conflict` where a blob
   * that is not replaced holds something else
   */
  async upload(files: readonly FileToUpload[], options: UploadOptions): Promise<void> {
    const [first] = files;
    if (!first) throw new TaskError("input", "There is no file to upload.", { errorCode: "AML1311" });
    if (this.#withheld) return this.#withheld.leaveOutUpload();
    for (const { blob } of files) if (blob.length > LONGEST_NAME) throw tooLong(blob);
    // One file alone is whole as soon as it is there, so that it can say so in the same request.
    const alone = files.length === 1 ? options.metadata : undefined;
    const budget = new Budget(ON_THEIR_WAY);
    const made = await sideBySide(files, FILES_AT_ONCE, (file) => this.#uploadFile(file, options, alone, budget));
    const { metadata, signal } = options;
    if (metadata && (!alone || !made[0])) await this.mark(first.blob, { metadata, signal });
  }

  /** Marks the first file: by that mark other clients know that the upload is whole (docs/facts/azureml-wire.md#4.3). */
  async mark(
    blob: string,
    options: { readonly metadata: Readonly<Record<string, string>>; readonly signal?: AbortSignal | undefined },
  ): Promise<void> {
    if (this.#withheld) return this.#withheld.leaveOutUpload();
    await this.#say(`mark the upload of ${blob} as complete`, options.signal, [], () =>
      this.#client.getBlobClient(blob).setMetadata({ ...options.metadata }, abortable(options.signal)),
    );
  }

  /** @returns whether this made the blob; otherwise the same content was there already */
  async #uploadFile(
    file: FileToUpload,
    options: UploadOptions,
    metadata: UploadOptions["metadata"] | undefined,
    budget: Budget,
  ): Promise<boolean> {
    const blob = this.#client.getBlockBlobClient(file.blob);
    const replaces = options.overwrite || file.replaces === true;
    const settings = {
      ...(replaces ? {} : { conditions: { ifNoneMatch: "*" } }),
      ...(metadata ? { metadata: { ...metadata } } : {}),
      ...abortable(options.signal),
    };
    let md5: Buffer | undefined;
    try {
      await sendFile(
        (doing, work) => this.#say(doing, options.signal, [], work),
        blob,
        file,
        settings,
        budget,
        (known) => {
          md5 = known;
        },
      );
      return true;
    } catch (error) {
      // Another upload of the same content, or a lost answer: the code alone does not prove success.
      if (!(error instanceof TaskError) || !RACES.has(error.code ?? "") || md5 === undefined) throw error;
      const there = await this.head(file.blob, options.signal);
      if (there?.length === file.size && there.md5 === md5.toString("base64")) return false;
      if (there === undefined || error.code === "InvalidBlockList") throw error;
      throw new TaskError("conflict", `Storage holds ${file.blob} already, with other content than ${file.file}.`, {
        errorCode: "AML1702",
        code: error.code ?? "",
        hint: "Somebody else wrote it: look at who can write to that datastore, or upload to another.",
      });
    }
  }

  /** Every blob whose name starts with `prefix`, in the service's order. */
  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<{ name: string; size: number }> {
    for await (const { name, properties } of this.#items({ prefix }, signal))
      yield { name, size: properties.contentLength ?? 0 };
  }

  /** Lists one blob, for what the service says to that. @throws TaskError as it refuses */
  async look(signal?: AbortSignal): Promise<void> {
    const pages = this.#client.listBlobsFlat(abortable(signal)).byPage({ maxPageSize: 1 })[Symbol.asyncIterator]();
    await this.#say("list the files in storage", signal, [], () => pages.next());
  }

  /** Every blob whose name starts with `prefix` as a download needs it known. Markers of folders are left out, and have no content. */
  async *files(prefix: string, signal?: AbortSignal): AsyncGenerator<BlobFile> {
    for await (const { name, metadata, properties } of this.#items({ prefix, includeMetadata: true }, signal)) {
      const { contentLength = 0, lastModified, etag } = properties;
      if (name.endsWith("/") || (contentLength === 0 && metadata?.["hdi_isfolder"] === "true")) continue;
      const md5 = properties.contentMD5 && Buffer.from(properties.contentMD5).toString("base64");
      const marks = metadata && Object.keys(metadata).length > 0 ? { metadata } : {};
      yield { name, size: contentLength, lastModified, etag, ...marks, ...(md5 ? { md5 } : {}) };
    }
  }

  async *#items(query: { prefix: string; includeMetadata?: boolean }, signal?: AbortSignal): AsyncGenerator<BlobItem> {
    const pages = this.#client
      .listBlobsFlat({ ...query, ...abortable(signal) })
      .byPage({ maxPageSize: PAGE })
      [Symbol.asyncIterator]();
    for (;;) {
      const doing = `list ${query.prefix || "the files"} in storage`;
      const next = await this.#say(doing, signal, [], () => pages.next());
      if (!next || next.done) return;
      yield* next.value.segment.blobItems;
    }
  }

  /**
   * Bytes `offset` to `offset + count` of a blob that has not changed since it was listed, held against the checksum of the
   * range where the service gives one (it does up to 4 MiB).
   * @throws TaskError where the blob has changed, or the bytes arrived otherwise than they left
   */
  async range(blob: BlobFile, offset: number, count: number, signal?: AbortSignal): Promise<Buffer> {
    const ifMatch = `"${blob.etag.replace(/"/g, "")}"`;
    const read = await this.#read(blob.name, offset, count, { conditions: { ifMatch } }, [], signal);
    if (read === undefined) throw new Error(`No status was expected for ${blob.name}, and none of its bytes came.`);
    return read.bytes;
  }

  /**
   * The first `count` bytes of a blob that no list has shown yet, with the mark of the content that they are of, as a list shows it.
   * @returns undefined where there is no such blob, or it is shorter than one byte
   * @throws TaskError where the bytes arrived otherwise than they left, also where the blob has fewer
   */
  async start(name: string, count: number, signal?: AbortSignal): Promise<{ bytes: Buffer; etag: string } | undefined> {
    const read = await this.#read(name, 0, count, {}, [404, 416], signal);
    return read?.etag === undefined ? undefined : { bytes: read.bytes, etag: read.etag };
  }

  async #read(
    name: string,
    offset: number,
    count: number,
    options: BlobDownloadOptions,
    expect: readonly number[],
    signal: AbortSignal | undefined,
  ): Promise<{ readonly bytes: Buffer; readonly etag: string | undefined } | undefined> {
    const doing = `download ${name}`;
    for (let attempt = 1; attempt <= 3; attempt++) {
      let isThere = false;
      const found = await this.#say(doing, signal, expect, async () => {
        const answer = await this.#client.getBlobClient(name).download(offset, count, {
          ...options,
          rangeGetContentMD5: count <= CHECKED_RANGE,
          maxRetryRequests: 0,
          ...abortable(signal),
        });
        isThere = true;
        // The library takes a connection that breaks in the middle of an answer for an abort, and does not retry it; so it is
        // retried here.
        const read = await collect(answer.readableStreamBody, count).catch((error: unknown) => {
          if (signal?.aborted) throw error;
          return undefined;
        });
        const md5 = answer.contentMD5 && Buffer.from(answer.contentMD5);
        const whole = read?.length === count && (!md5 || md5.equals(createHash("md5").update(read).digest()));
        return whole ? { bytes: read, etag: answer.etag?.replace(/"/g, "") } : undefined;
      });
      if (found || !isThere) return found;
    }
    throw new TaskError(
      "service",
      `Azure could not ${doing}: the bytes from ${offset} on did not arrive as they left.`,
      { errorCode: "AML1112" },
    );
  }

  /** @returns undefined where the service answered one of `expect` */
  async #say<T>(
    doing: string,
    signal: AbortSignal | undefined,
    expect: readonly number[],
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    const { done, tries } = countingTries(work);
    try {
      return await done;
    } catch (error) {
      if (error instanceof TaskError) throw error;
      if (signal?.aborted) throw signal.reason;
      const rest = error as {
        statusCode?: number;
        response?: { headers: HttpHeaders; bodyAsText?: string | null };
      };
      const counted = { tries: tries() };
      if (isNoAnswer(error)) throw noAnswer(doing, this.url, counted.tries);
      if (rest.statusCode === undefined) throw unreachable(doing, this.url, error);
      if (expect.includes(rest.statusCode)) return undefined;
      throw failureOf(doing, {
        ...counted,
        status: rest.statusCode,
        header: (name) => rest.response?.headers.get(name) ?? undefined,
        text: rest.response?.bodyAsText ?? undefined,
      });
    }
  }
}

/** Codes that the same upload at the same time, or its answer that was lost, may bring. No other code of their statuses is among them. */
const RACES = new Set(["BlobAlreadyExists", "InvalidBlockList"]);

function tooLong(blob: string): TaskError {
  return new TaskError(
    "input",
    `The path ${blob.slice(0, 100)}… has ${blob.length} characters in storage, which keeps ${LONGEST_NAME} at most.`,
    { errorCode: "AML1308", hint: "Shorten the names of the folders, or leave the file out in .amlignore." },
  );
}

function noAnswer(doing: string, url: string, tries: number): TaskError {
  const asked = tries > 1 ? `, asked ${tries} times` : "";
  return new TaskError(
    "service",
    `The task could not ${doing}${asked}, because what answers at ${new URL(url).host} is not storage.`,
    {
      errorCode: "AML1107",
      hint: "Run again. If it stays, see whether a proxy or a sign-in page answers in place of Azure.",
    },
  );
}

/** The bytes of an answer, at most one more than `most`; an error where nothing comes for a while. */
async function collect(stream: NodeJS.ReadableStream | undefined, most: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(most);
  let filled = 0;
  const end = () => (stream as { destroy?: (error: Error) => void } | undefined)?.destroy?.(new Error("nothing came"));
  let timer = setTimeout(end, SILENCE);
  try {
    for await (const piece of stream ?? []) {
      clearTimeout(timer);
      timer = setTimeout(end, SILENCE);
      const part = Buffer.from(piece as Uint8Array);
      if (filled + part.length > most) return Buffer.alloc(0);
      part.copy(bytes, filled);
      filled += part.length;
    }
  } finally {
    clearTimeout(timer);
  }
  return bytes.subarray(0, filled);
}

const abortable = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});
