// Promotes a model version to another workspace or registry (idempotent): the same content under the same name and version where they are free, with
// its lineage and the evidence that a run proves. A version that cannot be proven to have passed is refused, unless the user says otherwise.
// Tests: test/tasks/PromoteModel.test.ts, test/bundle/promote-model.test.ts
import { assetWrite } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { type AssetBody, wordFor } from "../assets/asset-home.ts";
import type { AssetStore } from "../assets/asset-store.ts";
import { putNewVersion } from "../assets/asset-writes.ts";
import { findVersion, noSuchAsset, versionIn } from "../assets/assets.ts";
import { requireModelName } from "../assets/model-name.ts";
import { isRegistry, type Registry } from "../assets/registry.ts";
import type { Held } from "../assets/version-of-content.ts";
import { blobsOf, requireOwn, uriOf } from "../assets/version-places.ts";
import { EVIDENCE, type Evidence, refuseEvidence } from "../gate/evidence.ts";
import { begun, ProofsOfModel, saidList } from "../proof/proof-search.ts";
import type { StoredProof } from "../proof/proof-store.ts";
import { listIn, refuseMarks } from "../workspace/lineage.ts";
import { untilFree } from "../workspace/lost-race.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { bringTo } from "./bring-content.ts";
import { bringComponents } from "./components.ts";
import { type Content, contentAt } from "./content.ts";
import { bringEnvironments } from "./environment.ts";
import {
  bringUpToDate,
  holds,
  lookFor,
  type PromotionRequest,
  restore,
  type Way,
  withProofTag,
} from "./held-version.ts";
import { PromotedProof, proofToBring } from "./promoted-proof.ts";
import { type Marks, propertiesOfNew, tagsOfNew, unprovenIn } from "./promoted-tags.ts";
import { type Proof, proofOf, type Records } from "./proof.ts";
import { publishVersion } from "./publish.ts";
import { Standing } from "./standing.ts";

export interface PromotedModel {
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly type: string;
  readonly path: string;
  /** False: the target had it already. */
  readonly created: boolean;
  /** The target had archived it, and it is in use again. */
  readonly restored?: boolean;
  /** Id of the source's version. */
  readonly from: string;
  readonly contentHash: string;
  readonly files: number;
  readonly bytes: number;
  readonly evidence: Evidence;
  /** Ids of environments and components that went along. */
  readonly environments?: readonly string[];
  readonly components?: readonly string[];
  readonly metrics?: Readonly<Record<string, number>>;
}

interface Made {
  readonly body: AssetBody;
  readonly created: boolean;
  readonly restored?: boolean;
}

/**
 * Promotes a version. Where the target has it: the source's version, its files, its proof and the target's version, with its files.
 * To make it: the files, or one action of the service; the version; and a comparison of both contents.
 * @throws TaskError `notFound` for a version that is not there, `failed` for one that is not proven to have passed, `conflict` where the target
 * holds other content under that version; half-way failures say what is there by then
 */
