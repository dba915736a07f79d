// Numbers of a column: all of them up to a number, above it a seeded sample in which each value has the same chance.
// Tests: test/lib/tables/profile.test.ts

/** A reservoir (Vitter's algorithm R): the same values in the same order give the same sample. */
export class NumberSample {
  readonly #most: number;
  #values = new Float64Array(256);
  #seen = 0;
  #state: number;

  /** @param most values up to which all are kept */
  constructor(most: number, seed: number) {
    this.#most = most;
    this.#state = seed >>> 0;
  }

  add(value: number): void {
    const seen = this.#seen++;
    if (seen < this.#most) {
      if (seen === this.#values.length) {
        const larger = new Float64Array(Math.min(this.#most, seen * 2));
        larger.set(this.#values);
        this.#values = larger;
      }
      this.#values[seen] = value;
      return;
    }
    const place = Math.floor(this.#random() * (seen + 1));
    if (place < this.#most) this.#values[place] = value;
  }

  /** Ascending. */
  sorted(): Float64Array {
    return this.#values.slice(0, Math.min(this.#seen, this.#most)).sort();
  }

  get isExact(): boolean {
    return this.#seen <= this.#most;
  }

  /** mulberry32 (Tommy Ettinger, public domain), from 0 to below 1. */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
}
