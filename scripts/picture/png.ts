// A screenshot as a smaller PNG of the very same pixels: drawings in few colours compress better without the filters that
// browsers choose for each line (https://www.w3.org/TR/png/#9Filters).
import { crc32, inflateSync } from "node:zlib";
import { zlibSync } from "fflate";

export const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Bytes of a pixel by colour type: grey, RGB, palette, grey and RGB with transparency. */
const PIXEL: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

interface Picture {
  /** The IHDR chunk. */
  readonly header: Buffer;
  readonly height: number;
  /** Bytes of a line. */
  readonly width: number;
  /** Line after line, unfiltered. */
  readonly pixels: Buffer;
}

/** The same picture without filters where that is smaller, else as it was. @throws Error for what is no plain PNG of 8 bits */
export function smaller(png: Buffer): Buffer {
  const { header, height, width, pixels } = readPicture(png);
  const lines = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) pixels.copy(lines, y * (width + 1) + 1, y * width, (y + 1) * width);
  const data = Buffer.from(zlibSync(lines, { level: 9, mem: 12 }));
  const flat = Buffer.concat([SIGNATURE, chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
  return flat.length < png.length ? flat : png;
}

/** Its pixels as they are shown. */
export function readPicture(png: Buffer): Picture {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error("This is no PNG.");
  const data: Buffer[] = [];
  let header: Buffer | undefined;
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const content = png.subarray(at + 8, at + 8 + length);
    if (type === "IHDR") header = content;
    else if (type === "IDAT") data.push(content);
    else if (type === "PLTE" || type === "tRNS") throw new Error(`PNGs with ${type} are left as they are.`);
    at += 12 + length;
  }
  const pixel = PIXEL[header?.[9] ?? -1];
  if (header === undefined || pixel === undefined || header[8] !== 8 || header[12] !== 0)
    throw new Error("Only PNGs of 8 bits a channel that are not interlaced are understood.");
  const height = header.readUInt32BE(4);
  const width = header.readUInt32BE(0) * pixel;
  const filtered = inflateSync(Buffer.concat(data));
  const pixels = Buffer.alloc(width * height);
  for (let y = 0; y < height; y++) {
    const filter = filtered[y * (width + 1)];
    for (let x = 0; x < width; x++) {
      const here = y * width + x;
      const left = x < pixel ? 0 : (pixels[here - pixel] ?? 0);
      const up = y === 0 ? 0 : (pixels[here - width] ?? 0);
      const corner = y === 0 || x < pixel ? 0 : (pixels[here - width - pixel] ?? 0);
      pixels[here] = (filtered[y * (width + 1) + 1 + x] ?? 0) + foretold(filter, left, up, corner);
    }
  }
  return { header, height, width, pixels };
}

/** The predictor of a PNG filter for a byte, from its neighbours. */
function foretold(filter: number | undefined, left: number, up: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return up;
  if (filter === 3) return (left + up) >> 1;
  if (filter !== 4) return 0;
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** A chunk of a PNG with its length and its check. */
export function chunk(type: string, content: Buffer): Buffer {
  const made = Buffer.alloc(12 + content.length);
  made.writeUInt32BE(content.length, 0);
  made.write(type, 4, "latin1");
  content.copy(made, 8);
  made.writeUInt32BE(crc32(made.subarray(4, 8 + content.length)), 8 + content.length);
  return made;
}
