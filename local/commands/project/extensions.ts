// Extensions of a local run: the tasks and pages of VSIX files, and those that lie beside the project.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { XMLParser } from "fast-xml-parser";
import { unzipSync } from "fflate";
import type { Extensions } from "../../devops/state/extensions.ts";
import { MANIFEST, unpackTasks } from "../../pipeline/vsix.ts";
import { UsageError } from "../usage.ts";

/** An extension's manifest with the folder that its paths begin at. */
interface Extension {
  readonly manifest: Manifest;
  readonly root: string;
}
type Manifest = Parameters<Extensions["install"]>[0];

export interface Installed {
  /** `Name@major` -> folder. */
  readonly tasks: ReadonlyMap<string, string>;
  readonly extensions: readonly Extension[];
}

/** Tasks of Azure DevOps' own that local Azure DevOps has. */
export const ownTasks: ReadonlyMap<string, string> = new Map(
  ["InvokeRESTAPI", "Delay", "ManualValidation"].map((name) => [
    `${name}@1`,
    fileURLToPath(new URL(`../../pipeline/server-tasks/${name}`, import.meta.url)),
  ]),
);

/** @throws UsageError for a file that is no extension with tasks */
export function unpackExtensions(files: readonly string[], folder: string): Installed {
  try {
    const unpacked = files.map((file, index) => {
      const root = path.join(folder, `vsix-${index}`);
      return { tasks: unpackTasks(file, root), extension: pagesOf(file, root) };
    });
    return {
      tasks: new Map([...ownTasks, ...unpacked.flatMap(({ tasks }) => [...tasks])]),
      extensions: unpacked.flatMap(({ extension }) => extension ?? []),
    };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

interface VsixManifest {
  readonly PackageManifest: {
    readonly Metadata: { readonly Identity: Readonly<Record<"Id" | "Publisher" | "Version", string>> };
    readonly Assets: { readonly Asset: readonly Readonly<Record<string, string>>[] };
  };
}

/** Unpacks what the extension's pages are made of, for local Azure DevOps to frame them. */
function pagesOf(file: string, root: string): Extension | undefined {
  const isPage = ({ name }: { name: string }) => !name.startsWith("tasks/") && !name.endsWith("/");
  const files = unzipSync(readFileSync(file), { filter: isPage });
  // Only tasks: nothing is framed.
  if (files["extension.vsixmanifest"] === undefined) return undefined;
  const textOf = (name: string) =>
    Buffer.from(files[name] ?? [])
      .toString("utf8")
      .replace(/^\uFEFF/, "");
  const parser = new XMLParser({
    ...{ ignoreAttributes: false, attributeNamePrefix: "", parseAttributeValue: false, parseTagValue: false },
    isArray: (name) => name === "Asset",
  });
  const { PackageManifest } = parser.parse(textOf("extension.vsixmanifest")) as VsixManifest;
  const { Id: id, Publisher: publisher, Version: version } = PackageManifest.Metadata.Identity;
  const addressable = PackageManifest.Assets.Asset.filter(({ Addressable }) => Addressable === "true");
  for (const { Path = "" } of addressable) {
    const target = path.join(root, Path);
    const bytes = files[Path];
    if (bytes === undefined || path.relative(root, target).startsWith("..")) continue;
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
  const { contributions, scopes } = JSON.parse(textOf(MANIFEST)) as Pick<Manifest, "contributions" | "scopes">;
  const shared = addressable.map(({ Path = "" }) => ({ path: Path, addressable: true }));
  return { root, manifest: { id, publisher, version, files: shared, ...given({ contributions, scopes }) } };
}

/** Without keys that have no value. */
const given = <T extends object>(values: T) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };

/**
 * The VSIX in the first of the folders that has one; empty where none has.
 * @throws UsageError where a folder has more than one
 */
export function vsixBeside(folders: readonly string[]): string[] {
  for (const folder of new Set(folders)) {
    const found = readdirSync(folder).filter((name) => /\.vsix$/i.test(name));
    if (found.length > 1)
      throw new UsageError(`${folder} holds ${found.join(" and ")}; name those that the run needs with --vsix.`);
    if (found.length === 1) return found.map((name) => path.join(folder, name));
  }
  return [];
}
