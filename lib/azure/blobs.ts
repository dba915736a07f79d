// Blob storage: bringing files there and back. Signed addresses and keys stay below this file, and out of every error.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { type BlockBlobClient, ContainerClient, type HttpHeaders } from "@azure/storage-blob";
import { TaskError } from "../errors.ts";
import type { AzureMl } from "./client.ts";
import { failureOf, unreachable } from "./failure.ts";
import { sideBySide } from "./parallel.ts";
import { collect } from "./signed-address.ts";
import { type BlobAccess, storagePipeline } from "./storage-pipeline.ts";
import type { WritePlan } from "./write-plan.ts";

/** A file on this machine and the blob it becomes, both with `/`. */
export interface FileToUpload {
  readonly file: string;
  readonly blob: string;
  readonly size: number;
}

export interface UploadOptions {
  /** Replaces blobs that exist; without it they are kept, since a blob's path names its content. */
  readonly overwrite: boolean;
  /** Written to the first file once all are there: it is how other clients see that the upload is whole (facts/04 4.3). */
  readonly metadata: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** A blob as it is listed. */
export interface BlobFile {
  readonly name: string;
  readonly size: number;
  /** Of the whole content, in base64; blobs that were put together from blocks may have none. */
  readonly md5?: string;
  readonly etag: string;
  readonly lastModified: Date;
}

export interface BlobHead {
  readonly length: number;
  readonly metadata: Readonly<Record<string, string>>;
}

const FILES_AT_ONCE = 16;
/** The longest range for which the service computes a checksum. */
export const CHECKED_RANGE = 4 * 1024 * 1024;
/** Up to this many bytes a file goes in one request. */
const ONE_PIECE = 8 * 1024 * 1024;

export class Container {
  /** Without query and without a slash at the end. */
  readonly url: string;
  readonly #client: ContainerClient;
  readonly #plan: WritePlan | undefined;

  constructor(azure: AzureMl, containerUrl: string, access: BlobAccess) {
    const url = new URL(containerUrl);
    url.search = "";
    this.url = url.href.replace(/\/$/, "");
    this.#plan = azure.transport.plan;
    const signed = access.kind === "sas" ? `${this.url}?${access.sasToken.replace(/^\?/, "")}` : this.url;
    this.#client = new ContainerClient(signed, storagePipeline(azure, access));
  }

  /** What is known of a blob without reading it; undefined where it is not there. */
  async head(blob: string, signal?: AbortSignal): Promise<BlobHead | undefined> {
    const known = await this.#say(`look for ${blob} in storage`, signal, [404], () =>
      this.#client.getBlobClient(blob).getProperties(abortable(signal)),
    );
    return known && { length: known.contentLength ?? 0, metadata: known.metadata ?? {} };
  }

