// The client of `npm run bench -- --transfers`, a process of its own beside the local cloud: large files by the library and the same bytes by bare requests
// over the same transport, in turn. Prints what each took, in milliseconds, as JSON.
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import {
  AzureMl,
  type BlobFile,
  cloudOf,
  createCredential,
  createTransport,
  downloadFiles,
  openContainer,
} from "../../lib/azure/index.ts";
import type { LargeTransfers, TransferRequest } from "./transfers.ts";

const MEGABYTE = 1024 * 1024;
/** As the library has them: bytes of a block and of a range, and how many of each travel at a time. */
const BLOCK = 2 * MEGABYTE;
const RANGE = 4 * MEGABYTE;
const AT_ONCE = 4;

const asked = JSON.parse(process.argv[2] ?? "") as TransferRequest;
const transport = createTransport({ proxy: { url: asked.proxyUrl }, caFile: asked.caFile, userAgent: "bench" });
const cloud = cloudOf({
  environment: "AzureCloud",
  resourceManagerUrl: asked.resourceManager,
  authorityUrl: asked.authority,
  storageSuffix: asked.storageSuffix,
  vaultSuffix: asked.vaultSuffix,
});
const identity = { scheme: "servicePrincipalSecret", tenantId: "none", clientId: "none", secret: "none" } as const;
const quiet = () => {};
const azure = new AzureMl({
  ...{ cloud, transport, subscriptionId: "none", credential: createCredential(cloud, identity, transport) },
  log: { info: quiet, debug: quiet, warn: quiet, remote: quiet, group: (_title, work) => work() },
});
const container = await openContainer(azure, asked.container, { kind: "sas", sasToken: asked.sasToken });

/** One request without anything of the library but its transport. */
async function bare(
  method: "PUT" | "GET" | "DELETE",
  blob: string,
  query: string,
  options: { body?: Buffer; range?: string } = {},
) {
  const { body, range } = options;
  const digest = body && createHash("md5").update(body).digest("base64");
  const request = createPipelineRequest({
    url: `${asked.container}/${blob}?${asked.sasToken}${query}`,
    method,
    headers: createHttpHeaders({
      "x-ms-version": "2021-10-04",
      ...(digest === undefined ? {} : { "Content-MD5": digest }),
      ...(range === undefined ? {} : { "x-ms-range": range }),
    }),
    ...(body === undefined ? {} : { body }),
    ...(range === undefined ? {} : { streamResponseStatusCodes: new Set([206]) }),
  });
  const answer = await transport.httpClient.sendRequest(request);
  if (answer.status >= 300) throw new Error(`${method} ${blob} answered ${answer.status}: ${answer.bodyAsText}`);
  let read = 0;
  for await (const piece of answer.readableStreamBody ?? []) read += (piece as Buffer).length;
  return read;
}

/** Runs `work` for 0, 1, ... `count` - 1, some at a time. */
async function sideBySide(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await work();
  return performance.now() - started;
};

const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-transfers-"));
const content = Buffer.alloc(BLOCK, "0123456789abcdef weights ");
const blocks = Math.round(asked.bytes / BLOCK);
const size = blocks * BLOCK;
const large = path.join(folder, "large.bin");
const file = openSync(large, "w");
for (let block = 0; block < blocks; block++) writeSync(file, content);
closeSync(file);

async function bareUpload(blob: string): Promise<void> {
  const id = (index: number) => encodeURIComponent(Buffer.from(String(index).padStart(6, "0")).toString("base64"));
  await sideBySide(blocks, (index) => bare("PUT", blob, `&comp=block&blockid=${id(index)}`, { body: content }));
  const list = Array.from({ length: blocks }, (_, index) => `<Latest>${decodeURIComponent(id(index))}</Latest>`).join(
    "",
  );
  await bare("PUT", blob, "&comp=blocklist", {
    body: Buffer.from(`<?xml version="1.0"?><BlockList>${list}</BlockList>`),
  });
}

const taken: { [key in keyof LargeTransfers]: number[] } = {
  uploads: [],
  bareUploads: [],
  downloads: [],
  bareDownloads: [],
};
try {
  for (let turn = 0; turn <= asked.runs; turn++) {
    const ours = await timed(() => container.upload([{ file: large, blob: "ours.bin", size }], { overwrite: true }));
    const theirs = await timed(() => bareUpload("bare.bin"));
    const target = path.join(folder, `down-${turn}`);
    const blobs: BlobFile[] = [];
    for await (const blob of container.files("ours.bin")) blobs.push(blob);
    const down = await timed(() =>
      downloadFiles(
        container,
        blobs.map((blob) => ({ blob, relative: "large.bin" })),
        target,
      ),
    );
    const ranges = Math.ceil(size / RANGE);
    const bareDown = await timed(() =>
      sideBySide(ranges, (index) =>
        bare("GET", "ours.bin", "", { range: `bytes=${index * RANGE}-${Math.min(size, (index + 1) * RANGE) - 1}` }),
      ),
    );
    rmSync(target, { recursive: true });
    for (const blob of ["ours.bin", "bare.bin"]) await bare("DELETE", blob, "");
    if (turn === 0) continue;
    taken.uploads.push(ours);
    taken.bareUploads.push(theirs);
    taken.downloads.push(down);
    taken.bareDownloads.push(bareDown);
  }
} finally {
  transport.close();
  rmSync(folder, { recursive: true, force: true });
}
console.log(JSON.stringify(taken));
