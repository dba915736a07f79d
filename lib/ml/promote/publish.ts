// Publishes a version of a workspace to a registry by the action of the management plane: the service copies the files, and none passes
// this machine (docs/facts/operations.md#C.1).
// Tests: test/tasks/PromoteModel.test.ts
import { API_VERSION, finish } from "../../azure/index.ts";
import type { AssetKind } from "../../documents/index.ts";
import { type AssetBody, pathOf } from "../assets/asset-home.ts";
import { madeVersion } from "../assets/asset-writes.ts";
import type { Registry } from "../assets/registry.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** A version by name and number. */
export interface Named {
  readonly name: string;
  readonly version: string;
}

/**
 * Two round trips, and as many as it takes until the version is seen in the registry. What the copy keeps of tags and properties is not known
 * (docs/facts/operations.md#C.5): the caller reads and compares.
 * @returns the registry's version; undefined in a dry run
 * @throws TaskError status 409 where the registry has the version already
 */
export async function publishVersion(
  workspace: Workspace,
  registry: Registry,
  kind: AssetKind,
  from: Named,
  to: Named,
): Promise<AssetBody | undefined> {
  const { azure, signal } = workspace;
  const called = `${to.name}:${to.version}`;
  const answer = await azure.request("POST", `${pathOf(workspace, kind, from.name, from.version)}/publish`, {
    doing: `publish ${from.name}:${from.version} to the registry ${registry.name}`,
    promises: "accepted",
    // It names its version: one that was done is refused the second time, and its copy is found by its files then.
    repeats: true,
    body: { registryName: registry.name, destinationName: to.name, destinationVersion: to.version },
    apiVersion: API_VERSION,
    signal,
  });
  await finish(azure, answer, { what: `${called} to be in the registry ${registry.name}`, signal });
  if (azure.dryRun !== undefined) return undefined;
  return madeVersion(registry, kind, to.name, to.version);
}
