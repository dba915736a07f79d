// Reads Parquet in batches of bounded memory: a row group is a batch, and of it one page of one column is in memory at a time.
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { decompress as decompressZstd } from "fzstd";
import { parquetHeader, readPage } from "hyparquet/src/column.js";
import { convert, DEFAULT_PARSERS } from "hyparquet/src/convert.js";
import { parquetMetadataAsync, parquetSchema } from "hyparquet/src/metadata.js";
import type {
  ColumnDecoder,
  ColumnMetaData,
  Compressors,
  DecodedArray,
  FileMetaData,
  PageHeader,
  RowGroup,
  SchemaTree,
} from "hyparquet/src/types.js";
import { TaskError } from "../errors.ts";
import { type ByteSource, RANGE, unreadable } from "./source.ts";
import type { Batch, Column, DeclaredType, Table, Value } from "./table.ts";

/** A page as it lies in the file, or unpacked. Writers make pages of about 1 MiB. */
const LARGEST_PAGE = 256 * 1024 * 1024;
/** The footer, which describes each column of each row group. */
const LARGEST_FOOTER = 64 * 1024 * 1024;
/** Bytes that are read in the hope that they hold a page's header. */
const HEADER = 64 * 1024;
/** Rows of a batch; a row group of more is read in several passes. Values of a page at most, too. */
const ROWS_OF_BATCH = 4 * 1024 * 1024;
const VALUES_OF_PAGE = 64 * 1024 * 1024;

const compressors: Compressors = {
  GZIP: (input, length) => gunzipSync(input, { maxOutputLength: Math.max(1, length) }),
  BROTLI: (input, length) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, length) }),
  ZSTD: (input, length) => decompressZstd(input, new Uint8Array(length)),
};

/**
 * A Parquet file as a table. Columns of lists, maps and structures have no values here.
 * @throws TaskError where its footer is none
 */
export async function parquetTable(source: ByteSource, rowsOfBatch: number = ROWS_OF_BATCH): Promise<Table> {
  const metadata = await readable(source, () => footerOf(source));
  const schema = parquetSchema(metadata);
  return { format: "parquet", batches: () => batchesOf(source, metadata, schema, rowsOfBatch) };
}

async function footerOf(source: ByteSource): Promise<FileMetaData> {
  const slice = async (start: number, end: number = source.size) => {
    if (end - start > LARGEST_FOOTER) throw new Error("its footer is longer than 64 MiB");
    return bufferOf(await source.read(start, end - start));
  };
  return parquetMetadataAsync({ byteLength: source.size, slice }, { geoparquet: false });
}

async function* batchesOf(
  source: ByteSource,
  metadata: FileMetaData,
  schema: SchemaTree,
  rowsOfBatch: number,
): AsyncGenerator<Batch> {
  const columns = schema.children.map(columnOf);
  let sent = false;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    for (let first = 0; first === 0 || first < rows; first += rowsOfBatch) {
      const part = { first, rows: Math.min(rowsOfBatch, rows - first) };
      const values = (column: number) => valuesOf(source, group, schema, column, part);
      yield { rows: part.rows, columns, malformed: 0, values };
    }
    sent = true;
  }
  if (!sent) yield { rows: 0, columns, malformed: 0, async *values() {} };
}

/** Rows of a row group: the number of the first, and how many. */
interface Part {
  readonly first: number;
  readonly rows: number;
}

async function* valuesOf(
  source: ByteSource,
  group: RowGroup,
  schema: SchemaTree,
  column: number,
  part: Part,
): AsyncGenerator<ArrayLike<Value | undefined>> {
  const child = schema.children[column];
  if (child === undefined || part.rows === 0) return;
  const declared = columnOf(child).declared;
  if (declared === "nested") {
    yield new Array<boolean>(part.rows).fill(true);
    return;
  }
  const name = child.element.name;
  const chunk = group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name);
  if (chunk?.meta_data === undefined || chunk.file_path)
    throw unreadable(source.name, `the column ${name} lies in another file`);
  if (chunk.meta_data.num_values !== group.num_rows)
    throw unreadable(
      source.name,
      `the column ${name} has ${chunk.meta_data.num_values} values in ${group.num_rows} rows`,
    );
  let left = part.rows;
  for await (const page of pagesOf(source, chunk.meta_data, schema, child, part.first)) {
    const values = page.length > left ? Array.prototype.slice.call(page, 0, left) : page;
    left -= values.length;
    yield declared === "binary" ? Array.from(values, (value) => (value == null ? null : true)) : values;
    if (left === 0) return;
  }
  throw unreadable(source.name, `the column ${name} ends ${left} values before its row group`);
}

