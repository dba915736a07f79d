// The story of a version that a workspace shares with a registry: the same version of the workspace is the same version there, once.
import { TaskError } from "../errors.ts";
import type { AssetKind } from "../spec/resolver.ts";
import { type AssetBody, findVersion, nextVersion, putVersion, versionIn, versionsOf } from "./assets.ts";
import { type Evidence, evidenceKept, isEvidence, type Judged, type Judges, withEvidence } from "./evidence.ts";
import { SHARED_FROM, sameTags } from "./lineage.ts";
import { importVersion, type Registry } from "./registry.ts";
import type { Workspace, WorkspaceBody } from "./workspace.ts";

export interface Sharing {
  readonly kind: AssetKind;
  /** Name in the workspace and in the registry. */
  readonly name: string;
  /** The workspace's version. */
  readonly from: string;
  /** Version in the registry; the next one where absent. */
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** What is known of a judgement of a model's job: verified, and never what the workspace's version says. */
  readonly evidence?: Evidence;
  readonly judged?: Judged | undefined;
  readonly judges?: Judges | undefined;
}

export interface SharedVersion {
  readonly version: string;
  /** `azureml://registries/…` */
  readonly id: string;
  readonly body: AssetBody;
  /** False: the registry had it already. */
  readonly created: boolean;
}

/**
 * Shares a version with a registry. One round trip to ARM for the workspace's own id, two to the registry for what it has; for a
 * version that is new there, its import, and its tags.
 * @throws TaskError `conflict` where the registry's version that was asked for is something else
 */
export async function shareVersion(workspace: Workspace, registry: Registry, sharing: Sharing): Promise<SharedVersion> {
  const { kind, name, from } = sharing;
  const [source, own] = await Promise.all([
    sourceOf(workspace, kind, name, from),
    findVersion(workspace, kind, name, from),
  ]);
  const isCopy = (body: AssetBody) => body.properties?.tags?.[SHARED_FROM] === source;
  for (let attempt = 1; ; attempt++) {
    const { there, free } = await lookFor(registry, sharing, isCopy);
    if (there) {
      registry.log.info(`The registry ${registry.name} has ${name}:${from} of the workspace already.`);
      // What somebody has written in the registry since stays, but for what this run says and what came of an evaluation.
      const called = `${name}:${versionIn(there)} of the registry ${registry.name}`;
      const { judged, judges, evidence = {} } = sharing;
      const { keep } =
        Object.keys(evidence).length > 0
          ? { keep: evidence }
          : await evidenceKept(there.properties?.tags, called, judged, judges, registry.log);
      const tags = withEvidence({ ...there.properties?.tags, ...sharing.tags }, keep);
      return shared(registry, sharing, await withTags(registry, sharing, there, tags), false);
    }
    try {
      await importVersion(registry, source, name, free);
    } catch (error) {
      // Another run took that version meanwhile.
      if (sharing.version !== undefined || attempt === 3 || !(error instanceof TaskError) || error.status !== 409)
        throw error;
      continue;
    }
    registry.log.info(
      `Shared ${name}:${from} of the workspace ${workspace.name} as ${registry.uri}/${kind}/${name}/versions/${free}.`,
    );
    const made = await findVersion(registry, kind, name, free);
    // Where only a plan is wanted, nothing was made.
    if (made === undefined) return shared(registry, sharing, { name: free }, true);
    // Whether tags come along is the service's own affair: here they do in any case, but for evidence and approvals, which are given there.
    const brought = { ...made.properties?.tags, ...own?.properties?.tags };
    const given = Object.fromEntries(Object.entries(brought).filter(([tag]) => !isEvidence(tag)));
    const tags = { ...given, ...sharing.tags, ...sharing.evidence, [SHARED_FROM]: source };
    return shared(registry, sharing, await withTags(registry, sharing, made, tags), true);
  }
}

/** The copy that there is, or else the version that is free for it. */
async function lookFor(
  registry: Registry,
  { kind, name, version }: Sharing,
  isCopy: (body: AssetBody) => boolean,
): Promise<{ there?: AssetBody; free: string }> {
  if (version !== undefined) {
    const there = await findVersion(registry, kind, name, version);
    if (there === undefined) return { free: version };
    if (isCopy(there)) return { there, free: version };
    throw new TaskError(
      "conflict",
      `Version ${version} of ${name} is in the registry ${registry.name} already and is something else.`,
      { hint: "A version never changes: leave the input version empty to get a new one, or choose another." },
    );
  }
  for await (const there of versionsOf(registry, kind, name)) if (isCopy(there)) return { there, free: "" };
  return { free: await nextVersion(registry, kind, name) };
}

/** The version with exactly these tags and the description, written only where it has others. */
async function withTags(
  registry: Registry,
  { kind, name, description }: Sharing,
  there: AssetBody,
  tags: Readonly<Record<string, string>>,
): Promise<AssetBody> {
  const { provisioningState: _state, ...has } = there.properties ?? {};
  const lacks = !sameTags(tags, has.tags ?? {}) || (description ?? has.description) !== has.description;
  if (!lacks) return there;
  return putVersion(registry, kind, name, versionIn(there) ?? "", {
    properties: { ...has, tags, description: description ?? has.description },
  });
}

function shared(registry: Registry, { kind, name }: Sharing, body: AssetBody, created: boolean): SharedVersion {
  const version = versionIn(body) ?? "";
  return { version, id: body.id ?? `${registry.uri}/${kind}/${name}/versions/${version}`, body, created };
}

/** How an import names its source: by the workspace's region and its own id, as Azure's client does. */
async function sourceOf(workspace: Workspace, kind: AssetKind, name: string, version: string): Promise<string> {
  const { body } = await workspace.azure.request<WorkspaceBody>("GET", workspace.id, {
    doing: `read the workspace ${workspace.name}`,
    promises: "resource",
    signal: workspace.signal,
  });
  const { workspaceId } = body?.properties ?? {};
  if (!workspaceId) throw new TaskError("service", `Azure says no id of its own for the workspace ${workspace.name}.`);
  return `azureml://locations/${body?.location ?? workspace.location}/workspaces/${workspaceId}/${kind}/${name}/versions/${version}`;
}
