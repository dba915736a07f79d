// The two hashes by which Azure ML knows local bytes (docs/facts/azureml-documents.md#3.3), and the hashes of each file by which it is known again.
import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { TaskError } from "../../errors.ts";
import { type IgnoreRules, ignoreNothing } from "./ignore.ts";
import { shownPath } from "./shown-path.ts";
import { isInside } from "./upload-folders.ts";
import { compareText, type Entry, type ListOptions, type UploadFile, type UploadTree, walk } from "./walk.ts";

export type { ListOptions, UploadFile } from "./walk.ts";

/** The version that goes with the content hash in a code look-up. */
export const CONTENT_HASH_VERSION = 202208;

/** Of one file's content, hexadecimal. */
interface FileDigests {
  readonly sha256: string;
  readonly md5: string;
}

/** Digests by the real path of the file. */
export type KnownDigests = Map<string, FileDigests>;

/** Does all of the steps at once. */
function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The longest time in milliseconds for which steps may block everything else. */
const SLICE = 20;

/** Runs the steps and yields to the event loop every 20 ms; stops at the signal. */
export async function inTurns<T>(steps: Generator<void, T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const until = performance.now() + SLICE;
    while (performance.now() < until) {
      const step = steps.next();
      if (step.done) return step.value;
    }
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  }
}

/**
 * The files that an upload of `source` brings, sorted by lower-cased relative path. Links are followed.
 * @throws TaskError (input) as `walk`
 */
export function listUploadFiles(source: string, options: ListOptions = {}): readonly UploadFile[] {
  return atOnce(walk(source, options)).files;
}

/** The content hash by which code is found again (`codes/…/versions?hash=…&hashVersion=202208`); hexadecimal sha-256. */
export function contentHash(source: string, options: ListOptions = {}): string {
  return atOnce(contentHashOf(atOnce(walk(source, options))));
}

/** The object hash that names the folder of an upload (`LocalUpload/<hash>/<name>`); hexadecimal sha-256. */
export function objectHash(source: string, options: ListOptions = {}): string {
  return atOnce(objectHashOf(atOnce(walk(source, options))));
}

export function* contentHashOf({ files }: UploadTree, known: KnownDigests = new Map()): Generator<void, string> {
  const hash = createHash("sha256");
  hash.update(String(files.length));
  for (const file of files) hash.update(`#${file.relative}#`).update(String(file.size));
  for (const file of files) yield* updateWithFile(hash, file, known);
  return hash.digest("hex");
}

export function* objectHashOf(
  { top, rules, files }: UploadTree,
  known: KnownDigests = new Map(),
): Generator<void, string> {
  const hash = createHash("sha256").update("Initialize for october 2021 AML CLI version");
  const hashed = new Set<UploadFile>();
  if (top.file) yield* updateWithFile(hash, top.file, known);
  else {
    yield* updateWithFolder(hash, top, top.entries ?? [], "", rules, known, hashed);
    // A pattern may bring a file back whose folder another one leaves out: Azure's client uploads it and does not hash it. Two contents
    // would have one name, so here it counts; trees without such patterns have the hash that Azure's client gives them.
    for (const file of files) {
      if (hashed.has(file)) continue;
      hash.update(`#${file.relative}#`);
      yield* updateWithFile(hash, file, known);
    }
  }
  return hash.digest("hex");
}

function* updateWithFolder(
  hash: Hash,
  top: Entry,
  entries: readonly Entry[],
  prefix: string,
  rules: IgnoreRules,
  known: KnownDigests,
  hashed: Set<UploadFile>,
): Generator<void> {
  const sorted = [...entries].sort((left, right) => compareText(left.name.toLowerCase(), right.name.toLowerCase()));
  for (const entry of sorted) {
    const relative = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
    if (rules.ignores(relative)) continue;
    hash.update(entry.name);
    if (entry.file) {
      hashed.add(entry.file);
      yield* updateWithFile(hash, entry.file, known);
    } else if (entry.entries) {
      // Rules are relative to the link's own place only while it lies below the root, as in Azure's client.
      const nested = isInside(entry.real, top.real) ? rules : ignoreNothing;
      yield* updateWithFolder(hash, top, entry.entries, relative, nested, known, hashed);
    }
  }
}

const CHUNK = 1 << 20;

/** Adds a file's bytes to the hash, and keeps the digests of the file alone. */
function* updateWithFile(hash: Hash, file: UploadFile, known: KnownDigests): Generator<void> {
  const [sha256, md5] = [createHash("sha256"), createHash("md5")];
  const descriptor = openFile(file);
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    if (dev !== file.identity.dev || ino !== file.identity.ino) throw changed(file);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, file.size + 1));
    let total = 0;
    for (;;) {
      const length = readSync(descriptor, buffer, 0, buffer.length, null);
      if (length === 0) break;
      total += length;
      const bytes = buffer.subarray(0, length);
      hash.update(bytes);
      sha256.update(bytes);
      md5.update(bytes);
      yield;
    }
    if (total !== file.size) throw changed(file);
  } finally {
    closeSync(descriptor);
  }
  const digests = { sha256: sha256.digest("hex"), md5: md5.digest("base64") };
  const before = known.get(file.real);
  if (before !== undefined && before.sha256 !== digests.sha256) throw changed(file);
  known.set(file.real, digests);
}

/** Copies a file as it was when the walk saw it. */
export function copyUploadFile(file: UploadFile, target: string): void {
  const descriptor = openFile(file);
  const copy = openSync(target, "wx", 0o644);
  try {
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    if (dev !== file.identity.dev || ino !== file.identity.ino) throw changed(file);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, file.size + 1));
    for (let length = 1; length > 0; ) {
      length = readSync(descriptor, buffer, 0, buffer.length, null);
      writeSync(copy, buffer, 0, length);
    }
  } finally {
    closeSync(copy);
    closeSync(descriptor);
  }
}

function openFile(file: UploadFile): number {
  try {
    return openSync(file.real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown reason";
    if (code === "ENOENT" || code === "ELOOP") throw changed(file);
    const shown = shownPath(file.path, undefined);
    throw new TaskError("input", `The file ${shown} cannot be read (${code}).`, {
      errorCode: "AML1310",
      where: { file: shown },
      hint: "Check that the agent's user may read it, or leave it out in .amlignore.",
    });
  }
}

function changed({ path }: UploadFile): TaskError {
  const file = shownPath(path, undefined);
  return new TaskError("input", `The file ${file} changed while it was being read.`, {
    errorCode: "AML1309",
    where: { file },
    hint: "Let no other step or process write to what is uploaded meanwhile, and run the step again.",
  });
}