/** The data pages of one column of one row group, decoded one after the other, from a row on. */
async function* pagesOf(
  source: ByteSource,
  meta: ColumnMetaData,
  schema: SchemaTree,
  child: SchemaTree,
  first: number,
): AsyncGenerator<ArrayLike<Value | undefined>> {
  const decoder: ColumnDecoder = {
    ...{ pathInSchema: meta.path_in_schema, type: meta.type, element: child.element, schemaPath: [schema, child] },
    ...{ codec: meta.codec, parsers: DEFAULT_PARSERS, compressors },
    utf8: columnOf(child).declared === "text",
  };
  const dictionaryAt = Number(meta.dictionary_page_offset ?? 0n);
  const dataAt = Number(meta.data_page_offset);
  let at = dictionaryAt > 0 ? Math.min(dictionaryAt, dataAt) : dataAt;
  const end = Math.min(source.size, at + Number(meta.total_compressed_size));
  const window = new Window(source, end);
  let dictionary: DecodedArray | undefined;
  /** Values of the pages so far. */
  let known = 0;
  while (known < Number(meta.num_values) && at < end) {
    const { header, length } = await readable(source, () => headerAt(window, at));
    const size = header.compressed_page_size;
    if (size < 0 || size > LARGEST_PAGE || header.uncompressed_page_size > LARGEST_PAGE)
      throw unreadable(source.name, `a page of the column ${child.element.name} is larger than 256 MiB`);
    const count = valuesIn(header);
    if (count > VALUES_OF_PAGE)
      throw unreadable(source.name, `a page of the column ${child.element.name} has ${count} values`);
    if (header.type !== "DICTIONARY_PAGE" && header.type !== "INDEX_PAGE" && known + count <= first) {
      known += count;
      at += length + size;
      continue;
    }
    const bytes = await window.bytes(at + length, size);
    at += length + size;
    const decoded = await readable(source, async () => {
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
      if (header.type === "INDEX_PAGE") return undefined;
      const { data = [] } = readPage(reader, header, decoder, dictionary, undefined, 0);
      if (header.type !== "DICTIONARY_PAGE") return data;
      dictionary = convert(data, decoder);
      return undefined;
    });
    if (decoded === undefined) continue;
    const before = Math.max(0, first - known);
    known += decoded.length;
    yield (before === 0 ? decoded : decoded.slice(before)) as ArrayLike<Value | undefined>;
  }
}

const valuesIn = ({ data_page_header, data_page_header_v2, dictionary_page_header }: PageHeader): number =>
  data_page_header?.num_values ?? data_page_header_v2?.num_values ?? dictionary_page_header?.num_values ?? 0;

/** The header at a place; it is longer than HEADER where a writer put long statistics into it. */
async function headerAt(window: Window, at: number): Promise<{ header: PageHeader; length: number }> {
  for (let tried = HEADER; ; tried *= 16) {
    const bytes = await window.upTo(at, tried);
    const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
    try {
      return { header: parquetHeader(reader), length: reader.offset };
    } catch (error) {
      if (!(error instanceof RangeError) || bytes.length < tried || tried > LARGEST_FOOTER) throw error;
    }
  }
}

/** A range of the file that moves on as the pages of a column are read. */
class Window {
  readonly #source: ByteSource;
  readonly #end: number;
  #start = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  /** @param end where the column's pages end */
  constructor(source: ByteSource, end: number) {
    this.#source = source;
    this.#end = end;
  }

  /** `count` bytes from `at`, in a copy of their own: what a page decodes to may be a view of them. */
  async bytes(at: number, count: number): Promise<Uint8Array> {
    const there = await this.upTo(at, count);
    if (there.length < count) throw unreadable(this.#source.name, "a page of it ends before its length");
    return there.slice();
  }

  /** Up to `count` bytes from `at`: fewer where the column's pages end before. */
  async upTo(at: number, count: number): Promise<Uint8Array> {
    const wanted = Math.min(count, this.#end - at);
    if (at < this.#start || at + wanted > this.#start + this.#bytes.length) {
      this.#bytes = new Uint8Array(0);
      this.#bytes = await this.#source.read(at, Math.min(Math.max(wanted, RANGE), this.#end - at));
      this.#start = at;
    }
    return this.#bytes.subarray(at - this.#start, at - this.#start + wanted);
  }
}

/** The type that the schema declares; lists, maps and structures are nested. */
function columnOf({ element, children }: SchemaTree): Column {
  const isNested = children.length > 0 || element.repetition_type === "REPEATED";
  return { name: element.name, declared: isNested ? "nested" : declaredType(element) };
}

function declaredType({ type, converted_type: converted, logical_type: logical }: SchemaTree["element"]): DeclaredType {
  if (type === "INT96" || logical?.type === "TIMESTAMP" || logical?.type === "DATE") return "time";
  if (converted === "DATE" || converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS") return "time";
  if (converted === "DECIMAL" || logical?.type === "DECIMAL" || logical?.type === "FLOAT16") return "number";
  if (type === "BOOLEAN") return "boolean";
  if (type === "FLOAT" || type === "DOUBLE") return "number";
  if (type === "INT32" || type === "INT64") return "integer";
  const isText = converted === "UTF8" || converted === "ENUM" || logical?.type === "STRING" || logical?.type === "ENUM";
  return isText || converted === "JSON" || logical?.type === "UUID" ? "text" : "binary";
}

/** The reader's own errors speak of bytes; each gets the file's name. */
async function readable<T>(source: ByteSource, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TaskError || (error as Error).name === "AbortError") throw error;
    throw unreadable(source.name, asClause(error), error);
  }
}

function asClause(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.slice(0, 300).replace(/\.$/, "");
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(copy).set(bytes);
  return copy;
}
