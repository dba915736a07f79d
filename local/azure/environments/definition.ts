// Resolves an environment id: an image, a conda file, a build context, or an environment that only Azure ML has.

import { parseReference } from "../records/references.ts";
import { locate } from "../workspace/locate.ts";
import { registryAssets } from "../workspace/registries.ts";
import type { AzureWorld } from "../world/world.ts";
import { readDockerfile } from "./dockerfile.ts";
import { modelRequirements } from "./mlflow-model.ts";
import { type Requirements, RequirementsError, readConda } from "./requirements.ts";

/** An environment, as far as it says what is installed. */
export interface Definition {
  /** As log lines name it: `name:version`, or the id where it is none of this workspace's. */
  readonly title: string;
  /** Parts that are left out, named in the log. */
  readonly base: string;
  /** Its requirements; absent or undefined if it has none. @throws RequirementsError */
  readonly requirements?: () => Promise<Requirements | undefined>;
}

/** The environment shown for batch deployments of MLflow models without one. */
export const mlflowEnvironment = "azureml:AzureML-mlflow@latest";

/** Looks an environment up. Curated ones are known by name alone: what is in their images is not. */
export function definitionOf(world: AzureWorld, environmentId: string): Definition {
  const reference = parseReference(environmentId, "environments");
  if (reference.kind !== "asset" && reference.kind !== "latest" && reference.kind !== "registry")
    return { title: environmentId, base: "an image of Azure ML's" };
  const store =
    reference.kind === "registry" ? registryAssets(world, reference.registry)?.environments : world.assets.environments;
  const wanted = reference.kind === "latest" ? undefined : reference.version;
  const version = wanted === undefined ? store?.latest(reference.name) : store?.version(reference.name, wanted);
  if (version === undefined) return { title: environmentId, base: "an image of Azure ML's" };
  const { image, condaFile, build } = version.properties as { image?: string; condaFile?: string; build?: Build };
  return {
    title: `${reference.name}:${version.version}`,
    base: build ? "its Dockerfile" : `image ${image ?? "(none)"}`,
    ...(condaFile ? { requirements: async () => readConda(condaFile) } : {}),
    ...(build ? { requirements: () => buildRequirements(world, build) } : {}),
  };
}

/** The environment that an MLflow model carries with it. @param model id or reference of the model */
export function definitionOfModel(world: AzureWorld, model: string): Definition {
  const requirements = async () => {
    const files = await folderOf(world, model, "models");
    return modelRequirements(files.names, files.read);
  };
  return { title: "of the MLflow model", base: "an image of Azure ML's", requirements };
}

interface Build {
  readonly contextUri: string;
  readonly dockerfilePath?: string | null;
}

async function buildRequirements(world: AzureWorld, build: Build): Promise<Requirements | undefined> {
  const { read } = await folderOf(world, build.contextUri, "data");
  const name = build.dockerfilePath || "Dockerfile";
  const text = await read(name);
  if (text === undefined) throw new RequirementsError([`'${name}' is not in the build context`]);
  return readDockerfile(text, read);
}

/** A folder of the storage account: names below it, and texts by name. */
async function folderOf(world: AzureWorld, uri: string, type: "data" | "models") {
  const location = locate(world, uri, type);
  if (location.kind === "url") throw new RequirementsError([`'${uri}' is in no storage that local Azure has`]);
  const { container, path } = location;
  const prefix = path === "" ? "" : `${path}/`;
  const names = (await world.blobs.list(container, prefix)).map(({ name }) => name.slice(prefix.length));
  const read = async (name: string) => (await world.blobs.get(container, `${prefix}${name}`))?.toString("utf8");
  return { names, read };
}
