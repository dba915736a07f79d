// An animated PNG (https://www.w3.org/TR/png-3/#apng-frame-based-animation) of screenshots: each frame holds only the rectangle that
// changed. Who cannot play it shows its first image, which is the last frame.
import { zlibSync } from "fflate";
import { chunk, readPicture, SIGNATURE } from "./png.ts";

export interface Frame {
  /** A PNG of 8 bits a channel, all of one size. */
  readonly png: Buffer;
  /** Milliseconds until the next one. */
  readonly shown: number;
}

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** @throws Error where the frames differ in size or kind, or where there is none */
export function animated(frames: readonly Frame[]): Buffer {
  const read = frames.map(({ png, shown }) => ({ ...readPicture(png), shown }));
  const last = read.at(-1);
  if (last === undefined) throw new Error("An animation needs a frame.");
  if (read.some(({ header }) => !header.equals(last.header)))
    throw new Error("All frames need the same size and kind.");
  const columns = last.header.readUInt32BE(0);
  const bytes = last.width / columns;
  const whole: Rectangle = { x: 0, y: 0, width: columns, height: last.height };
  let sequence = 0;
  const parts = read.flatMap(({ pixels, shown }, index) => {
    const before = read[index - 1];
    const area = before === undefined ? whole : changed(before.pixels, pixels, whole, bytes);
    const control = Buffer.alloc(26);
    for (const [place, value] of [sequence++, area.width, area.height, area.x, area.y].entries())
      control.writeUInt32BE(value, 4 * place);
    control.writeUInt16BE(shown, 20);
    control.writeUInt16BE(1000, 22);
    const data = Buffer.concat([Buffer.alloc(4), packed(pixels, area, columns, bytes)]);
    data.writeUInt32BE(sequence++, 0);
    return [chunk("fcTL", control), chunk("fdAT", data)];
  });
  const animation = Buffer.alloc(8);
  animation.writeUInt32BE(read.length, 0);
  // It is played once, and then stands.
  animation.writeUInt32BE(1, 4);
  return Buffer.concat([
    ...[SIGNATURE, chunk("IHDR", last.header), chunk("acTL", animation)],
    ...[chunk("IDAT", packed(last.pixels, whole, columns, bytes)), ...parts, chunk("IEND", Buffer.alloc(0))],
  ]);
}

/** The smallest rectangle around all that differs; one dot where nothing does. */
function changed(before: Buffer, after: Buffer, { width, height }: Rectangle, bytes: number): Rectangle {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    const line = y * width * bytes;
    if (before.compare(after, line, line + width * bytes, line, line + width * bytes) === 0) continue;
    top = Math.min(top, y);
    bottom = y;
    for (let x = 0; x < width; x++) {
      const dot = line + x * bytes;
      if (before.compare(after, dot, dot + bytes, dot, dot + bytes) === 0) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
    }
  }
  if (bottom < 0) return { x: 0, y: 0, width: 1, height: 1 };
  return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
}

/** The dots of a rectangle without filters, compressed. */
function packed(pixels: Buffer, { x, y, width, height }: Rectangle, columns: number, bytes: number): Buffer {
  const lines = Buffer.alloc(height * (width * bytes + 1));
  for (let line = 0; line < height; line++) {
    const from = ((y + line) * columns + x) * bytes;
    pixels.copy(lines, line * (width * bytes + 1) + 1, from, from + width * bytes);
  }
  return Buffer.from(zlibSync(lines, { level: 9, mem: 12 }));
}
