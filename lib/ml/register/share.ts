// Shares a workspace's version with a registry (idempotent): the same version of the workspace becomes the same version there.
// Tests: test/lib/ml/register/register-data.test.ts

import type { AssetKind } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { findVersion, versionIn } from "../assets/assets.ts";
import { sameFiles } from "../assets/held-files.ts";
import type { ModelProof, ModelToProve, Prover } from "../assets/model-prover.ts";
import { importVersion, type Registry } from "../assets/registry.ts";
import { retag } from "../assets/retag.ts";
import { findVersionOf, type Held } from "../assets/version-of-content.ts";
import { provenBlobsOf } from "../assets/version-places.ts";
import { type Evidence, evidenceKept, isEvidence, type Judged, type Judges, withEvidence } from "../gate/evidence.ts";
import { SHARED_FROM, sameTags } from "../workspace/lineage.ts";
import { untilFree } from "../workspace/lost-race.ts";
import type { Workspace, WorkspaceBody } from "../workspace/workspace.ts";
import { withProof } from "./proven-version.ts";

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
  /** The verified judgement of a model's job; the tags of the workspace's version are never used. */
  readonly evidence?: Evidence;
  readonly judged?: Judged | undefined;
  readonly judges?: Judges | undefined;
  /** Makes the proof of a model's copy, of the files that its job left. */
  readonly proving?: { readonly prover: Prover; readonly type: string; files(): ModelToProve["files"] } | undefined;
}

export interface SharedVersion {
  readonly version: string;
  /** `azureml://registries/…` */
  readonly id: string;
  readonly body: AssetBody;
  /** False: the registry had it already. */
  readonly created: boolean;
  readonly proof?: ModelProof | undefined;
}

/**
 * Shares a version with a registry. One round trip to ARM for the workspace's own id, two to the registry for what it has; for a
 * version that is new there, its import, and its tags.
 * @throws TaskError `conflict` where the registry's version that was asked for is something else
 */
export async function shareVersion(workspace: Workspace, registry: Registry, sharing: Sharing): Promise<SharedVersion> {
  const { kind, name, from, proving: asked } = sharing;
  const [source, own] = await Promise.all([
    sourceOf(workspace, kind, name, from),
    findVersion(workspace, kind, name, from),
  ]);
  const isSame = copyOf(workspace, registry, sharing, source, own);
  const judged = Promise.resolve(sharing.evidence ?? {});
  const isCopy = (body: AssetBody) => {
    if (asked && body.properties?.tags?.[SHARED_FROM] === source)
      asked.prover.foresee(registry, name, body, { files: asked.files(), evidence: judged });
    return isSame(body);
  };
  const attempt = async () => {
    const { there, free } = await lookFor(registry, sharing, isCopy);
    if (there) {
      registry.log.info(`The registry ${registry.name} has ${name}:${from} of the workspace already.`);
      const proving = asked?.prover.prove(registry, name, there, { files: asked.files(), evidence: judged });
      const tags = await tagsOfCopy(registry, sharing, source, there, own);
      const write = (stands: AssetBody, marks: Readonly<Record<string, string>>) =>
        withTags(registry, sharing, stands, { ...tags, ...marks });
      const { stands, proof } = await withProof(there, tags, proving, write);
      return { ...shared(registry, sharing, stands, false), proof };
    }
    const version = free;
    const proof = asked?.prover.prepare(registry, {
      ...{ name, version, type: asked.type, id: `${registry.uri}/${kind}/${name}/versions/${free}` },
      ...{ description: sharing.description, files: asked.files(), mayWrite: Promise.resolve() },
      evidence: judged,
    });
    await asked?.prover.ready();
    // Where another run takes that version meanwhile, the service refuses it with a 409.
    await importVersion(registry, source, name, free);
    registry.log.info(
      `Shared ${name}:${from} of the workspace ${workspace.name} as ${registry.uri}/${kind}/${name}/versions/${free}.`,
    );
    const made = await findVersion(registry, kind, name, free);
    // Where only a plan is wanted, nothing was made.
    if (made === undefined) return shared(registry, sharing, { name: free }, true);
    // The task writes the tags itself, whether or not the import copies them; evidence and approvals are not copied.
    const given = withoutEvidence({ ...made.properties?.tags, ...own?.properties?.tags });
    const tags = { ...given, ...sharing.tags, ...sharing.evidence, [SHARED_FROM]: source };
    const marked = async () => withTags(registry, sharing, made, { ...tags, ...(await proof?.marks())?.tags });
    const work = [marked(), proof?.store(), proof?.confirm(made)] as const;
    await Promise.allSettled(work);
    const [stands, stored] = await Promise.all(work);
    return { ...shared(registry, sharing, stands, true), proof: stored };
  };
  return untilFree(`a version of ${name} in the registry ${registry.name}`, attempt, registry);
}

const withoutEvidence = (tags: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(tags).filter(([tag]) => !isEvidence(tag)));

