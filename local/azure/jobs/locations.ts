// From a reference to the bytes: which container and path of the storage account (or which public URL) it stands for.
import { locate as placeOf } from "../locate.ts";
import { registryUri } from "../registries/assets.ts";
import { containerOf } from "../resources/datastores.ts";
import type { AzureWorld } from "../world.ts";
import { JobError } from "./failure.ts";
import { type JobRecord, runFolder } from "./record.ts";
import { type AssetType, parseReference, type Reference } from "./references.ts";

/** `path` names a blob or, with everything below `path/`, a folder; it has no slash at either end. */
export type Location =
  | { readonly kind: "blob"; readonly container: string; readonly path: string }
  | { readonly kind: "url"; readonly url: string };

/**
 * Follows a reference until it names bytes: an asset to its URI, a job's output to its path.
 * @throws JobError (the user's) when something on the way does not exist, saying what
 */
export function locate(world: AzureWorld, text: string, shortType: AssetType = "data", depth = 0): Location {
  if (depth > 5) throw new JobError(`'${text}' leads in a circle.`);
  const reference = parseReference(text, shortType);
  switch (reference.kind) {
    case "asset":
    case "latest":
      return locate(world, assetUri(world, reference), shortType, depth + 1);
    case "datastore": {
      const container = containerOf(world, reference.datastore);
      if (container === undefined)
        throw new JobError(`Datastore '${reference.datastore}' does not exist; '${text}' names it.`);
      return blob(container, reference.path);
    }
    case "jobOutput":
      return jobOutput(world, reference, depth);
    case "runArtifact":
      return blob("azureml", `${runFolder(reference.run)}${reference.path}`);
    case "https": {
      // Our own storage account is read with the account's key; any other URL is fetched as it stands.
      const place = placeOf(world, reference.url);
      return place === undefined ? { kind: "url", url: reference.url } : blob(place.container, place.path);
    }
    case "registry": {
      const uri = registryUri(world, reference);
      if (uri === undefined) throw new JobError(`'${text}' is in no registry that local Azure has.`);
      return locate(world, uri, shortType, depth + 1);
    }
    case "unknown":
      throw new JobError(`'${text}' is no reference that a job can read.`);
  }
}

/** The URI that an asset version stands for. @throws JobError when there is no such version */
export function assetUri(world: AzureWorld, reference: Extract<Reference, { kind: "asset" | "latest" }>): string {
  const store = world.assets[reference.type];
  const version =
    reference.kind === "asset" ? store.version(reference.name, reference.version) : store.latest(reference.name);
  const wanted = `${reference.name}:${reference.kind === "asset" ? reference.version : reference.label}`;
  if (version === undefined) throw new JobError(`${assetWords[reference.type]} ${wanted} does not exist.`);
  const uri =
    version.properties[
      { data: "dataUri", models: "modelUri", codes: "codeUri", environments: "", components: "" }[reference.type]
    ];
  if (typeof uri !== "string") throw new JobError(`${assetWords[reference.type]} ${wanted} has no URI.`);
  return uri;
}

const assetWords: Record<AssetType, string> = {
  data: "Data asset",
  models: "Model",
  codes: "Code",
  environments: "Environment",
  components: "Component",
};

function jobOutput(world: AzureWorld, reference: Extract<Reference, { kind: "jobOutput" }>, depth: number): Location {
  const job = world.store<JobRecord>("jobs").get(reference.job);
  if (job === undefined) throw new JobError(`Job '${reference.job}' does not exist.`);
  // `artifacts` is how official clients name the run's own folder (facts/03 2.9).
  const uri = job.outputUris[reference.output === "artifacts" ? "default" : reference.output];
  if (uri === undefined) {
    throw new JobError(
      `Job '${reference.job}' has no output '${reference.output}'; it has ${Object.keys(job.outputUris).join(", ")}.`,
    );
  }
  const base = locate(world, uri, "data", depth + 1);
  if (base.kind === "url") return base;
  return blob(base.container, reference.path === "" ? base.path : `${base.path}/${reference.path}`);
}

function blob(container: string, path: string): Location {
  return { kind: "blob", container, path: path.replace(/^\/+|\/+$/g, "") };
}
