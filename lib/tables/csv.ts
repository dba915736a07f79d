// Reads CSV in batches of bounded memory: with a header, UTF-8, comma, semicolon, tab or bar between fields, compressed by gzip or not.
import { createGunzip, type Gunzip } from "node:zlib";
import { CsvError, type Parser, parse } from "csv-parse";
import { PlainLines } from "./plain-lines.ts";
import { type ByteSource, bytesOf, unreadable } from "./source.ts";
import type { Batch, Column, Malformed, Table } from "./table.ts";

export interface CsvOptions {
  /** Between fields; found in the first line where absent. */
  readonly delimiter?: string | undefined;
  /** Texts that stand for a missing value. */
  readonly nulls?: readonly string[] | undefined;
}

/** pandas' own list (`pandas.read_csv`, `na_values`), so that both count the same values as missing. */
const MISSING: readonly string[] = [
  ...["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A"],
  ...["NA", "NULL", "NaN", "None", "n/a", "nan", "null"],
];

const DELIMITERS = [",", ";", "\t", "|"];
/** One record in bytes; a quotation mark that is never closed ends here instead of filling memory. */
const LONGEST_RECORD = 8 * 1024 * 1024;
const MOST_COLUMNS = 10_000;
/** Bytes whose rows are one batch: as texts in memory they are some ten times as large. */
const AT_ONCE = 512 * 1024;

/** A CSV file as a table. Every value is a text, or null where it is one of `nulls`. */
export function csvTable(source: ByteSource, options: CsvOptions = {}): Table {
  return { format: "csv", batches: () => batchesOf(source, options) };
}

async function* batchesOf(source: ByteSource, options: CsvOptions): AsyncGenerator<Batch> {
  const nulls = new Set(options.nulls ?? MISSING);
  let reading: Reading | undefined;
  let sent = false;
  for await (const bytes of plainBytes(source)) {
    reading ??= new Reading(source.name, options.delimiter ?? delimiterOf(bytes), nulls);
    for (let at = 0; at < bytes.length; at += AT_ONCE) {
      const batch = await reading.take(bytes.subarray(at, at + AT_ONCE));
      if (batch === undefined) continue;
      sent = true;
      yield batch;
    }
  }
  const last = await reading?.end();
  if (last !== undefined && (last.rows > 0 || last.malformed > 0 || !sent)) {
    sent = true;
    yield last;
  }
  if (!sent) throw unreadable(source.name, "it is empty, so it has no header");
}

/** The rows between two ranges of the file, and the header once it is known. */
class Reading {
  /** The fast way, until the first quotation mark. */
  #plain: PlainLines | undefined;
  readonly #parser: Parser;
  readonly #name: string;
  readonly #nulls: ReadonlySet<string>;
  #columns: readonly Column[] | undefined;
  #rows: string[][] = [];
  #malformed = 0;
  #first: Malformed | undefined;
  #failure: Error | undefined;
  /** Lines that were read before the parser began. */
  #lines = 0;

