// From a reference to the bytes: which container and path of the storage account (or which public URL) it stands for.

import { type JobRecord, runFolder } from "../records/job.ts";
import { JobError } from "../records/job-failure.ts";
import { type AssetType, parseReference, type Reference } from "../records/references.ts";
import type { AzureWorld } from "../world/world.ts";
import { containerOf } from "./datastores.ts";
import { registryUri } from "./registries.ts";

/** A blob of the storage account, or a folder. */
export interface StoragePlace {
  readonly container: string;
  /** Blob name or prefix, without a leading slash. */
  readonly path: string;
}

/** `path` names a blob or, with everything below `path/`, a folder; it has no slash at either end. */
export type Location = ({ readonly kind: "blob" } & StoragePlace) | { readonly kind: "url"; readonly url: string };

/**
 * Follows a reference until it names bytes: an asset to its URI, a job's output to its path.
 * @throws JobError (the user's) when something on the way does not exist, saying what
 */
export function locate(world: AzureWorld, text: string, shortType: AssetType = "data"): Location {
  const found = follow(world, text, shortType, 0);
  if (found.kind === "nowhere") throw new JobError(found.why);
  return found.kind === "url" ? found : blob(found.container, found.path.replace(/^\/+|\/+$/g, ""));
}

/**
 * Where a datastore URI (short or long), a job output's URI or a blob URL of our account points to; a slash at its end stays.
 * Undefined when that is not in the storage account (other hosts), and for names of assets.
 * For an output that nobody knows these are the default places (docs/facts/azureml-services.md#5.4, docs/facts/azureml-wire.md#9.1).
 */
export function storagePlace(world: AzureWorld, uri: string): StoragePlace | undefined {
  const reference = parseReference(uri);
  if (reference.kind === "asset" || reference.kind === "latest") return undefined;
  const isUnknown = reference.kind === "jobOutput" && outputUri(world, reference) === undefined;
  const found = isUnknown ? defaultPlace(world, reference) : follow(world, uri, "data", 0);
  return found.kind === "blob" ? { container: found.container, path: found.path } : undefined;
}

/** A reference that leads nowhere says why. */
type Found = Location | { readonly kind: "nowhere"; readonly why: string };
type JobOutputReference = Extract<Reference, { kind: "jobOutput" }>;
type AssetReference = Extract<Reference, { kind: "asset" | "latest" }>;

const blob = (container: string, path: string): Found & { kind: "blob" } => ({ kind: "blob", container, path });
const nowhere = (why: string): Found => ({ kind: "nowhere", why });

function follow(world: AzureWorld, text: string, shortType: AssetType, depth: number): Found {
  if (depth > 5) return nowhere(`'${text}' leads in a circle.`);
  const reference = parseReference(text, shortType);
  switch (reference.kind) {
    case "asset":
    case "latest":
      return ofAsset(world, reference, (uri) => follow(world, uri, shortType, depth + 1));
    case "datastore":
      return (
        inDatastore(world, reference.datastore, reference.path) ??
        nowhere(`Datastore '${reference.datastore}' does not exist; '${text}' names it.`)
      );
    case "jobOutput":
      return ofJobOutput(world, reference, (uri) => follow(world, uri, "data", depth + 1));
    case "runArtifact":
      return inRun(world, reference.run, reference.path);
    case "https":
      return ofUrl(world, reference.url);
    case "registry": {
      const uri = registryUri(world, reference);
      return uri === undefined
        ? nowhere(`'${text}' is in no registry that local Azure has.`)
        : follow(world, uri, shortType, depth + 1);
    }
    case "unknown":
      return nowhere(`'${text}' is no reference that a job can read.`);
  }
}

const assetWords: Record<AssetType, string> = {
  data: "Data asset",
  models: "Model",
  codes: "Code",
  environments: "Environment",
  components: "Component",
};

function ofAsset(world: AzureWorld, reference: AssetReference, next: (uri: string) => Found): Found {
  const store = world.assets[reference.type];
  const version =
    reference.kind === "asset" ? store.version(reference.name, reference.version) : store.latest(reference.name);
  const wanted = `${assetWords[reference.type]} ${reference.name}:${reference.kind === "asset" ? reference.version : reference.label}`;
  if (version === undefined) return nowhere(`${wanted} does not exist.`);
  const key = { data: "dataUri", models: "modelUri", codes: "codeUri", environments: "", components: "" };
  const uri = version.properties[key[reference.type]];
  return typeof uri === "string" ? next(uri) : nowhere(`${wanted} has no URI.`);
}

/** `artifacts` is how official clients name the run's own folder (docs/facts/azureml-documents.md#2.9). */
const outputName = ({ output }: JobOutputReference): string => (output === "artifacts" ? "default" : output);

const jobOf = (world: AzureWorld, { job }: JobOutputReference) => world.store<JobRecord>("jobs").get(job);

/** The location of a job's output; undefined for an unknown job or output. */
const outputUri = (world: AzureWorld, reference: JobOutputReference): string | undefined =>
  jobOf(world, reference)?.outputUris[outputName(reference)];

function ofJobOutput(world: AzureWorld, reference: JobOutputReference, next: (uri: string) => Found): Found {
  const job = jobOf(world, reference);
  if (job === undefined) return nowhere(`Job '${reference.job}' does not exist.`);
  const uri = outputUri(world, reference);
  if (uri === undefined) {
    return nowhere(
      `Job '${reference.job}' has no output '${reference.output}'; it has ${Object.keys(job.outputUris).join(", ")}.`,
    );
  }
  const root = next(uri);
  return root.kind === "blob" ? blob(root.container, joined(root.path, reference.path)) : root;
}

function defaultPlace(world: AzureWorld, reference: JobOutputReference): Found {
  const { job, output, path } = reference;
  return outputName(reference) === "default"
    ? inRun(world, job, path)
    : (inDatastore(world, "workspaceblobstore", `azureml/${job}/${output}/${path}`) ?? nowhere(""));
}

function joined(root: string, path: string): string {
  return path === "" ? root : `${root.replace(/\/+$/, "")}/${path}`;
}

function inDatastore(world: AzureWorld, datastore: string, path: string): Found | undefined {
  const container = containerOf(world, datastore);
  return container === undefined ? undefined : blob(container, path);
}

function inRun(world: AzureWorld, run: string, path: string): Found {
  return inDatastore(world, "workspaceartifactstore", `${runFolder(run)}${path}`) ?? nowhere("");
}

/** Our own storage account is read with the account's key; any other URL is fetched as it stands. */
function ofUrl(world: AzureWorld, text: string): Found {
  const other: Found = { kind: "url", url: text };
  if (!URL.canParse(text)) return other;
  const url = new URL(text);
  if (url.hostname !== new URL(world.urls.storage).hostname) return other;
  const [container = "", ...rest] = url.pathname.slice(1).split("/").map(decodeURIComponent);
  return container === "" ? other : blob(container, rest.join("/"));
}
