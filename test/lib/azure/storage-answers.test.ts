// Validation of storage's answers: no success without what a success shows, and retries of transient failures.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import { Container } from "../../../lib/azure/blobs.ts";
import { downloadFiles, type FileToDownload, type FileToUpload } from "../../../lib/azure/index.ts";
import { openAzure, theCloud } from "../ml/world.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "storage-answers-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

type Between = (request: PipelineRequest, send: () => Promise<PipelineResponse>) => Promise<PipelineResponse>;

/** A container of its own, with something between the library and it. */
async function openContainer(between: Between = (_request, send) => send()) {
  const local = await theCloud();
  const name = `answers-${randomUUID()}`;
  const { blobs } = local.azure;
  await blobs.container(name);
  const asked: string[] = [];
  const azure = await openAzure({
    between(request, send) {
      if (!request.url.includes(name)) return send();
      asked.push(request.method);
      return between(request, send);
    },
  });
  const sasToken = blobs.sasToken(name, "", "racwdl", 60);
  return {
    name,
    blobs,
    asked,
    container: new Container(azure, `${local.urls.storage}/${name}`, { kind: "sas", sasToken }),
  };
}

function file(blob: string, content: string | Buffer): FileToUpload {
  const full = path.join(scratch, randomUUID(), blob);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, content);
  return { file: full, blob, size: Buffer.byteLength(content) };
}

/** An answer that storage never gave. */
const answer = (
  request: PipelineRequest,
  status: number,
  text: string,
  headers: Record<string, string> = {},
): PipelineResponse => ({ request, status, headers: createHttpHeaders(headers), bodyAsText: text });
const html = (request: PipelineRequest) =>
  answer(request, 200, "<html><body>Sign in to the guest network</body></html>", { "Content-Type": "text/html" });
const refusal = (request: PipelineRequest, status: number, code: string) =>
  answer(request, status, `<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message></Error>`, {
    "Content-Type": "application/xml",
    "x-ms-error-code": code,
    // No test waits for the pauses that real throttling would ask for.
    "Retry-After": "0",
  });

/** Meets the requests that `fits` names with `fault`, as often as it is told. */
function once(
  fits: (request: PipelineRequest) => boolean,
  fault: (request: PipelineRequest) => PipelineResponse,
  times = 1,
) {
  let left = times;
  return (async (request, send) => (fits(request) && left-- > 0 ? fault(request) : send())) as Between;
}
const isPut = ({ method, url }: PipelineRequest) => method === "PUT" && !url.includes("comp=metadata");
const isList = ({ url }: PipelineRequest) => url.includes("comp=list");
const isRange = ({ method, url }: PipelineRequest) => method === "GET" && !url.includes("comp=list");

async function download(container: Container, prefix = ""): Promise<Record<string, string>> {
  const files: FileToDownload[] = [];
  for await (const blob of container.files(prefix)) files.push({ blob, relative: blob.name });
  const folder = path.join(scratch, randomUUID());
  await downloadFiles(container, files, folder);
  return Object.fromEntries(files.map(({ relative }) => [relative, readFileSync(path.join(folder, relative), "utf8")]));
}

