// The files of data that can be read as tables: those of a version in storage, read in ranges, or those of this machine.
// Tests: test/tasks/check-data.test.ts
import type { BlobFile, Container } from "../../azure/index.ts";
import type { UploadRoot } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { type ByteSource, fileSource, formatOfName, openTable, type TableFile } from "../../tables/index.ts";
import type { AssetBody, AssetHome } from "../assets/asset-home.ts";
import { blobsAt } from "../assets/held-files.ts";
import { contentOf } from "../assets/local-content.ts";
import type { Registry } from "../assets/registry.ts";
import { blobsOf, uriOf } from "../assets/version-places.ts";
import type { Workspace } from "../workspace/workspace.ts";

export interface TableOptions {
  readonly delimiter?: string | undefined;
  readonly nulls?: readonly string[] | undefined;
}

/**
 * The tables among the files of a version. Two round trips, three where its datastore has not been opened.
 * @throws TaskError `input` where its files lie where this task does not read, or none is a table
 */
export async function tablesOfVersion(
  home: Workspace | Registry,
  called: string,
  name: string,
  version: AssetBody,
  options: TableOptions,
): Promise<TableFile[]> {
  const place = await blobsOf(home, "data", name, version);
  if (place === undefined) {
    throw new TaskError("input", `The files of ${called} are at ${uriOf(version)}, which this task does not read.`, {
      errorCode: "AML1703",
      hint: "It reads from datastores of this workspace, outputs of its jobs, and registries.",
    });
  }
  const blobs = [...(await blobsAt(place, home.signal))];
  const files = blobs.map(([relative, blob]) => ({
    name: relative === "" ? (blob.name.split("/").at(-1) ?? blob.name) : relative,
    size: blob.size,
    source: async (as: string) => blobSource(place.container, blob, as, home.signal),
  }));
  return tablesIn(home, called, files, options);
}

/** The tables among files of this machine. @throws TaskError `input` */
export async function tablesOfFiles(
  home: AssetHome,
  path: string,
  root: UploadRoot | undefined,
  options: TableOptions,
): Promise<{ readonly called: string; readonly files: readonly TableFile[] }> {
  const content = await contentOf(home, path, root);
  const files = content.files.map(({ relative, size, path: file }) => ({
    name: content.isFolder ? relative : content.name,
    size,
    source: (as: string) => fileSource(file, as),
  }));
  return { called: content.shown, files: tablesIn(home, content.shown, files, options) };
}

interface AnyFile {
  readonly name: string;
  readonly size: number;
  source(as: string): Promise<ByteSource>;
}

function tablesIn(home: AssetHome, called: string, files: readonly AnyFile[], options: TableOptions): TableFile[] {
  if (files.some(({ name }) => name.split("/").includes("_delta_log"))) {
    throw new TaskError("input", `${called} is a Delta table, whose files alone do not say which rows count.`, {
      errorCode: "AML1751",
      hint: "Write the state to be checked as Parquet files, and register those.",
    });
  }
  const [tables, others] = [files.filter(isTable), files.filter((file) => !isTable(file))];
  if (tables.length === 0) {
    const there = files.map(({ name }) => name).slice(0, 10);
    throw new TaskError(
      "input",
      `${called} has no file that can be read as a table; ${there.length === 0 ? "it has no files" : `it has ${there.join(", ")}`}.`,
      {
        errorCode: "AML1751",
        hint: "Tables are CSV (.csv, .tsv, also .gz), JSON lines (.jsonl, .ndjson) and Parquet (.parquet) files.",
      },
    );
  }
  if (others.length > 0) {
    const names = others.map(({ name }) => name).slice(0, 10);
    home.log.remote(`${others.length} other files of ${called} are not looked at: ${names.join(", ")}.`);
  }
  // In the order of their names, whatever the listing's: samples are the same each time.
  return [...tables]
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .map(({ name, size, source }) => ({
      ...{ name, size },
      open: async () => openTable(await source(name), options),
    }));
}

/** By its name; one without an extension may be a table, unless writers use its name for notes of their own (`_SUCCESS`, `MLTable`). */
function isTable({ name, size }: AnyFile): boolean {
  const parts = name.split("/");
  const last = parts.at(-1) ?? "";
  if (parts.some((part) => /^[._]/.test(part)) || last === "MLTable") return false;
  return formatOfName(last) !== undefined || (!last.includes(".") && size > 0);
}

function blobSource(container: Container, blob: BlobFile, name: string, signal: AbortSignal): ByteSource {
  return { name, size: blob.size, read: (offset, count) => container.range(blob, offset, count, signal) };
}
