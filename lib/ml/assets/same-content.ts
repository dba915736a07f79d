// "The same content is here already": by where the service says that a version's files are, whose path has the hash of the content in it,
// and by what lies there. Where a property claims a content, the files are compared; the property itself proves nothing.
// Tests: test/tasks/same-content.test.ts
import type { DatastorePath } from "../../azure/index.ts";
import type { AssetKind } from "../../documents/language/resolver.ts";
import { CONTENT_HASH } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { AssetBody } from "./asset-home.ts";
import { openDatastore } from "./datastores.ts";
import { holdsContent, sameFiles } from "./held-files.ts";
import type { LocalContent } from "./local-content.ts";
import { isRegistry, type Registry } from "./registry.ts";
import { ownDatastorePath, provenBlobsOf, REPLICATED, registryPath, uriOf } from "./version-places.ts";

/**
 * Whether a version holds exactly this local content. No request for a version that neither lies at a place of the content's name nor
 * claims it; else one to list what is there (three where the datastore has not been opened yet), and the bytes that have no checksum.
 * @param datastore in which it must lie; any of the workspace where absent
 */
export async function holdsSame(
  home: Workspace | Registry,
  kind: AssetKind,
  name: string,
  version: AssetBody,
  content: LocalContent,
  datastore?: string,
): Promise<boolean> {
  const hash = await content.objectHash();
  const place = `LocalUpload/${hash}/${content.name}`;
  const held = isRegistry(home)
    ? { datastore, path: registryPath(uriOf(version)) }
    : ownDatastorePath(home, uriOf(version));
  if (held?.path === undefined || (datastore !== undefined && held.datastore !== datastore)) return false;
  const isNamedSo =
    held.path === place || new RegExp(`^${REPLICATED}`).exec(held.path)?.[0] === prefixOf(held.path, place);
  const isClaimed = version.properties?.properties?.[CONTENT_HASH] === hash;
  if (!isNamedSo && !isClaimed) return false;
  const blobs = await provenBlobsOf(home, kind, name, version);
  if (blobs !== undefined && (await holdsContent(blobs, content, home.signal))) return true;
  home.log.info(`${name}:${version.name} claims the same content, but holds something else.`);
  return false;
}

/** Whether a version's files are those at a place of a datastore: there, or in a copy that the service keeps of them. */
export async function liesAt(workspace: Workspace, version: AssetBody, lies: DatastorePath): Promise<boolean> {
  const held = ownDatastorePath(workspace, uriOf(version));
  if (!held || held.datastore !== lies.datastore) return false;
  if (held.path === lies.path) return true;
  // Some workspaces keep a copy of an MLflow model (docs/facts/azureml-wire.md#6): the files of the copy are compared.
  if (!new RegExp(`^${REPLICATED}`).test(held.path) || !held.path.endsWith(`/${lies.path}`)) return false;
  const [copy, { container }] = await Promise.all([
    provenBlobsOf(workspace, "models", "", version),
    openDatastore(workspace, lies.datastore),
  ]);
  return copy !== undefined && sameFiles(copy, { container, path: lies.path }, workspace.signal);
}

/** The part of a path before `end`; the path ends with it. */
const prefixOf = (path: string, end: string) => (path.endsWith(end) ? path.slice(0, -end.length) : undefined);
