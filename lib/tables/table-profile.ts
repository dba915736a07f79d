// The profile of a table that may be several files: its columns, its rows, and how many of them are repeated. Memory is bounded whatever
// its size.
// Tests: test/lib/tables/profile.test.ts
import { ColumnProfile, type ColumnSummary } from "./column-profile.ts";
import { RepeatedRows, type Repeats } from "./repeated-rows.ts";
import { unreadable } from "./source.ts";
import type { Batch, Malformed, Table } from "./table.ts";
import { RowHashes } from "./value-hash.ts";

export interface TableProfile {
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  readonly columns: readonly ColumnSummary[];
  readonly repeats: Repeats;
  /** The same by the columns that were named as a key; absent where none were. */
  readonly keyRepeats?: Repeats;
  /** Lines that are no rows. */
  readonly malformed: number;
  readonly firstMalformed?: Malformed & { readonly file: string };
  /** Files that lack a column that others have, by the column. */
  readonly lacking: ReadonlyMap<string, readonly string[]>;
  /** Numbers of a column up to which distributions are compared exactly, and different values that are counted one by one. */
  readonly exactNumbers: number;
  readonly exactValues: number;
}

export interface ProfileOptions {
  /** Columns whose values together are to be different in each row. */
  readonly key?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with the rows and bytes that were read. */
  readonly onProgress?: ((rows: number) => void) | undefined;
}

/** A file of the table. */
export interface TableFile {
  readonly name: string;
  readonly size: number;
  open(): Promise<Table>;
}

const MOST_COLUMNS = 5_000;
const LONGEST_NAME = 500;
/** Numbers that are kept of all columns together, 8 bytes each, and of one column. */
const NUMBERS = 4_000_000;
const NUMBERS_OF_COLUMN = 100_000;
const VALUES = 200_000;
const VALUES_OF_COLUMN = 10_000;

/**
 * Reads the files one after the other.
 * @throws TaskError `input` (AML1751) where a file cannot be read as a table, or has other columns than can be looked at
 */
export async function profileTable(files: readonly TableFile[], options: ProfileOptions = {}): Promise<TableProfile> {
  const profiling = new Profiling(options);
  for (const file of files) {
    const table = await file.open();
    profiling.begin(file.name, table.format === "csv");
    for await (const batch of table.batches()) {
      options.signal?.throwIfAborted();
      await profiling.take(batch);
      options.onProgress?.(profiling.rows);
    }
  }
  return { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0), ...profiling.result() };
}

/** The larger the number of columns, the less is kept of each. */
function limitsFor(columns: number) {
  const of = (all: number, most: number) => Math.max(50, Math.min(most, Math.floor(all / Math.max(1, columns))));
  return { numbers: of(NUMBERS, NUMBERS_OF_COLUMN), values: of(VALUES, VALUES_OF_COLUMN) };
}

class Profiling {
  rows = 0;
  readonly #columns = new Map<string, ColumnProfile>();
  readonly #repeats = new RepeatedRows();
  readonly #keyRepeats: RepeatedRows | undefined;
  readonly #key: ReadonlySet<string>;
  readonly #files: { readonly name: string; readonly columns: Set<string> }[] = [];
  #limits = limitsFor(1);
  #fileRows = 0;
  #isPlain = true;
  #malformed = 0;
  #firstMalformed: (Malformed & { file: string }) | undefined;

  constructor({ key = [] }: ProfileOptions) {
    this.#key = new Set(key);
    this.#keyRepeats = key.length > 0 ? new RepeatedRows() : undefined;
  }

  /** @param isPlain its format has texts only */
  begin(name: string, isPlain: boolean): void {
    this.#isPlain = isPlain;
    this.#files.push({ name, columns: new Set() });
    this.#fileRows = 0;
  }

  async take(batch: Batch): Promise<void> {
    const { name: file, columns } = this.#files.at(-1) ?? { name: "", columns: new Set<string>() };
    this.#malformed += batch.malformed;
    if (batch.firstMalformed) this.#firstMalformed ??= { ...batch.firstMalformed, file };
    if (this.#columns.size === 0) this.#limits = limitsFor(batch.columns.length);
    const hashes = new RowHashes(batch.rows);
    const keys = this.#keyRepeats && new RowHashes(batch.rows);
    for (const [index, { name, declared }] of batch.columns.entries()) {
      const column = this.#column(name, file);
      columns.add(name);
      column.declare(declared);
      let at = 0;
      for await (const page of batch.values(index)) {
        const place = { file, before: this.#fileRows, isPlain: this.#isPlain };
        column.take(page, at, place, hashes, this.#key.has(name) ? keys : undefined);
        at += page.length;
      }
    }
    for (let row = 0; row < batch.rows; row++) {
      this.#repeats.add(hashes.a[row] as number, hashes.b[row] as number);
      if (keys) this.#keyRepeats?.add(keys.a[row] as number, keys.b[row] as number);
    }
    this.#fileRows += batch.rows;
    this.rows += batch.rows;
  }

  result(): Omit<TableProfile, "files" | "bytes"> {
    const lacking = [...this.#columns.keys()].flatMap((name): [string, string[]][] => {
      const files = this.#files.filter(({ columns }) => !columns.has(name)).map((file) => file.name);
      return files.length > 0 ? [[name, files]] : [];
    });
    return {
      rows: this.rows,
      columns: [...this.#columns.values()].map((column) => column.summary(this.rows)),
      repeats: this.#repeats.result(),
      ...(this.#keyRepeats === undefined ? {} : { keyRepeats: this.#keyRepeats.result() }),
      malformed: this.#malformed,
      ...(this.#firstMalformed === undefined ? {} : { firstMalformed: this.#firstMalformed }),
      lacking: new Map(lacking),
      exactNumbers: this.#limits.numbers,
      exactValues: this.#limits.values,
    };
  }

  #column(name: string, file: string): ColumnProfile {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    if (this.#columns.size >= MOST_COLUMNS)
      throw unreadable(file, `it has more than ${MOST_COLUMNS} columns, and so many are not looked at`);
    if (name.length > LONGEST_NAME)
      throw unreadable(file, `a name of a column has ${name.length} characters, and ${LONGEST_NAME} are read at most`);
    const column = new ColumnProfile(name, this.#limits);
    this.#columns.set(name, column);
    return column;
  }
}
