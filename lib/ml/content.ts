// A file or folder on this machine as Azure ML sees it: which files count, and the two hashes that name them.
import { lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { TaskError } from "../errors.ts";
import { contentHash, listUploadFiles, objectHash, type UploadFile } from "../spec/hash.ts";
import { isInside } from "../spec/path.ts";

export interface LocalContent {
  /** Absolute. */
  readonly path: string;
  /** As the log calls it: relative to the repository where it lies in one, with `/`. */
  readonly shown: string;
  readonly name: string;
  readonly isFolder: boolean;
  /** Without what .amlignore or .gitignore leaves out; at least one. */
  readonly files: readonly UploadFile[];
  /** Bytes of all files. */
  readonly size: number;
  /** Names the upload folder (`LocalUpload/<hash>/…`). */
  objectHash(): string;
  /** By which a workspace finds code that it already has. */
  codeHash(): string;
}

/** Beyond this, an upload is worth a warning (facts/03 3.4): 100 MB. */
export const LARGE = 100 * 1024 * 1024;

/**
 * Looks at what is to be uploaded.
 * @param root the repository's folder: what lies in it must not lead out of it by a link
 * @throws TaskError kind `input`: not there, empty, or leaving by a link
 */
export function readContent(given: string, root?: string): LocalContent {
  const absolute = path.resolve(given);
  const info = statSync(absolute, { throwIfNoEntry: false });
  if (info === undefined) throw sayMissing(absolute);
  if (
    root !== undefined &&
    isInside(absolute, path.resolve(root)) &&
    !isInside(realpathSync(absolute), realpathSync(root))
  ) {
    throw new TaskError("input", `${given} leads out of the repository by a link (to ${realpathSync(absolute)}).`, {
      hint: "Put the files into the repository themselves.",
    });
  }
  const files = listUploadFiles(absolute, { root });
  return {
    path: absolute,
    shown: showPath(absolute, root),
    name: path.basename(absolute),
    isFolder: info.isDirectory(),
    files,
    size: files.reduce((sum, file) => sum + file.size, 0),
    objectHash: remember(() => objectHash(absolute)),
    codeHash: remember(() => contentHash(absolute, { root })),
  };
}

function showPath(absolute: string, root: string | undefined): string {
  if (root === undefined || !isInside(absolute, path.resolve(root))) return absolute;
  const relative = path.relative(path.resolve(root), absolute).split(path.sep).join("/");
  return relative === "" ? "the repository" : relative;
}

function remember(work: () => string): () => string {
  let known: string | undefined;
  return () => {
    known ??= work();
    return known;
  };
}

function sayMissing(absolute: string): TaskError {
  if (lstatSync(absolute, { throwIfNoEntry: false }))
    return new TaskError("input", `The link ${absolute} points to nothing.`);
  let folder = path.dirname(absolute);
  while (!statSync(folder, { throwIfNoEntry: false })?.isDirectory() && folder !== path.dirname(folder)) {
    folder = path.dirname(folder);
  }
  const there = readdirSync(folder).sort().slice(0, 20);
  const beside = there.length > 0 ? ` In ${folder} there are ${there.join(", ")}.` : "";
  return new TaskError("input", `There is no file or folder ${absolute}.${beside}`, {
    hint: "Paths in inputs are relative to the working directory, paths in a YAML file to the folder of that file.",
  });
}
