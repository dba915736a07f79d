// The content of a version: the same hash for the same files wherever they lie, and no name that leads out of the folder.
import assert from "node:assert/strict";
import { openDatastore } from "../../../../lib/ml/assets/datastores.ts";
import { contentAt } from "../../../../lib/ml/promote/content.ts";
import { openLocal, theCloud } from "../world.ts";

describe("the content of a version", () => {
  const { signal } = new AbortController();
  const put = async (files: Record<string, string>) => {
    const { azure } = await theCloud();
    for (const [name, text] of Object.entries(files))
      await azure.blobs.put(`azureml-blobstore-${azure.workspaceGuid}`, name, text);
  };
  const at = async (path: string) => {
    const { container } = await openDatastore(await openLocal());
    return contentAt({ container, path }, signal);
  };

  it("has the same hash wherever it lies, and another for each name, length and byte", async () => {
    const files = (root: string, more: Record<string, string> = {}) =>
      Object.fromEntries(
        Object.entries({ "a.txt": "one", "b/c.txt": "two", ...more }).map(([n, t]) => [`${root}/${n}`, t]),
      );
    await put({ ...files("content/x/m"), ...files("content/y/other"), "content/x/m-2/a.txt": "no part of it" });
    const one = (await at("content/x/m"))!;
    assert.equal(one.hash, (await at("content/y/other"))?.hash);
    assert.deepEqual(
      [one.files.map(({ relative }) => relative), one.bytes, one.isFolder],
      [["a.txt", "b/c.txt"], 6, true],
    );
    const others: Record<string, string>[] = [{ "a.txt": "onf" }, { "d.txt": "" }, { "a.txt": "one " }];
    for (const [index, more] of others.entries()) {
      await put(files(`content/z${index}`, more));
      assert.notEqual((await at(`content/z${index}`))?.hash, one.hash);
    }
  });

  it("is that of one file, and nothing where nothing lies", async () => {
    await put({ "content/single/model.bin": "x" });
    const single = (await at("content/single/model.bin"))!;
    assert.deepEqual([single.isFolder, single.name, single.files[0]?.relative], [false, "model.bin", ""]);
    assert.equal(await at("content/nothing"), undefined);
  });

  it("is computed of the bytes where storage keeps no checksum", async () => {
    const { azure } = await theCloud();
    const container = await azure.blobs.container(`azureml-blobstore-${azure.workspaceGuid}`);
    // A blob of blocks, committed without a checksum.
    const blob = container.getBlockBlobClient("content/blocks/a.txt");
    const id = Buffer.from("000001").toString("base64");
    await blob.stageBlock(id, "one", 3);
    await blob.commitBlockList([id]);
    await put({ "content/whole/a.txt": "one" });
    assert.equal((await at("content/blocks"))?.hash, (await at("content/whole"))?.hash);
  });

  it("is refused where a blob's name would lead out of the folder that it is copied to", async () => {
    const place = (name: string) => ({
      path: "m",
      container: {
        async *files() {
          yield { name, size: 1, md5: "x", etag: "e", lastModified: new Date(0) };
        },
      } as never,
    });
    for (const name of ["m/../other/x", "m/./x", "m//x", "m/a/.."])
      await assert.rejects(contentAt(place(name), signal), /lead out of the model's folder/, name);
    assert.equal((await contentAt(place("m/a..b"), signal))?.files.length, 1);
  });
});
