// Reads some columns of a table into memory, for files of results: scores, labels, losses of single rows.
import { TaskError } from "../errors.ts";
import type { Column, Table, Value } from "./table.ts";

/** Rows that are read into memory at most. */
const MOST_ROWS = 5_000_000;

/**
 * The values of the named columns, each as long as the table has rows.
 * @param file as people know the file
 * @throws TaskError `input` (AML1751) that names the columns there are, or says that the table is too long or has damaged lines
 */
export async function readColumns(
  table: Table,
  file: string,
  names: readonly string[],
  most: number = MOST_ROWS,
): Promise<Map<string, (Value | undefined)[]>> {
  const read = new Map<string, (Value | undefined)[]>(names.map((name) => [name, []]));
  let rows = 0;
  const seen = new Set<string>();
  let columns: readonly Column[] = [];
  for await (const batch of table.batches()) {
    const { firstMalformed } = batch;
    if (firstMalformed) throw refuse(file, `line ${firstMalformed.line} is no row: ${firstMalformed.why}`);
    const known = rows;
    rows += batch.rows;
    if (rows > most) throw refuse(file, `it has more than ${most} rows, and so many are not read into memory`);
    for (const [name, values] of read) {
      const column = batch.columns.findIndex((one) => one.name === name);
      if (column >= 0) seen.add(name);
      else if (table.format !== "jsonl" && !seen.has(name)) throw lacking(file, name, batch.columns);
      if (column >= 0) for await (const page of batch.values(column)) append(values, page);
      // An object of JSON lines may lack a name that a later one has.
      while (values.length < known + batch.rows) values.push(null);
    }
    columns = batch.columns;
  }
  for (const name of names) if (!seen.has(name)) throw lacking(file, name, columns);
  return read;
}

/**
 * Numbers of a column; `undefined` is nowhere among them.
 * @throws TaskError `input` with the first row that has none, counted from 1
 */
export function numbersOf(values: readonly (Value | undefined)[], file: string, column: string): number[] {
  return values.map((value, row) => {
    const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value ?? Number.NaN);
    if (Number.isFinite(number)) return number;
    throw refuse(file, `row ${row + 1} has no number in its column ${column}: ${JSON.stringify(String(value))}`);
  });
}

function append(values: (Value | undefined)[], page: ArrayLike<Value | undefined>): void {
  for (let index = 0; index < page.length; index++) values.push(page[index]);
}

const lacking = (file: string, name: string, columns: readonly Column[]) =>
  refuse(
    file,
    `it has no column ${JSON.stringify(name)}; it has ${columns.map((one) => one.name).join(", ") || "none"}`,
  );

const refuse = (file: string, why: string) =>
  new TaskError("input", `The file ${file} does not fit: ${why}.`, {
    errorCode: "AML1751",
    hint: "Write the names of its columns as they stand in the file, and one value for each row.",
  });
