// Pictures of a run, read from the artifacts that local Azure keeps: by what they are, not by what they are called.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { runImages } from "../../../../lib/ml/jobs/run-images.ts";
import { answered, openLocal, theCloud } from "../world.ts";

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
const png = (width: number, height: number) => {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([PNG, size]);
};
/** Begin of the file, a segment of the application, a table, and the segment with the size in dots. */
const jpeg = (width: number, height: number) => {
  const size = Buffer.from([0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]);
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xdb, 0, 3, 0]), size]);
};

describe("pictures of a run", () => {
  const runWith = async (files: Readonly<Record<string, Buffer | string>>) => {
    const id = randomUUID();
    const { azure } = await theCloud();
    for (const [path, content] of Object.entries(files))
      await azure.blobs.put("azureml", `ExperimentRun/dcid.${id}/${path}`, content);
    return id;
  };

  it("are PNG and JPEG files, confusion matrices first", async () => {
    const id = await runWith({
      "a/roc.JPG": jpeg(640, 480),
      "plots/confusion matrix #1 é.png": png(10, 10),
      "evil.png": "<svg xmlns='http://www.w3.org/2000/svg'/>",
      "bomb.png": png(100_000, 100_000),
      "bomb.jpg": jpeg(65_535, 65_535),
      "cut.jpg": jpeg(640, 480).subarray(0, 16),
      "empty.png": "",
      "notes.txt": "no picture",
      "large.png": Buffer.concat([png(10, 10), Buffer.alloc(1024 * 1024)]),
    });
    const found = await runImages(await openLocal(), id);
    assert.deepEqual(
      found.map(({ path, mediaType, content }) => [path, mediaType, content.length]),
      [
        ["plots/confusion matrix #1 é.png", "image/png", 24],
        ["a/roc.JPG", "image/jpeg", 27],
      ],
    );
  });

  it("are twelve at most", async () => {
    const id = await runWith(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`p${at}.png`, png(1, 1)])));
    assert.equal((await runImages(await openLocal(), id)).length, 12);
  });

  it("are the others where one may not be read", async () => {
    const id = await runWith({ "a.png": png(1, 1), "b.png": png(2, 2) });
    const workspace = await openLocal({
      between: (request, send) => (request.url.includes("/a.png") ? Promise.resolve(answered(request, 403)) : send()),
    });
    assert.deepEqual(
      (await runImages(workspace, id)).map(({ path }) => path),
      ["b.png"],
    );
  });

  it("are none of a run without artifacts", async () => {
    assert.deepEqual(await runImages(await openLocal(), randomUUID()), []);
  });
});
