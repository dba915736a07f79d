// Locates the files of a version from the service's own statement: in a datastore of this workspace, in the output of one of its jobs, or
// in a container of the registry's own. Other addresses are not opened, and get no credential.
// Tests: test/tasks/models-of-jobs.test.ts, test/lib/ml/gate/champion.test.ts
import { type DatastorePath, homeOfUri, parseArmId, parseDatastoreUri } from "../../azure/index.ts";
import type { AssetKind } from "../../documents/language/resolver.ts";
import { TaskError } from "../../errors.ts";
import { findJob, type Job } from "../jobs/jobs.ts";
import { outputPlace } from "../jobs/runs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { AssetBody } from "./asset-home.ts";
import { versionIn } from "./assets.ts";
import { DEFAULT_DATASTORE, openDatastore } from "./datastores.ts";
import type { BlobPlace } from "./held-files.ts";
import { isRegistry, openFiles, type Registry } from "./registry.ts";

/** The service's prefix for the path of an MLflow model that it has copied (docs/facts/azureml-wire.md#6). */
export const REPLICATED = "ServiceReplicated/[^/]+/";

/** The datastore of what runs leave. */
export const ARTIFACTS = "workspaceartifactstore";

const bare = (path: string) => path.replace(/\/+$/, "");

/** The address of a version's files. */
export const uriOf = ({ properties }: AssetBody): string =>
  String(properties?.["modelUri"] ?? properties?.["dataUri"] ?? "");

/** Whether a version's files are a copy that the service has made. */
export const isReplicated = (version: AssetBody): boolean =>
  new RegExp(`^${REPLICATED}`).test(parseDatastoreUri(uriOf(version))?.path ?? "");

/** A path in a datastore of this very workspace, without a slash at its end; undefined where the address is another workspace's. */
export function ownDatastorePath(workspace: Pick<Workspace, "id">, uri: string): DatastorePath | undefined {
  const place = parseDatastoreUri(uri);
  if (!place) return undefined;
  const own = parseArmId(workspace.id);
  const isOwn =
    !/^azureml:\/\/subscriptions\//i.test(uri) ||
    homeOfUri(uri) === `${own?.subscriptionId}/${own?.resourceGroup}/${own?.workspace}`.toLowerCase();
  return isOwn ? { datastore: place.datastore, path: bare(place.path) } : undefined;
}

/** Where a job's output lies, or a path in it, as the services resolve it; undefined where they do not say. */
export async function outputPathOf(
  workspace: Workspace,
  job: Job | undefined,
  output: string,
  path: string | undefined,
): Promise<DatastorePath | undefined> {
  const name = output === "artifacts" ? "default" : output;
  const uri = job?.properties?.outputs?.[name]?.uri ?? (await outputPlace(workspace, job?.name ?? "", name));
  return uri ? within(ownDatastorePath(workspace, uri), path) : usualPathOf(job?.name, output, path);
}

/** Where most outputs of a job lie, or a path in them: the services may say another place. */
export const usualPathOf = (
  job: string | undefined,
  output: string,
  path: string | undefined,
): DatastorePath | undefined => within(usualPlace(job, output === "artifacts" ? "default" : output), path);

function within(place: DatastorePath | undefined, path: string | undefined): DatastorePath | undefined {
  const below = (path ?? "").replace(/^\/+|\/+$/g, "");
  return place && { datastore: place.datastore, path: below === "" ? place.path : `${place.path}/${below}` };
}

const JOB_URI = /^azureml:\/\/jobs\/([^/]+)\/outputs\/([^/]+)(?:\/paths\/(.*))?$/i;

/** The job, the output and the path in it that an address names, as `azureml://jobs/…` or `runs:/…`. */
export function jobPlaceOf(uri: string): { job: string; output: string; path: string | undefined } | undefined {
  const [, job, output, path] = JOB_URI.exec(uri) ?? [];
  if (job !== undefined && output !== undefined) return { job, output, path };
  const [, run, below] = /^runs:\/+([^/]+)(?:\/(.*))?$/.exec(uri) ?? [];
  return run === undefined ? undefined : { job: run, output: "artifacts", path: below };
}

/**
 * The datastore and the path of an address in any form: the services answer addresses in another form than they
 * were given, so only these are compared. Undefined for what lies in no datastore of this workspace. A job is read once in a run.
 */
export async function placeOfUri(workspace: Workspace, uri: string): Promise<DatastorePath | undefined> {
  const named = jobPlaceOf(uri);
  if (named === undefined) return ownDatastorePath(workspace, uri);
  const job = await workspace.once(`place of ${named.job}`, () => findJob(workspace, named.job));
  if (job === undefined) return undefined;
  const place = await outputPathOf(workspace, job, named.output, named.path);
  return place && { ...place, path: bare(place.path) };
}

/** The file by which a folder is an MLflow model. */
const MLMODEL = "MLmodel";
/** Blobs of an output that are looked through for it: an output with more is not refused. */
const LOOKED_THROUGH = 5_000;

/** Why a folder is no MLflow model, and what to do. @param inner relative paths of files named MLmodel that lie deeper */
export function noMlflowModel(shown: string, inner: readonly string[]): TaskError {
  const deeper = inner[0] === undefined ? "" : ` There is one in ${inner[0].slice(0, -MLMODEL.length - 1)}.`;
  return new TaskError("input", `${shown} has no file ${MLMODEL}, so it is no MLflow model.${deeper}`, {
    errorCode: "AML1313",
    hint: `Set the input type to custom_model, or name the folder that holds ${MLMODEL}.`,
  });
}

