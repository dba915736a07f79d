// The job of a model that was shared with a registry or promoted: followed by its tags to the workspace where it began, where its files must be
// the same; and the metrics that a promotion carries, for where that workspace cannot be read.
// Tests: test/tasks/promoted-champion.test.ts
import { isObject } from "../../plain-objects.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { findVersion } from "../assets/assets.ts";
import { sameFiles } from "../assets/held-files.ts";
import type { Registry } from "../assets/registry.ts";
import { provenBlobsOf } from "../assets/version-places.ts";
import type { Metrics } from "../jobs/metrics.ts";
import { ORIGIN_METRICS, PROMOTED_FROM } from "../workspace/lineage.ts";
import { undefinedIfUnreadable } from "../workspace/unreadable.ts";
import { openWorkspace, type Workspace, type WorkspaceBody } from "../workspace/workspace.ts";
import { jobOf } from "./model-job.ts";
import { type Origin, originOf } from "./origin.ts";

/** A job in the workspace that has it. */
export interface OriginJob {
  readonly jobName: string;
  readonly workspace: Workspace;
}

/**
 * The job that a shared or promoted version began with. Two to four sequential round trips.
 * @param home where the version is
 * @returns undefined where the tags name no origin, or it cannot be read; "other" where it is read, and its files are others
 */
export async function originJob(
  workspace: Workspace,
  home: Workspace | Registry,
  name: string,
  version: AssetBody,
): Promise<OriginJob | "other" | undefined> {
  const origin = originOf(version.properties?.tags);
  if (origin === undefined) return undefined;
  const began = await originWorkspace(workspace, origin).catch(undefinedIfUnreadable);
  const first = began && (await findVersion(began, "models", origin.name, origin.version).catch(undefinedIfUnreadable));
  const jobName = began && first && jobOf(first, began);
  if (!began || !first || jobName === undefined) return undefined;
  const [files, beginning] = await Promise.all([
    provenBlobsOf(home, "models", name, version),
    provenBlobsOf(began, "models", origin.name, first),
  ]);
  const isCopy = files && beginning && (await sameFiles(files, beginning, workspace.signal));
  if (isCopy) return { jobName, workspace: began };
  workspace.log.warn(
    `${name} names ${origin.name}:${origin.version} of the workspace ${began.name} as its origin, and does not hold the same files.`,
  );
  return "other";
}

/** Longer than any that a promotion writes, in characters. */
const LONGEST = 10_000;
/** Shorter than any property that a promotion has filled: the next metric, with the longest name of MLflow, had fitted. */
const SURELY_WHOLE = 3_500;

/** Metrics that a promotion wrote to a version, as many as fit. */
export interface CarriedMetrics {
  readonly metrics: Metrics;
  /** The champion may have had more. */
  readonly isCut: boolean;
}

/**
 * The metrics that a promotion wrote to a version; undefined where there are none, or its tags tell of no promotion. Properties cannot be
 * changed later, tags can, and hold less.
 */
export function carriedMetrics({ properties }: AssetBody): CarriedMetrics | undefined {
  if (!properties?.tags?.[PROMOTED_FROM]) return undefined;
  const property = properties?.properties?.[ORIGIN_METRICS];
  const text = property ?? properties?.tags?.[ORIGIN_METRICS] ?? "";
  if (text === "" || text.length > LONGEST) return undefined;
  try {
    const read: unknown = JSON.parse(text);
    const entries = Object.entries(isObject(read) ? read : {});
    const numbers = entries.filter((entry): entry is [string, number] => typeof entry[1] === "number");
    const isCut = property === undefined || text.length > SURELY_WHOLE;
    return numbers.length === 0 ? undefined : { metrics: Object.fromEntries(numbers), isCut };
  } catch {
    return undefined;
  }
}

async function originWorkspace(from: Workspace, { workspace, guid }: Origin): Promise<Workspace | undefined> {
  const { azure, log, signal, provenance, subscriptionId, resourceGroup, name } = from;
  const at = workspace ?? (await workspaceOfGuid(from, guid ?? ""));
  if (at === undefined) return undefined;
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const isOwn = same(at.name, name) && same(at.resourceGroup, resourceGroup) && same(at.subscriptionId, subscriptionId);
  return isOwn ? from : openWorkspace({ azure, log, signal, provenance, ...at });
}

/** The workspace of this subscription with that id of its own. */
async function workspaceOfGuid(
  { azure, subscriptionId, signal }: Workspace,
  guid: string,
): Promise<Origin["workspace"]> {
  const path = `/subscriptions/${subscriptionId}/providers/Microsoft.MachineLearningServices/workspaces`;
  for await (const { id, name, properties } of azure.list<WorkspaceBody>(path, {
    doing: "look for the workspace that a model began in",
    signal,
  })) {
    if (properties?.workspaceId?.toLowerCase() !== guid.toLowerCase()) continue;
    const resourceGroup = /\/resourceGroups\/([^/]+)\//i.exec(id ?? "")?.[1];
    if (name && resourceGroup) return { subscriptionId, resourceGroup, name };
  }
  return undefined;
}
