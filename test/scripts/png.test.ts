// Smaller pictures: the same pixels, whichever filters the browser chose.
import assert from "node:assert/strict";
import { crc32, deflateSync } from "node:zlib";
import { animated } from "../../scripts/picture/apng.ts";
import { readPicture, smaller } from "../../scripts/picture/png.ts";

/** An RGB picture, each line by the filter that `filters` names for it; `lines` are as they stand in the file. */
function png(lines: readonly (readonly number[])[], filters: readonly number[]): Buffer {
  const chunk = (type: string, content: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE((lines[0]?.length ?? 0) / 3, 0);
  header.writeUInt32BE(lines.length, 4);
  header.set([8, 2], 8);
  const data = Buffer.from(lines.flatMap((line, y) => [filters[y] ?? 0, ...line]));
  // Without compression, so that the smaller one is another file.
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    ...[chunk("IHDR", header), chunk("IDAT", deflateSync(data, { level: 0 })), chunk("IEND", Buffer.alloc(0))],
  ]);
}

describe("pictures", () => {
  it("are read through every filter (PNG, 9.2)", () => {
    const lines = [
      [10, 20, 30, 1, 2, 3],
      [1, 1, 1, 1, 1, 1],
      [2, 2, 2, 2, 2, 2],
      [4, 4, 4, 4, 4, 4],
      [250, 0, 0, 0, 0, 0],
    ];
    const { pixels } = readPicture(png(lines, [0, 1, 2, 3, 4]));
    assert.deepEqual(
      [...pixels],
      [
        ...[10, 20, 30, 1, 2, 3],
        ...[1, 1, 1, 2, 2, 2], // left
        ...[3, 3, 3, 4, 4, 4], // up
        ...[5, 5, 5, 8, 8, 8], // the mean of both: 4 + 3/2, 4 + (5+4)/2
        ...[255, 5, 5, 255, 8, 8], // Paeth: what is nearest to left + up - corner
      ],
    );
  });

  it("have the same pixels when they are smaller, and are made no larger", () => {
    const before = png(
      Array.from({ length: 40 }, () => Array.from({ length: 90 }, (_, x) => x % 7)),
      Array.from({ length: 40 }, (_, y) => y % 5),
    );
    const after = smaller(before);
    assert.ok(after.length < before.length);
    assert.deepEqual(readPicture(after), readPicture(before));
    assert.equal(smaller(after), after);
  });

  it("are refused where they are none that could be read", () => {
    assert.throws(() => smaller(Buffer.from("GIF89a")), /no PNG/);
  });
});

describe("animated pictures", () => {
  const before = png([Array(9).fill(0), Array(9).fill(0)], [0, 0]);
  const after = png([Array(9).fill(0), [0, 0, 0, 7, 7, 7, 0, 0, 0]], [0, 0]);
  const chunks = (file: Buffer): [string, Buffer][] => {
    const found: [string, Buffer][] = [];
    for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
      const end = at + 8 + file.readUInt32BE(at);
      found.push([file.toString("latin1", at + 4, at + 8), file.subarray(at + 8, end)]);
      assert.equal(file.readUInt32BE(end), crc32(file.subarray(at + 4, end)));
    }
    return found;
  };

  it("show their last frame where nothing moves", () => {
    const moving = animated([
      { png: before, shown: 500 },
      { png: after, shown: 900 },
    ]);
    assert.deepEqual(readPicture(moving).pixels, readPicture(after).pixels);
  });

  it("hold of each frame only what changed, in sequence, and are played once", () => {
    const parts = chunks(animated([before, after, after].map((one) => ({ png: one, shown: 500 }))));
    assert.deepEqual(
      parts.map(([type]) => type),
      ["IHDR", "acTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"],
    );
    assert.deepEqual([...parts[1]![1]], [0, 0, 0, 3, 0, 0, 0, 1]);
    const areas = parts
      .filter(([type]) => type === "fcTL")
      .map(([, data]) => [0, 4, 8, 12, 16].map((at) => data.readUInt32BE(at)));
    assert.deepEqual(areas, [
      [0, 3, 2, 0, 0],
      [2, 1, 1, 1, 1],
      [4, 1, 1, 0, 0],
    ]);
    assert.deepEqual(
      parts.filter(([type]) => type === "fdAT").map(([, data]) => data.readUInt32BE(0)),
      [1, 3, 5],
    );
  });

  it("are refused of frames that differ in size", () => {
    const other = png([[1, 2, 3]], [0]);
    assert.throws(() => animated([before, other].map((one) => ({ png: one, shown: 1 }))), /same size/);
    assert.throws(() => animated([]), /needs a frame/);
  });
});
