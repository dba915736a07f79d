// The resolver of documents in a workspace: uploads, code, anonymous assets, labels.
// Tests: test/lib/ml/workspace/clouds.test.ts
import type { UploadRoot } from "../../documents/index.ts";
import type { AssetKind, Resolver, TargetWorkspace } from "../../documents/language/resolver.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { versionOfLabel } from "./asset-labels.ts";
import { putVersion } from "./asset-writes.ts";
import { nextVersion } from "./assets.ts";
import { registerCode } from "./code-assets.ts";
import { collectionsOf } from "./collections.ts";
import { uploadContent } from "./datastores.ts";
import { contentOf } from "./local-content.ts";

export interface WorkspaceResolver extends Resolver {
  /** The content hash of each code version handed out, by its id: what a specification is compared by. */
  readonly codeHashes: ReadonlyMap<string, string>;
}

export interface ResolveOptions {
  /** The folders whose files may be uploaded. */
  readonly root?: UploadRoot;
  /** Awaited before anything is created; where it rejects, nothing is. Reading goes on meanwhile. */
  readonly mayCreate?: Promise<unknown>;
}

/** Steps of a pipeline that are translated, and their components registered, side by side. */
const LANES = 8;

/** The workspace and its cloud, as a document is translated for them. */
export function specWorkspace(workspace: Workspace): TargetWorkspace {
  const { subscriptionId, resourceGroup, name, id, location } = workspace;
  const { storageSuffix, authority } = workspace.azure.cloud;
  return { subscriptionId, resourceGroup, name, id, location, storageSuffix, authority: authority.replace(/\/$/, "") };
}

/** The same question in one run is asked of Azure once. */
export function createResolver(workspace: Workspace, options: ResolveOptions = {}): WorkspaceResolver {
  const codeHashes = new Map<string, string>();
  const codes = new Map<string, Promise<string>>();
  const register = async (path: string, isMade: boolean): Promise<string> => {
    // Folders that a translation assembled itself have a root of their own.
    const content = await contentOf(workspace, path, isMade ? path : options.root);
    const code = await registerCode(workspace, content, options.mayCreate);
    codeHashes.set(code.id, code.hash);
    return code.id;
  };
  // The caller that awaits it gets its failure; it may not be awaited where nothing is created, so an unhandled rejection is
  // prevented here.
  options.mayCreate?.catch(() => {});
  return {
    workspace: specWorkspace(workspace),
    root: options.root,
    codeHashes,
    lanes: LANES,
    async code(path, isMade = false) {
      // The folder of three hundred steps is read once.
      const known = codes.get(path) ?? register(path, isMade);
      codes.set(path, known);
      return known;
    },
    async upload(path, datastore) {
      const content = await contentOf(workspace, path, options.root);
      await options.mayCreate;
      return uploadContent(workspace, content, datastore);
    },
    async put(kind: AssetKind, asset, version, body) {
      await options.mayCreate;
      const put = workspace.once(`put ${kind} ${asset}:${version} ${JSON.stringify(body)}`, () =>
        putVersion(workspace, kind, asset, version, body),
      );
      return (await put).id;
    },
    version: (kind, asset, label) => versionOfLabel(workspace, kind, asset, label),
    nextVersion: (kind, asset) => nextVersion(workspace, kind, asset),
    collections: (endpoint, deployment) => collectionsOf(workspace, endpoint, deployment),
  };
}
