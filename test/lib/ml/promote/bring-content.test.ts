// Copies between storages: in bounded memory, resumed where a part is there, and never over what others put there.
import assert from "node:assert/strict";
import { openDatastore } from "../../../../lib/ml/assets/datastores.ts";
import { bringTo } from "../../../../lib/ml/promote/bring-content.ts";
import { contentAt } from "../../../../lib/ml/promote/content.ts";
import { openLocal, theCloud } from "../world.ts";

describe("a copy of a version's content", () => {
  const { signal } = new AbortController();
  const large = Buffer.alloc(9 * 1024 * 1024, "large");
  const open = async (root: string, files: Record<string, string | Buffer>) => {
    const { azure } = await theCloud();
    for (const [name, bytes] of Object.entries(files)) await azure.blobs.put("azureml", `${root}/${name}`, bytes);
    const workspace = await openLocal();
    const { container } = await openDatastore(workspace, "workspaceartifactstore");
    return { workspace, content: (await contentAt({ container, path: root }, signal))! };
  };

  it("arrives in pieces of at most 4 MiB, whole, at a place that its hash names", async () => {
    const { workspace, content } = await open("bring/a", { "large.bin": large, "small.txt": "x" });
    const asked: number[] = [];
    const { container } = content.place;
    const range = container.range.bind(container);
    container.range = (blob, offset, count, given) => {
      asked.push(count);
      return range(blob, offset, count, given);
    };
    const { uri, files } = await bringTo(workspace, "models", "m", "1", content);
    assert.equal(files, 2);
    assert.match(uri, new RegExp(`/datastores/workspaceblobstore/paths/LocalUpload/${content.hash}/a$`));
    assert.ok(Math.max(...asked) <= 4 * 1024 * 1024, String(asked));
    const { azure } = await theCloud();
    const place = `LocalUpload/${content.hash}/a`;
    const copied = await azure.blobs.get(`azureml-blobstore-${azure.workspaceGuid}`, `${place}/large.bin`);
    assert.ok(copied?.equals(large));
    assert.equal((await bringTo(workspace, "models", "m", "1", content)).files, 0, "a second time nothing is copied");
  });

  it("brings only what is lacking after a copy that broke off, and replaces what is wrong there", async () => {
    const { workspace, content } = await open("bring/b", { "1.txt": "one", "2.txt": "two", "3.txt": "three" });
    const { azure } = await theCloud();
    const store = `azureml-blobstore-${azure.workspaceGuid}`;
    const place = `LocalUpload/${content.hash}/b`;
    await azure.blobs.put(store, `${place}/1.txt`, "one");
    await azure.blobs.put(store, `${place}/2.txt`, "evil");
    assert.equal((await bringTo(workspace, "models", "m", "1", content)).files, 2);
    assert.equal(String(await azure.blobs.get(store, `${place}/2.txt`)), "two");
  });

  it("is refused where others put files of their own at that place", async () => {
    const { workspace, content } = await open("bring/c", { "1.txt": "uno" });
    const { azure } = await theCloud();
    const store = `azureml-blobstore-${azure.workspaceGuid}`;
    await azure.blobs.put(store, `LocalUpload/${content.hash}/c/extra.py`, "evil");
    await assert.rejects(bringTo(workspace, "models", "m", "1", content), /no part of what is uploaded there/);
  });
});
