// A dry-run resolver for plans: it changes nothing, and what it cannot know before something is created it writes in a form that compares
// by content.
// Tests: test/tasks/plan.test.ts

import type { AssetKind, Resolver, UploadRoot } from "../../documents/index.ts";
import { canonical } from "../../documents/language/canonical.ts";
import { sha256 } from "../../sha256.ts";
import { versionOfLabel } from "../assets/asset-labels.ts";
import { type Collecting, collectedBy, collectionsOf } from "../assets/collections.ts";
import { contentOf } from "../assets/local-content.ts";
import { specWorkspace } from "../assets/resolve.ts";
import { UNKNOWN } from "../workspace/compare.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** Versions that documents of this run have or will have, so that a label resolves before they exist. */
export type PlannedVersions = Map<string, string>;
export const plannedKey = (kind: string, name: string) => `${kind}/${name}`;

/** The online deployments that documents of this run describe: what they will collect before they are there. */
export type PlannedDeployments = Map<string, Collecting>;
export const plannedDeployment = (endpoint: string, name: string) => `${endpoint}/${name}`.toLowerCase();

/** @param root the folders whose files may be uploaded */
export function dryRunResolver(
  workspace: Workspace,
  planned: PlannedVersions,
  deployments: PlannedDeployments,
  root: UploadRoot,
): Resolver {
  const { subscriptionId, resourceGroup, name, id } = workspace;
  return {
    workspace: specWorkspace(workspace),
    root,
    lanes: 1,
    code: async (path, isMade) => {
      const content = await contentOf(workspace, path, isMade ? path : root);
      return `${UNKNOWN}code ${await content.codeHash()}`;
    },
    async upload(path, datastore = "workspaceblobstore") {
      const content = await contentOf(workspace, path, root);
      const hash = await content.objectHash();
      const below = `LocalUpload/${hash}/${content.name}${content.isFolder ? "/" : ""}`;
      const scope = `subscriptions/${subscriptionId}/resourcegroups/${resourceGroup}/workspaces/${name}`;
      return {
        uri: `azureml://datastores/${datastore}/paths/${below}`,
        longUri: `azureml://${scope}/datastores/${datastore}/paths/${below}`,
        httpsUri: `https://${datastore}/${below}`,
        hash,
        isFolder: content.isFolder,
      };
    },
    async put(kind: AssetKind, asset, version, body) {
      // The id of an anonymous component is the service's own (docs/facts/azureml-wire.md#8).
      if (kind === "components") return `${UNKNOWN}component ${sha256(canonical(body))}`;
      return `${id}/${kind}/${asset}/versions/${version}`;
    },
    version: (kind, asset, label) => versionKnown(workspace, planned, kind, asset, label),
    nextVersion: async () => "0",
    async collections(endpoint, deployment) {
      const own = deployments.get(plannedDeployment(endpoint, deployment));
      return own ? collectedBy(workspace, own) : collectionsOf(workspace, endpoint, deployment);
    },
  };
}

/** A label's version: that of this run's own document where there is one. */
export async function versionKnown(
  workspace: Workspace,
  planned: PlannedVersions,
  kind: AssetKind,
  asset: string,
  label: string,
): Promise<string> {
  const own = label === "latest" ? planned.get(plannedKey(kind, asset)) : undefined;
  return own ?? (await versionOfLabel(workspace, kind, asset, label));
}
