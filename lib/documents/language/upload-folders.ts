// The folders whose files may be uploaded: the checkout, the agent's own folders, and those that the pipeline names.
import { lstatSync, realpathSync } from "node:fs";
import path from "node:path";
import { isGit } from "../../git-folder.ts";

export interface UploadFolders {
  /** The repository: where relative paths begin, and what paths are shown relative to. */
  readonly root: string;
  /** Other folders, absolute. Those that are not there do not count. */
  readonly others: readonly string[];
  /** Told of each key, password and token in a document of these folders as it is read: from then on nothing prints it. */
  readonly hide?: (secret: string) => void;
}

/** A single folder, without others. */
export type UploadRoot = string | UploadFolders;

export const rootOf = (root: UploadRoot): string => path.resolve(typeof root === "string" ? root : root.root);

/** All of them, absolute, the repository first. */
function foldersOf(root: UploadRoot): string[] {
  return typeof root === "string" ? [rootOf(root)] : [rootOf(root), ...root.others.map((one) => path.resolve(one))];
}

/** @param paths the path rules of the machine; another machine's in tests */
export function isInside(absolute: string, root: string, paths: path.PlatformPath = path): boolean {
  const relative = paths.relative(root, absolute);
  return (
    relative === "" || (!relative.startsWith(`..${paths.sep}`) && relative !== ".." && !paths.isAbsolute(relative))
  );
}

/** The location of a real path: in a folder whose files may be uploaded, in the history that git keeps there, or elsewhere. */
export function whereIs(real: string, root: UploadRoot): "inside" | "history" | "outside" {
  const below = foldersOf(root).flatMap((folder) => {
    const known = realPath(folder);
    return known !== undefined && isInside(real, known) ? [path.relative(known, real)] : [];
  });
  if (below.length === 0) return "outside";
  return below.some((relative) => relative.split(path.sep).some(isGit)) ? "history" : "inside";
}

/** The folder that an absolute path begins with, as it is written; the innermost of several. */
export function folderAround(absolute: string, root: UploadRoot): string | undefined {
  return foldersOf(root)
    .filter((folder) => isInside(absolute, folder))
    .sort((left, right) => right.length - left.length)[0];
}

/** Whether a link is there, wherever it leads; a path that goes on below a file is none. */
export function isLinkAt(file: string): boolean {
  try {
    return lstatSync(file).isSymbolicLink();
  } catch {
    return false;
  }
}

function realPath(folder: string): string | undefined {
  try {
    return realpathSync(folder);
  } catch {
    return undefined;
  }
}

export const ALLOWED_HINT =
  "Files of the checkout, of Pipeline.Workspace, and of the agent's staging and temporary folders are uploaded; name any other folder in the input allowedFolders.";
