// The source of a model's files (a job's output or a local folder), its provenance, and how a version already registered from the same
// source is recognised.
// Tests: test/tasks/models-of-jobs.test.ts
import type { DatastorePath } from "../../azure/index.ts";
import type { UploadRoot } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import type { AssetBody } from "../assets/asset-home.ts";
import { openDatastore } from "../assets/datastores.ts";
import { type BlobPlace, listedEarly } from "../assets/held-files.ts";
import { contentOf } from "../assets/local-content.ts";
import type { ModelToProve } from "../assets/model-prover.ts";
import { createRegistryResolver, isRegistry, type Registry } from "../assets/registry.ts";
import { createResolver } from "../assets/resolve.ts";
import { holdsSame, liesAt } from "../assets/same-content.ts";
import {
  deeperModels,
  noMlflowModel,
  outputPathOf,
  ownDatastorePath,
  requirePath,
  unreadable,
  uriOf,
  usualPathOf,
} from "../assets/version-places.ts";
import type { Judged } from "../gate/evidence.ts";
import { tagsOfInputs } from "../jobs/job-inputs.ts";
import { getJob, type Job, jobOutputUri, requireOutput } from "../jobs/jobs.ts";
import { CONTENT_HASH, SOURCE_URI } from "../workspace/lineage.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { ModelRequest } from "./model-request.ts";

/** The source of a new model version, and the marks of a version that was made from it before. */
export interface ModelSource {
  readonly jobName: string | undefined;
  /** Read once; undefined where none made it. */
  readonly job: Promise<Job> | undefined;
  /** Whether a version holds the same, by where the service says that its files are and what lies there. */
  isHeldBy(version: AssetBody): Promise<boolean>;
  /** Whether a version says that it holds the same, so that it is worth reading beside that look. */
  isClaimedBy(version: AssetBody): boolean;
  /** Rejects where there is nothing to make a model from. */
  readonly ready: Promise<unknown>;
  properties(): Promise<Record<string, string>>;
  /** Tags that name the data and the models that the job read, as the service says them. */
  read(): Promise<Record<string, string>>;
  /** The job whose judgement counts; undefined where there is none. */
  judged(): Promise<Judged | undefined>;
  /** Awaited before anything is created. */
  check(): Promise<void>;
  /** The SHA-256 of each file of this machine, or the place where the job left them. */
  files(): ModelToProve["files"];
  /** @param version under which it is registered */
  uri(version: string): Promise<string>;
}

/** The registration of a job's output, once the job has completed. */
export function fromJob(
  workspace: Workspace,
  from: { job: string; output?: string | undefined; path?: string | undefined },
  type: ModelRequest["type"],
): ModelSource & { readonly job: Promise<Job> } {
  const output = from.output === undefined || from.output === "default" ? "artifacts" : from.output;
  const uri = jobOutputUri(from.job, output, from.path);
  const read = async () => {
    const job = await getJob(workspace, from.job);
    const { status = "unknown" } = job.properties ?? {};
    if (status !== "Completed") {
      const message = `The job ${from.job} is ${status}, not Completed, so its model is not registered.`;
      throw new TaskError("failed", message, { errorCode: "AML1502" });
    }
    requireOutput(job, output);
    return job;
  };
  const job = read();
  let resolved: Promise<DatastorePath | undefined> | undefined;
  const place = () => {
    resolved ??= job.then((one) => outputPathOf(workspace, one, output, from.path));
    return resolved;
  };
  const { signal } = workspace;
  // Most outputs lie at their usual place, which is listed beside the job. It is listed again once the job has ended: until then files may be lacking.
  const listUsual = async () => {
    const usual = usualPathOf(from.job, output, from.path);
    if (usual === undefined) return undefined;
    const { container } = await openDatastore(workspace, usual.datastore);
    return { ...usual, place: listedEarly({ container, path: bare(usual.path) }, signal) };
  };
  const open = async () => {
    const listing = listUsual().catch(() => undefined);
    const lies = await place();
    if (lies === undefined) throw unreadable(`the output "${output}" of the job ${from.job}`, uri);
    const usual = lies.datastore === usualPathOf(from.job, output, from.path)?.datastore ? await listing : undefined;
    if (usual !== undefined && bare(usual.path) === bare(lies.path)) return usual.place;
    const { container } = await openDatastore(workspace, lies.datastore);
    return { container, path: bare(lies.path) };
  };
  let opened: Promise<BlobPlace> | undefined;
  return {
    jobName: from.job,
    job,
    isClaimedBy: ({ properties }) => properties?.["modelType"] === type && properties.properties?.[SOURCE_URI] === uri,
    isHeldBy: async (version) => {
      const { properties } = version;
      const at = bare(uriOf(version));
      const jobName = properties?.["jobName"];
      if (properties?.["modelType"] !== type || (typeof jobName === "string" && jobName !== "" && jobName !== from.job))
        return false;
      if (at === bare(uri)) return true;
      const hinted = jobName === from.job || properties?.properties?.[SOURCE_URI] === uri || at.includes(from.job);
      if (!hinted) return false;
      // The service may have resolved the address to the datastore that the output lies in.
      const lies = ownDatastorePath(workspace, at) && (await place());
      return lies !== undefined && liesAt(workspace, version, lies);
    },
    ready: job,
    properties: async () => ({ ...sourceOf(await job), [SOURCE_URI]: uri }),
    read: async () => tagsOfInputs(await job),
    judged: async () => ({ workspace, job: await job, jobName: from.job }),
    check: async () => requirePath(workspace, await job, output, from.path, type),
    files: () => {
      opened ??= open();
      return opened;
    },
    uri: async () => uri,
  };
}

/** A file or folder of this machine. */
export async function fromFolder(
  home: Workspace | Registry,
  request: ModelRequest,
  path: string,
  root: UploadRoot | undefined,
): Promise<ModelSource> {
  const content = await contentOf(home, path, root);
  const deeper = deeperModels(content.isFolder ? content.files.map(({ relative }) => relative) : []);
  if (request.type === "mlflow_model" && deeper !== undefined) throw noMlflowModel(content.shown, deeper);
  const hash = await content.objectHash();
  const resolverOf = (version: string) =>
    isRegistry(home)
      ? createRegistryResolver(home, "models", request.name, version, root)
      : createResolver(home, root === undefined ? {} : { root });
  return {
    jobName: undefined,
    job: undefined,
    isClaimedBy: ({ properties }) =>
      properties?.["modelType"] === request.type && properties.properties?.[CONTENT_HASH] === hash,
    isHeldBy: async (version) =>
      version.properties?.["modelType"] === request.type && holdsSame(home, "models", request.name, version, content),
    ready: Promise.resolve(),
    properties: async () => ({ [CONTENT_HASH]: hash }),
    read: async () => ({}),
    judged: async () => undefined,
    check: async () => {},
    // Known since the content was hashed; what is sent is held against them.
    files: () => content.digests(),
    uri: async (version) => (await resolverOf(version).upload(content.path)).longUri.replace(/\/+$/, ""),
  };
}

const bare = (uri: string) => uri.replace(/\/+$/, "");

/** The job's own lineage counts before that of the pipeline run which registers the model. */
function sourceOf(job: Job): Record<string, string> {
  const entries = Object.entries(job.properties?.properties ?? {});
  return Object.fromEntries(
    entries.filter(([name]) => name.startsWith("mlflow.source.git.") || name.startsWith("azureml.git.")),
  );
}
