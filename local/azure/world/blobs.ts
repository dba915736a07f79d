// Local Azure's own way to its storage account: with the account key, over plain loopback HTTP, past the recorder.
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type PipelineRequest,
} from "@azure/core-rest-pipeline";
import {
  AccountSASPermissions,
  BlobServiceClient,
  type ContainerClient,
  ContainerSASPermissions,
  generateAccountSASQueryParameters,
  generateBlobSASQueryParameters,
  type RequestPolicy,
  StorageSharedKeyCredential,
  type WebResource,
} from "@azure/storage-blob";

/**
 * Goes straight to the port, whatever proxy the environment names: the library would send even loopback through that.
 * The library wants its client in an older shape, and passes on what it chose (an agent) in a request that is left behind here.
 */
function directClient(): RequestPolicy {
  const client = createDefaultHttpClient();
  const sendRequest = async (old: WebResource) => {
    const { url, method, body, timeout, abortSignal, streamResponseStatusCodes } = old as WebResource & PipelineRequest;
    const request = createPipelineRequest({
      ...{ url, method, timeout, allowInsecureConnection: true },
      headers: createHttpHeaders(old.headers.toJson({ preserveCase: true })),
      ...(body === undefined ? {} : { body }),
      ...(abortSignal === undefined ? {} : { abortSignal }),
      ...(streamResponseStatusCodes === undefined ? {} : { streamResponseStatusCodes }),
    });
    const response = await client.sendRequest(request);
    const toJson = (options?: { preserveCase?: boolean }) => response.headers.toJSON(options);
    return { ...response, request: old, headers: { ...response.headers, toJson } };
  };
  return { sendRequest } as unknown as RequestPolicy;
}

/** An entry in a list of blobs. */
export interface BlobEntry {
  readonly name: string;
  readonly size: number;
  readonly lastModified: Date;
  readonly metadata: Readonly<Record<string, string>>;
}

export class BlobStore {
  readonly account: string;
  readonly key: string;
  /** Azurite's plain HTTP port on 127.0.0.1. */
  readonly port: number;
  readonly #credential: StorageSharedKeyCredential;
  readonly #service: BlobServiceClient;
  readonly #publicUrl: () => string;
  readonly #now: () => number;
  readonly #ready = new Map<string, Promise<ContainerClient>>();