  constructor(name: string, delimiter: string, nulls: ReadonlySet<string>) {
    this.#name = name;
    this.#nulls = nulls;
    this.#plain = new PlainLines(delimiter);
    this.#parser = parse({
      ...{ bom: true, delimiter, max_record_size: LONGEST_RECORD },
      ...{ relax_column_count: true, skip_empty_lines: true, record_delimiter: ["\r\n", "\n", "\r"] },
      // Records are taken here and not from the stream, whose queue costs more than parsing does.
      on_record: (record: string[], { lines }) => {
        this.#keep(record, this.#lines + lines);
        return null;
      },
    });
    this.#parser.on("error", (error) => {
      this.#failure = error;
    });
    this.#parser.resume();
  }

  /** @returns the rows that are whole by now; undefined where there is none */
  async take(bytes: Uint8Array): Promise<Batch | undefined> {
    if (this.#plain === undefined) await this.#parse(bytes);
    else await this.#split(this.#plain, bytes);
    return this.#columns && (this.#rows.length > 0 || this.#malformed > 0) ? this.#batch() : undefined;
  }

  async end(): Promise<Batch | undefined> {
    if (this.#plain !== undefined) await this.#parse(this.#plain.left);
    await this.#done((done) => this.#parser.end(done));
    return this.#columns && this.#batch();
  }

  async #split(plain: PlainLines, bytes: Uint8Array): Promise<void> {
    const records = plain.split(bytes);
    if (plain.left.length > LONGEST_RECORD) throw unreadable(this.#name, tooLong(this.#lines + 1));
    if (records === undefined) {
      this.#plain = undefined;
      await this.#parse(plain.left);
      return;
    }
    for (const record of records) {
      this.#lines++;
      if (record === undefined) continue;
      if (this.#columns === undefined) record[0] = record[0]?.replace(/^\ufeff/, "") ?? "";
      this.#keep(record, this.#lines);
    }
  }

  async #parse(bytes: Uint8Array): Promise<void> {
    await this.#done((done) => this.#parser.write(bytes, done));
  }

  #keep(record: string[], line: number): void {
    if (this.#columns === undefined) {
      if (record.length > MOST_COLUMNS)
        throw unreadable(this.#name, `it has ${record.length} columns, and ${MOST_COLUMNS} are read at most`);
      this.#columns = named(this.#name, record);
      return;
    }
    if (record.length === this.#columns.length) {
      this.#rows.push(record);
      return;
    }
    this.#malformed++;
    const counted = `it has ${record.length} fields, and the header has ${this.#columns.length}`;
    this.#first ??= { line, why: counted };
  }

  #batch(): Batch {
    const rows = this.#rows;
    const nulls = this.#nulls;
    const batch = {
      ...{ rows: rows.length, columns: this.#columns ?? [], malformed: this.#malformed },
      ...(this.#first === undefined ? {} : { firstMalformed: this.#first }),
      async *values(column: number) {
        const values = new Array<string | null>(rows.length);
        for (let row = 0; row < rows.length; row++) {
          const text = rows[row]?.[column] as string;
          values[row] = nulls.has(text) ? null : text;
        }
        yield values;
      },
    };
    this.#rows = [];
    this.#malformed = 0;
    this.#first = undefined;
    return batch;
  }

  async #done(work: (done: (error?: Error | null) => void) => void): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => work((error) => (error ? reject(error) : resolve())));
      if (this.#failure) throw this.#failure;
    } catch (error) {
      throw error instanceof CsvError ? unreadable(this.#name, said(error, this.#lines), error) : error;
    }
  }
}

const tooLong = (line: number | string | undefined) =>
  `${line === undefined ? "" : `line ${line}: `}a record is longer than ${LONGEST_RECORD / 1024 / 1024} MiB, which a quotation mark without its end may cause`;

/** csv-parse's own reason, as a clause; its codes are part of its contract (https://csv.js.org/parse/errors/). */
function said({ code, message }: CsvError, before: number): string {
  const [, counted] = /line (\d+)/.exec(message) ?? [];
  const line = counted === undefined ? undefined : before + Number(counted);
  const where = line === undefined ? "" : `line ${line}: `;
  if (code === "CSV_MAX_RECORD_SIZE") return tooLong(line);
  if (code === "CSV_QUOTE_NOT_CLOSED") return `${where}a quotation mark is not closed`;
  if (code === "INVALID_OPENING_QUOTE") return `${where}a quotation mark stands inside a field that is not quoted`;
  if (code === "CSV_INVALID_CLOSING_QUOTE") return `${where}characters follow the closing quotation mark of a field`;
  return `${where}csv-parse says ${message.replace(/ (at|on) line \d+/, "")}`;
}

function named(file: string, header: readonly string[]): Column[] {
  const seen = new Set<string>();
  return header.map((name) => {
    if (seen.has(name)) throw unreadable(file, `its header names the column ${JSON.stringify(name)} twice`);
    seen.add(name);
    return { name };
  });
}

/** The delimiter that stands most often in the first line, outside quotation marks. */
function delimiterOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64 * 1024)).toString("utf8");
  const [line = ""] = text.replace(/"(?:[^"]|"")*"/g, "").split(/\r\n|\r|\n/, 1);
  const counts = DELIMITERS.map((one) => line.split(one).length - 1);
  return DELIMITERS[counts.indexOf(Math.max(...counts))] ?? ",";
}

/** The bytes without gzip around them. @throws TaskError where they are UTF-16, which spreadsheets write as "Unicode text" */
async function* plainBytes(source: ByteSource): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const bytes of (await isGzip(source)) ? unzipped(source) : bytesOf(source)) {
    if (isFirst && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)))
      throw unreadable(source.name, "it is UTF-16, and CSV is read as UTF-8");
    isFirst = false;
    yield bytes;
  }
}

async function isGzip(source: ByteSource): Promise<boolean> {
  if (source.size < 2) return false;
  const [first, second] = await source.read(0, 2);
  return first === 0x1f && second === 0x8b;
}

/** It takes more, or takes no more at all: bytes behind the end of its content are left alone. */
const drained = (gunzip: Gunzip): Promise<void> =>
  new Promise((resolve) => {
    const end = () => {
      gunzip.off("drain", end).off("close", end);
      resolve();
    };
    gunzip.on("drain", end).on("close", end);
  });

async function* unzipped(source: ByteSource): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const feeding = (async () => {
    for await (const bytes of bytesOf(source)) {
      if (gunzip.destroyed) return;
      if (!gunzip.write(bytes)) await drained(gunzip);
    }
    gunzip.end();
  })().catch((error: Error) => {
    gunzip.destroy(error);
  });
  try {
    for await (const bytes of gunzip) yield bytes as Uint8Array;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code?.startsWith("Z_"))
      throw unreadable(source.name, "its gzip content is damaged", error);
    throw error;
  } finally {
    gunzip.destroy();
  }
  await feeding;
}
