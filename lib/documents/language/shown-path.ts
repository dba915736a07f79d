// Paths as messages show them, and what a message about a missing file says: where it was looked for, what is beside it, which name is near.
// Tests: test/lib/documents/language/shown-path.test.ts
import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { nearestName, someNames } from "../../nearest-name.ts";
import { rootOf, type UploadRoot, whereIs } from "./upload-folders.ts";

/**
 * A path as people know it: relative to the repository where it lies in there, with `/`. Absolute elsewhere: only then it helps.
 * @param given absolute, or relative to the repository
 * @param paths the path rules of the machine; another machine's in tests
 */
export function shownPath(given: string, root: UploadRoot | undefined, paths: path.PlatformPath = path): string {
  const start = root === undefined ? process.cwd() : typeof root === "string" ? root : root.root;
  const from = paths.resolve(start);
  const relative = paths.relative(from, paths.resolve(from, given));
  if (relative === ".." || relative.startsWith(`..${paths.sep}`) || paths.isAbsolute(relative)) return given;
  return relative === "" ? "the repository" : relative.split(paths.sep).join("/");
}

/** Neighbours of a file that is not there, as " In azureml there are a, b.", and the path that was probably meant. */
export interface Beside {
  /** Begins with a blank; empty where nothing is there. */
  readonly there: string;
  /** As the missing one is written: relative to `from`. */
  readonly nearest: string | undefined;
}

/**
 * Looks beside a missing file, in the nearest folder above it that is there. Of folders whose files may not be uploaded it says nothing: who
 * writes a document may see less of the agent than who writes the pipeline.
 */
export function besideMissing(absolute: string, root: UploadRoot | undefined, from?: string): Beside {
  let [folder, name] = [path.dirname(absolute), path.basename(absolute)];
  while (!isFolder(folder) && folder !== path.dirname(folder))
    [folder, name] = [path.dirname(folder), path.basename(folder)];
  const names = namesIn(folder, root);
  const start = from ?? (root === undefined ? process.cwd() : rootOf(root));
  const written = (file: string) => path.relative(start, file).split(path.sep).join("/");
  const near = nearestName(name, names);
  // Below a mistyped folder the rest of the path may be right.
  const rest = path.relative(path.join(folder, name), absolute);
  const whole = near === undefined ? undefined : path.join(folder, near, rest);
  const nearest = whole === undefined || !existsSync(whole) ? near && path.join(folder, near) : whole;
  const where = shownPath(folder, root);
  return {
    there: names.length === 0 ? "" : ` In ${where} there ${names.length === 1 ? "is" : "are"} ${someNames(names)}.`,
    nearest: nearest === undefined ? undefined : written(nearest),
  };
}

/**
 * "There is no file azureml/jobs.yml. In azureml there are … Did you mean azureml/job.yml?"
 * @param opening the sentence up to the path
 */
export function sayMissing(opening: string, given: string, root: UploadRoot | undefined): string {
  const start = root === undefined ? process.cwd() : rootOf(root);
  const { there, nearest } = besideMissing(path.resolve(start, given), root);
  const meant = nearest === undefined ? "" : ` Did you mean ${nearest}?`;
  return `${opening} ${shownPath(given, root)}.${there}${meant}`;
}

const isFolder = (folder: string) => statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;

function namesIn(folder: string, root: UploadRoot | undefined): string[] {
  try {
    if (root !== undefined && whereIs(realpathSync(folder), root) !== "inside") return [];
    return readdirSync(folder)
      .filter((name) => name !== ".git")
      .sort();
  } catch {
    return [];
  }
}
