// The profile of one column, put together value by value: types, missing values, range, moments, different values, a sample of numbers.
// Tests: test/lib/tables/profile.test.ts
import { NumberSample } from "./number-sample.ts";
import { DifferentValues } from "./repeated-rows.ts";
import type { DeclaredType, Value } from "./table.ts";
import { type Halves, hashNumber, hashText, type RowHashes } from "./value-hash.ts";
import { KINDS, type Read, readValue, type ValueKind } from "./value-kind.ts";

/** `empty`: every value is missing. `nested` and `binary`: its values are not looked at. */
export type ColumnType = ValueKind | "empty" | "nested" | "binary";

/** Where a value was seen first. */
export interface Seen {
  readonly file: string;
  /** Row of the file, from 1, without the header. */
  readonly row: number;
  readonly value: string;
}

export interface ColumnSummary {
  readonly name: string;
  /** The narrowest type that all values have; `text` where they have several. */
  readonly type: ColumnType;
  /** Whether at least nine of ten values that are there are numbers: then it is compared as numbers. */
  readonly isNumeric: boolean;
  readonly rows: number;
  /** Missing values. */
  readonly nulls: number;
  /** Values that are texts where their format could have them as numbers or as true and false. */
  readonly texts: number;
  /** Values by kind, those that are there. */
  readonly kinds: Readonly<Partial<Record<ValueKind, number>>>;
  /** The first value of each kind. */
  readonly first: Readonly<Partial<Record<ValueKind, Seen>>>;
  /** Of its numbers; not finite where one of them is infinite. */
  readonly minimum?: number;
  readonly maximum?: number;
  readonly mean?: number;
  /** Standard deviation of the sample (n - 1). */
  readonly deviation?: number;
  /** Of its times, in milliseconds since 1970. */
  readonly oldest?: number;
  readonly newest?: number;
  /** Different values; exact as long as `values` has them. */
  readonly distinct: number;
  /** How often each value was seen, as texts; undefined where there are too many different ones. */
  readonly values?: ReadonlyMap<string, number>;
  /** Its numbers, ascending: all of them, or a sample. */
  readonly numbers: Float64Array;
  readonly isSample: boolean;
}

export interface ColumnLimits {
  /** Different values that are counted one by one. */
  readonly values: number;
  /** Numbers that are kept. */
  readonly numbers: number;
}

interface Entry extends Read, Halves {
  count: number;
}

/** A text that is longer is kept by its beginning and its hash. */
const LONGEST_KEPT = 200;

