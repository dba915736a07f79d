// Copies a version's content to the storage of another workspace or registry: the bytes pass through this machine in bounded memory,
// each end with the credential of its own side, and no file is written here: no route copies between workspaces or tenants
// (docs/facts/operations.md#C.2, docs/facts/operations.md#C.4). Resumable: a file that is there with its checksum is kept.
// Tests: test/lib/ml/promote/bring-content.test.ts
import { type Container, type FileToUpload, longDatastoreUri, parseArmId } from "../../azure/index.ts";
import type { AssetKind } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { DEFAULT_DATASTORE, openDatastore } from "../assets/datastores.ts";
import { isRegistry, openUpload, type Registry } from "../assets/registry.ts";
import { bringContent } from "../assets/stored-content.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Content } from "./content.ts";

/** A content in the storage of the target, for a version to point at. */
interface Brought {
  readonly uri: string;
  /** Files that were copied now; the others were there. */
  readonly files: number;
}

/**
 * Brings the content to a place that is named by its hash, so that two runs with the same content share it and runs with others do not meet.
 * @throws TaskError `conflict` where other files lie at that place
 */
export async function bringTo(
  target: Workspace | Registry,
  kind: AssetKind,
  name: string,
  version: string,
  content: Content,
): Promise<Brought> {
  const { signal } = target;
  const folder = `LocalUpload/${content.hash}/${content.name}`;
  const container = isRegistry(target)
    ? await openUpload(target, kind, name, version)
    : (await openDatastore(target)).container;
  const files = await bringContent(container, folder, filesTo(content, folder, signal), {
    metadata: { upload_status: "completed" },
    signal,
  });
  const path = content.isFolder ? `${folder}/` : folder;
  return { uri: uriOf(target, container, path), files: files.length };
}

export function filesTo({ place, files }: Content, folder: string, signal: AbortSignal): FileToUpload[] {
  return files.map(({ blob, relative, md5 }) => ({
    file: blob.name,
    blob: relative === "" ? folder : `${folder}/${relative}`,
    size: blob.size,
    digests: { md5 },
    remote: { md5, read: (offset, count) => place.container.range(blob, offset, count, signal) },
  }));
}

function uriOf(target: Workspace | Registry, container: Container, path: string): string {
  if (isRegistry(target)) return `${container.url}/${path}`;
  const id = parseArmId(target.id);
  if (id === undefined)
    throw new TaskError("service", `Azure reports no id for the workspace ${target.name}.`, { errorCode: "AML1111" });
  return longDatastoreUri(id, { datastore: DEFAULT_DATASTORE, path }).replace(/\/+$/, "");
}
