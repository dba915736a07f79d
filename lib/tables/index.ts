// Public interface of lib/tables: CSV, JSON lines and Parquet, read in bounded memory.
export type { ColumnSummary } from "./column-profile.ts";
export { formatOfName, openTable } from "./open-table.ts";
export { numbersOf, readColumns } from "./read-columns.ts";
export { type ByteSource, fileSource } from "./source.ts";
export type { Table, Value } from "./table.ts";
export { profileTable, type TableFile, type TableProfile } from "./table-profile.ts";
