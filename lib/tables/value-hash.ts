// Hashes of values and rows, 64 bits each, by which repeated rows and different values are counted without keeping them.
// Tests: test/lib/tables/profile.test.ts

/** Two halves of a hash; the same object is filled again and again. */
export interface Halves {
  a: number;
  b: number;
}

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** Mixes a text into 64 bits, as cyrb53 does (bryc, public domain). */
export function hashText(text: string, into: Halves, seed = 0): void {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2654435761);
    b = Math.imul(b ^ code, 1597334677);
  }
  finish(a, b, into);
}

/** By its bits, so that 1 and 1.0 are one value and 0.1 is no other number. */
export function hashNumber(value: number, into: Halves, seed = 0): void {
  // -0 and 0 are the same value.
  number[0] = value === 0 ? 0 : value;
  const [low = 0, high = 0] = words;
  let a = 0x9e3779b9 ^ seed;
  let b = 0x7f4a7c15 ^ seed;
  a = Math.imul(a ^ low, 2654435761);
  b = Math.imul(b ^ low, 1597334677);
  a = Math.imul(a ^ high, 2654435761);
  b = Math.imul(b ^ high, 1597334677);
  finish(a, b, into);
}

function finish(one: number, other: number, into: Halves): void {
  let a = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);
  let b = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  a = Math.imul(a ^ (a >>> 15), 0x85ebca6b);
  b = Math.imul(b ^ (b >>> 13), 0xc2b2ae35);
  into.a = (a ^ (a >>> 16)) >>> 0;
  into.b = (b ^ (b >>> 16)) >>> 0;
}

/**
 * The hashes of the rows of a batch, put together from those of their columns in any order: the columns of two files of one version
 * may stand in different orders.
 */
export class RowHashes {
  readonly a: Uint32Array;
  readonly b: Uint32Array;

  constructor(rows: number) {
    this.a = new Uint32Array(rows);
    this.b = new Uint32Array(rows);
  }

  /** Adds a column's value to a row. @param seed of the column */
  add(row: number, a: number, b: number, seed: number): void {
    const mixed = Math.imul(a ^ seed, 0x9e3779b1);
    const other = Math.imul(b ^ seed, 0x85ebca77);
    this.a[row] = ((this.a[row] as number) + (mixed ^ (mixed >>> 15) ^ b)) >>> 0;
    this.b[row] = ((this.b[row] as number) + (other ^ (other >>> 13) ^ a)) >>> 0;
  }
}
