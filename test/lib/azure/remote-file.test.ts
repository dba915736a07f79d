// A file of storage on its way to other storage: read in order, hashed as it passes, and refused where it is another than was listed.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { RemoteFile } from "../../../lib/azure/remote-file.ts";

describe("a file on its way from storage to storage", () => {
  const bytes = Buffer.from("0123456789");
  const md5 = createHash("md5").update(bytes).digest("base64");
  const reading = (asked: [number, number][] = []) => ({
    md5,
    read: async (offset: number, count: number) => {
      asked.push([offset, count]);
      return bytes.subarray(offset, offset + count);
    },
  });

  it("is read piece by piece, and its hash is that of all that passed", async () => {
    const asked: [number, number][] = [];
    const file = new RemoteFile("model.bin", reading(asked));
    assert.equal(`${await file.next(4)}${await file.next(6)}`, "0123456789");
    assert.deepEqual(asked, [
      [0, 4],
      [4, 6],
    ]);
    assert.equal((await file.finish()).toString("base64"), md5);
  });

  it("asks for nothing where it is empty", async () => {
    const empty = createHash("md5").digest("base64");
    const file = new RemoteFile("empty", { md5: empty, read: () => assert.fail("was read") });
    assert.equal((await file.next(0)).length, 0);
    assert.equal((await file.finish()).toString("base64"), empty);
  });

  it("is refused by its name where it arrives with another content", async () => {
    const file = new RemoteFile("model.bin", { ...reading(), md5: createHash("md5").update("other").digest("base64") });
    await file.next(10);
    await assert.rejects(file.finish(), /The file model\.bin arrived with another content/);
  });
});
