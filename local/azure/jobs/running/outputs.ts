// Outputs of a job: where each is written, its upload after success, and the asset version that it becomes.
import { mkdir, readdir, stat } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { Author } from "../../arm/envelope.ts";
import { type JobBody, type JobOutput, type JobRecord, runFolder } from "../../records/job.ts";
import { JobError } from "../../records/job-failure.ts";
import { longDatastoreUri, parseReference } from "../../records/references.ts";
import { declaredFlavors } from "../../workspace/flavors.ts";
import { locate } from "../../workspace/locate.ts";
import type { AzureWorld } from "../../world/world.ts";

/**
 * The URI of every output, known before the job runs; `default` is the run's own folder. An output without a URI goes to
 * `azureml/<job>/<name>/` in the default datastore (docs/facts/azureml-services.md#5.4).
 * A file output's name without the slash at its end is inferred, not verified against live Azure.
 */
export function outputUris(world: AzureWorld, job: string, body: JobBody): Record<string, string> {
  const uris: Record<string, string> = {
    default: longDatastoreUri(world, "workspaceartifactstore", runFolder(job)),
  };
  for (const [name, output] of Object.entries(body.outputs ?? {})) {
    const slash = output.jobOutputType === "uri_file" ? "" : "/";
    const given = output.uri
      ?.replace(/\$\{\{\s*name\s*\}\}/g, job)
      .replace(/\$\{\{\s*default_datastore\s*\}\}/g, "workspaceblobstore");
    const reference = given ? parseReference(given) : undefined;
    if (reference?.kind === "datastore") {
      const path = reference.path === "" || reference.path.endsWith("/") ? reference.path : `${reference.path}${slash}`;
      uris[name] = longDatastoreUri(world, reference.datastore, path);
    } else {
      uris[name] = given ?? longDatastoreUri(world, "workspaceblobstore", `azureml/${job}/${name}${slash}`);
    }
  }
  return uris;
}

/** Makes the places that the command writes to; answers what `${{outputs.x}}` stands for. */
export async function prepareOutputs(body: JobBody, directory: string): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  for (const [name, output] of Object.entries(body.outputs ?? {})) {
    const place = join(directory, name);
    await mkdir(output.jobOutputType === "uri_file" ? dirname(place) : place, { recursive: true });
    places.set(name, place);
  }
  return places;
}

/** Uploads every named output. An output that the command did not write stays empty, as on a mounted folder. */
export async function uploadOutputs(
  world: AzureWorld,
  job: JobRecord,
  places: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [name, place] of places) {
    const uri = job.outputUris[name] ?? "";
    const target = locate(world, uri);
    if (target.kind !== "blob") throw new JobError(`Output '${name}': '${uri}' is no place that a job can write to.`);
    await upload(world, place, target.container, target.path);
  }
}

/** Uploads the `outputs` folder of the working directory to the run's artifacts, where Azure ML shows it. */
export async function uploadArtifacts(world: AzureWorld, job: string, workingDirectory: string): Promise<void> {
  await upload(world, join(workingDirectory, "outputs"), "azureml", `${runFolder(job)}outputs`);
}

/** Registers every output that was given an asset's name; answers the ARM ids of the versions, by output. */
export async function registerOutputs(
  world: AzureWorld,
  job: JobRecord,
  author: Author,
): Promise<Record<string, string>> {
  const registered: Record<string, string> = {};
  for (const [name, output] of Object.entries(job.body.outputs ?? {})) {
    if (!output.assetName) continue;
    const { assetName } = output;
    const noun = /_model$/.test(output.jobOutputType) ? "models" : "data";
    const version = output.assetVersion || world.assets[noun].nextVersion(assetName);
    const properties = await assetProperties(world, noun, output, job, name);
    world.assets[noun].put(assetName, version, properties, author);
    registered[name] = `${world.workspaceId}/${noun}/${assetName}/versions/${version}`;
  }
  return registered;
}

async function assetProperties(
  world: AzureWorld,
  noun: "models" | "data",
  output: JobOutput,
  job: JobRecord,
  name: string,
): Promise<Record<string, unknown>> {
  const common = {
    description: output.description ?? null,
    tags: {},
    properties: {},
    isArchived: false,
    isAnonymous: false,
  };
  const uri = job.outputUris[name] ?? "";
  // Recorded: null, where data that somebody registers have empty ones.
  if (noun === "data") return { ...common, tags: null, properties: null, dataUri: uri, dataType: output.jobOutputType };
  // The service writes `resourceGroups` into a model's URI and `resourcegroups` into a data asset's (docs/facts/azureml-wire.md#6).
  return {
    ...common,
    flavors: output.jobOutputType === "mlflow_model" ? await declaredFlavors(world, uri) : {},
    modelType: output.jobOutputType,
    modelUri: uri.replace("/resourcegroups/", "/resourceGroups/"),
    jobName: job.name,
    stage: null,
  };
}

async function upload(world: AzureWorld, place: string, container: string, path: string): Promise<void> {
  const found = await stat(place).catch(() => undefined);
  if (found === undefined) return;
  if (found.isFile()) return world.blobs.putFile(container, path, place);
  for (const entry of await readdir(place, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    // A link to a file is uploaded as the file; a link to a folder, a socket or a pipe is not.
    const isFile =
      entry.isFile() || (entry.isSymbolicLink() && (await stat(file).catch(() => undefined))?.isFile() === true);
    if (!isFile) continue;
    const below = relative(place, file).split(sep).join("/");
    await world.blobs.putFile(container, path === "" ? below : `${path}/${below}`, file);
  }
}