describe("answers of storage", () => {
  for (const code of ["ContainerBeingDeleted", "BlobImmutableDueToPolicy", "InvalidBlobType", "LeaseAlreadyPresent"]) {
    it(`a refusal with 409 ${code} is no success of an upload`, async () => {
      const { container, name, blobs } = await openContainer(once(isPut, (request) => refusal(request, 409, code), 99));
      const work = container.upload([file("a.txt", "a"), file("b.txt", "b")], {
        overwrite: false,
        metadata: { upload_status: "completed" },
      });
      await assert.rejects(work, (error: Error & { code?: string }) => {
        assert.match(error.message, /[ab]\.txt/);
        assert.equal(error.code, code);
        return true;
      });
      for (const blob of await blobs.list(name)) assert.deepEqual(blob.metadata, {}, "nothing is marked as complete");
    });
  }

  it("a blob that is there with other content is no success of an upload, and stays", async () => {
    for (const there of ["old", "of another length"]) {
      const { container, name, blobs } = await openContainer();
      await blobs.put(name, "a.txt", there);
      const work = container.upload([file("a.txt", "new")], {
        overwrite: false,
        metadata: { upload_status: "completed" },
      });
      await assert.rejects(work, /a\.txt/);
      assert.equal((await blobs.get(name, "a.txt"))?.toString(), there);
    }
  });

  it("a blob that is there with the same content is a success of an upload", async () => {
    const { container, name, blobs } = await openContainer();
    await blobs.put(name, "a.txt", "same");
    await container.upload([file("a.txt", "same"), file("b.txt", "b")], {
      overwrite: false,
      metadata: { upload_status: "completed" },
    });
    assert.equal(
      (await blobs.list(name)).find((blob) => blob.name === "a.txt")?.metadata["upload_status"],
      "completed",
    );
  });

  it("a page of HTML is no answer to the PUT of a blob", async () => {
    const { container, name, blobs } = await openContainer(once(isPut, html));
    await container.upload([file("a.txt", "a")], { overwrite: false, metadata: { upload_status: "completed" } });
    assert.equal((await blobs.get(name, "a.txt"))?.toString(), "a");
  });

  it("a page of HTML is no answer to the PUT of a block, of a list of blocks or of the mark that all is there", async () => {
    const large = Buffer.alloc(9 * 1024 * 1024 + 1, "x");
    for (const part of ["comp=block&", "comp=blocklist", "comp=metadata"]) {
      const fits = ({ method, url }: PipelineRequest) => method === "PUT" && `${url}&`.includes(part);
      const { container, name, blobs } = await openContainer(once(fits, html));
      await container.upload([file("large", large), file("small", "s")], {
        overwrite: false,
        metadata: { upload_status: "completed" },
      });
      const [first] = await blobs.list(name);
      assert.deepEqual(
        [first?.name, first?.size, first?.metadata["upload_status"]],
        ["large", large.length, "completed"],
        part,
      );
    }
  });

  it("a page of HTML is no list of blobs and no blob: it is asked again", async () => {
    for (const fits of [isList, isRange]) {
      const { container, name, blobs } = await openContainer(once(fits, html));
      await blobs.put(name, "a.txt", "content");
      assert.deepEqual(await download(container), { "a.txt": "content" });
    }
  });

  it("half a list is no list: it is asked again, and nothing is left out", async () => {
    let left = 1;
    const { container, name, blobs } = await openContainer(async (request, send) => {
      const response = await send();
      if (!isList(request) || left-- <= 0) return response;
      const text = response.bodyAsText ?? "";
      return { ...response, bodyAsText: text.slice(0, text.indexOf("</Blob>") + "</Blob>".length) };
    });
    await blobs.put(name, "a.txt", "a");
    await blobs.put(name, "b.txt", "b");
    assert.deepEqual(await download(container), { "a.txt": "a", "b.txt": "b" });
  });

  it("a page of HTML that stays is said to be no answer of storage", async () => {
    const { container } = await openContainer(once(isList, html, 99));
    await assert.rejects(download(container), (error: Error & { kind?: string }) => {
      assert.equal(error.kind, "service");
      assert.doesNotMatch(error.message, /undefined|Cannot read|guest network/);
      return true;
    });
  });

  for (const status of [408, 429, 500, 502, 503, 504]) {
    it(`an answer ${status} passes: to a PUT, a list, a HEAD and a GET of storage`, async () => {
      const isHead = ({ method }: PipelineRequest) => method === "HEAD";
      const left = new Map([isPut, isList, isRange, isHead].map((fits) => [fits, 2]));
      const { container, name, blobs } = await openContainer(async (request, send) => {
        for (const [fits, times] of left) {
          if (!fits(request) || times === 0) continue;
          left.set(fits, times - 1);
          return refusal(request, status, "ServerBusy");
        }
        return send();
      });
      await container.upload([file("a.txt", "a")], { overwrite: false, metadata: {} });
      assert.ok(await container.head("a.txt"));
      assert.deepEqual(await download(container), { "a.txt": "a" });
      assert.deepEqual([...left.values()], [0, 0, 0, 0]);
      assert.equal((await blobs.get(name, "a.txt"))?.toString(), "a");
    });
  }

  it("a sentence says how often storage was really asked", async () => {
    const busy = await openContainer(once(isList, (request) => refusal(request, 429, "TooManyRequests"), 99));
    const throttled = await download(busy.container).catch((one: Error) => one);
    assert.ok(throttled instanceof Error);
    assert.ok(busy.asked.length > 1);
    assert.match(throttled.message, new RegExp(`asked ${busy.asked.length} times`));
    const { container, asked } = await openContainer(
      once(isList, (request) => refusal(request, 501, "NotImplemented"), 99),
    );
    const error = await download(container).catch((one: Error) => one);
    assert.equal(asked.length, 1);
    assert.doesNotMatch((error as Error).message, /times/);
  });

  it("a piece without its mark, or of another length, is read again", async () => {
    const broken: ((response: PipelineResponse) => PipelineResponse)[] = [
      (response) => {
        response.headers.delete("etag");
        return response;
      },
      (response) => {
        response.headers.delete("content-range");
        response.headers.set("content-range", "bytes 0-3/4");
        return response;
      },
    ];
    for (const breaking of broken) {
      let left = 1;
      const { container, name, blobs } = await openContainer(async (request, send) =>
        isRange(request) && left-- > 0 ? breaking(await send()) : send(),
      );
      await blobs.put(name, "a.txt", "content");
      assert.deepEqual(await download(container), { "a.txt": "content" });
    }
  });

  it("a file of this machine that is gone is said to be gone, and is no fault of the network", async () => {
    const { container } = await openContainer();
    for (const size of [1, 9 * 1024 * 1024]) {
      const gone = file("gone.txt", Buffer.alloc(size));
      rmSync(gone.file);
      const error = await container.upload([gone], { overwrite: false, metadata: {} }).catch((one: Error) => one);
      assert.ok(error instanceof Error);
      assert.equal((error as { kind?: string }).kind, "input");
      assert.ok(error.message.includes(gone.file), error.message);
      assert.doesNotMatch(error.message, /could not be reached|proxy/);
    }
  });
});