export async function promoteModel(
  source: AssetStore,
  target: AssetStore,
  request: PromotionRequest,
  records: Records,
): Promise<PromotedModel> {
  const { home } = source;
  const to = (target.registry ?? target.workspace) as Workspace | Registry;
  const { version: number, targetName: name = request.name } = request;
  requireModelName(name);
  refuseEvidence(request.tags, "The input tags sets the tag");
  refuseMarks(request.tags);
  const proofs = new ProofsOfModel(home as Workspace | Registry, request.name);
  const version = await findVersion(home, "models", request.name, number);
  if (!version) throw await noSuchAsset(home, "models", request.name, number);
  if (version.properties?.isArchived === true)
    throw new TaskError(
      "conflict",
      `${request.name}:${number} is archived, so it is not promoted. Nothing was changed.`,
      {
        errorCode: "AML1711",
        hint: "Restore it in the studio where it is to be used again, or promote another version.",
      },
    );
  const from = version.id ?? `${home.id}/models/${request.name}/versions/${number}`;
  if (home.id.toLowerCase() === to.id.toLowerCase() && name === request.name)
    throw new TaskError(
      "input",
      `The source and the target are the same: ${request.name} of the ${wordFor(home)} ${home.name}.`,
      {
        errorCode: "AML1313",
        hint: "Set the inputs that begin with target: another workspace or registry, or another name of the model.",
      },
    );
  const named = { name: request.name, version: number };
  const reading = begun(proofToBring(home as Workspace | Registry, proofs, request.name, version));
  const wanted = request.targetVersion ?? number;
  // What the version says of its proof is a hint where to look at the target, beside the reads of the source.
  const hint = to.azure.dryRun === undefined ? saidList(version) : undefined;
  const hinted = hint && new PromotedProof(to, name, hint.list, reading);
  void hinted?.foresee(wanted);
  const [[content, proof], signed] = await Promise.all([
    contentAndProof(source, request.name, version, records),
    reading,
  ]);
  const evidence = require(proof, `${request.name}:${number}`, request, source);
  const marks: Marks = {
    from,
    isWorkspace: !isRegistry(home),
    contentHash: content.hash,
    evidence,
    metrics: proof.evidence === undefined ? undefined : proof.metrics,
    approvedBy: request.approvedBy,
    tags: request.tags,
    provenance: to.provenance,
  };
  const standing = new Standing(`the ${wordFor(to)} ${to.name}`);
  const isByService = isRegistry(to) && !isRegistry(home) && request.isOneIdentity;
  const carried = signed && to.azure.dryRun === undefined ? proofOnItsWay(to, name, signed, hinted) : undefined;
  const way: Way = { source, target: to, request, name, version, content, marks, standing, proof: carried };
  // What forbids the promotion is found before anything is brought along.
  let held: Held | undefined = await lookFor(way, wanted);
  const { environments, components } = await bringAlong(way, isByService);
  // That took its time: the target is looked at again.
  if (environments.length + components.length > 0) held = undefined;
  const { body, created, restored } = await standing
    .during(() =>
      untilFree(
        `a version of the model ${name}`,
        async () => {
          const found = held ?? (await lookFor(way, wanted));
          held = undefined;
          return promoteOnce(way, number, found);
        },
        to,
      ),
    )
    .finally(() => carried?.settled());
  const copy = { name, version: versionIn(body) ?? "" };
  if (carried !== undefined) {
    standing.is(`${name}:${copy.version} is there, and its proof may not be`);
    await standing.during(() => carried.finish(named, copy));
  }
  return {
    ...copy,
    id: body.id ?? "",
    type: String(body.properties?.["modelType"] ?? version.properties?.["modelType"] ?? ""),
    path: uriOf(body),
    created,
    ...(restored ? { restored } : {}),
    from,
    contentHash: content.hash,
    files: content.files.length,
    bytes: content.bytes,
    evidence: evidence ?? {},
    ...(environments.length === 0 ? {} : { environments }),
    ...(components.length === 0 ? {} : { components }),
    ...(marks.metrics === undefined ? {} : { metrics: marks.metrics }),
  };
}

/** The source's proof, as it was foreseen where the version said the truth of it. */
function proofOnItsWay(
  to: Workspace | Registry,
  name: string,
  signed: StoredProof,
  hinted: PromotedProof | undefined,
): PromotedProof {
  return hinted?.isOf(signed) ? hinted : new PromotedProof(to, name, listIn(signed.version), Promise.resolve(signed));
}

/** The files and what runs recorded are read side by side. */
async function contentAndProof(source: AssetStore, name: string, version: AssetBody, records: Records) {
  const content = contentOf(source, name, version);
  return Promise.all([content, proofOf(source, name, version, content, records)]);
}

/** @throws TaskError where its files cannot be read, or there are none */
async function contentOf(source: AssetStore, name: string, version: AssetBody): Promise<Content> {
  const home = (source.registry ?? source.workspace) as Workspace | Registry;
  const called = `${name}:${versionIn(version)}`;
  const place = await blobsOf(home, "models", name, version);
  if (place === undefined)
    throw new TaskError("input", `The files of ${called} are at ${uriOf(version)}, which this task cannot read.`, {
      errorCode: "AML1703",
      hint: "It reads datastores of the workspace, outputs of its jobs, and the files of a registry's own versions.",
    });
  const content = await contentAt(place, home.signal);
  if (content !== undefined) return content;
  throw new TaskError("notFound", `${called} has no files: nothing lies at ${uriOf(version)}.`, {
    errorCode: "AML1706",
    hint: "The job's output, or the folder in the datastore, that the version points at may have been deleted.",
  });
}

/** The evidence to carry. @throws TaskError `failed` where it is required, and is not there or does not say `passed` */
function require(
  proof: Proof,
  called: string,
  { requireEvidence }: PromotionRequest,
  { home }: AssetStore,
): Evidence | undefined {
  const passed = proof.evidence?.[EVIDENCE.result] === "passed";
  const why =
    proof.evidence === undefined
      ? proof.why
      : `The run ${proof.evidence[EVIDENCE.run]} judged it, and it did not pass.`;
  if (passed) home.log.info(`${called} passed its evaluation: ${proof.evidence?.[EVIDENCE.run]}`);
  else if (requireEvidence)
    throw new TaskError(
      "failed",
      `${called} is not promoted, because nothing proves that it passed an evaluation. ${why}`,
      {
        errorCode: "AML1711",
        hint: "Judge the model's job with EvaluateMetrics in a pipeline run, and register it with RegisterModel; or set requireEvidence to false. Nothing was changed.",
      },
    );
  else home.log.warn(`${called} is promoted without evidence that it passed: requireEvidence is false. ${why}`);
  return proof.evidence;
}

