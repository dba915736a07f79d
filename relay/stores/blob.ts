// The store in a container of Azure Storage; its conditions are ETags, kept by the service.
import { type ContainerClient, RestError } from "@azure/storage-blob";
import type { Condition, Store, StoredText } from "../core/store.ts";

export class BlobStore implements Store {
  readonly #container: ContainerClient;
  #made: Promise<unknown> | undefined;

  constructor(container: ContainerClient) {
    this.#container = container;
  }

  async read(key: string): Promise<StoredText | undefined> {
    try {
      const blob = await this.#container.getBlockBlobClient(key).download();
      const chunks: Buffer[] = [];
      for await (const chunk of blob.readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
      return { text: Buffer.concat(chunks).toString("utf8"), etag: blob.etag ?? "" };
    } catch (error) {
      if (error instanceof RestError && error.statusCode === 404) return undefined;
      throw error;
    }
  }

  async write(key: string, text: string, condition?: Condition): Promise<string | undefined> {
    this.#made ??= this.#container.createIfNotExists();
    await this.#made.catch((error: unknown) => {
      this.#made = undefined;
      throw error;
    });
    const bytes = Buffer.from(text, "utf8");
    try {
      const written = await this.#container.getBlockBlobClient(key).upload(bytes, bytes.length, {
        blobHTTPHeaders: { blobContentType: "application/json" },
        ...(condition === undefined
          ? {}
          : { conditions: condition === "absent" ? { ifNoneMatch: "*" } : { ifMatch: condition.etag } }),
      });
      return written.etag ?? "";
    } catch (error) {
      // 409 BlobAlreadyExists or 412 ConditionNotMet; 404 is If-Match on a blob that was removed.
      if (condition !== undefined && error instanceof RestError && [404, 409, 412].includes(error.statusCode ?? 0)) {
        return undefined;
      }
      throw error;
    }
  }

  async list(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    try {
      for await (const blob of this.#container.listBlobsFlat({ prefix })) keys.push(blob.name);
    } catch (error) {
      if (error instanceof RestError && error.statusCode === 404) return [];
      throw error;
    }
    return keys;
  }

  async remove(key: string): Promise<void> {
    try {
      await this.#container.getBlockBlobClient(key).delete();
    } catch (error) {
      // The blob, or the whole container, is not there.
      if (!(error instanceof RestError && error.statusCode === 404)) throw error;
    }
  }
}