  /** Brings `files` (at least one, the first first) to the container, many at a time. */
  async upload(files: readonly FileToUpload[], options: UploadOptions): Promise<void> {
    const [first] = files;
    if (!first) throw new TaskError("input", "There is no file to upload.");
    if (this.#plan) return this.#plan.leaveOutUpload();
    // One file alone is whole as soon as it is there, so that it can say so in the same request.
    const alone = files.length === 1 ? options.metadata : undefined;
    await sideBySide(files, FILES_AT_ONCE, (file) => this.#uploadFile(file, options, alone));
    if (alone) return;
    await this.#say(`mark the upload of ${first.blob} as complete`, options.signal, [], () =>
      this.#client.getBlobClient(first.blob).setMetadata({ ...options.metadata }, abortable(options.signal)),
    );
  }

  async #uploadFile(
    file: FileToUpload,
    options: UploadOptions,
    metadata: UploadOptions["metadata"] | undefined,
  ): Promise<void> {
    const blob = this.#client.getBlockBlobClient(file.blob);
    const settings = {
      ...(options.overwrite ? {} : { conditions: { ifNoneMatch: "*" } }),
      ...(metadata ? { metadata: { ...metadata } } : {}),
      ...abortable(options.signal),
    };
    // 409 BlobAlreadyExists: someone brought the same content at the same time.
    await this.#say(`upload ${file.blob}`, options.signal, options.overwrite ? [] : [409], () =>
      file.size <= ONE_PIECE ? uploadWhole(blob, file, settings) : uploadInBlocks(blob, file, settings),
    );
  }

  /** Every blob whose name starts with `prefix`, in the service's order. */
  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<{ name: string; size: number }> {
    const pages = this.#client.listBlobsFlat({ prefix, ...abortable(signal) })[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#say(`list ${prefix} in storage`, signal, [], () => pages.next());
      if (!next || next.done) return;
      yield { name: next.value.name, size: next.value.properties.contentLength ?? 0 };
    }
  }

  /** Every blob whose name starts with `prefix` as a download needs it known. Markers of folders are left out. */
  async *files(prefix: string, signal?: AbortSignal): AsyncGenerator<BlobFile> {
    const query = { prefix, includeMetadata: true, ...abortable(signal) };
    const pages = this.#client.listBlobsFlat(query)[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#say(`list ${prefix} in storage`, signal, [], () => pages.next());
      if (!next || next.done) return;
      const { name, metadata, properties } = next.value;
      if (name.endsWith("/") || metadata?.["hdi_isfolder"] === "true") continue;
      const md5 = properties.contentMD5 && Buffer.from(properties.contentMD5).toString("base64");
      const { contentLength = 0, lastModified, etag } = properties;
      yield { name, size: contentLength, lastModified, etag, ...(md5 ? { md5 } : {}) };
    }
  }

  /**
   * Bytes `offset` to `offset + count` of a blob that has not changed since it was listed, held against the checksum of the
   * range where the service gives one (it does up to 4 MiB).
   * @throws TaskError where the blob has changed, or the bytes arrived otherwise than they left
   */
  async range(blob: BlobFile, offset: number, count: number, signal?: AbortSignal): Promise<Buffer> {
    const doing = `download ${blob.name}`;
    for (let attempt = 1; attempt <= 3; attempt++) {
      const bytes = await this.#say(doing, signal, [], async () => {
        const answer = await this.#client.getBlobClient(blob.name).download(offset, count, {
          conditions: { ifMatch: `"${blob.etag.replace(/"/g, "")}"` },
          rangeGetContentMD5: count <= CHECKED_RANGE,
          maxRetryRequests: 5,
          ...abortable(signal),
        });
        // A connection that ends in the middle of an answer is somebody's wish to the library, which then does not ask again.
        const read = await collect(answer.readableStreamBody).catch((error: unknown) => {
          if (signal?.aborted) throw error;
          return undefined;
        });
        const told = answer.contentMD5 && Buffer.from(answer.contentMD5);
        const whole = read?.length === count && (!told || told.equals(createHash("md5").update(read).digest()));
        return whole ? read : undefined;
      });
      if (bytes) return bytes;
    }
    throw new TaskError(
      "service",
      `Azure could not ${doing}: the bytes from ${offset} on did not arrive as they left.`,
    );
  }

  /** @returns undefined where the service answered one of `expect` */
  async #say<T>(
    doing: string,
    signal: AbortSignal | undefined,
    expect: readonly number[],
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TaskError) throw error;
      if (signal?.aborted) throw signal.reason;
      const rest = error as {
        statusCode?: number;
        response?: { headers: HttpHeaders; bodyAsText?: string | null };
      };
      if (rest.statusCode === undefined) throw unreachable(doing, this.url, error);
      if (expect.includes(rest.statusCode)) return undefined;
      throw failureOf(doing, {
        status: rest.statusCode,
        header: (name) => rest.response?.headers.get(name) ?? undefined,
        text: rest.response?.bodyAsText ?? undefined,
      });
    }
  }
}

/**
 * The path of `name` below `folder`.
 * @throws TaskError where the name is absolute, climbs out, or holds what no file name may
 */
export function placeInside(folder: string, name: string): string {
  const target = path.resolve(folder, name);
  const inside = path.relative(path.resolve(folder), target);
  if (
    name.includes("\0") ||
    inside === "" ||
    inside.startsWith("..") ||
    path.isAbsolute(inside) ||
    path.win32.isAbsolute(name)
  ) {
    throw new TaskError(
      "service",
      `Storage holds a blob named ${JSON.stringify(name)}, which would be written outside ${folder}.`,
      {
        hint: "Someone may have put it there on purpose: look at who can write to that datastore.",
      },
    );
  }
  return target;
}

type UploadSettings = Parameters<BlockBlobClient["uploadFile"]>[1];
const octets = (md5: Buffer) => ({ blobContentType: "application/octet-stream", blobContentMD5: new Uint8Array(md5) });

async function uploadWhole(blob: BlockBlobClient, file: FileToUpload, settings: UploadSettings) {
  const bytes = await readFile(file.file);
  const md5 = createHash("md5").update(bytes).digest();
  await blob.upload(bytes, bytes.length, { ...settings, blobHTTPHeaders: octets(md5) } as Parameters<
    BlockBlobClient["upload"]
  >[2]);
}

async function uploadInBlocks(blob: BlockBlobClient, file: FileToUpload, settings: UploadSettings) {
  const md5 = createHash("md5");
  for await (const piece of createReadStream(file.file)) md5.update(piece as Buffer);
  const blobHTTPHeaders = octets(md5.digest());
  await blob.uploadFile(file.file, {
    ...settings,
    blockSize: ONE_PIECE,
    maxSingleShotSize: ONE_PIECE,
    concurrency: 4,
    blobHTTPHeaders,
  });
}

const abortable = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});