/** The environments of the job and the components of its steps, as far as they are asked for. */
async function bringAlong({ source, target, request, name, version, standing }: Way, isByService: boolean) {
  const { includeEnvironment, includeComponents } = request;
  const { workspace } = source;
  if (workspace === undefined) {
    if (includeEnvironment || includeComponents)
      target.log.warn(
        "No environment and no component goes along: they are looked for in the workspace of the model's job, and the inputs name no workspace beside the registry.",
      );
    return { environments: [], components: [] };
  }
  const environments = includeEnvironment ? await bringEnvironments(workspace, target, version, name, isByService) : [];
  if (environments.length > 0) standing.is("environments of its job are there, and the model may not be");
  const components = includeComponents
    ? await standing.during(() => bringComponents(workspace, target, version, name))
    : [];
  if (components.length > 0) standing.is("environments or components of its job are there, and the model may not be");
  return { environments, components };
}

async function promoteOnce(way: Way, number: string, { there, free }: Held): Promise<Made> {
  const { target, name } = way;
  // Beside the version: where another run gets the number, it is a proof of other files, and nothing names it.
  void way.proof?.bring(there ? (versionIn(there) ?? "") : free);
  if (there) {
    if (there.properties?.isArchived === true)
      return { body: await restore(way, there), created: false, restored: true };
    target.log.info(`The ${wordFor(target)} ${target.name} has this content already, as ${name}:${versionIn(there)}.`);
    return { body: await bringUpToDate(way, there), created: false };
  }
  return make(way, number, free);
}

/** Makes the version. By the service itself where it can copy; otherwise the files go through this machine. */
async function make(way: Way, number: string, free: string): Promise<Made> {
  const { source, target, name, version, request, content, standing } = way;
  const called = `${name}:${free}`;
  const proof = way.proof === undefined ? "" : "; its proof may be there";
  const { workspace } = source;
  const isByService = isRegistry(target) && workspace && source.registry === undefined && request.isOneIdentity;
  const says = isByService ? unprovenIn(version, way.marks) : undefined;
  if (says !== undefined)
    target.log.info(
      `The files of ${called} go through the agent, because its source has the tag ${says}, which a copy by the service would take along.`,
    );
  if (isByService && says === undefined) {
    standing.is(`${called} may be there, published without its tags${proof}`);
    const from = { name: request.name, version: number };
    const made = await publishVersion(workspace, target, "models", from, { name, version: free });
    if (made === undefined) return { body: { name: free }, created: true };
    await requireSame(way, made);
    standing.is(`${called} is there, with the same content and without its tags`);
    target.log.info(`The service published ${called} to the registry ${target.name}: ${content.files.length} files.`);
    return { body: await bringUpToDate(way, made), created: true };
  }
  standing.is(`files of ${called} may be in its storage, and no version points at them${proof}`);
  const { uri, files } = await bringTo(target, "models", name, free, content);
  if (files > 0) target.log.info(`Copied ${files} of ${content.files.length} files of ${called}.`);
  standing.is(`the files of ${called} are in its storage, and no version may point at them${proof}`);
  const { modelType, description, flavors } = version.properties ?? {};
  const properties = {
    modelType,
    modelUri: uri,
    ...(description ? { description } : {}),
    ...(flavors && Object.keys(flavors).length > 0 ? { flavors } : {}),
    tags: withProofTag(way, free, tagsOfNew(version, way.marks)),
    properties: propertiesOfNew(version, way.marks),
  };
  const { body, created } = await putNewVersion(target, "models", assetWrite("models", name, free, { properties }));
  if (isRegistry(target)) requireOwn(`the model ${called}`, body, uri);
  if (target.azure.dryRun === undefined) await requireSame(way, body);
  target.log.info(`${called} is in the ${wordFor(target)} ${target.name}.`);
  return { body, created };
}

/** @throws TaskError `conflict` where the copy holds something else */
async function requireSame(way: Way, made: AssetBody): Promise<void> {
  if (await holds(way, made)) return;
  const { target, name, content } = way;
  throw new TaskError(
    "conflict",
    `${name}:${versionIn(made)} of the ${wordFor(target)} ${target.name} does not hold the content of its source (hash ${content.hash}): ${uriOf(made)}.`,
    {
      errorCode: "AML1712",
      hint: "Archive that version, and promote under another with targetVersion; see who else can write to that storage.",
    },
  );
}
