// Tables: columns of values in batches, whatever the format of the file. Types alone.
// Tests: test/lib/tables/csv.test.ts, test/lib/tables/parquet.test.ts

/** A value as its file has it: texts in CSV, the types of the format elsewhere. `null` is a missing value. */
export type Value = string | number | bigint | boolean | Date | null;

/** Type that a file declares for a column; absent where its format declares none, as CSV. */
export type DeclaredType = "integer" | "number" | "boolean" | "time" | "text" | "binary" | "nested";

export interface Column {
  readonly name: string;
  readonly declared?: DeclaredType;
}

/** A line that is no row: it has another number of fields, or cannot be parsed. */
export interface Malformed {
  /** Counts from 1. */
  readonly line: number;
  /** The reason, as a clause. */
  readonly why: string;
}

/** Rows in the order of the file. */
export interface Batch {
  readonly rows: number;
  readonly columns: readonly Column[];
  /** Lines since the batch before that are no rows: their number, and the first of them. */
  readonly malformed: number;
  readonly firstMalformed?: Malformed;
  /**
   * The values of a column, by its index in `columns`, in pieces whose lengths add up to `rows`. One column after the other is read,
   * so that a batch of Parquet never lies in memory as a whole. Columns that are nested or binary have no values: each is `true`, or
   * `null` where it is missing.
   */
  values(column: number): AsyncIterable<ArrayLike<Value | undefined>>;
}

export type TableFormat = "csv" | "jsonl" | "parquet";

export interface Table {
  readonly format: TableFormat;
  /** Batches of rows, at least one, so that an empty file has its columns known as far as the format says them. */
  batches(): AsyncIterable<Batch>;
}
