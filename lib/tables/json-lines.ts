// Reads JSON lines in batches of bounded memory: one object a line.
import { type ByteSource, bytesOf, unreadable } from "./source.ts";
import type { Batch, Column, Malformed, Table, Value } from "./table.ts";

/** One line in bytes. */
const LONGEST_LINE = 16 * 1024 * 1024;
const MOST_COLUMNS = 10_000;

/** A file of JSON lines as a table. A name that an object lacks is a missing value; lists and objects are nested values. */
export function jsonLinesTable(source: ByteSource): Table {
  return { format: "jsonl", batches: () => batchesOf(source) };
}

async function* batchesOf(source: ByteSource): AsyncGenerator<Batch> {
  const reading = new Reading(source.name);
  // `fatal` is not set: a damaged character shows as U+FFFD in its value, as other readers show it.
  const decoder = new TextDecoder("utf-8");
  let rest = "";
  let sent = false;
  for await (const bytes of bytesOf(source)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE)
      throw unreadable(source.name, `line ${reading.line + lines.length + 1} is longer than 16 MiB`);
    for (const line of lines) reading.take(line);
    if (!reading.isEmpty) {
      sent = true;
      yield reading.batch();
    }
  }
  reading.take(rest + decoder.decode());
  if (!reading.isEmpty || !sent) yield reading.batch();
}

class Reading {
  /** Lines that were taken. */
  line = 0;
  readonly #name: string;
  readonly #index = new Map<string, number>();
  #rows: Record<string, unknown>[] = [];
  #malformed = 0;
  #first: Malformed | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0 && this.#malformed === 0;
  }

  take(text: string): void {
    this.line++;
    if (text.trim() === "") return;
    const row = parsed(text);
    if (row === undefined) {
      this.#malformed++;
      this.#first ??= { line: this.line, why: "it is no JSON object" };
      return;
    }
    for (const name of Object.keys(row)) if (!this.#index.has(name)) this.#index.set(name, this.#index.size);
    if (this.#index.size > MOST_COLUMNS)
      throw unreadable(this.#name, `it has more than ${MOST_COLUMNS} names, and so many columns are not read`);
    this.#rows.push(row);
  }

  batch(): Batch {
    const rows = this.#rows;
    const columns: Column[] = [...this.#index.keys()].map((name) => ({ name }));
    const batch = {
      ...{ rows: rows.length, columns, malformed: this.#malformed },
      ...(this.#first === undefined ? {} : { firstMalformed: this.#first }),
      async *values(column: number) {
        const name = columns[column]?.name ?? "";
        yield rows.map((row) => (Object.hasOwn(row, name) ? simple(row[name]) : null));
      },
    };
    this.#rows = [];
    this.#malformed = 0;
    this.#first = undefined;
    return batch;
  }
}

/** A nested value is shown as its JSON. */
function simple(value: unknown): Value {
  if (typeof value === "object" && value !== null) return JSON.stringify(value);
  return value as Value;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
