// Opens a file as a table, by its name and, where that says nothing, by its first bytes.
// Tests: test/lib/tables/csv.test.ts, test/lib/tables/json-lines.test.ts
import { type CsvOptions, csvTable } from "./csv.ts";
import { jsonLinesTable } from "./json-lines.ts";
import { parquetTable } from "./parquet.ts";
import { type ByteSource, unreadable } from "./source.ts";
import type { Table, TableFormat } from "./table.ts";

const BY_NAME: readonly (readonly [RegExp, TableFormat])[] = [
  [/\.(csv|tsv|txt)(\.gz)?$/i, "csv"],
  [/\.(jsonl|ndjson)$/i, "jsonl"],
  [/\.(parquet|parq|pq)$/i, "parquet"],
];

/** The format that a file's name says; undefined where it says none that is read as a table. */
export function formatOfName(name: string): TableFormat | undefined {
  return BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
}

/** @throws TaskError `input` (AML1751) where the file is no table, or none that is whole */
export async function openTable(source: ByteSource, options: CsvOptions = {}): Promise<Table> {
  const format = formatOfName(source.name) ?? (await formatOfContent(source));
  if (format === "parquet") return parquetTable(source);
  if (format === "jsonl") return jsonLinesTable(source);
  if (format === "csv") return csvTable(source, options);
  throw unreadable(source.name, "neither its name nor its content says that it is one");
}

/** Parquet begins and ends with `PAR1`; a line of JSON with a brace. */
async function formatOfContent(source: ByteSource): Promise<TableFormat | undefined> {
  const first = Buffer.from(await source.read(0, Math.min(source.size, 4)));
  if (first.toString("latin1") === "PAR1") return "parquet";
  if (first[0] === 0x7b) return "jsonl";
  return undefined;
}
