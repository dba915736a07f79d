// Blobs as files: what a listing says of one, the range of it that storage checks, and the path that it gets on this machine.
// Tests: test/lib/azure/blobs.test.ts
import path from "node:path";
import { TaskError } from "../errors.ts";

/** The longest range for which the service computes a checksum. */
export const CHECKED_RANGE = 4 * 1024 * 1024;

/** A blob as it is listed. */
export interface BlobFile {
  readonly name: string;
  readonly size: number;
  /** MD5 of the whole content, in base64; blobs that were put together from blocks may have none. */
  readonly md5?: string;
  readonly etag: string;
  readonly lastModified: Date;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * The path of `name` below `folder`.
 * @throws TaskError where the name is absolute, climbs out, or holds what no file name may
 */
export function placeInside(folder: string, name: string): string {
  const target = path.resolve(folder, name);
  const inside = path.relative(path.resolve(folder), target);
  if (
    name.includes("\0") ||
    inside === "" ||
    inside.startsWith("..") ||
    path.isAbsolute(inside) ||
    path.win32.isAbsolute(name)
  ) {
    throw new TaskError(
      "service",
      `Storage holds a blob named ${JSON.stringify(name)}, which would be written outside ${folder}.`,
      {
        errorCode: "AML1704",
        hint: "Someone may have put it there on purpose: look at who can write to that datastore.",
      },
    );
  }
  return target;
}
