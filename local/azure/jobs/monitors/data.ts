// The tables of a signal, read from where its data lie: files of collected data by the hour, CSV, and JSON lines.
import { JobError } from "../../records/job-failure.ts";
import { readCsv, readJsonLines, type Table, tableOf } from "../../signals/table.ts";
import { locate } from "../../workspace/locate.ts";
import type { AzureWorld } from "../../world/world.ts";
import type { DataWindow } from "./definition.ts";

type Row = Readonly<Record<string, unknown>>;

/** Nothing lies in a window: the monitor's own tag names this, and the run fails. */
export class DataNotFound extends JobError {}

const HOUR = 3_600_000;

/** The rows of a window. @throws JobError, and DataNotFound where there are none */
export async function readWindow(world: AzureWorld, window: DataWindow, what: string): Promise<Table> {
  const rows = await readRows(world, window);
  const { start, end } = window;
  const span =
    start === undefined || end === undefined
      ? ""
      : ` between ${new Date(start).toISOString()} and ${new Date(end).toISOString()}`;
  if (rows.length === 0) throw new DataNotFound(`No data was found for ${what} in ${window.uri}${span}.`);
  return tableOf(rows);
}

async function readRows(world: AzureWorld, window: DataWindow): Promise<Row[]> {
  const files = await filesOf(world, window.uri);
  const chosen = files.filter(({ name }) => fits(name, window));
  const rows: Row[] = [];
  for (const { container, name } of chosen) {
    const bytes = await world.blobs.get(container, name);
    rows.push(...(await rowsOf(world, name, bytes?.toString("utf8") ?? "")));
  }
  return rows;
}

interface File {
  readonly container: string;
  readonly name: string;
}

/** Every table's file at or below a place. */
async function filesOf(world: AzureWorld, uri: string): Promise<File[]> {
  const place = locate(world, uri, "data");
  if (place.kind !== "blob") throw new JobError(`local Azure reads data of monitors from its own storage, not ${uri}.`);
  const { container, path } = place;
  if (path !== "" && (await world.blobs.exists(container, path))) return [{ container, name: path }];
  const listed = await world.blobs.list(container, path === "" ? "" : `${path}/`);
  const tables = listed.filter(({ name }) => /\.(csv|jsonl?|parquet)$/i.test(name));
  return tables.map(({ name }) => ({ container, name }));
}

/** The preprocessor's own rule: the hour that a file's folders name lies between the hours of the two ends, both counted in. */
function fits(name: string, { start, end }: DataWindow): boolean {
  if (start === undefined || end === undefined) return true;
  const found = /(?:^|\/)(\d{4})\/(\d\d)\/(\d\d)\/(\d\d)\/[^/]+\.jsonl$/.exec(name);
  if (found === null) return false;
  const [year, month, day, hour] = found.slice(1).map(Number) as [number, number, number, number];
  const at = Date.UTC(year, month - 1, day, hour);
  return at >= Math.floor(start / HOUR) * HOUR && at <= Math.floor(end / HOUR) * HOUR;
}

async function rowsOf(world: AzureWorld, name: string, text: string): Promise<Row[]> {
  if (/\.parquet$/i.test(name))
    throw new JobError(`local Azure reads CSV and JSON lines for monitors, and ${name} is Parquet.`);
  try {
    if (/\.csv$/i.test(name)) return readCsv(text);
    const whole = text.trimStart().startsWith("[") ? (JSON.parse(text) as Row[]) : readJsonLines(text);
    return (await Promise.all(whole.map((row) => eventRows(world, row)))).flat();
  } catch (error) {
    if (error instanceof JobError) throw error;
    throw new JobError(`${name} cannot be read as a table: ${(error as Error).message}`);
  }
}

/** A line of collected data holds the rows of one request, or says in which blob they lie; any other line is a row. */
async function eventRows(world: AzureWorld, line: Row): Promise<Row[]> {
  if (line["specversion"] === undefined || !String(line["type"]).startsWith("azureml.inference.")) return [line];
  const reference = line["datainblob"] === "true" ? String(line["data"]) : undefined;
  return framed(reference === undefined ? line["data"] : await pointed(world, reference));
}

async function pointed(world: AzureWorld, url: string): Promise<unknown> {
  const place = locate(world, url, "data");
  const bytes = place.kind === "blob" ? await world.blobs.get(place.container, place.path) : undefined;
  if (bytes === undefined) throw new JobError(`Collected data point to ${url}, and nothing is there.`);
  return JSON.parse(bytes.toString("utf8"));
}

/** A frame as pandas reads JSON: a list of records, or columns of values. */
function framed(data: unknown): Row[] {
  if (Array.isArray(data)) {
    // Rows without names get their numbers as names.
    return data.map((row) => (Array.isArray(row) ? { ...row } : isRow(row) ? row : { 0: row }));
  }
  if (!isRow(data)) return [];
  const columns = Object.entries(data).map(([name, values]) => [name, valuesOf(values)] as const);
  const rows = columns.reduce((most, [, values]) => Math.max(most, values.length), 0);
  return Array.from({ length: rows }, (_, index) =>
    Object.fromEntries(columns.map(([name, values]) => [name, values[index]])),
  );
}

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);
const valuesOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : isRow(value) ? Object.values(value) : [value];
