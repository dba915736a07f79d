// What a model is made from: a job's output or files of this machine; how a version is known that was made from it before, and what it
// says of where it came from.
import { type DatastorePath, parseDatastoreUri } from "../azure/index.ts";
import { TaskError } from "../errors.ts";
import type { UploadRoot } from "../spec/index.ts";
import type { AssetBody } from "./assets.ts";
import { contentOf } from "./content.ts";
import { openDatastore } from "./datastores.ts";
import type { Judged } from "./evidence.ts";
import { sameFiles } from "./held-files.ts";
import { getJob, type Job, jobOutputUri } from "./jobs.ts";
import { CONTENT_HASH, SOURCE_URI } from "./lineage.ts";
import type { ModelRequest } from "./model-request.ts";
import { createRegistryResolver, isRegistry, type Registry } from "./registry.ts";
import { createResolver } from "./resolve.ts";
import { outputPlace } from "./runs.ts";
import { holdsSame, REPLICATED } from "./same-content.ts";
import { outputPathOf, ownDatastorePath, provenBlobsOf, uriOf } from "./version-places.ts";
import type { Workspace } from "./workspace.ts";

/** What a model version would be made from, and how one is known that was made from it before. */
export interface ModelSource {
  readonly jobName: string | undefined;
  /** Whether a version holds the same, by where the service says that its files are and what lies there. */
  isHeldBy(version: AssetBody): Promise<boolean>;
  /** Rejects where there is nothing to make a model from. */
  readonly ready: Promise<unknown>;
  properties(): Promise<Record<string, string>>;
  /** The job whose judgement counts; undefined where there is none. */
  judged(): Promise<Judged | undefined>;
  /** Awaited before anything is created. */
  check(): Promise<void>;
  /** @param version under which it is registered */
  uri(version: string): Promise<string>;
}

/** What a job's output, once the job has completed, would be registered as. */
export function fromJob(
  workspace: Workspace,
  from: { job: string; output?: string | undefined; path?: string | undefined },
  type: ModelRequest["type"],
): ModelSource {
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
  let resolved: Promise<DatastorePath | undefined> | undefined;
  const place = () => {
    resolved ??= job.then((one) => outputPathOf(workspace, one, output, from.path));
    return resolved;
  };
  return {
    jobName: from.job,
    isHeldBy: async (version) => {
      const { properties } = version;
      const at = bare(uriOf(version));
      const told = properties?.["jobName"];
      if (properties?.["modelType"] !== type || (typeof told === "string" && told !== "" && told !== from.job))
        return false;
      if (at === bare(uri)) return true;
      const hinted = told === from.job || properties?.properties?.[SOURCE_URI] === uri || at.includes(from.job);
      if (!hinted) return false;
      // The service may have resolved the address to the datastore that the output lies in.
      const held = ownDatastorePath(workspace, at);
      const lies = held && (await place());
      if (!held || !lies || held.datastore !== lies.datastore) return false;
      if (held.path === lies.path) return true;
      // Some workspaces keep a copy of an MLflow model (facts/04 6): the files of the copy are compared.
      if (!new RegExp(`^${REPLICATED}`).test(held.path) || !held.path.endsWith(`/${lies.path}`)) return false;
      const [copy, { container }] = await Promise.all([
        provenBlobsOf(workspace, "models", "", version),
        openDatastore(workspace, lies.datastore),
      ]);
      return copy !== undefined && sameFiles(copy, { container, path: lies.path }, workspace.signal);
    },
    ready: job,
    properties: async () => ({ ...sourceOf(await job), [SOURCE_URI]: uri }),
    judged: async () => ({ workspace, job: await job, jobName: from.job }),
    check: async () => requirePath(workspace, await job, output, from.path),
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
  const hash = await content.objectHash();
  const resolverOf = (version: string) =>
    isRegistry(home)
      ? createRegistryResolver(home, "models", request.name, version, root)
      : createResolver(home, root === undefined ? {} : { root });
  return {
    jobName: undefined,
    isHeldBy: async (version) =>
      version.properties?.["modelType"] === request.type && holdsSame(home, "models", request.name, version, content),
    ready: Promise.resolve(),
    properties: async () => ({ [CONTENT_HASH]: hash }),
    judged: async () => undefined,
    check: async () => {},
    uri: async (version) => (await resolverOf(version).upload(content.path)).longUri.replace(/\/+$/, ""),
  };
}

const bare = (uri: string) => uri.replace(/\/+$/, "");

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