/** Tags of an existing copy: tags that others wrote in the registry stay, except the tags of this run and those of an evaluation. */
async function tagsOfCopy(
  registry: Registry,
  sharing: Sharing,
  source: string,
  there: AssetBody,
  own: AssetBody | undefined,
): Promise<Record<string, string>> {
  const { judged, judges, evidence = {} } = sharing;
  const called = `${sharing.name}:${versionIn(there)} of the registry ${registry.name}`;
  const has = { ...there.properties?.tags };
  // The step that shared it was stopped before it wrote its tags: what the import brought along is the workspace's.
  const isUnfinished = has[SHARED_FROM] !== source;
  const begun = isUnfinished
    ? { ...withoutEvidence({ ...has, ...own?.properties?.tags }), [SHARED_FROM]: source }
    : has;
  const { keep } =
    Object.keys(evidence).length > 0
      ? { keep: evidence }
      : await evidenceKept(begun, called, judged, judges, registry.log);
  return withEvidence({ ...begun, ...sharing.tags }, keep);
}

/**
 * Whether a registry's version is a copy of the workspace's: it holds the same files. A tag only says where to look first: one that
 * names another source is that source's copy, and one without it may be of a step that was stopped.
 */
function copyOf(
  workspace: Workspace,
  registry: Registry,
  { kind, name }: Sharing,
  source: string,
  own: AssetBody | undefined,
): (body: AssetBody) => Promise<boolean> {
  let files: ReturnType<typeof provenBlobsOf> | undefined;
  const typeOf = ({ properties }: AssetBody) => properties?.["modelType"] ?? properties?.["dataType"];
  return async (body) => {
    const marked = body.properties?.tags?.[SHARED_FROM];
    if (!own || typeOf(own) !== typeOf(body) || (marked !== undefined && marked !== source)) return false;
    files ??= provenBlobsOf(workspace, kind, name, own);
    const [mine, theirs] = await Promise.all([files, provenBlobsOf(registry, kind, name, body)]);
    if (mine && theirs && (await sameFiles(mine, theirs, registry.signal))) return true;
    if (marked !== undefined)
      registry.log.info(`${name}:${versionIn(body)} claims to be a copy of ${source}, but holds something else.`);
    return false;
  };
}

/** The copy that there is, or else the version that is free for it. */
async function lookFor(
  registry: Registry,
  { kind, name, version }: Sharing,
  isCopy: (body: AssetBody) => Promise<boolean>,
): Promise<Held> {
  if (version !== undefined) {
    const there = await findVersion(registry, kind, name, version);
    if (there === undefined) return { free: version };
    if (await isCopy(there)) return { there, free: version };
    throw new TaskError(
      "conflict",
      `Version ${version} of ${name} is in the registry ${registry.name} already and is something else.`,
      {
        errorCode: "AML1708",
        hint: "A version never changes: leave the input version empty to get a new one, or choose another.",
      },
    );
  }
  return findVersionOf(registry, kind, name, isCopy);
}

/** The version with exactly these tags and the description, written only where it has others. */
async function withTags(
  registry: Registry,
  { kind, name, description }: Sharing,
  there: AssetBody,
  tags: Readonly<Record<string, string>>,
): Promise<AssetBody> {
  const has = there.properties ?? {};
  const lacks = !sameTags(tags, has.tags ?? {}) || (description ?? has.description) !== has.description;
  if (!lacks) return there;
  const changed = await retag(registry, kind, name, there, tags, (stands) => {
    // What others have written since the tags were decided stays, but for evidence.
    const since = Object.entries(withoutEvidence(stands.tags ?? {})).filter(
      ([tag, value]) => has.tags?.[tag] !== value,
    );
    return {
      ...stands,
      tags: { ...Object.fromEntries(since), ...tags },
      description: description ?? stands.description,
    };
  });
  return changed ?? there;
}

function shared(registry: Registry, { kind, name }: Sharing, body: AssetBody, created: boolean): SharedVersion {
  const version = versionIn(body) ?? "";
  return { version, id: body.id ?? `${registry.uri}/${kind}/${name}/versions/${version}`, body, created };
}

/** The source in an import: the workspace's region and its own id, as Azure's client sends it. */
async function sourceOf(workspace: Workspace, kind: AssetKind, name: string, version: string): Promise<string> {
  const { body } = await workspace.azure.request<WorkspaceBody>("GET", workspace.id, {
    doing: `read the workspace ${workspace.name}`,
    promises: "resource",
    signal: workspace.signal,
  });
  const { workspaceId } = body?.properties ?? {};
  if (!workspaceId)
    throw new TaskError("service", `Azure reports no id for the workspace ${workspace.name}.`, {
      errorCode: "AML1111",
    });
  return `azureml://locations/${body?.location ?? workspace.location}/workspaces/${workspaceId}/${kind}/${name}/versions/${version}`;
}
