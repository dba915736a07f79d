// Large tables for the memory bench: files of any size whose rows are all different in CSV, and row groups of one million rows in Parquet.
import { closeSync, openSync, writeSync } from "node:fs";
import { parquetMetadata } from "hyparquet";
import { ByteWriter, parquetWriteBuffer } from "hyparquet-writer";
import { writeMetadata } from "hyparquet-writer/src/metadata.js";

const COUNTRIES = ["DE", "FR", "IT", "ES", "PL"];
const HEADER = "id,age,income,country,updated,score,note\n";

/** The row of a CSV file; each has the same length, and its first twelve digits are its number. */
function row(index: number): string {
  const age = 18 + (index % 72);
  const income = (((index * 7919) % 1_000_003) / 7).toFixed(4).padStart(12, "0");
  const score = Math.abs(Math.sin(index)).toFixed(12);
  const day = String(1 + (index % 28)).padStart(2, "0");
  const note = `note ${String(index % 5000).padStart(4, "0")}`;
  return `${String(index).padStart(12, "0")},${age},${income},${COUNTRIES[index % 5]},2026-11-${day}T10:00:00Z,${score},${note}\n`;
}

/** Writes a CSV file of about this length, in which no row repeats another. */
export function writeLargeCsv(file: string, bytes: number): void {
  const rows = 65_536;
  const block = Buffer.from(Array.from({ length: rows }, (_, index) => row(index)).join(""));
  const length = block.length / rows;
  const handle = openSync(file, "w");
  try {
    writeSync(handle, HEADER);
    for (let written = 0, first = 0; written < bytes; written += block.length, first += rows) {
      for (let index = 0; index < rows; index++) {
        let number = first + index;
        // The digits of its number, from the last one.
        for (let digit = 11; digit >= 0; digit--, number = Math.floor(number / 10))
          block[index * length + digit] = 48 + (number % 10);
      }
      writeSync(handle, block);
    }
  } finally {
    closeSync(handle);
  }
}

/** Writes a Parquet file of about this length: the same row group of a million rows again and again, each as a writer would make it. */
export function writeLargeParquet(file: string, bytes: number): void {
  const rows = 1_000_000;
  const make = <T>(of: (index: number) => T) => Array.from({ length: rows }, (_, index) => of(index));
  const columnData = [
    { name: "id", data: make((index) => BigInt(index)), type: "INT64" as const },
    { name: "age", data: make((index) => 18 + (index % 72)), type: "INT32" as const },
    { name: "income", data: make((index) => ((index * 7919) % 1_000_003) / 7), type: "DOUBLE" as const },
    { name: "country", data: make((index) => COUNTRIES[index % 5] ?? ""), type: "STRING" as const },
    { name: "score", data: make((index) => Math.sin(index)), type: "DOUBLE" as const },
    { name: "note", data: make((index) => `a note that is another in each row: ${index}`), type: "STRING" as const },
  ];
  const one = parquetWriteBuffer({ columnData, rowGroupSize: rows, codec: "SNAPPY" });
  const metadata = parquetMetadata(one);
  const [group] = metadata.row_groups;
  if (group === undefined) throw new Error("hyparquet-writer wrote no row group.");
  const columns = group.columns.map(({ meta_data, file_offset }) => ({ meta_data, file_offset }));
  const start = 4;
  const length = columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_compressed_size ?? 0), 0);
  const content = Buffer.from(one, start, length);
  const copies = Math.ceil(bytes / length);
  const groups = Array.from({ length: copies }, (_, copy) => {
    const shift = BigInt(copy) * BigInt(length);
    return {
      ...{ total_byte_size: group.total_byte_size, num_rows: group.num_rows },
      columns: columns.map(({ meta_data: meta, file_offset }) => {
        if (meta === undefined) throw new Error("A column has no metadata.");
        const dictionary = meta.dictionary_page_offset;
        return {
          file_offset: file_offset + shift,
          meta_data: {
            ...meta,
            data_page_offset: meta.data_page_offset + shift,
            ...(dictionary === undefined ? {} : { dictionary_page_offset: dictionary + shift }),
          },
        };
      }),
    };
  });
  const footer = new ByteWriter();
  writeMetadata(footer, { ...metadata, num_rows: group.num_rows * BigInt(copies), row_groups: groups });
  const handle = openSync(file, "w");
  try {
    writeSync(handle, "PAR1");
    for (let copy = 0; copy < copies; copy++) writeSync(handle, content);
    writeSync(handle, Buffer.from(footer.getBuffer()));
    writeSync(handle, "PAR1");
  } finally {
    closeSync(handle);
  }
}
