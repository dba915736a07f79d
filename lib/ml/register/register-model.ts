// Registers a model (idempotent): a job's output or a local folder becomes a version with its provenance.
// Tests: test/lib/ml/endpoints/serving.test.ts, test/lib/ml/gate/evidence.test.ts

import { modelKind, type UploadRoot } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { type AssetBody, pathOf } from "../assets/asset-home.ts";
import { type AssetStore, needWorkspace } from "../assets/asset-store.ts";
import { putNewVersion } from "../assets/asset-writes.ts";
import { findVersion, versionIn } from "../assets/assets.ts";
import { requireModelName } from "../assets/model-name.ts";
import type { ModelProof, PreparedProof } from "../assets/model-prover.ts";
import { createRegistryResolver, isRegistry, type Registry } from "../assets/registry.ts";
import { createResolver } from "../assets/resolve.ts";
import { retag } from "../assets/retag.ts";
import { findVersionOf } from "../assets/version-of-content.ts";
import { isReplicated, requireOwn } from "../assets/version-places.ts";
import {
  type Evidence,
  evidenceHere,
  evidenceKept,
  type Judges,
  refuseEvidence,
  withEvidence,
} from "../gate/evidence.ts";
import { lineageProperties, lineageTags, refuseMarks, sameTags } from "../workspace/lineage.ts";
import { untilFree } from "../workspace/lost-race.ts";
import { modelPage } from "../workspace/studio-pages.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ModelRequest } from "./model-request.ts";
import { fromFolder, fromJob, type ModelSource } from "./model-source.ts";
import { withProof } from "./proven-version.ts";
import type { RegisteredAsset } from "./register-data.ts";
import { shareVersion } from "./share.ts";

export interface RegisteredModel extends RegisteredAsset {
  /** The job that made it, where one did. */
  readonly jobName?: string;
  /** Page of the version in a workspace. */
  readonly studioUrl?: string;
  /** The judgement, as tags: read from a run's record, never from a tag. */
  readonly evidence: Evidence;
  /** Where the request has a prover. */
  readonly proof?: ModelProof | undefined;
}

/**
 * Registers a model where the place says. A folder goes to a registry at once; a job's output is registered in its workspace first, and
 * then shared, so that no file passes this machine.
 * @throws TaskError as registerModel, and `input` where a workspace would be needed
 */
export async function registerModelIn(
  place: AssetStore,
  request: ModelRequest,
  root?: UploadRoot,
  judges?: Judges,
): Promise<RegisteredModel> {
  const { registry } = place;
  const { name, version, description, tags, source, prover } = request;
  if (registry === undefined) return registerModel(needWorkspace(place, `The model ${name}`), request, root, judges);
  if (source.kind === "folder") return registerModel(registry, request, root, judges);
  const workspace = needWorkspace(place, `The job ${source.job}`);
  requireRequest(request);
  const from = fromJob(workspace, source, request.type);
  beginProof(registry, request, workspace, from);
  const unproved = { ...request, version: undefined, prover: undefined };
  const own = await register(workspace, unproved, from, judges);
  const judged = { workspace, job: await from.job, jobName: source.job };
  const { evidence } = own;
  const sharing = {
    kind: "models" as const,
    name,
    from: own.version,
    version,
    description,
    tags,
    evidence,
    judged,
    judges,
    ...(prover === undefined ? {} : { proving: { prover, type: request.type, files: from.files } }),
  };
  const { body, id, created, version: number, proof } = await shareVersion(workspace, registry, sharing);
  const { modelType = own.type, modelUri = own.path } = body.properties ?? {};
  const shared = { version: number, id, type: String(modelType), path: String(modelUri), created, proof };
  return { ...own, ...shared };
}

/**
 * Registers a model. The job, the versions and the container side by side, which is all where it is known already; one
 * to register, and before that up to four to see that the job's path is there. From a folder: as data, and one to register.
 * @throws TaskError `input` for a name that Azure refuses, `notFound` for a job or an output that is not there,
 * `conflict` where the version that was asked for holds something else
 */
export async function registerModel(
  home: Workspace | Registry,
  request: ModelRequest,
  root?: UploadRoot,
  judges?: Judges,
): Promise<RegisteredModel> {
  requireRequest(request);
  const source =
    request.source.kind === "folder"
      ? await fromFolder(home, request, request.source.path, root)
      : fromJob(workspaceOf(home, request.source.job), request.source, request.type);
  beginProof(home, request, isRegistry(home) ? undefined : home, source);
  return register(home, request, source, judges);
}

