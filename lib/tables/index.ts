// Public interface of lib/tables: CSV, JSON lines and Parquet, read in bounded memory.
export { openTable } from "./open-table.ts";
export { numbersOf, readColumns } from "./read-columns.ts";
export { type ByteSource, fileSource } from "./source.ts";
export type { Table, Value } from "./table.ts";
