// Registered models and their versions as MLflow shows, searches and orders them.
import type { AssetContainer, AssetVersion } from "../arm/collection.ts";
import { parseReference } from "../records/references.ts";
import type { FilterSubject, Searched } from "../tracking/filters.ts";
import type { AzureWorld } from "../world/world.ts";
import { invalid, pairs } from "./mlflow-protocol.ts";

/**
 * The orders of models and versions in MLflow. Filters are the narrower: a public report has the service refuse `tag.… != 'true'`,
 * which MLflow 2.22 and 3 send with every search of registered models, with the sentence for filters that it does not read.
 */
export const searchedModels: Searched = {
  attributes: { name: "text", creation_timestamp: "number", last_updated_timestamp: "number" },
  aliases: { timestamp: "last_updated_timestamp" },
  groups: {},
  orders: ["name", "creation_timestamp", "last_updated_timestamp"],
};
export const searchedVersions: Searched = {
  attributes: {
    name: "id",
    run_id: "id",
    source_path: "text",
    version_number: "number",
    creation_timestamp: "number",
    last_updated_timestamp: "number",
  },
  aliases: { version: "version_number" },
  groups: {},
  orders: ["name", "version_number", "creation_timestamp", "last_updated_timestamp"],
};
const stages = ["None", "Staging", "Production", "Archived"];

export function stageOf(version: AssetVersion): string {
  return String(version.properties["stage"] ?? "None");
}

/** MLflow's own reference, or the place of a model that came over the management plane. */
export function sourceOf(version: AssetVersion): unknown {
  return version.properties["source"] ?? version.properties["modelUri"];
}

/** The map with `key` set to `value`, or without it. */
export function tagged(map: unknown, key: string, value: string | undefined): Record<string, string> {
  const { [key]: _before, ...others } = (map ?? {}) as Record<string, string>;
  return value === undefined ? others : { ...others, [key]: value };
}

/** The last version of each of these stages; of every stage where none is asked for. */
export function latestOf({ versions }: AssetContainer, asked: readonly string[]): AssetVersion[] {
  return (asked.length === 0 ? [...new Set(versions.map(stageOf))] : asked).flatMap((stage) =>
    versions
      .filter((one) => stageOf(one) === stage)
      .sort((one, other) => other.sequence - one.sequence)
      .slice(0, 1),
  );
}

export function aliasesOf(version: AssetVersion): readonly string[] {
  return (version.properties["aliases"] ?? []) as readonly string[];
}

/** @throws MlflowError INVALID_PARAMETER_VALUE for a stage that there is none of */
export function stageNamed(asked: string): string {
  const stage = stages.find((one) => one.toLowerCase() === asked.toLowerCase());
  if (stage === undefined)
    throw invalid(`Invalid Model Version stage: ${asked}. Value must be one of ${stages.join(", ")}.`);
  return stage;
}

/** The sentence is a public report's. What else than artifacts and runs passes is inferred from what clients send. */
export function modelSource(source: string): string {
  const isKnown =
    /^azureml:\/\/artifacts\/[^/]+\/[^/]+\/.+/.test(source) ||
    (source.startsWith("azureml://") && /^(runArtifact|jobOutput|datastore|asset)$/.test(parseReference(source).kind));
  if (isKnown) return source;
  throw invalid(
    `Model source from file must be in the following format: azureml://artifacts/<origin>/<container>/<artifact_prefix>. Provided model source: ${source}`,
    "ValidationError",
  );
}

export function modelField({ name, stamps }: AssetContainer, { key }: FilterSubject): string | number | undefined {
  return { name, ...times(stamps) }[key];
}

export function versionField(version: AssetVersion, { key }: FilterSubject): string | number | undefined {
  const { name, properties, stamps } = version;
  const number = Number(version.version);
  const run = properties["jobName"];
  return {
    name,
    run_id: typeof run === "string" ? run : undefined,
    source_path: String(sourceOf(version)),
    version_number: Number.isNaN(number) ? undefined : number,
    ...times(stamps),
  }[key];
}

export function times(stamps: AssetVersion["stamps"]): { creation_timestamp: number; last_updated_timestamp: number } {
  return {
    creation_timestamp: Date.parse(stamps.createdAt),
    last_updated_timestamp: Date.parse(stamps.lastModifiedAt),
  };
}

/** Stage and `stage` of the management plane are one and the same; not verified against live Azure. */
export function showVersion(world: AzureWorld, version: AssetVersion): object {
  const { properties } = version;
  return {
    name: version.name,
    version: version.version,
    ...times(version.stamps),
    current_stage: stageOf(version),
    description: properties["description"] ?? "",
    source: sourceOf(version),
    run_id: properties["jobName"] ?? "",
    run_link: properties["jobName"] ? `${world.urls.api}/runs/${String(properties["jobName"])}` : "",
    status: "READY",
    tags: pairs(properties["tags"]),
    aliases: aliasesOf(version),
  };
}
