// One file on its way to storage: hashed as it is sent, and a blob only once all of it is known to be right.
// Tests: test/lib/azure/storage-answers.test.ts
import { createHash } from "node:crypto";
import type { BlockBlobClient } from "@azure/storage-blob";
import { TaskError } from "../errors.ts";
import type { Budget } from "./budget.ts";
import { type FileToUpload, LocalFile } from "./local-file.ts";
import { RemoteFile } from "./remote-file.ts";

/** Up to this many bytes a file goes in one request. */
const ONE_PIECE = 4 * 1024 * 1024;
/** Bytes of a block: encrypted, each is in memory twice while it travels. */
const BLOCK = 2 * 1024 * 1024;
/** A blob has at most this many blocks. */
const MOST_BLOCKS = 50_000;

export interface SendSettings {
  readonly conditions?: { readonly ifNoneMatch: string };
  readonly metadata?: Record<string, string>;
  readonly abortSignal?: AbortSignal;
}

/** Sends one request; what goes wrong with it becomes a TaskError. */
export type Say = <T>(doing: string, work: () => Promise<T>) => Promise<T | undefined>;

/**
 * @param known told the MD5 of all that was read, before anything is a blob
 * @throws TaskError `input` that names the file, where it is gone or is not what it was when it was looked at
 */
export async function sendFile(
  say: Say,
  blob: BlockBlobClient,
  file: FileToUpload,
  settings: SendSettings,
  budget: Budget,
  known: (md5: Buffer) => void,
): Promise<void> {
  const doing = `upload ${file.blob}`;
  const read = (work: (opened: LocalFile | RemoteFile) => Promise<void>) =>
    file.remote === undefined ? LocalFile.with(file, work) : work(new RemoteFile(file.file, file.remote));
  await read(async (opened) => {
    if (file.size > ONE_PIECE) {
      const ids = await stageBlocks((work) => say(doing, work), blob, file.size, opened, settings.abortSignal, budget);
      const md5 = await opened.finish();
      known(md5);
      await say(doing, () => blob.commitBlockList(ids, { ...settings, blobHTTPHeaders: octets(md5) }));
      return;
    }
    await budget.with(file.size, async () => {
      const bytes = await opened.next(file.size);
      const md5 = await opened.finish();
      known(md5);
      const answer = await say(doing, () =>
        blob.upload(bytes, bytes.length, { ...settings, blobHTTPHeaders: octets(md5) }),
      );
      if (answer?.contentMD5 && !md5.equals(Buffer.from(answer.contentMD5))) {
        throw new TaskError("service", `Azure could not ${doing}: it received other bytes than were sent.`, {
          errorCode: "AML1112",
          hint: "Run the step again.",
        });
      }
    });
  });
}

/** Blocks in the file's order, some on their way at a time; their ids. */
async function stageBlocks(
  say: (work: () => Promise<unknown>) => Promise<unknown>,
  blob: BlockBlobClient,
  size: number,
  opened: LocalFile | RemoteFile,
  signal: AbortSignal | undefined,
  budget: Budget,
): Promise<string[]> {
  const length = Math.max(BLOCK, Math.ceil(size / MOST_BLOCKS));
  const ids: string[] = [];
  const sending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  // Memory of blocks that were sent is reused: it would be allocated faster than it is collected.
  const free: Buffer[] = [];
  const send = async (bytes: Buffer, release: () => void) => {
    try {
      const digest = createHash("md5").update(bytes).digest();
      // Named by place and content: of two uploads at once, one can end with the other's blocks.
      const id = Buffer.from(`${String(ids.length).padStart(6, "0")}-${digest.toString("hex")}`).toString("base64");
      ids.push(id);
      const options = { transactionalContentMD5: digest, ...(signal ? { abortSignal: signal } : {}) };
      await say(() => blob.stageBlock(id, bytes, bytes.length, options));
    } catch (error) {
      failures.push(error);
    } finally {
      free.push(bytes);
      release();
    }
  };
  for (let offset = 0; offset < size && failures.length === 0; offset += length) {
    const count = Math.min(length, size - offset);
    const release = await budget.take(count);
    try {
      signal?.throwIfAborted();
      const one: Promise<void> = send(await opened.next(count, free.pop()), release).finally(() => sending.delete(one));
      sending.add(one);
    } catch (error) {
      release();
      failures.push(error);
    }
  }
  await Promise.all(sending);
  if (failures.length > 0) throw failures[0];
  return ids;
}

const octets = (md5: Buffer) => ({ blobContentType: "application/octet-stream", blobContentMD5: new Uint8Array(md5) });
