// Blob storage: bringing files there and back. Signed addresses and keys stay in here, and out of every error.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { createHttpHeaders, createPipelineRequest, type HttpClient } from "@azure/core-rest-pipeline";
import {
  AnonymousCredential,
  type BlockBlobClient,
  ContainerClient,
  type HttpHeaders,
  newPipeline,
  type RequestPolicy,
  StorageSharedKeyCredential,
  type WebResource,
} from "@azure/storage-blob";
import { TaskError } from "../errors.ts";
import type { AzureMl } from "./client.ts";
import { failureOf, unreachable } from "./failure.ts";
import { sideBySide } from "./parallel.ts";

/** How a container is entered. */
export type BlobAccess =
  | { readonly kind: "sas"; readonly sasToken: string }
  | { readonly kind: "key"; readonly account: string; readonly key: string }
  | { readonly kind: "entra" };

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

export interface BlobHead {
  readonly length: number;
  readonly metadata: Readonly<Record<string, string>>;
}

const FILES_AT_ONCE = 16;
/** Up to this many bytes a file goes in one request. */
const ONE_PIECE = 8 * 1024 * 1024;

export class Container {
  /** Without query and without a slash at the end. */
  readonly url: string;
  readonly #client: ContainerClient;

  constructor(azure: AzureMl, containerUrl: string, access: BlobAccess) {
    const url = new URL(containerUrl);
    url.search = "";
    this.url = url.href.replace(/\/$/, "");
    const pipeline = newPipeline(credentialFor(azure, access), {
      httpClient: compatible(azure.transport.httpClient),
      userAgentOptions: { userAgentPrefix: azure.transport.userAgent },
      retryOptions: { maxTries: 5, retryDelayInMs: 500, maxRetryDelayInMs: 30_000 },
      ...(access.kind === "entra" ? { audience: azure.cloud.storageScope } : {}),
    });
    const signed = access.kind === "sas" ? `${this.url}?${access.sasToken.replace(/^\?/, "")}` : this.url;
    this.#client = new ContainerClient(signed, pipeline);
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

  /**
   * Brings every blob below `prefix` into `folder`, and returns the files written.
   * @throws TaskError where a blob's name would lead out of the folder
   */
  async download(prefix: string, folder: string, signal?: AbortSignal): Promise<string[]> {
    const found: { name: string; size: number }[] = [];
    for await (const blob of this.list(prefix, signal)) found.push(blob);
    return sideBySide(found, FILES_AT_ONCE, async ({ name, size }) => {
      const target = placeInside(folder, name.slice(prefix.length).replace(/^\/+/, "") || path.posix.basename(name));
      await mkdir(path.dirname(target), { recursive: true });
      await this.#say(`download ${name}`, signal, [], () =>
        // An empty blob has no range to read: the service answers 416 (facts/04 11.1).
        this.#client.getBlobClient(name).downloadToFile(target, 0, size === 0 ? undefined : size, abortable(signal)),
      );
      return target;
    });
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

/** Reads a signed address from `offset` on. `bytes` is undefined where there is nothing new (yet). */
export async function readFrom(azure: AzureMl, signedUrl: string, offset: number, signal?: AbortSignal) {
  const bytesOf = (response: { readableStreamBody?: NodeJS.ReadableStream | undefined }) =>
    collect(response.readableStreamBody);
  const request = createPipelineRequest({
    url: signedUrl,
    method: "GET",
    headers: createHttpHeaders({ "x-ms-range": `bytes=${offset}-`, "x-ms-version": "2021-10-04" }),
    streamResponseStatusCodes: new Set([200, 206]),
    timeout: 60_000,
    ...(signal ? { abortSignal: signal } : {}),
  });
  try {
    const response = await azure.transport.httpClient.sendRequest(request);
    const total = /\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1];
    const length = total === undefined ? undefined : Number(total);
    if (response.status === 206) return { status: 206, bytes: await bytesOf(response), length };
    // A server that knows no ranges sends the whole.
    if (response.status === 200) return { status: 200, bytes: (await bytesOf(response)).subarray(offset), length };
    return { status: response.status, bytes: undefined, length };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw unreachable("read the job's log", signedUrl, error);
  }
}

async function collect(stream: NodeJS.ReadableStream | undefined): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream ?? []) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces);
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

function credentialFor(azure: AzureMl, access: BlobAccess) {
  switch (access.kind) {
    case "sas":
      return new AnonymousCredential();
    case "key":
      return new StorageSharedKeyCredential(access.account, access.key);
    case "entra":
      return azure.credential;
  }
}

const abortable = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

/** The storage library takes its HTTP client in the shape of its elders; the bytes go the one way out all the same. */
function compatible(client: HttpClient): RequestPolicy {
  return {
    async sendRequest(old: WebResource) {
      const { headers, ...rest } = old;
      const request = createPipelineRequest({
        ...(rest as object),
        url: old.url,
        method: old.method,
        headers: createHttpHeaders(headers.toJson({ preserveCase: true })),
        allowInsecureConnection: true,
      });
      const response = await client.sendRequest(request);
      const toJson = (options?: { preserveCase?: boolean }) => response.headers.toJSON(options);
      return { ...response, request: old, headers: { ...response.headers, toJson } } as unknown as Awaited<
        ReturnType<RequestPolicy["sendRequest"]>
      >;
    },
  };
}
