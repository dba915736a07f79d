// Downloads a model: resolves the version, locates its files, and brings them to a folder once (idempotent).
// Tests: test/tasks/download.test.ts
import path from "node:path";
import ignore from "ignore";
import {
  type Container,
  type DownloadReport,
  downloadFiles,
  type FileToDownload,
  openContainer,
  storageAccountOf,
} from "../../azure/index.ts";
import { folderAround, type UploadFolders } from "../../documents/index.ts";
import { TaskError } from "../../errors.ts";
import { findJob, getJob } from "../jobs/jobs.ts";
import { outputPlace } from "../jobs/runs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { AssetBody, AssetHome } from "./asset-home.ts";
import { versionOfLabel } from "./asset-labels.ts";
import { type AssetStore, needWorkspace } from "./asset-store.ts";
import { findVersion, noSuchAsset } from "./assets.ts";
import { namedAccounts, openDatastore } from "./datastores.ts";
import { openFiles } from "./registry.ts";
import { ownDatastorePath } from "./version-places.ts";

export interface DownloadRequest {
  readonly name: string;
  /** A version, or a label after `@`; the latest where absent. */
  readonly version?: string | undefined;
  /** Where the files go, and the folder that this must not leave by a link: see `downloadFolder`. */
  readonly folder: string;
  readonly within?: string | undefined;
  /** Tells which files are wanted, by their path inside the model. */
  readonly wants: (path: string) => boolean;
}

export interface DownloadedModel {
  /** The record's section on the version. */
  readonly section: {
    readonly name: string;
    readonly version: string;
    readonly id: string;
    readonly type: string;
    /** The service's address of its content. */
    readonly path: string;
    readonly jobName?: string;
  };
  /** The file, where the model is one; the folder otherwise. */
  readonly path: string;
  readonly report: DownloadReport;
  readonly origin: ModelOrigin;
}

/** The origin of a model, as far as the service has it; otherwise empty texts. */
export interface ModelOrigin {
  readonly jobName: string;
  readonly repository: string;
  readonly branch: string;
  readonly commit: string;
  readonly runUri: string;
}

/**
 * Downloads a version's files. Three round trips to find them (two more where the version points at a job's output), and
 * the files side by side; what is there already is not brought again.
 * @throws TaskError `notFound` for a model, a version or files that are not there; `service` where a file's name would
 * lead out of the folder
 */
export async function downloadModel(from: AssetStore, request: DownloadRequest): Promise<DownloadedModel> {
  const { home, signal } = from;
  const { name } = request;
  const version = await versionOf(home, request);
  const there = await findVersion(home, "models", name, version);
  if (!there) throw await noSuchAsset(home, "models", name, version);
  const uri = String(there.properties?.["modelUri"] ?? "");
  const { container, path } = await filesOf(from, name, version, uri);
  const prefix = path.replace(/\/+$/, "");
  const found: FileToDownload[] = [];
  let isFile = false;
  try {
    for await (const blob of container.files(prefix, signal)) {
      // A prefix also matches names that are longer, such as `model-2` for `model`.
      if (blob.name !== prefix && prefix !== "" && !blob.name.startsWith(`${prefix}/`)) continue;
      isFile ||= blob.name === prefix;
      const relative =
        blob.name === prefix
          ? (prefix.split("/").at(-1) ?? "")
          : blob.name.slice(prefix === "" ? 0 : prefix.length + 1);
      found.push({ blob, relative });
    }
  } catch (error) {
    throw container.isAnonymous ? sayForeign(uri, error) : error;
  }
  if (found.length === 0) {
    throw new TaskError("notFound", `${name}:${version} has no files: nothing lies at ${uri}.`, {
      errorCode: "AML1706",
      hint: "The job's output, or the folder in the datastore, that the version points at may have been deleted.",
    });
  }
  const wanted = found.filter(({ relative }) => request.wants(relative));
  if (wanted.length === 0) {
    const names = found.slice(0, 10).map(({ relative }) => relative);
    throw new TaskError("input", `None of the files of ${name}:${version} is wanted; it has ${names.join(", ")}.`, {
      errorCode: "AML1706",
      hint: "Correct the input itemPattern.",
    });
  }
  const report = await downloadFiles(container, wanted, request.folder, { signal, within: request.within });
  const origin = await originOf(from.workspace, there);
  return {
    section: {
      name,
      version,
      id: there.id ?? "",
      type: String(there.properties?.["modelType"] ?? ""),
      path: uri,
      ...(origin.jobName === "" ? {} : { jobName: origin.jobName }),
    },
    path: isFile && found.length === 1 ? `${request.folder}/${found[0]?.relative}` : request.folder,
    report,
    origin,
  };
}

async function versionOf(home: AssetHome, { name, version }: DownloadRequest): Promise<string> {
  const label = version === undefined ? "latest" : /^@(.+)$/.exec(version)?.[1];
  return version === undefined || label !== undefined
    ? await versionOfLabel(home, "models", name, label ?? "latest")
    : version;
}

/**
 * Where a download goes. A path in one of the agent's folders stays there by its real path; one that was written as an absolute path
 * to another place is accepted as it is, unless it is a link itself.
 * @throws TaskError kind `input` for a relative path that leaves those folders
 */
export function downloadFolder(
  given: string,
  folders: UploadFolders,
): { readonly folder: string; readonly within: string | undefined } {
  const folder = path.resolve(folders.root, given);
  const within = folderAround(folder, folders);
  if (within !== undefined || path.isAbsolute(given)) return { folder, within };
  throw new TaskError("input", `The path ${given} leaves the working directory, so nothing is downloaded there.`, {
    errorCode: "AML1707",
    hint: "Correct the input downloadPath: write a path below the working directory, or an absolute one.",
  });
}