/** Files named MLmodel below a folder, by relative paths; undefined where the folder itself has one. */
export function deeperModels(files: Iterable<string>): string[] | undefined {
  const all = [...files];
  return all.includes(MLMODEL) ? undefined : all.filter((name) => name.endsWith(`/${MLMODEL}`)).sort();
}

/**
 * Where the services say in which datastore an output lies, something must be there, and an MLflow model's own file where it is one.
 * @throws TaskError `notFound` that names what lies there instead; `input` for what is no MLflow model
 */
export async function requirePath(
  workspace: Workspace,
  job: Job,
  output: string,
  path: string | undefined,
  type?: string,
): Promise<void> {
  const name = output === "artifacts" ? "default" : output;
  const uri = job.properties?.outputs?.[name]?.uri ?? (await outputPlace(workspace, job.name ?? "", name));
  const place = uri ? ownDatastorePath(workspace, uri) : undefined;
  if (!place) return;
  const { container } = await openDatastore(workspace, place.datastore);
  const folder = place.path.replace(/\/*$/, "/");
  const wanted = `${folder}${(path ?? "").replace(/^\/+|\/+$/g, "")}`;
  const within = wanted.endsWith("/") ? wanted : `${wanted}/`;
  const there = new Set<string>();
  const found: string[] = [];
  for await (const blob of container.list(folder, workspace.signal)) {
    if (blob.name === wanted || blob.name.startsWith(within)) {
      const below = blob.name.slice(within.length);
      if (type !== "mlflow_model" || below === MLMODEL || found.length >= LOOKED_THROUGH) return;
      found.push(below);
      continue;
    }
    if (found.length > 0) break;
    there.add(blob.name.slice(folder.length).split("/")[0] ?? "");
    if (there.size > 20) break;
  }
  if (found.length > 0)
    throw noMlflowModel(
      `The output "${output}" of the job ${job.name}${path ? `, at ${path},` : ""}`,
      deeperModels(found) ?? [],
    );
  const instead = there.size > 0 ? `; there are ${[...there].sort().join(", ")}` : ", which is empty";
  throw new TaskError(
    "notFound",
    `There is no ${path ? JSON.stringify(path) : "file"} in the output "${output}" of the job ${job.name}${instead}.`,
    { errorCode: "AML1706" },
  );
}

/** The default location of outputs (docs/facts/azureml-services.md#5.4). */
function usualPlace(job: string | undefined, output: string): DatastorePath | undefined {
  if (!job) return undefined;
  return output === "default"
    ? { datastore: ARTIFACTS, path: `ExperimentRun/dcid.${job}` }
    : { datastore: DEFAULT_DATASTORE, path: `azureml/${job}/${output}` };
}

/** The blobs of a version; undefined where its address leads to no place that this workspace or registry keeps. */
export async function blobsOf(
  home: Workspace | Registry,
  kind: AssetKind,
  name: string,
  version: AssetBody,
): Promise<BlobPlace | undefined> {
  const uri = uriOf(version);
  if (isRegistry(home)) {
    const path = registryPath(uri);
    if (path === undefined) return undefined;
    return { container: await openFiles(home, kind, name, versionIn(version) ?? "", uri), path };
  }
  const named = jobPlaceOf(uri);
  const place =
    named === undefined
      ? ownDatastorePath(home, uri)
      : await outputPathOf(home, await findJob(home, named.job), named.output, named.path);
  return place && { container: (await openDatastore(home, place.datastore)).container, path: place.path };
}

/** For files at an address that leads to no place of ours. */
export const unreadable = (called: string, uri: string) =>
  new TaskError("input", `The files of ${called} are at ${uri}, which this task cannot read.`, {
    errorCode: "AML1703",
    hint: "It reads datastores of the workspace, outputs of its jobs, and the files of a registry's own versions.",
  });

/** The path inside the container that a blob's own address names. */
export function registryPath(uri: string): string | undefined {
  const [, path] = /^https:\/\/[^/?#]+\/[^/?#]+\/([^?#]+)$/i.exec(uri) ?? [];
  try {
    return path === undefined ? undefined : bare(decodeURIComponent(path));
  } catch {
    return undefined;
  }
}

/**
 * A registry answers a PUT before it has made the version: two that were accepted at once leave one of them, and whose it is shows there.
 * @throws TaskError `conflict`, as where the service says so itself
 */
export function requireOwn(what: string, made: AssetBody, sent: string): void {
  const [at, wanted] = [registryPath(uriOf(made)), registryPath(sent)];
  if (at === undefined || wanted === undefined || at === wanted) return;
  throw new TaskError("conflict", `Another run made ${what} at the same time, with other content.`, {
    errorCode: "AML1701",
    status: 409,
  });
}

/** As `blobsOf`; undefined too where the place cannot be opened. */
export async function provenBlobsOf(...given: Parameters<typeof blobsOf>): Promise<BlobPlace | undefined> {
  try {
    return await blobsOf(...given);
  } catch (error) {
    if (error instanceof TaskError && (error.kind === "input" || [400, 401, 403, 404].includes(error.status ?? 0)))
      return undefined;
    throw error;
  }
}
