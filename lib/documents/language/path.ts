// Local paths that a document names: they must exist, and really lie in a folder whose files may be uploaded.
// Tests: test/lib/documents/language/references.test.ts

import { existsSync, realpathSync } from "node:fs";
import path from "node:path";
import { type SourceLocation, TaskError } from "../../errors.ts";
import { capital } from "../../sentence.ts";
import { DocumentFault, type DocumentPath } from "./faults.ts";
import { besideMissing, shownPath } from "./shown-path.ts";
import { ALLOWED_HINT, folderAround, isLinkAt, rootOf, type UploadRoot, whereIs } from "./upload-folders.ts";

export interface Written {
  /** The path as it stands in the document. */
  readonly written: string;
  /** Absolute folder that a relative path starts from. */
  readonly folder: string;
  readonly root: UploadRoot | undefined;
  readonly where: SourceLocation;
  readonly path?: DocumentPath;
}

/** The absolute path of what was written, whether or not there is such a file. */
export function absolutePath(written: string, folder: string): string {
  return path.resolve(folder, written.startsWith("file:") ? written.slice("file:".length) : written);
}

/** The absolute path of what was written; throws a DocumentFault where it does not exist or may not be uploaded. */
export function localPath(place: Written): string {
  const relative = place.written.startsWith("file:") ? place.written.slice("file:".length) : place.written;
  const absolute = absolutePath(place.written, place.folder);
  if (!existsSync(absolute)) throw missing(place, absolute);
  keepInside(absolute, { ...place, written: relative });
  return absolute;
}

/** Throws where `absolute`, which exists, does not really lie in a folder whose files may be uploaded. */
export function keepInside(absolute: string, place: Written): void {
  if (place.root === undefined) return;
  const real = realpathSync(absolute);
  const where = whereIs(real, place.root);
  if (where === "inside") return;
  if (where === "history") {
    throw new DocumentFault(
      `the path ${writtenIn(place)} is part of what git keeps in .git, which is never uploaded.`,
      {
        errorCode: "AML1306",
        ...details(place),
        hint: "Name a file or folder of the checkout itself.",
      },
    );
  }
  if (folderAround(absolute, place.root) !== undefined) {
    throw new DocumentFault(`the path ${writtenIn(place)} leaves the repository by a link (it leads to ${real}).`, {
      errorCode: "AML1306",
      ...details(place),
      hint: `Replace the link by the files themselves. ${ALLOWED_HINT}`,
    });
  }
  const sentence = path.isAbsolute(place.written)
    ? `the path ${place.written} lies outside of the repository and of the agent's other folders.`
    : `the path ${place.written} leaves the repository.`;
  throw new DocumentFault(sentence, { errorCode: "AML1306", ...details(place), hint: ALLOWED_HINT });
}

/** Why a file or folder that an input names may not be uploaded, as an error; undefined where it may. */
export function uploadFault(absolute: string, written: string, root: UploadRoot): TaskError | undefined {
  try {
    keepInside(absolute, { written, folder: rootOf(root), root, where: { file: "" } });
    return undefined;
  } catch (error) {
    if (!(error instanceof DocumentFault)) throw error;
    const sentence = error.message.replace(/^[:\s]*/, "");
    return new TaskError("input", capital(sentence), {
      ...(error.errorCode === undefined ? {} : { errorCode: error.errorCode }),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** As the document writes it. The agent makes the paths of inputs absolute; those are shown as paths of the repository. */
const writtenIn = ({ written, root }: Written) => (path.isAbsolute(written) ? shownPath(written, root) : written);

/** The portable form of a path that only Windows reads. */
function windowsHint(written: string): string | undefined {
  const bare = written.replace(/^file:/, "");
  if (/^[a-zA-Z]:[\\/]/.test(bare))
    return "It is a path of one machine. Write it relative to the folder of this file, with / between its parts.";
  return bare.includes("\\") ? `Write ${written.replaceAll("\\", "/")}: a path has / between its parts.` : undefined;
}

function missing(place: Written, absolute: string): DocumentFault {
  if (isLinkAt(absolute)) {
    return new DocumentFault(`the path ${writtenIn(place)} is a link that leads to nothing, or to itself.`, {
      errorCode: "AML1307",
      ...details(place),
      hint: "Replace the link by the files themselves.",
    });
  }
  const { there, nearest } = besideMissing(absolute, place.root, place.folder);
  const shown = shownPath(absolute, place.root);
  const looked = shown === place.written ? "" : ` (looked for ${shown})`;
  const given = writtenIn(place);
  const hint = windowsHint(place.written) ?? "A relative path starts at the folder of the file that names it.";
  return new DocumentFault(`there is no file or folder ${given}${given === shown ? "" : looked}.${there}`, {
    errorCode: "AML1305",
    ...details(place),
    nearest: windowsHint(place.written) === undefined ? nearest : undefined,
    hint,
  });
}

function details(place: Written) {
  return { where: place.where, ...(place.path === undefined ? {} : { path: place.path }) };
}
