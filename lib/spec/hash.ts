// The two hashes by which Azure ML knows local bytes (facts/03 3.3), and the list of files that an upload would bring.
import { createHash, type Hash } from "node:crypto";
import { closeSync, openSync, readdirSync, readSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../errors.ts";
import { type IgnoreRules, ignoreNothing, ignoreRules } from "./ignore.ts";
import { isInside } from "./path.ts";

/** The version that goes with the content hash in a code look-up. */
export const CONTENT_HASH_VERSION = 202208;

export interface UploadFile {
  /** Absolute path on this machine. */
  readonly path: string;
  /** POSIX path below the uploaded folder; the file's own name for a single file. */
  readonly relative: string;
  /** Bytes. */
  readonly size: number;
}

export interface ListOptions {
  /** The repository: a link that leads out of it is a fault. */
  readonly root?: string | undefined;
}

/**
 * The files that an upload of `source` brings, sorted by lower-cased relative path. Links are followed.
 * Throws a TaskError (input) for a folder without a file in it, and for a link that leaves `options.root`.
 */
export function listUploadFiles(source: string, options: ListOptions = {}): UploadFile[] {
  const absolute = path.resolve(source);
  if (!statSync(absolute).isDirectory())
    return [{ path: absolute, relative: path.basename(absolute), size: statSync(absolute).size }];
  const files: UploadFile[] = [];
  walk(absolute, "", ignoreRules(absolute), options, [realpathSync(absolute)], files);
  if (files.length === 0)
    throw new TaskError("input", `The folder ${source} holds no file to upload.`, {
      where: { file: source },
      hint: "Check the path, and the patterns in its .amlignore or .gitignore.",
    });
  return files.sort((left, right) => compareText(left.relative.toLowerCase(), right.relative.toLowerCase()));
}

function walk(
  folder: string,
  prefix: string,
  rules: IgnoreRules,
  options: ListOptions,
  above: readonly string[],
  files: UploadFile[],
): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const absolute = path.join(folder, entry.name);
    const relative = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (entry.isSymbolicLink()) checkLink(absolute, options);
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (stats.isDirectory()) {
      const real = realpathSync(absolute);
      // A link to a folder above would never end.
      if (!above.includes(real)) walk(absolute, relative, rules, options, [...above, real], files);
    } else if (stats.isFile() && !rules.ignores(relative)) {
      files.push({ path: absolute, relative, size: stats.size });
    }
  }
}

function checkLink(absolute: string, options: ListOptions): void {
  if (options.root === undefined) return;
  let real: string;
  try {
    real = realpathSync(absolute);
  } catch {
    return; // A link to nothing brings nothing.
  }
  if (isInside(real, realpathSync(options.root))) return;
  // A folder outside the repository was named on purpose; links inside it are its own affair.
  if (!isInside(absolute, path.resolve(options.root))) return;
  throw new TaskError(
    "input",
    `The link ${absolute} leads out of the repository (to ${real}), so it is not uploaded.`,
    {
      where: { file: absolute },
      hint: "Replace the link by the file itself, or leave it out in .amlignore.",
    },
  );
}

function compareText(left: string, right: string): number {
  // Python compares by code point; so does a comparison of UTF-16 units for all but astral characters.
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The content hash by which code is found again (`codes/…/versions?hash=…&hashVersion=202208`); hexadecimal sha-256. */
export function contentHash(source: string, options: ListOptions = {}): string {
  const files = listUploadFiles(source, options);
  const hash = createHash("sha256");
  hash.update(String(files.length));
  for (const file of files) hash.update(`#${file.relative}#`).update(String(file.size));
  for (const file of files) updateWithFile(hash, file.path);
  return hash.digest("hex");
}

/** The object hash that names the folder of an upload (`LocalUpload/<hash>/<name>`); hexadecimal sha-256. */
export function objectHash(source: string): string {
  const absolute = path.resolve(source);
  const hash = createHash("sha256").update("Initialize for october 2021 AML CLI version");
  if (statSync(absolute).isDirectory())
    updateWithFolder(hash, absolute, absolute, ignoreRules(absolute), [realpathSync(absolute)]);
  else updateWithFile(hash, absolute);
  return hash.digest("hex");
}

function updateWithFolder(
  hash: Hash,
  root: string,
  folder: string,
  rules: IgnoreRules,
  above: readonly string[],
): void {
  const names = readdirSync(folder).sort((left, right) => compareText(left.toLowerCase(), right.toLowerCase()));
  for (const name of names) {
    const absolute = path.join(folder, name);
    if (rules.ignores(path.relative(root, absolute).split(path.sep).join("/"))) continue;
    hash.update(name);
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (stats.isFile()) updateWithFile(hash, absolute);
    else if (stats.isDirectory()) {
      const real = realpathSync(absolute);
      // Rules are relative to the link's own place only while it lies below the root, as in Azure's client.
      const nested = isInside(real, realpathSync(root)) ? rules : ignoreNothing;
      if (!above.includes(real)) updateWithFolder(hash, root, absolute, nested, [...above, real]);
    }
  }
}

const CHUNK = 1 << 20;

function updateWithFile(hash: Hash, file: string): void {
  const descriptor = openSync(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const length = readSync(descriptor, buffer, 0, CHUNK, null);
      if (length === 0) return;
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}
