// Tables that a monitor compares: columns of one type each, read from CSV and JSON lines as pandas and Spark read them.

export type Cell = number | string | boolean | null;

/** Spark's names: whole numbers are `long`. */
export type ColumnType = "long" | "double" | "boolean" | "string";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly values: readonly Cell[];
}

export interface Table {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
}

/** The table of these rows; a column is as long as the table, with nulls where a row lacks it. */
export function tableOf(rows: readonly Readonly<Record<string, unknown>>[]): Table {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  const columns = [...names].map((name) => {
    const values = rows.map((row) => cellOf(row[name]));
    return [name, { name, type: typeOf(values), values }] as const;
  });
  return { rows: rows.length, columns: new Map(columns) };
}

/** A table of rows as JSON lines. @throws SyntaxError naming the line */
export function readJsonLines(text: string): Record<string, unknown>[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return [JSON.parse(line) as Record<string, unknown>];
    } catch (error) {
      throw new SyntaxError(`line ${index + 1} is no JSON: ${(error as Error).message}`);
    }
  });
}

/** The rows of a CSV text (RFC 4180) with a header; an empty field is null, and a number or a truth value is one. */
export function readCsv(text: string): Record<string, Cell>[] {
  const [header = [], ...records] = fields(text);
  return records.map((record) =>
    Object.fromEntries(header.map((name, index) => [name, scalarOf(record[index] ?? "")])),
  );
}

function fields(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  // A field: quoted, with doubled quotes inside, or bare; and what ends it.
  for (const found of text.replace(/^\uFEFF/, "").matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/g)) {
    const [, field = "", end = ""] = found;
    record.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === ",") continue;
    if (record.length > 1 || record[0] !== "") records.push(record);
    record = [];
    if (end === "") break;
  }
  return records;
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function scalarOf(field: string): Cell {
  const text = field.trim();
  if (text === "") return null;
  if (number.test(text)) return Number(text);
  return /^(true|false)$/i.test(text) ? /^true$/i.test(text) : field;
}

/** Lists and mappings become their JSON, as the preprocessor of collected data makes them. */
function cellOf(value: unknown): Cell {
  if (value === undefined || value === null || Number.isNaN(value)) return null;
  return typeof value === "object" ? JSON.stringify(value) : (value as Cell);
}

function typeOf(values: readonly Cell[]): ColumnType {
  const kinds = new Set(values.flatMap((value) => (value === null ? [] : [kindOf(value)])));
  if (kinds.size === 1) return [...kinds][0]!;
  return kinds.size === 2 && kinds.has("long") && kinds.has("double") ? "double" : "string";
}

function kindOf(value: Exclude<Cell, null>): ColumnType {
  if (typeof value === "number") return Number.isInteger(value) ? "long" : "double";
  return typeof value === "boolean" ? "boolean" : "string";
}