export class ColumnProfile {
  readonly name: string;
  readonly #limits: ColumnLimits;
  readonly #seed: number;
  readonly #kinds: number[] = KINDS.map(() => 0);
  readonly #first: (Seen | undefined)[] = [];
  readonly #different = new DifferentValues();
  readonly #numbers: NumberSample;
  readonly #scratch: Entry = { kind: 0, number: 0, a: 0, b: 0, count: 0 };
  #entries: Map<Value, Entry> | undefined = new Map();
  #opaque: "nested" | "binary" | undefined;
  #present = 0;
  #texts = 0;
  #count = 0;
  #mean = 0;
  #squares = 0;
  #minimum = Number.POSITIVE_INFINITY;
  #maximum = Number.NEGATIVE_INFINITY;
  /** Sum of the infinite numbers: 0 where there is none, NaN where they have both signs. */
  #infinite = 0;
  #oldest = Number.POSITIVE_INFINITY;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(name: string, limits: ColumnLimits) {
    this.name = name;
    this.#limits = limits;
    const halves = { a: 0, b: 0 };
    hashText(name, halves);
    this.#seed = halves.a;
    this.#numbers = new NumberSample(limits.numbers, halves.b);
  }

  declare(type: DeclaredType | undefined): void {
    if (type === "nested" || type === "binary") this.#opaque = type;
  }

  /**
   * Takes the next values.
   * @param at row of the batch that the first of them is in
   * @param place the file, the row of it that the batch begins after, and whether its format has texts only
   * @param hashes of the rows: a missing value adds nothing, so that a file without the column has it missing
   * @param keys the same for the columns of the key, where this is one of them
   */
  take(
    values: ArrayLike<Value | undefined>,
    at: number,
    place: { readonly file: string; readonly before: number; readonly isPlain: boolean },
    hashes: RowHashes,
    keys?: RowHashes,
  ): void {
    const seed = this.#seed;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value === null || value === undefined || Number.isNaN(value)) continue;
      const entry = this.#entry(value);
      entry.count++;
      this.#present++;
      if (!place.isPlain && entry.kind <= 2 && typeof value === "string") this.#texts++;
      const seen = this.#kinds[entry.kind] as number;
      if (seen === 0)
        this.#first[entry.kind] = {
          file: place.file,
          row: place.before + at + index + 1,
          value: String(ownCopy(shown(value))),
        };
      this.#kinds[entry.kind] = seen + 1;
      if (entry.kind <= 1) this.#number(entry.number);
      else if (entry.kind === 3) this.#time(entry.number);
      hashes.add(at + index, entry.a, entry.b, seed);
      keys?.add(at + index, entry.a, entry.b, seed);
    }
  }

  /** @param rows of the whole table */
  summary(rows: number): ColumnSummary {
    const kinds = Object.fromEntries(
      KINDS.flatMap((kind, index) => (this.#kinds[index] ? [[kind, this.#kinds[index]]] : [])),
    );
    const first = Object.fromEntries(
      KINDS.flatMap((kind, index) => (this.#first[index] ? [[kind, this.#first[index]]] : [])),
    );
    const values = this.#entries && counts(this.#entries);
    return {
      ...{ name: this.name, type: this.#type(), rows, nulls: rows - this.#present, kinds, first },
      texts: this.#texts,
      isNumeric: this.#count > 0 && this.#count >= 0.9 * this.#present,
      ...(this.#count > 0 ? { minimum: this.#minimum, maximum: this.#maximum, mean: this.#mean + this.#infinite } : {}),
      ...(this.#count > 1
        ? { deviation: this.#infinite === 0 ? Math.sqrt(this.#squares / (this.#count - 1)) : Number.NaN }
        : {}),
      ...(this.#newest >= this.#oldest ? { oldest: this.#oldest, newest: this.#newest } : {}),
      distinct: values?.size ?? this.#different.count(),
      ...(values === undefined ? {} : { values }),
      ...{ numbers: this.#numbers.sorted(), isSample: !this.#numbers.isExact },
    };
  }

  #entry(value: Exclude<Value, null>): Entry {
    const entries = this.#entries;
    const key = keyOf(value);
    const known = entries?.get(key);
    if (known !== undefined) return known;
    const entry = entries === undefined ? this.#scratch : { kind: 0, number: 0, a: 0, b: 0, count: 0 };
    readValue(value, entry);
    // Whole numbers beyond 2^53 are exact as texts only.
    if (entry.kind === 4 || (entry.kind === 0 && !Number.isSafeInteger(entry.number))) hashText(String(value), entry);
    else hashNumber(entry.number, entry, entry.kind >= 2 ? entry.kind : 0);
    if (entries === undefined) {
      this.#different.add(entry.a, entry.b);
      return entry;
    }
    entries.set(ownCopy(key), entry);
    if (entries.size > this.#limits.values) {
      for (const { a, b } of entries.values()) this.#different.add(a, b);
      this.#entries = undefined;
    }
    return entry;
  }

  /** Welford's method, which loses no digits where the mean is large. */
  #number(value: number): void {
    if (value < this.#minimum) this.#minimum = value;
    if (value > this.#maximum) this.#maximum = value;
    // Distributions are compared, and means taken, of finite numbers.
    if (!Number.isFinite(value)) {
      this.#infinite += value;
      return;
    }
    this.#count++;
    const difference = value - this.#mean;
    this.#mean += difference / this.#count;
    this.#squares += difference * (value - this.#mean);
    this.#numbers.add(value);
  }

  #time(value: number): void {
    if (value < this.#oldest) this.#oldest = value;
    if (value > this.#newest) this.#newest = value;
  }

  #type(): ColumnType {
    if (this.#opaque) return this.#opaque;
    if (this.#present === 0) return "empty";
    const kinds = KINDS.filter((_, index) => (this.#kinds[index] as number) > 0);
    if (kinds.length === 1) return kinds[0] ?? "text";
    return kinds.every((kind) => kind === "integer" || kind === "number") ? "number" : "text";
  }
}

/** A text of its own: one that was cut out of a batch would keep the whole batch in memory. */
const ownCopy = (value: Value): Value => (typeof value === "string" ? Buffer.from(value).toString() : value);

/** One key for each value: times by their milliseconds, long texts by their beginning, length and hash. */
function keyOf(value: Exclude<Value, null>): Value {
  if (typeof value === "string" && value.length > LONGEST_KEPT) {
    const halves = { a: 0, b: 0 };
    hashText(value, halves);
    return `${value.slice(0, LONGEST_KEPT)}… (${value.length} characters, ${halves.a.toString(36)}${halves.b.toString(36)})`;
  }
  return value instanceof Date ? value.toISOString() : value;
}

/** By the text that a value is shown as: JSON lines may have both 1 and "1". */
function counts(entries: ReadonlyMap<Value, { readonly count: number }>): Map<string, number> {
  const found = new Map<string, number>();
  for (const [value, { count }] of entries) found.set(shown(value), (found.get(shown(value)) ?? 0) + count);
  return found;
}

function shown(value: Value): string {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "no time" : value.toISOString();
  const text = String(value);
  return text.length > LONGEST_KEPT + 60 ? `${text.slice(0, LONGEST_KEPT)}…` : text;
}
