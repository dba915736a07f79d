// The story of a model: from a job's output or a local folder to a version that says where it came from; once.
import { type DatastorePath, parseDatastoreUri } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import { translateModel } from "../spec/index.ts";
import { type AssetBody, findContainer, findVersion, putVersion, versionIn, versionsOf } from "./assets.ts";
import { readContent } from "./content.ts";
import { openDatastore } from "./datastores.ts";
import { evidenceOf, refuseEvidence } from "./evidence.ts";
import { getJob, type Job, jobOutputUri } from "./jobs.ts";
import { CONTENT_HASH, lineageProperties, lineageTags, SOURCE_URI } from "./lineage.ts";
import type { RegisteredAsset } from "./register-data.ts";
import { createResolver } from "./resolve.ts";
import { outputPlace } from "./runs.ts";
import type { Workspace } from "./workspace.ts";

export interface ModelRequest {
  readonly name: string;
  readonly type: "custom_model" | "mlflow_model" | "triton_model";
  readonly version?: string | undefined;
  readonly description?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly source:
    | {
        readonly kind: "job";
        readonly job: string;
        readonly output?: string | undefined;
        readonly path?: string | undefined;
      }
    | { readonly kind: "folder"; readonly path: string };
}

export interface RegisteredModel extends RegisteredAsset {
  /** The job that made it, where one did. */
  readonly jobName: string | undefined;
}

/** What a model version would be made from, and how one is known that was made from it before. */
interface Source {
  readonly jobName: string | undefined;
  isHeldBy(version: AssetBody): boolean;
  /** Rejects where there is nothing to make a model from. */
  readonly ready: Promise<unknown>;
  properties(): Promise<Record<string, string>>;
  /** What its maker shows of an evaluation, as tags. */
  evidence(): Promise<Record<string, string>>;
  /** Awaited before anything is created. */
  check(): Promise<void>;
  uri(): Promise<string>;
}

/** Azure's rule for names of assets. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/**
 * Registers a model. The job, the versions and the container side by side, which is all where it is known already; one
 * to register, and before that up to four to see that the job's path is there. From a folder: as data, and one to register.
 * @throws TaskError `input` for a name that Azure refuses, `notFound` for a job or an output that is not there,
 * `conflict` where the version that was asked for holds something else
 */
export async function registerModel(
  workspace: Workspace,
  request: ModelRequest,
  root?: string,
): Promise<RegisteredModel> {
  const { name } = request;
  if (!NAME.test(name)) {
    throw new TaskError(
      "input",
      `Azure refuses ${JSON.stringify(name)} as the name of a model: a name has at most 255 letters, digits, ".", "_" and "-", and starts with a letter or a digit.`,
    );
  }
  refuseEvidence(request.tags, "The input tags sets the tag");
  const source =
    request.source.kind === "job"
      ? fromJob(workspace, request.source, request.type)
      : fromFolder(workspace, request, root);
  if (request.version !== undefined) {
    const [there] = await Promise.all([findVersion(workspace, "models", name, request.version), source.ready]);
    if (!there) return create(workspace, request, source, request.version);
    if (source.isHeldBy(there)) return known(workspace, request, source, there);
    throw new TaskError(
      "conflict",
      `Version ${request.version} of the model ${name} is there already and holds something else (${String(there.properties?.["modelUri"])}).`,
      {
        hint: "A version never changes: leave the input version empty to get a new one, or choose another.",
      },
    );
  }
  for (let attempt = 1; ; attempt++) {
    const [there, container] = await Promise.all([
      findHolder(workspace, name, source),
      findContainer(workspace, "models", name),
      source.ready,
    ]);
    if (there) return known(workspace, request, source, there);
    try {
      return await create(workspace, request, source, container?.properties?.nextVersion || "1");
    } catch (error) {
      const taken =
        error instanceof TaskError && (error.status === 409 || /cannot be updated|immutable/i.test(error.message));
      if (attempt === 3 || !taken) throw error;
    }
  }
}

async function findHolder(workspace: Workspace, name: string, source: Source): Promise<AssetBody | undefined> {
  for await (const version of versionsOf(workspace, "models", name)) if (source.isHeldBy(version)) return version;
  return undefined;
}

function fromJob(
  workspace: Workspace,
  from: { job: string; output?: string | undefined; path?: string | undefined },
  type: ModelRequest["type"],
): Source {
  const output = from.output === undefined || from.output === "default" ? "artifacts" : from.output;
  const uri = jobOutputUri(from.job, output, from.path);
  const read = async () => {
    const job = await getJob(workspace, from.job);
    const { status = "unknown" } = job.properties ?? {};
    if (status !== "Completed") {
      const message = `The job ${from.job} is ${status}, not Completed, so its model is not registered.`;
      throw new TaskError("failed", message);
    }
    requireOutput(job, output);
    return job;
  };
  const job = read();
  return {
    jobName: from.job,
    isHeldBy: ({ properties }) =>
      properties?.["modelType"] === type &&
      (properties?.properties?.[SOURCE_URI] === uri || bare(properties?.["modelUri"]) === bare(uri)),
    ready: job,
    properties: async () => ({ ...sourceOf(await job), [SOURCE_URI]: uri }),
    evidence: async () => evidenceOf(await job),
    check: async () => requirePath(workspace, await job, output, from.path),
    uri: async () => uri,
  };
}

