// The difference between new data and the version before it, for people: by the names, lengths and checksums of files. Nothing is decided
// by it.
// Tests: test/lib/ml/register/data-change.test.ts
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { versionIn } from "../assets/assets.ts";
import { type FileDifference, type Files, fileDifference } from "../assets/file-difference.ts";
import { blobsAt } from "../assets/held-files.ts";
import type { LocalContent } from "../assets/local-content.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import { provenBlobsOf } from "../assets/version-places.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** Numbers of files, and the first of those that differ. */
export interface DataChange extends Partial<FileDifference> {
  /** Version that it was compared with; absent where there is none before. */
  readonly since?: string;
  /** Why nothing is known of it. */
  readonly unknown?: string;
}

/**
 * Compares files of this machine with those of a version. One round trip to list the version's files, three where its datastore has not
 * been opened. A file of the same length counts as unchanged where storage keeps no checksum of it.
 * @param before the version before; undefined: there is none
 * @throws nothing but the signal's reason
 */
export async function dataChange(
  home: Workspace | Registry,
  name: string,
  before: AssetBody | undefined,
  content: LocalContent,
): Promise<DataChange> {
  if (before === undefined) return { added: content.files.length };
  const since = versionIn(before) ?? "";
  if (isRegistry(home)) return { since, unknown: "Files of versions in a registry are not compared." };
  try {
    const place = await provenBlobsOf(home, "data", name, before);
    if (place === undefined) return { since, unknown: `The files of version ${since} cannot be read here.` };
    return { since, ...fileDifference(await blobsAt(place, home.signal), await filesOf(content)) };
  } catch (error) {
    if (home.signal.aborted || !(error instanceof TaskError)) throw error;
    return { since, unknown: error.message };
  }
}

/** By their paths; a single file has none, as in the place of a version. */
async function filesOf(content: LocalContent): Promise<Files> {
  await content.objectHash();
  return new Map(
    content
      .toUpload("")
      .map(({ blob, size, digests }) => [content.isFolder ? blob.replace(/^\//, "") : "", { size, md5: digests?.md5 }]),
  );
}
