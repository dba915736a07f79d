// Local paths that a document names: they must exist, and may not lead out of the repository by `..` or by a link.
import { existsSync, readdirSync, realpathSync } from "node:fs";
import path from "node:path";
import type { SourceLocation } from "../errors.ts";
import { type DocumentPath, nearestName, SpecFault } from "./faults.ts";

export interface Written {
  /** The path as it stands in the document. */
  readonly written: string;
  /** Absolute folder that a relative path starts from. */
  readonly folder: string;
  readonly root: string | undefined;
  readonly where: SourceLocation;
  readonly path?: DocumentPath;
}

/** The absolute path of what was written, whether or not there is such a file. */
export function absolutePath(written: string, folder: string): string {
  return path.resolve(folder, written.startsWith("file:") ? written.slice("file:".length) : written);
}

/** The absolute path of what was written; throws a SpecFault where it does not exist or leaves the repository. */
export function localPath(place: Written): string {
  const relative = place.written.startsWith("file:") ? place.written.slice("file:".length) : place.written;
  const absolute = absolutePath(place.written, place.folder);
  if (!existsSync(absolute)) throw missing(place, absolute);
  keepInside(absolute, { ...place, written: relative });
  return absolute;
}

/** Throws where `absolute` leaves the root: by `..` in a relative path, or by a link on the way. */
export function keepInside(absolute: string, place: Written): void {
  if (place.root === undefined) return;
  const root = path.resolve(place.root);
  const lexicallyInside = isInside(absolute, root);
  if (!lexicallyInside) {
    // An absolute path outside was written on purpose (a downloaded artifact); one made of ".." was not.
    if (path.isAbsolute(place.written)) return;
    throw new SpecFault(`the path ${place.written} leaves the repository (${root}).`, {
      ...details(place),
      hint: "Use a path inside the repository, or an absolute path.",
    });
  }
  const real = realpathSync(absolute);
  if (isInside(real, realpathSync(root))) return;
  throw new SpecFault(`the path ${place.written} leaves the repository by a link (it leads to ${real}).`, {
    ...details(place),
    hint: "Replace the link by the files themselves.",
  });
}

export function isInside(absolute: string, root: string): boolean {
  const relative = path.relative(root, absolute);
  return relative === "" || (!relative.startsWith(`..${path.sep}`) && relative !== ".." && !path.isAbsolute(relative));
}

function missing(place: Written, absolute: string): SpecFault {
  let folder = path.dirname(absolute);
  let name = path.basename(absolute);
  while (!existsSync(folder) && folder !== path.dirname(folder)) {
    name = path.basename(folder);
    folder = path.dirname(folder);
  }
  let siblings: string[] = [];
  try {
    siblings = readdirSync(folder);
  } catch {
    // The nearest existing parent is a file: it has no siblings to offer.
  }
  const nearest = nearestName(name, siblings);
  return new SpecFault(`there is no file or folder ${place.written} (looked for ${absolute}).`, {
    ...details(place),
    nearest: nearest === undefined ? undefined : path.relative(place.folder, path.join(folder, nearest)),
    hint: "A relative path starts at the folder of the file that names it.",
  });
}

function details(place: Written) {
  return { where: place.where, ...(place.path === undefined ? {} : { path: place.path }) };
}
