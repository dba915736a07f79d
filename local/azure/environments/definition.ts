// What an environment id stands for in this workspace: an image, a conda file, a folder to build of, or what only Azure ML has.
import { parseReference } from "../jobs/references.ts";
import type { AzureWorld } from "../world.ts";

/** An environment, as far as it says what is installed. */
export interface Definition {
  /** As log lines name it: `name:version`, or the id where it is none of this workspace's. */
  readonly title: string;
  /** Text of the conda file; absent where there is none. */
  readonly conda?: string;
  /** The image, or that there is a build context: what is said where there is no conda file. */
  readonly base: string;
}

/** Looks an environment up. Curated ones, and those of registries, are known by name alone: what is in their images is not. */
export function definitionOf(world: AzureWorld, environmentId: string): Definition {
  const reference = parseReference(environmentId, "environments");
  const store = world.assets.environments;
  const version =
    reference.kind === "asset"
      ? store.version(reference.name, reference.version)
      : reference.kind === "latest"
        ? store.latest(reference.name)
        : undefined;
  if (version === undefined || !("name" in reference)) return { title: environmentId, base: "an image of Azure ML's" };
  const { image, condaFile, build } = version.properties as { image?: string; condaFile?: string; build?: unknown };
  return {
    title: `${reference.name}:${version.version}`,
    ...(condaFile ? { conda: condaFile } : {}),
    base: build ? "a build context" : `image ${image ?? "(none)"}`,
  };
}
