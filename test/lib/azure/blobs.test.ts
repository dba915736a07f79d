// Files to storage and back, against the local cloud's storage.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { placeInside } from "../../../lib/azure/blob-files.ts";
import { Container } from "../../../lib/azure/blobs.ts";
import { downloadFiles, type FileToDownload, type FileToUpload, readPiece } from "../../../lib/azure/index.ts";
import { openAzure, theCloud } from "../ml/world.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "blobs-"));
after(() => rmSync(scratch, { recursive: true, force: true }));
const signal = new AbortController().signal;

async function openContainer(access: "sas" | "key" = "sas") {
  const local = await theCloud();
  const azure = await openAzure();
  const name = `test-${randomUUID()}`;
  await local.azure.blobs.container(name);
  const { blobs } = local.azure;
  const how =
    access === "sas"
      ? { kind: "sas" as const, sasToken: blobs.sasToken(name, "", "racwdl", 60) }
      : { kind: "key" as const, account: "stor1", key: blobs.key };
  return { azure, name, blobs, container: new Container(azure, `${local.urls.storage}/${name}`, how) };
}

function file(name: string, content: string | Buffer): FileToUpload {
  const full = path.join(scratch, randomUUID(), name);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, content);
  return { file: full, blob: name, size: Buffer.byteLength(content) };
}

describe("blobs", () => {
  for (const access of ["sas", "key"] as const) {
    it(`uploads many files with a ${access}, marks the first, and downloads them again`, async () => {
      const { container, name, blobs } = await openContainer(access);
      const files = Array.from({ length: 40 }, (_, index) =>
        file(`data/deep/file ${index} ü.txt`, index === 7 ? "" : `content ${index}`),
      );
      await container.upload(files, { overwrite: false, metadata: { upload_status: "completed" } });
      const [first] = files;
      assert.ok(first);
      assert.deepEqual((await container.head(first.blob))?.metadata, { upload_status: "completed" });
      assert.equal((await container.head(files[1]?.blob ?? ""))?.metadata["upload_status"], undefined);
      assert.equal((await blobs.get(name, first.blob))?.toString(), "content 0");
      const folder = path.join(scratch, "down", access);
      const found: FileToDownload[] = [];
      for await (const blob of container.files("data/"))
        found.push({ blob, relative: blob.name.slice("data/".length) });
      assert.deepEqual(await downloadFiles(container, found, folder), {
        kept: 0,
        brought: 40,
        bytes: files.reduce((sum, { size }) => sum + size, 0),
      });
      assert.equal(readFileSync(path.join(folder, "deep", "file 39 ü.txt"), "utf8"), "content 39");
      assert.equal(readFileSync(path.join(folder, "deep", "file 7 ü.txt"), "utf8"), "");
    });
  }

  it("uploads a large file in blocks, with the checksum of the whole", async () => {
    const { container, name, blobs } = await openContainer();
    const bytes = Buffer.alloc(9 * 1024 * 1024 + 17, "abc");
    await container.upload([file("large.bin", bytes)], { overwrite: false, metadata: { upload_status: "completed" } });
    const stored = await blobs.get(name, "large.bin");
    assert.equal(
      stored && createHash("md5").update(stored).digest("hex"),
      createHash("md5").update(bytes).digest("hex"),
    );
    assert.equal((await container.head("large.bin"))?.metadata["upload_status"], "completed");
  });

  it("keeps what is there, unless it is told to replace it", async () => {
    const { container, name, blobs } = await openContainer();
    await blobs.put(name, "a", "old");
    const work = container.upload([file("a", "new")], { overwrite: false, metadata: {} });
    await assert.rejects(work, { kind: "conflict", message: /Storage holds a already, with other content/ });
    assert.equal((await blobs.get(name, "a"))?.toString(), "old");
    await container.upload([file("a", "new")], { overwrite: true, metadata: {} });
    assert.equal((await blobs.get(name, "a"))?.toString(), "new");
  });

  it("knows that a blob is not there", async () =>
    assert.equal(await (await openContainer()).container.head("nothing"), undefined));

  it("says what failed, and never with what it was signed", async () => {
    const local = await theCloud();
    const azure = await openAzure();
    const signature = "c2VjcmV0IHNpZ25hdHVyZQ%3D%3D";
    const wrong = new Container(azure, `${local.urls.storage}/azureml`, {
      kind: "sas",
      sasToken: `sv=2021-10-04&sr=c&sp=rcwl&sig=${signature}&se=2030-01-01T00%3A00%3A00Z`,
    });
    const error = await wrong.upload([file("a", "x")], { overwrite: false, metadata: {} }).catch((one: Error) => one);
    assert.ok(error instanceof Error);
    assert.match(error.message, /upload a/);
    assert.ok(!`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`.includes("c2VjcmV0"));
  });

  it("reads on from where it was, and finds nothing where nothing is new", async () => {
    const { azure, blobs, name } = await openContainer();
    await blobs.append(name, "log.txt", "hello ");
    const url = blobs.sasUrl(name, "log.txt", "r", 60);
    const first = await readPiece(azure, url, 0, Buffer.alloc(100), signal);
    assert.equal(first?.bytes.toString(), "hello ");
    assert.equal((await readPiece(azure, url, 6, Buffer.alloc(100), signal))?.bytes.length, 0);
    await blobs.append(name, "log.txt", "world");
    assert.equal((await readPiece(azure, url, 6, Buffer.alloc(100), signal))?.bytes.toString(), "world");
    const piece = await readPiece(azure, url, 3, Buffer.alloc(4), signal);
    assert.deepEqual([piece?.bytes.toString(), piece?.total], ["lo w", 11], "and no more than it was asked for");
    assert.equal(
      await readPiece(azure, blobs.sasUrl(name, "none.txt", "r", 60), 0, Buffer.alloc(100), signal),
      undefined,
    );
  });

  it("says what was being read where the answer is no piece", async () => {
    const { azure, blobs, name } = await openContainer();
    await blobs.append(name, "rows.csv", "a,b");
    const [address = ""] = blobs.sasUrl(name, "rows.csv", "r", 60).split("?");
    const read = readPiece(azure, address, 0, Buffer.alloc(9), signal, "read the file outputs/rows.csv");
    await assert.rejects(read, /^TaskError: Azure answered 40\d when asked to read the file outputs\/rows\.csv\.$/);
  });

  it("never leaves its folder, whatever a blob is called", () => {
    for (const name of ["../x", "a/../../x", "/etc/passwd", "..", "", "a/../..", "C:\\x", "a\0b"]) {
      assert.throws(() => placeInside("/srv/folder", name), { kind: "service" }, name);
    }
    fc.assert(
      fc.property(fc.string(), (name) => {
        let target: string;
        try {
          target = placeInside("/srv/folder", name);
        } catch {
          return;
        }
        assert.ok(target.startsWith("/srv/folder/"), target);
      }),
    );
  });
});