/** Begins what a proof takes beside the job: the list of where most outputs lie, too. */
function beginProof(
  home: Workspace | Registry,
  { name, prover }: ModelRequest,
  workspace: Workspace | undefined,
  source: ModelSource,
): void {
  prover?.begin(home, name, workspace, source.job);
  if (prover !== undefined && source.job !== undefined) source.files().catch(() => {});
}

async function register(
  home: Workspace | Registry,
  request: ModelRequest,
  source: ModelSource,
  judges: Judges | undefined,
): Promise<RegisteredModel> {
  const { name, prover } = request;
  const isHeldBy = (version: AssetBody) => {
    // A folder's version has no judgement to wait for.
    const evidence = source.jobName === undefined ? Promise.resolve({}) : undefined;
    if (source.isClaimedBy(version)) prover?.foresee(home, name, version, { files: source.files(), evidence });
    return source.isHeldBy(version);
  };
  if (request.version !== undefined) {
    const [there] = await Promise.all([findVersion(home, "models", name, request.version), source.ready]);
    if (!there) return create(home, request, source, request.version, judges);
    if (await isHeldBy(there)) return known(home, request, source, there, judges);
    throw new TaskError(
      "conflict",
      `Version ${request.version} of the model ${name} is there already and holds something else (${String(there.properties?.["modelUri"])}).`,
      {
        errorCode: "AML1708",
        hint: "A version never changes: leave the input version empty to get a new one, or choose another.",
      },
    );
  }
  const attempt = async () => {
    const [{ there, free }] = await Promise.all([findVersionOf(home, "models", name, isHeldBy), source.ready]);
    return there ? known(home, request, source, there, judges) : create(home, request, source, free, judges);
  };
  return untilFree(`a version of the model ${name}`, attempt, home);
}

function requireRequest({ name, tags }: ModelRequest): void {
  requireModelName(name);
  refuseEvidence(tags, "The input tags sets the tag");
  refuseMarks(tags);
}

function workspaceOf(home: Workspace | Registry, job: string): Workspace {
  if (!isRegistry(home)) return home;
  throw new TaskError("input", `The job ${job} is in a workspace, and not in the registry ${home.name}.`, {
    errorCode: "AML1313",
  });
}

async function create(
  home: Workspace | Registry,
  request: ModelRequest,
  source: ModelSource,
  version: string,
  judges: Judges | undefined,
): Promise<RegisteredModel> {
  const { name, type, description, tags } = request;
  const check = source.check();
  let judged: Promise<Evidence> | undefined;
  const judge = () => {
    judged ??= source.judged().then(async (job) => (await evidenceHere(job, judges)) ?? {});
    return judged;
  };
  // A signature takes longer than the rest, so all that it says is read at once.
  const proof = request.prover?.prepare(home, {
    ...{ name, version, type, id: idOf(home, name, version), description, mayWrite: check },
    ...{ files: source.files(), evidence: judge() },
  });
  await check;
  const evidence = await judge();
  const { provenance } = home;
  const uri = await source.uri(version);
  const marks = await proof?.marks();
  const own = { ...(source.jobName ? { jobName: source.jobName } : {}), ...(await source.read()), ...tags };
  const said = { ...own, ...request.decision, ...marks?.tags, ...evidence };
  const write = await modelKind.translate(
    {
      name,
      version,
      type,
      path: { kind: "uri", uri },
      tags: { ...lineageTags(provenance, said), ...own },
      properties: { ...lineageProperties(provenance), ...(await source.properties()), ...marks?.properties },
      ...(description === undefined ? {} : { description }),
    },
    isRegistry(home) ? createRegistryResolver(home, "models", name, version) : createResolver(home),
  );
  const body = write.body["properties"] as { tags?: Record<string, string> };
  const make = async () => {
    const made = await putNewVersion(home, "models", {
      ...write,
      body: {
        properties: {
          ...body,
          tags: withEvidence({ ...body.tags, ...request.decision, ...marks?.tags }, evidence),
          ...(source.jobName ? { jobName: source.jobName } : {}),
        },
      },
    });
    if (isRegistry(home)) requireOwn(`the model ${name}:${version}`, made.body, uri);
    home.log.info(
      made.created
        ? `Registered ${name}:${version}.`
        : `${name}:${version} was registered by another run at the same time.`,
    );
    return made;
  };
  const making = make();
  const storing = proof === undefined ? undefined : storedBeside(home, `${name}:${version}`, making, proof);
  const stored = await storing;
  const { body: put, created } = await making;
  const registered = asRegistered(home, name, put, source, created, evidence);
  return stored === undefined ? registered : { ...registered, proof: stored };
}