/** A registry opens the container of its version itself (docs/facts/azureml-services.md#4.7). */
async function filesOf(
  from: AssetStore,
  name: string,
  version: string,
  uri: string,
): Promise<{ container: Container; path: string }> {
  if (from.registry === undefined) return placeOf(needWorkspace(from, `The model ${name}`), uri);
  const path = blobOf(uri)?.path;
  if (path === undefined) throw sayElsewhere(uri);
  return { container: await openFiles(from.registry, "models", name, version, uri), path };
}

/** A blob's own address: its container's, and its path in there. */
function blobOf(uri: string): { container: string; path: string } | undefined {
  const [, container, path = ""] = /^(https:\/\/[^/]+\/[^/]+)(?:\/(.*))?$/i.exec(uri.replace(/\?.*$/, "")) ?? [];
  if (container === undefined || !URL.canParse(container)) return undefined;
  try {
    return { container, path: decodeURIComponent(path) };
  } catch {
    return undefined;
  }
}

/** Where a model's address leads: a datastore of this workspace, a job's output, or a blob's own address. */
async function placeOf(workspace: Workspace, uri: string): Promise<{ container: Container; path: string }> {
  const job = /^azureml:\/\/jobs\/([^/]+)\/outputs\/([^/]+)(?:\/paths\/(.*))?$/i.exec(uri);
  if (job) {
    const [, jobName = "", output = "", path = ""] = job;
    const name = output === "artifacts" ? "default" : output;
    const { properties } = await getJob(workspace, jobName);
    const lies = properties?.outputs?.[name]?.uri ?? (await outputPlace(workspace, jobName, name));
    if (!lies) {
      throw new TaskError("service", `Azure does not say where the output ${output} of the job ${jobName} lies.`, {
        errorCode: "AML1111",
      });
    }
    const folder = ownDatastorePath(workspace, lies);
    if (!folder) throw sayElsewhere(lies);
    const { container } = await openDatastore(workspace, folder.datastore);
    return { container, path: `${folder.path.replace(/\/+$/, "")}/${path.replace(/^\/+/, "")}` };
  }
  const place = ownDatastorePath(workspace, uri);
  if (place) return { container: (await openDatastore(workspace, place.datastore)).container, path: place.path };
  const blob = blobOf(uri);
  if (blob) return { container: await containerAt(workspace, blob.container), path: blob.path };
  throw sayElsewhere(uri);
}

/**
 * A container that a version names by its address. Whoever may register a version writes that address, so the task's token goes
 * there only where the workspace itself names the account; blobs of other accounts are read as everybody may read them.
 */
export async function containerAt(workspace: Workspace, address: string): Promise<Container> {
  const { azure } = workspace;
  const account = storageAccountOf(azure.cloud, new URL(address));
  if (account === undefined) {
    throw new TaskError(
      "input",
      `The model's files are at ${new URL(address).host}, which is not storage of this cloud: no credential was sent there.`,
      { errorCode: "AML1703", hint: "Register the model from a datastore of the workspace." },
    );
  }
  const isNamed = (await namedAccounts(workspace)).has(account);
  return openContainer(azure, address, isNamed ? { kind: "entra", account } : { kind: "anonymous" });
}

/** The error for files that cannot be read without a credential, in an account to which none is sent. */
function sayForeign(uri: string, error: unknown): unknown {
  if (!(error instanceof TaskError) || ![401, 403, 404, 409].includes(error.status ?? 0)) return error;
  return new TaskError(
    "input",
    `The model's files are at ${uri}, in a storage account that belongs to none of the workspace's datastores; the task sent no credential there, and the files are not public.`,
    {
      errorCode: "AML1703",
      hint: "Make the account's container a datastore of the workspace, and register the model from there.",
    },
  );
}

function sayElsewhere(uri: string): TaskError {
  return new TaskError("input", `The model's files are at ${uri}, which this task cannot download.`, {
    errorCode: "AML1703",
    hint: "It downloads from datastores of the workspace, from outputs of its jobs and from blob storage.",
  });
}

/** The version's own lineage, and its job's for what it does not say. */
async function originOf(workspace: Workspace | undefined, version: AssetBody): Promise<ModelOrigin> {
  const jobName = String(version.properties?.["jobName"] ?? "");
  const own: Record<string, string> = { ...version.properties?.tags, ...version.properties?.properties };
  const needsJob = workspace !== undefined && jobName !== "" && own["mlflow.source.git.commit"] === undefined;
  const job = needsJob ? await findJob(workspace, jobName) : undefined;
  const known: Record<string, string> = { ...job?.properties?.properties, ...own };
  return {
    jobName,
    repository: known["mlflow.source.git.repoURL"] ?? "",
    branch: known["mlflow.source.git.branch"] ?? "",
    commit: known["mlflow.source.git.commit"] ?? "",
    runUri: known["azureml.git.build_uri"] ?? known["BuildUri"] ?? "",
  };
}

/** The files that the patterns match: as in .gitignore, one a line; all files if there is no pattern. */
export function fileFilter(patterns: string | undefined): (path: string) => boolean {
  const lines = (patterns ?? "").split(/\r\n|\r|\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) return () => true;
  const filter = ignore().add(lines);
  return (path) => ignore.isPathValid(path) && filter.ignores(path);
}
