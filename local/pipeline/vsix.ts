// The tasks of an extension's package (VSIX), unpacked as an agent gets them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { unzipSync } from "fflate";
import { readTaskFolder } from "../agent/index.ts";

/** The file into which tfx writes the contributions. */
export const MANIFEST = "extension.vsomanifest";
const TASK = "ms.vss-distributed-task.task";

/**
 * Unpacks the tasks that the package contributes; a contribution's folder holds a task, or one folder for each version of it.
 * @param file the VSIX
 * @param folder where to; made where it is not there
 * @returns `Name@major` -> folder
 * @throws Error that names the file, where it is no VSIX, has no task, or has two of the same name and major version
 */
export function unpackTasks(file: string, folder: string): Map<string, string> {
  const refuse = (reason: string) => new Error(`${file} ${reason}.`);
  let files: Readonly<Record<string, Uint8Array>>;
  try {
    files = unzipSync(readFileSync(file));
  } catch (error) {
    throw refuse(`cannot be read as a VSIX (${(error as Error).message})`);
  }
  const tasks = new Map<string, string>();
  for (const contributed of contributedFolders(files, refuse)) {
    const own = Object.entries(files).filter(([name]) => name.startsWith(`${contributed}/`) && !name.endsWith("/"));
    for (const [name, bytes] of own) {
      const target = path.join(folder, name);
      if (path.relative(folder, target).startsWith("..")) throw refuse(`holds ${name}, which lies outside of it`);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, bytes);
    }
    const depth = contributed.split("/").length;
    const manifests = own.map(([name]) => name.split("/")).filter((parts) => parts.at(-1) === "task.json");
    for (const parts of manifests.filter(({ length }) => length <= depth + 2)) {
      const place = path.join(folder, ...parts.slice(0, -1));
      const { manifest } = readTaskFolder(place);
      const name = `${manifest.name}@${manifest.version.Major}`;
      if (tasks.has(name)) throw refuse(`holds ${name} twice`);
      tasks.set(name, place);
    }
  }
  if (tasks.size === 0) throw refuse("contributes no task");
  return tasks;
}

function contributedFolders(
  files: Readonly<Record<string, Uint8Array>>,
  refuse: (reason: string) => Error,
): readonly string[] {
  const manifest = files[MANIFEST];
  if (manifest === undefined) throw refuse(`has no ${MANIFEST}`);
  const { contributions = [] } = JSON.parse(
    Buffer.from(manifest)
      .toString("utf8")
      .replace(/^\uFEFF/, ""),
  ) as {
    contributions?: readonly { readonly type?: string; readonly properties?: { readonly name?: unknown } }[];
  };
  return contributions
    .filter(({ type }) => type === TASK)
    .map(({ properties }) => String(properties?.name).replace(/^\/+|\/+$/g, ""));
}