function fromFolder(workspace: Workspace, request: ModelRequest, root: string | undefined): Source {
  const content = readContent((request.source as { path: string }).path, root);
  const place = `LocalUpload/${content.objectHash()}/${content.name}`;
  const resolver = createResolver(workspace, root === undefined ? {} : { root });
  return {
    jobName: undefined,
    isHeldBy: ({ properties }) =>
      properties?.["modelType"] === request.type &&
      // The service may rewrite an MLflow model's address (facts/04 6), but keeps the hash in it.
      (properties?.properties?.[CONTENT_HASH] === content.objectHash() ||
        String(properties?.["modelUri"] ?? "")
          .replace(/\/+$/, "")
          .endsWith(place)),
    ready: Promise.resolve(),
    properties: async () => ({ [CONTENT_HASH]: content.objectHash() }),
    evidence: async () => ({}),
    check: async () => {},
    uri: async () => (await resolver.upload(content.path)).longUri.replace(/\/+$/, ""),
  };
}

const bare = (uri: unknown) => String(uri ?? "").replace(/\/+$/, "");

function requireOutput(job: Job, output: string): void {
  const outputs = Object.keys(job.properties?.outputs ?? {}).filter((name) => name !== "default");
  if (output === "artifacts" || outputs.includes(output)) return;
  const there = outputs.length > 0 ? `it has ${outputs.sort().join(", ")}` : "it has none";
  throw new TaskError(
    "notFound",
    `The job ${job.name} has no output "${output}"; ${there}, beside its own artifacts.`,
    {
      hint: "Outputs are named under `outputs:` in the job YAML; leave the input outputName empty for the job's own artifacts.",
    },
  );
}

/** Where the services say in which datastore an output lies, something must be there. */
async function requirePath(workspace: Workspace, job: Job, output: string, path: string | undefined): Promise<void> {
  const name = output === "artifacts" ? "default" : output;
  const told = job.properties?.outputs?.[name]?.uri ?? (await outputPlace(workspace, job.name ?? "", name));
  const place: DatastorePath | undefined = told ? parseDatastoreUri(told) : undefined;
  if (!place) return;
  const { container } = await openDatastore(workspace, place.datastore);
  const folder = place.path.replace(/\/*$/, "/");
  const wanted = `${folder}${(path ?? "").replace(/^\/+|\/+$/g, "")}`;
  const there = new Set<string>();
  for await (const blob of container.list(folder, workspace.signal)) {
    if (blob.name === wanted || blob.name.startsWith(wanted.endsWith("/") ? wanted : `${wanted}/`)) return;
    there.add(blob.name.slice(folder.length).split("/")[0] ?? "");
    if (there.size > 20) break;
  }
  const instead = there.size > 0 ? `; there are ${[...there].sort().join(", ")}` : ", which is empty";
  throw new TaskError(
    "notFound",
    `There is no ${path ? JSON.stringify(path) : "file"} in the output "${output}" of the job ${job.name}${instead}.`,
  );
}

/** The job's own lineage counts before that of the pipeline run which registers the model. */
function sourceOf(job: Job): Record<string, string> {
  const entries = Object.entries(job.properties?.properties ?? {});
  return Object.fromEntries(
    entries.filter(([name]) => name.startsWith("mlflow.source.git.") || name.startsWith("azureml.git.")),
  );
}

async function create(
  workspace: Workspace,
  request: ModelRequest,
  source: Source,
  version: string,
): Promise<RegisteredModel> {
  await source.check();
  const { provenance } = workspace;
  const uri = await source.uri();
  const { name, type, description, tags } = request;
  const write = await translateModel(
    {
      name,
      version,
      type,
      path: { kind: "uri", uri },
      tags: {
        ...lineageTags(provenance),
        ...(source.jobName ? { jobName: source.jobName } : {}),
        ...tags,
        ...(await source.evidence()),
      },
      properties: { ...lineageProperties(provenance), ...(await source.properties()) },
      ...(description === undefined ? {} : { description }),
    },
    createResolver(workspace),
  );
  const put = await putVersion(workspace, "models", name, version, {
    properties: { ...(write.body["properties"] as object), ...(source.jobName ? { jobName: source.jobName } : {}) },
  });
  workspace.log.info(`Registered ${name}:${version}.`);
  return asRegistered(name, put, source, true);
}

/** A version that was made from the same; tags and a description that it lacks are added, and evidence is brought up to date. */
async function known(
  workspace: Workspace,
  request: ModelRequest,
  source: Source,
  there: AssetBody,
): Promise<RegisteredModel> {
  const version = versionIn(there) ?? "";
  const from = source.jobName === undefined ? "the same content" : `the same output of ${source.jobName}`;
  workspace.log.info(`${request.name}:${version} holds ${from} already.`);
  const has = there.properties;
  const tags = { ...request.tags, ...(await source.evidence()) };
  const lacks =
    Object.entries(tags).some(([name, value]) => has?.tags?.[name] !== value) ||
    (request.description ?? has?.description) !== has?.description;
  if (lacks) {
    const { provisioningState: _state, ...properties } = has ?? {};
    await putVersion(workspace, "models", request.name, version, {
      properties: {
        ...properties,
        tags: { ...has?.tags, ...tags },
        description: request.description ?? has?.description,
      },
    });
    workspace.log.info(`Updated the tags and the description of ${request.name}:${version}.`);
  }
  return asRegistered(request.name, { ...there, id: there.id ?? "" }, source, false);
}

function asRegistered(
  name: string,
  body: AssetBody & { id: string },
  source: Source,
  created: boolean,
): RegisteredModel {
  return {
    name,
    version: versionIn(body) ?? "",
    id: body.id,
    type: String(body.properties?.["modelType"] ?? ""),
    path: String(body.properties?.["modelUri"] ?? ""),
    created,
    jobName: source.jobName,
  };
}
