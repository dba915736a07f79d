// Counts repeated rows by their hashes: exactly up to a number of different rows, above it by a sample of the rows whose error is known.
// Tests: test/lib/tables/profile.test.ts

/** Different rows up to which the count is exact. */
const EXACT_ROWS = 2_500_000;

export interface Repeats {
  /** Rows that have the values of an earlier one; an estimate where it is not exact. */
  readonly rows: number;
  /** Share of all rows, from 0 to 1. */
  readonly share: number;
  readonly isExact: boolean;
  /** Of the share, to either side, at 95 %; 0 where it is exact. */
  readonly error: number;
}

const SMALLEST = 1 << 12;

/**
 * A set of hashes of bounded size. Once it is full it keeps only every second hash, then every fourth: a row is in the sample by its hash
 * alone, so that all rows with the same values are in it or none is, and the repeats of the sample are as many as they are.
 */
export class RepeatedRows {
  readonly #most: number;
  #a = new Uint32Array(SMALLEST);
  #b = new Uint32Array(SMALLEST);
  /** How often; 0: the place is free. */
  #counts = new Uint32Array(SMALLEST);
  #kept = 0;
  /** One hash in 2 to the power of this is kept. */
  #level = 0;
  #rows = 0;
  #sampled = 0;
  /** Sum over the hashes of (how often - 1) squared, for the error. */
  #squares = 0;

  constructor(most: number = EXACT_ROWS) {
    this.#most = most;
  }

  add(a: number, b: number): void {
    this.#rows++;
    if (!this.#takes(b)) return;
    this.#sampled++;
    const at = this.#find(a, b);
    const count = this.#counts[at] as number;
    this.#squares += 2 * count - 1 + (count === 0 ? 1 : 0);
    this.#counts[at] = count + 1;
    if (count > 0) return;
    this.#a[at] = a;
    this.#b[at] = b;
    this.#kept++;
    if (this.#kept > this.#most) this.#raise();
    else if (this.#kept * 10 > this.#counts.length * 7) this.#resize(this.#counts.length * 2);
  }

  result(): Repeats {
    const share = 2 ** -this.#level;
    const repeats = (this.#sampled - this.#kept) / share;
    if (this.#rows === 0 || this.#level === 0)
      return { rows: repeats, share: this.#rows === 0 ? 0 : repeats / this.#rows, isExact: true, error: 0 };
    const deviation = Math.sqrt((1 - share) * this.#squares) / share;
    // Where the sample has none: at most three of its size at 95 % (the rule of three).
    const error = Math.max(1.96 * deviation, 3 / share) / this.#rows;
    return { rows: Math.round(repeats), share: Math.min(1, repeats / this.#rows), isExact: false, error };
  }

  #takes(b: number): boolean {
    return b >>> (32 - this.#level) === 0 || this.#level === 0;
  }

  #find(a: number, b: number): number {
    const mask = this.#counts.length - 1;
    for (let at = a & mask; ; at = (at + 1) & mask) {
      if (this.#counts[at] === 0 || (this.#a[at] === a && this.#b[at] === b)) return at;
    }
  }

  #raise(): void {
    this.#level++;
    this.#resize(this.#counts.length);
  }

  /** Moves the hashes that are still kept to new places. */
  #resize(size: number): void {
    const [a, b, counts] = [this.#a, this.#b, this.#counts];
    this.#a = new Uint32Array(size);
    this.#b = new Uint32Array(size);
    this.#counts = new Uint32Array(size);
    this.#kept = 0;
    this.#sampled = 0;
    this.#squares = 0;
    for (let index = 0; index < counts.length; index++) {
      const count = counts[index] as number;
      if (count === 0 || !this.#takes(b[index] as number)) continue;
      const at = this.#find(a[index] as number, b[index] as number);
      this.#a[at] = a[index] as number;
      this.#b[at] = b[index] as number;
      this.#counts[at] = count;
      this.#kept++;
      this.#sampled += count;
      this.#squares += (count - 1) ** 2;
    }
  }
}

/** Counts different values by their hashes, with a relative error of 1.6 % (HyperLogLog of 4096 registers, Flajolet 2007). */
export class DifferentValues {
  readonly #registers = new Uint8Array(4096);

  add(a: number, b: number): void {
    const register = a >>> 20;
    const rank = Math.clz32(b) + 1;
    if (rank > (this.#registers[register] as number)) this.#registers[register] = rank;
  }

  count(): number {
    const size = this.#registers.length;
    let sum = 0;
    let empty = 0;
    for (const rank of this.#registers) {
      sum += 2 ** -rank;
      if (rank === 0) empty++;
    }
    const raw = ((0.7213 / (1 + 1.079 / size)) * size * size) / sum;
    return Math.round(raw <= 2.5 * size && empty > 0 ? size * Math.log(size / empty) : raw);
  }
}