  /** @param o.publicUrl https://stor1.blob.core.storage.localhost:<port>, known once the listener is up */
  constructor(o: { account: string; key: string; port: number; publicUrl: () => string; now: () => number }) {
    this.account = o.account;
    this.key = o.key;
    this.port = o.port;
    this.#publicUrl = o.publicUrl;
    this.#now = o.now;
    this.#credential = new StorageSharedKeyCredential(o.account, o.key);
    this.#service = new BlobServiceClient(`http://127.0.0.1:${o.port}/${o.account}`, this.#credential, {
      httpClient: directClient(),
    });
  }

  /** The container, made when there is none. */
  container(name: string): Promise<ContainerClient> {
    const known = this.#ready.get(name);
    if (known !== undefined) return known;
    const client = this.#service.getContainerClient(name);
    const ready = client.createIfNotExists().then(() => client);
    this.#ready.set(name, ready);
    return ready;
  }

  /** Writes a block blob, over whatever was there. */
  async put(
    container: string,
    name: string,
    bytes: Uint8Array | string,
    blobContentType = "application/octet-stream",
  ): Promise<void> {
    const content = Buffer.from(bytes as Uint8Array);
    const client = (await this.container(container)).getBlockBlobClient(name);
    await client.uploadData(content, { blobHTTPHeaders: { blobContentType } });
  }

  /** Writes a block blob from a local file, piecewise. */
  async putFile(container: string, name: string, file: string): Promise<void> {
    const client = (await this.container(container)).getBlockBlobClient(name);
    await client.uploadFile(file, { blobHTTPHeaders: { blobContentType: "application/octet-stream" } });
  }

  /** Adds to an append blob, made when there is none (as job logs are, docs/facts/azureml-wire.md#11.1). No bytes make an empty blob. */
  async append(container: string, name: string, bytes: Uint8Array | string): Promise<void> {
    const content = Buffer.from(bytes as Uint8Array);
    const client = (await this.container(container)).getAppendBlobClient(name);
    await client.createIfNotExists();
    // One block holds at most 4 MiB.
    for (let offset = 0; offset < content.length; offset += 4 * 1024 * 1024) {
      const block = content.subarray(offset, offset + 4 * 1024 * 1024);
      await client.appendBlock(block, block.length);
    }
  }

  /** The blob's content; undefined when there is none. */
  async get(container: string, name: string): Promise<Buffer | undefined> {
    const client = (await this.container(container)).getBlobClient(name);
    try {
      return await client.downloadToBuffer();
    } catch (error) {
      const status = (error as { statusCode?: number }).statusCode;
      if (status === 404) return undefined;
      if (status === 416) return Buffer.alloc(0); // a range of an empty blob
      throw error;
    }
  }

  /** Writes the blob to a local file. @throws when there is no such blob */
  async getFile(container: string, name: string, file: string): Promise<void> {
    await (await this.container(container)).getBlobClient(name).downloadToFile(file);
  }

  async exists(container: string, name: string): Promise<boolean> {
    return (await this.container(container)).getBlobClient(name).exists();
  }

  /** Every blob whose name starts with `prefix`, by name. */
  async list(container: string, prefix = ""): Promise<BlobEntry[]> {
    const found: BlobEntry[] = [];
    for await (const blob of (await this.container(container)).listBlobsFlat({ prefix, includeMetadata: true })) {
      found.push({
        name: blob.name,
        size: blob.properties.contentLength ?? 0,
        lastModified: blob.properties.lastModified,
        metadata: blob.metadata ?? {},
      });
    }
    return found;
  }

  /** Deletes a blob; whether there was one. */
  async delete(container: string, name: string): Promise<boolean> {
    return (await (await this.container(container)).getBlobClient(name).deleteIfExists()).succeeded;
  }

  /** Deletes every container with all that is in it. */
  async deleteContainers(): Promise<void> {
    for await (const { name } of this.#service.listContainers()) await this.#service.deleteContainer(name);
    this.#ready.clear();
  }

  /** The URL without a signature: of the account (both left out), of a container, or of a blob. */
  url(container = "", name = ""): string {
    const parts = [container, ...name.split("/")].filter((part) => part !== "").map(encodeURIComponent);
    return [this.#publicUrl(), ...parts].join("/");
  }

  /**
   * A signature for a container (`name` empty) or one blob, as a query string without `?`.
   * @param permissions letters in any order: r a c w d l
   */
  sasToken(container: string, name: string, permissions: string, minutes: number): string {
    return generateBlobSASQueryParameters(
      {
        containerName: container,
        ...(name === "" ? {} : { blobName: name }),
        permissions: ContainerSASPermissions.parse(permissions),
        startsOn: new Date(this.#now() - 5 * 60_000),
        expiresOn: new Date(this.#now() + minutes * 60_000),
      },
      this.#credential,
    ).toString();
  }

  /** A signature for everything in the account, good for `minutes`. */
  accountSasToken(minutes: number): string {
    return generateAccountSASQueryParameters(
      {
        permissions: AccountSASPermissions.parse("rwdlac"),
        services: "b",
        resourceTypes: "sco",
        startsOn: new Date(this.#now() - 5 * 60_000),
        expiresOn: new Date(this.#now() + minutes * 60_000),
      },
      this.#credential,
    ).toString();
  }

  /** A signed URL of a container (`name` empty) or of one blob. */
  sasUrl(container: string, name: string, permissions: string, minutes: number): string {
    return `${this.url(container, name)}?${this.sasToken(container, name, permissions, minutes)}`;
  }
}
