// A file or folder on this machine as Azure ML sees it: which files count, and the two hashes that name them.
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import ignore, { type Ignore } from "ignore";
import { TaskError } from "../errors.ts";

export interface LocalFile {
  /** Absolute. */
  readonly file: string;
  /** Below the folder, with `/`; the file's own name where a single file was named. */
  readonly relative: string;
  readonly size: number;
}

export interface LocalContent {
  /** Absolute. */
  readonly path: string;
  readonly name: string;
  readonly isFolder: boolean;
  /** Without what .amlignore or .gitignore leaves out; sorted by path in lower case. At least one. */
  readonly files: readonly LocalFile[];
  readonly size: number;
}

interface Entry {
  readonly name: string;
  readonly file?: LocalFile;
  readonly children?: readonly Entry[];
}

/** Beyond this, an upload is worth a warning (facts/03 3.4): 100 MB. */
export const LARGE = 100 * 1024 * 1024;
/** What the official client starts its hash of a folder with (facts/03 3.3). */
const SEED = "Initialize for october 2021 AML CLI version";
const trees = new WeakMap<LocalContent, readonly Entry[]>();

/**
 * Looks at what is to be uploaded.
 * @param boundary the repository's folder: what lies in it must not lead out of it by a link
 * @throws TaskError kind `input`: not there, empty, or leaving by a link
 */
export async function readContent(given: string, boundary?: string): Promise<LocalContent> {
  const absolute = path.resolve(given);
  const info = await stat(absolute).catch(async (cause: NodeJS.ErrnoException) => {
    throw await sayMissing(absolute, cause);
  });
  const isFolder = info.isDirectory();
  const base = boundary !== undefined && isInside(path.resolve(boundary), absolute) ? boundary : absolute;
  const limit = await realpath(isFolder || base !== absolute ? base : path.dirname(absolute));
  if (!isInside(limit, await realpath(absolute))) throw leaves(absolute, limit);
  const name = path.basename(absolute);
  if (!isFolder) {
    const files = [{ file: absolute, relative: name, size: info.size }];
    return remember({ path: absolute, name, isFolder, files, size: info.size }, []);
  }
  const walk: Walk = { root: absolute, limit, ignored: await ignoreRules(absolute), files: [], parents: new Set() };
  const tree = await enter(walk, absolute, "");
  if (walk.files.length === 0) {
    throw new TaskError("input", `The folder ${given} has no file to upload.`, {
      hint: "Check the path, and what .amlignore or .gitignore in that folder leave out.",
    });
  }
  const files = walk.files.sort((a, b) => compare(a.relative.toLowerCase(), b.relative.toLowerCase()));
  return remember(
    { path: absolute, name, isFolder, files, size: files.reduce((sum, file) => sum + file.size, 0) },
    tree,
  );
}

interface Walk {
  readonly root: string;
  readonly limit: string;
  readonly ignored: Ignore | undefined;
  readonly files: LocalFile[];
  /** Real paths of the folders above, against links in circles. */
  readonly parents: Set<string>;
}

async function enter(walk: Walk, folder: string, below: string): Promise<Entry[]> {
  const real = await realpath(folder);
  if (walk.parents.has(real)) {
    throw new TaskError("input", `The folder ${folder} contains itself by a link.`, {
      hint: "Remove that link, or name it in .amlignore.",
    });
  }
  walk.parents.add(real);
  const names = (await readdir(folder)).sort((a, b) => compare(a.toLowerCase(), b.toLowerCase()));
  const entries: Entry[] = [];
  for (const name of names) {
    const relative = below === "" ? name : `${below}/${name}`;
    if (walk.ignored?.ignores(relative)) continue;
    const full = path.join(folder, name);
    if ((await lstat(full)).isSymbolicLink()) {
      const target = await realpath(full).catch((cause) => {
        throw new TaskError("input", `The link ${full} points to nothing.`, {
          hint: "Mend it, or name it in .amlignore.",
          cause,
        });
      });
      if (!isInside(walk.limit, target)) throw leaves(full, walk.limit);
    }
    const info = await stat(full);
    if (info.isDirectory()) {
      entries.push({ name, children: await enter(walk, full, relative) });
    } else if (info.isFile()) {
      const file = { file: full, relative, size: info.size };
      walk.files.push(file);
      entries.push({ name, file });
    }
  }
  walk.parents.delete(real);
  return entries;
}

/** .amlignore of the folder itself, or else its .gitignore; never both, and none of folders below (facts/03 3.4). */
async function ignoreRules(folder: string): Promise<Ignore | undefined> {
  for (const name of [".amlignore", ".gitignore"]) {
    const text = await readFile(path.join(folder, name), "utf8").catch(() => undefined);
    if (text !== undefined) return ignore({ ignorecase: false }).add(text);
  }
  return undefined;
}

/** The hash in `LocalUpload/<hash>/…`, equal to the official client's (facts/03 3.3). */
export async function objectHash(content: LocalContent): Promise<string> {
  const hash = createHash("sha256").update(SEED);
  if (!content.isFolder) await addFile(hash, content.path);
  else await addEntries(hash, trees.get(content) ?? []);
  return hash.digest("hex");
}

async function addEntries(hash: Hash, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) {
    hash.update(entry.name);
    if (entry.file) await addFile(hash, entry.file.file);
    else await addEntries(hash, entry.children ?? []);
  }
}

/** The hash by which a workspace finds code that it already has (version 202208), equal to the official client's. */
export async function codeHash(content: LocalContent): Promise<string> {
  const hash = createHash("sha256").update(String(content.files.length));
  for (const file of content.files) hash.update(`#${file.relative}#`).update(String(file.size));
  for (const file of content.files) await addFile(hash, file.file);
  return hash.digest("hex");
}

async function addFile(hash: Hash, file: string): Promise<void> {
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
}

function remember(content: LocalContent, tree: readonly Entry[]): LocalContent {
  trees.set(content, tree);
  return content;
}

async function sayMissing(absolute: string, cause: NodeJS.ErrnoException): Promise<TaskError> {
  if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") {
    return new TaskError("input", `${absolute} cannot be read: ${cause.message}`, { cause });
  }
  const link = await lstat(absolute).catch(() => undefined);
  if (link) return new TaskError("input", `The link ${absolute} points to nothing.`, { cause });
  let folder = path.dirname(absolute);
  while (!(await stat(folder).catch(() => undefined)) && folder !== path.dirname(folder)) folder = path.dirname(folder);
  const there = (await readdir(folder).catch(() => [])).sort().slice(0, 20);
  const beside = there.length > 0 ? ` In ${folder} there are ${there.join(", ")}.` : "";
  return new TaskError("input", `There is no file or folder ${absolute}.${beside}`, {
    hint: "Paths in a YAML file are relative to the folder of that file.",
    cause,
  });
}

const leaves = (what: string, limit: string) =>
  new TaskError("input", `${what} leads out of ${limit} by a link.`, {
    hint: "What is uploaded must lie in the repository; put the files there, or name the link in .amlignore.",
  });

function isInside(folder: string, target: string): boolean {
  const relative = path.relative(folder, target);
  return relative === "" || (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
