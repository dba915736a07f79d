// Files from storage into a folder, against the local cloud's storage: whole, once, and nowhere else.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { Container } from "../../../lib/azure/blobs.ts";
import { type BlobFile, downloadFiles, type FileToDownload } from "../../../lib/azure/index.ts";
import { openAzure, theCloud } from "../ml/world.ts";

const MiB = 1024 * 1024;
const scratch = mkdtempSync(path.join(os.tmpdir(), "download-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

async function openContainer(onRequest: (method: string, url: string) => void = () => {}) {
  const local = await theCloud();
  const name = `test-${randomUUID()}`;
  const { blobs } = local.azure;
  const client = await blobs.container(name);
  const sasToken = blobs.sasToken(name, "", "rl", 60);
  const azure = await openAzure({ onRequest });
  const container = new Container(azure, `${local.urls.storage}/${name}`, { kind: "sas", sasToken });
  const list = async (prefix = "") => {
    const found: FileToDownload[] = [];
    for await (const blob of container.files(prefix)) found.push({ blob, relative: blob.name.slice(prefix.length) });
    return found;
  };
  /** As clients store that send blocks and no checksum of the whole. */
  const putInBlocks = async (blob: string, content: Buffer) => {
    const target = client.getBlockBlobClient(blob);
    const ids: string[] = [];
    for (let offset = 0; offset < content.length; offset += 3 * MiB) {
      const block = content.subarray(offset, offset + 3 * MiB);
      ids.push(Buffer.from(String(offset).padStart(12, "0")).toString("base64"));
      await target.stageBlock(ids.at(-1)!, block, block.length);
    }
    await target.commitBlockList(ids);
  };
  return { name, blobs, container, list, putInBlocks, folder: path.join(scratch, name) };
}

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

describe("downloads", () => {
  it("bring small and large files, with and without checksum, and then nothing again", async () => {
    const { blobs, name, container, list, putInBlocks, folder } = await openContainer();
    const [large, blocks] = [randomBytes(9 * MiB + 5), randomBytes(7 * MiB)];
    await blobs.put(name, "m/large.bin", large);
    await blobs.put(name, "m/empty", "");
    await blobs.put(name, "m/deep/er/ü é.txt", "hello");
    await putInBlocks("m/blocks.bin", blocks);
    const files = await list("m/");
    assert.equal(files.find(({ relative }) => relative === "blocks.bin")?.blob.md5, undefined);
    const report = await downloadFiles(container, files, folder);
    assert.deepEqual(report, { kept: 0, brought: 4, bytes: large.length + blocks.length + 5 });
    assert.ok(readFileSync(path.join(folder, "large.bin")).equals(large));
    assert.ok(readFileSync(path.join(folder, "blocks.bin")).equals(blocks));
    assert.deepEqual(filesIn(folder), ["blocks.bin", "deep/er/ü é.txt", "empty", "large.bin"]);
    assert.deepEqual(await downloadFiles(container, await list("m/"), folder), { kept: 4, brought: 0, bytes: 0 });
  });

  it("bring again what has changed here: by checksum, or by size and time", async () => {
    const { blobs, name, container, list, putInBlocks, folder } = await openContainer();
    await blobs.put(name, "a.txt", "abc");
    await putInBlocks("b.bin", Buffer.from("abc"));
    await downloadFiles(container, await list(), folder);
    writeFileSync(path.join(folder, "a.txt"), "abd");
    const { mtime } = statSync(path.join(folder, "b.bin"));
    writeFileSync(path.join(folder, "b.bin"), "abd");
    assert.equal((await downloadFiles(container, await list(), folder)).brought, 2);
    assert.equal(readFileSync(path.join(folder, "b.bin"), "utf8"), "abc");
    assert.deepEqual(statSync(path.join(folder, "b.bin")).mtime, mtime);
    utimesSync(path.join(folder, "a.txt"), new Date(0), new Date(0));
    assert.equal(
      (await downloadFiles(container, await list(), folder)).kept,
      2,
      "a checksum counts for more than time",
    );
  });

  it("go on where an earlier try was stopped", async () => {
    const stop = new AbortController();
    // Stopped at the first request that leaves once a piece is there: however many are under way, that one is missing.
    const { blobs, name, container, list, folder } = await openContainer((method, url) => {
      if (method !== "GET" || !url.includes("huge.bin") || stop.signal.aborted) return;
      const journal = filesIn(folder).find((file) => file.endsWith(".journal"));
      // Its first line says whose it is, and each other one that a piece is there.
      const lines = journal ? readFileSync(path.join(folder, journal), "utf8").split("\n") : [];
      if (lines.length > 2) stop.abort(new Error("stopped"));
    });
    const huge = randomBytes(72 * MiB);
    await blobs.put(name, "huge.bin", huge);
    const files = await list();
    await assert.rejects(downloadFiles(container, files, folder, stop.signal), /stopped/);
    assert.ok(!existsSync(path.join(folder, "huge.bin")), "a part is no file yet");
    assert.equal(filesIn(folder).length, 2, "the part and its journal");
    const report = await downloadFiles(container, files, folder);
    assert.equal(report.brought, 1);
    assert.ok(report.bytes < huge.length && report.bytes > 0, `${report.bytes} of ${huge.length} bytes`);
    assert.ok(readFileSync(path.join(folder, "huge.bin")).equals(huge));
    assert.deepEqual(filesIn(folder), ["huge.bin"]);
  });

  it("begin anew where what was left is not what it should be", async () => {
    const { blobs, name, container, list, folder } = await openContainer();
    const content = randomBytes(9 * MiB);
    await blobs.put(name, "x.bin", content);
    const files = await list();
    await downloadFiles(container, files, folder);
    const [part] = await leave(folder, files[0]!.blob, Buffer.alloc(9 * MiB, 7), "0\n1\n2", true);
    const report = await downloadFiles(container, files, folder);
    assert.equal(report.bytes, 1 * MiB + content.length, "the piece whose line was cut off, and then everything");
    assert.ok(readFileSync(path.join(folder, "x.bin")).equals(content));
    assert.ok(!existsSync(part));
    // What is left of another state of the blob is not taken up.
    await leave(folder, { ...files[0]!.blob, etag: "other" }, Buffer.alloc(9 * MiB, 7), "0\n1\n2\n", true);
    assert.equal((await downloadFiles(container, files, folder)).bytes, content.length);
    assert.deepEqual(filesIn(folder), ["x.bin"]);
  });

  /** Puts a part in the place of the file: that of an earlier try, which knows its own file, or one that somebody made up. */
  async function leave(
    folder: string,
    blob: BlobFile,
    content: Buffer,
    journal: string,
    isOwn = false,
  ): Promise<[string]> {
    rmSync(path.join(folder, "x.bin"), { force: true });
    const { createHash } = await import("node:crypto");
    const mark = createHash("sha256").update(`${blob.name}\n${blob.etag}\n${blob.size}`).digest("hex").slice(0, 12);
    const part = path.join(folder, `.x.bin.${mark}.part`);
    writeFileSync(part, content);
    const { dev, ino, birthtimeNs } = statSync(part, { bigint: true });
    writeFileSync(`${part}.journal`, `${isOwn ? `${dev} ${ino} ${birthtimeNs}\n` : ""}${journal}`);
    return [part];
  }

  it("take nothing that somebody put beside the file for a part of their own", async () => {
    const { name, container, list, putInBlocks, folder } = await openContainer();
    const content = randomBytes(9 * MiB);
    await putInBlocks("x.bin", content);
    const files = await list();
    assert.equal(files[0]!.blob.md5, undefined, "nothing but the pieces themselves says what they hold");
    for (const head of ["", "0 0\n", `${name}\n`]) {
      mkdirSync(folder, { recursive: true });
      await leave(folder, files[0]!.blob, Buffer.alloc(9 * MiB, 7), `${head}0\n1\n2\n`);
      await downloadFiles(container, files, folder);
      assert.ok(readFileSync(path.join(folder, "x.bin")).equals(content), "the content is the blob's own");
      assert.deepEqual(filesIn(folder), ["x.bin"]);
    }
  });

  it("write through no link that somebody put in the place of a part's journal", async () => {
    const { blobs, name, container, list, folder } = await openContainer();
    const content = randomBytes(9 * MiB);
    await blobs.put(name, "x.bin", content);
    const files = await list();
    const outside = path.join(scratch, `${name}-profile`);
    for (const text of ["", "0\n"]) {
      writeFileSync(outside, text);
      mkdirSync(folder, { recursive: true });
      const [part] = await leave(folder, files[0]!.blob, Buffer.alloc(9 * MiB, 7), "");
      rmSync(`${part}.journal`);
      symlinkSync(outside, `${part}.journal`);
      await downloadFiles(container, files, folder);
      assert.equal(readFileSync(outside, "utf8"), text, "the file at the end of the link is as it was");
      assert.ok(readFileSync(path.join(folder, "x.bin")).equals(content));
    }
  });

  it("do not mix two states of a blob", async () => {
    const { blobs, name, container, list, folder } = await openContainer();
    await blobs.put(name, "x.txt", "before");
    const files = await list();
    await blobs.put(name, "x.txt", "after!");
    await assert.rejects(downloadFiles(container, files, folder), /ConditionNotMet|412|condition/i);
    assert.ok(!existsSync(path.join(folder, "x.txt")));
  });

  it("never leave the folder, by name or by link", async () => {
    const { blobs, name, container, list, folder } = await openContainer();
    await blobs.put(name, "evil", "evil");
    const [{ blob }] = (await list()) as [FileToDownload];
    const outside = path.join(scratch, "outside");
    mkdirSync(outside, { recursive: true });
    for (const relative of ["../outside/evil", "/etc/evil", "a/../../outside/evil", "C:\\evil", "..", "", "nul\0"]) {
      await assert.rejects(downloadFiles(container, [{ blob, relative }], folder), { kind: "service" }, relative);
    }
    assert.ok(!existsSync(folder), "nothing is written, not even the folder");
    mkdirSync(folder);
    symlinkSync(outside, path.join(folder, "sub"));
    await assert.rejects(downloadFiles(container, [{ blob, relative: "sub/evil" }], folder), {
      kind: "input",
      message: /sub is a link, so that nothing is written below it/,
    });
    await assert.rejects(downloadFiles(container, [{ blob, relative: "sub/deeper/evil" }], folder), { kind: "input" });
    writeFileSync(path.join(outside, "kept"), "kept");
    symlinkSync(path.join(outside, "kept"), path.join(folder, "link"));
    await downloadFiles(container, [{ blob, relative: "link" }], folder);
    assert.ok(lstatSync(path.join(folder, "link")).isFile(), "the link made way for a file");
    assert.deepEqual(filesIn(outside), ["kept"]);
    assert.equal(readFileSync(path.join(outside, "kept"), "utf8"), "kept");
  });

  it("refuse names that cannot stand side by side, and a folder where a file belongs", async () => {
    const { blobs, name, container, list, folder } = await openContainer();
    await blobs.put(name, "a", "1");
    await blobs.put(name, "a/b", "2");
    await assert.rejects(downloadFiles(container, await list(), folder), /"a" and "a\/b" cannot both be files/);
    const [one, other] = (await list()) as [FileToDownload, FileToDownload];
    const twice = [one, { ...other, relative: "./a" }];
    await assert.rejects(downloadFiles(container, twice, folder), /cannot both be files/);
    mkdirSync(path.join(folder, "a"), { recursive: true });
    await assert.rejects(downloadFiles(container, [one], folder), /a is a folder, where a file of the model belongs/);
  });

  it("keep each file that is whole, and bring only the others after a stop", async () => {
    const stop = new AbortController();
    let begun = 0;
    const { blobs, name, container, list, folder } = await openContainer((method, url) => {
      if (method === "GET" && url.includes("/many/") && ++begun === 60) stop.abort(new Error("stopped"));
    });
    for (let index = 0; index < 100; index++) await blobs.put(name, `many/${index}`, `content ${index}`);
    const files = await list("many/");
    await assert.rejects(downloadFiles(container, files, folder, stop.signal), /stopped/);
    const whole = filesIn(folder).filter((one) => /^\d+$/.test(one));
    assert.ok(whole.length >= 30, `${whole.length} files are whole`);
    for (const one of whole) assert.equal(readFileSync(path.join(folder, one), "utf8"), `content ${one}`);
    const report = await downloadFiles(container, files, folder);
    assert.deepEqual([report.kept, report.brought], [whole.length, 100 - whole.length]);
    assert.equal(filesIn(folder).length, 100);
  });

  it("refuse names that cannot be kept here before anything is written", async () => {
    const { blobs, name, container, list, folder } = await openContainer();
    await blobs.put(name, "a", "1");
    const [{ blob }] = (await list()) as [FileToDownload];
    const good = { blob, relative: "good" };
    for (const relative of ["n".repeat(300), `deep/${"ü".repeat(128)}/x`, "a//b", "a/./b", "b/", "x/"]) {
      await assert.rejects(downloadFiles(container, [good, { blob, relative }], folder), { kind: "service" }, relative);
      assert.ok(!existsSync(path.join(folder, "good")), relative);
    }
  });
});