/**
 * Stores the proof beside the version, whose making has begun. Where another run gets the number, it is a proof of other files than the version
 * has, and nothing names it. Ends once all of it has ended; the version's error counts first.
 */
async function storedBeside(
  home: Workspace | Registry,
  called: string,
  making: Promise<{ readonly body: AssetBody }>,
  proof: PreparedProof,
): Promise<ModelProof> {
  // The service may have made a copy of the files, and the version is that copy.
  const confirming = making.then(({ body }) => (isReplicated(body) ? proof.confirm(body) : undefined));
  const work = [proof.store(), confirming] as const;
  await Promise.allSettled([making, ...work]);
  await making;
  try {
    const [stored] = await Promise.all(work);
    return stored;
  } catch (error) {
    home.log.warn(`${called} is registered, and its proof is not there: run the step again for it.`);
    throw error;
  }
}

/** As the service will say it. */
const idOf = (home: Workspace | Registry, name: string, version: string): string =>
  isRegistry(home) ? `${home.uri}/models/${name}/versions/${version}` : pathOf(home, "models", name, version);

/** A version that was made from the same; tags and a description that it lacks are added, and its evidence is what a run confirms. */
async function known(
  home: Workspace | Registry,
  request: ModelRequest,
  source: ModelSource,
  there: AssetBody,
  judges: Judges | undefined,
): Promise<RegisteredModel> {
  const version = versionIn(there) ?? "";
  const from = source.jobName === undefined ? "the same content" : `the same output of ${source.jobName}`;
  home.log.info(`${request.name}:${version} holds ${from} already.`);
  const keeps = source.judged().then(async (judged) => {
    const here = await evidenceHere(judged, judges, there.properties?.tags);
    return here
      ? { keep: here, isVerified: true }
      : evidenceKept(there.properties?.tags, `${request.name}:${version}`, judged, judges, home.log);
  });
  const verified = keeps.then(({ keep, isVerified }) => (isVerified ? keep : {}));
  const proving = request.prover?.prove(home, request.name, there, { files: source.files(), evidence: verified });
  const [kept, evidence] = await Promise.all([keeps, verified]);
  const write = async (stands: AssetBody, marks: Readonly<Record<string, string>>) => {
    const { tags, description } = stands.properties ?? {};
    const tagsOf = (has: typeof tags) =>
      withEvidence({ ...has, ...request.tags, ...request.decision, ...marks }, kept.keep);
    const wanted = tagsOf(tags);
    if (sameTags(wanted, tags ?? {}) && (request.description ?? description) === description) return stands;
    const changed = await retag(home, "models", request.name, stands, wanted, (now) => ({
      ...now,
      tags: tagsOf(now.tags),
      description: request.description ?? now.description,
    }));
    if (changed) home.log.info(`Updated the tags and the description of ${request.name}:${version}.`);
    return changed ?? stands;
  };
  const registered = asRegistered(home, request.name, { ...there, id: there.id ?? "" }, source, false, evidence);
  const { proof } = await withProof(there, kept.keep, proving, write);
  return proof === undefined ? registered : { ...registered, proof };
}

function asRegistered(
  home: Workspace | Registry,
  name: string,
  body: AssetBody & { id: string },
  source: ModelSource,
  created: boolean,
  evidence: Evidence,
): RegisteredModel {
  const version = versionIn(body) ?? "";
  return {
    name,
    version,
    id: body.id,
    type: String(body.properties?.["modelType"] ?? ""),
    path: String(body.properties?.["modelUri"] ?? ""),
    created,
    ...(source.jobName === undefined ? {} : { jobName: source.jobName }),
    ...(isRegistry(home) ? {} : { studioUrl: modelPage(home, name, version) }),
    evidence,
  };
}
