// The origin of a version that was shared or promoted: the workspace's version that it began as, from its tags. Anybody may write tags, so
// they only say where to look.
// Tests: test/tasks/promoted-champion.test.ts
import { parseArmId } from "../../azure/index.ts";
import { ORIGIN, SHARED_FROM } from "../workspace/lineage.ts";

export interface Origin {
  readonly name: string;
  readonly version: string;
  /** Where a promotion says it. */
  readonly workspace?: { readonly subscriptionId: string; readonly resourceGroup: string; readonly name: string };
  /** The workspace's own id, where a version was shared by it. */
  readonly guid?: string;
}

/** Undefined where the tags say none. */
export function originOf(tags: Readonly<Record<string, string>> | null | undefined): Origin | undefined {
  const id = parseArmId(tags?.[ORIGIN] ?? "");
  const [kind, name, word, version] = id?.segments ?? [];
  if (id && kind === "models" && name && word === "versions" && version) {
    const { subscriptionId, resourceGroup, workspace } = id;
    return { name, version, workspace: { subscriptionId, resourceGroup, name: workspace } };
  }
  const shared = /^azureml:\/\/locations\/[^/]+\/workspaces\/([^/]+)\/models\/([^/]+)\/versions\/([^/]+)$/i;
  const [, guid, model, number] = shared.exec(tags?.[SHARED_FROM] ?? "") ?? [];
  return guid && model && number ? { name: model, version: number, guid } : undefined;
}
