// Environments: an image and a conda file; curated ones exist from the start.
import { parse } from "yaml";
import { atLeast } from "../../arm/envelope.ts";
import { userError } from "../../arm/errors.ts";
import type { ArmRouter } from "../../arm/router.ts";
import type { AzureWorld } from "../../world/world.ts";
import { mountPublish } from "./publish.ts";
import { type AssetKind, containerProperties, mountAssets, requiredField, showsPreviewKeys } from "./routes.ts";

/** Curated environments that docs/facts/azureml-wire.md and the official examples name, and their versions, oldest first. */
const curated: Readonly<Record<string, readonly string[]>> = {
  "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu": ["33", "35"],
  "AzureML-sklearn-1.5": ["1"],
  "AzureML-tensorflow-2.16-cuda12": ["1"],
};

const definition = ["image", "condaFile", "build", "inferenceConfig", "osType"] as const;

export const kind: AssetKind = {
  noun: "environments",
  systemData: "full",
  repeatedPut: 201,
  normalise({ name, version, sent, existing }) {
    const { image, condaFile, build, inferenceConfig, osType, autoRebuild, stage } = sent;
    if (image === undefined && build === undefined) throw requiredField("properties.image or properties.build");
    const kept: Record<string, unknown> = {
      environmentType: "UserCreated",
      ...(image === undefined ? {} : { image }),
      condaFile: condaAsJson(condaFile),
      ...(build === undefined ? {} : { build }),
      ...(inferenceConfig === undefined ? {} : { inferenceConfig }),
      osType: spelled(osType, ["Linux", "Windows"]) ?? "Linux",
      autoRebuild: spelled(autoRebuild, ["Disabled", "OnBaseImageUpdate"]) ?? "Disabled",
      // Recorded: an anonymous one is logged, a named one in development.
      stage: stage ?? (sent["isAnonymous"] === true ? "Logged" : "Development"),
    };
    const changed = definition.some((key) => JSON.stringify(existing?.properties[key]) !== JSON.stringify(kept[key]));
    if (existing !== undefined && changed) {
      // The official client answers a 409 here by trying the next version (docs/facts/azureml-documents.md#2.8); the words are those that users
      // report (Azure/azure-cli-extensions#5440), whose status is in no recording.
      throw userError(409, `Environment ${name} with version ${version} is already registered and cannot be changed.`, [
        "Conflict",
      ]);
    }
    return kept;
  },
  show: (stored, apiVersion) => ({
    ...(showsPreviewKeys(apiVersion) ? { autoDeleteSetting: null } : {}),
    environmentType: stored["environmentType"],
    ...(stored["image"] === undefined ? {} : { image: stored["image"] }),
    condaFile: stored["condaFile"],
    ...(stored["build"] === undefined ? {} : { build: stored["build"] }),
    ...(stored["inferenceConfig"] === undefined ? {} : { inferenceConfig: stored["inferenceConfig"] }),
    osType: stored["osType"],
    ...(atLeast(apiVersion, "2023-04-01")
      ? { autoRebuild: stored["autoRebuild"], provisioningState: "Succeeded", stage: stored["stage"] }
      : {}),
    ...(showsPreviewKeys(apiVersion) ? { intellectualProperty: null } : {}),
  }),
  showContainer: (container, store, apiVersion) => ({
    ...containerProperties(container, store, {}),
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
  }),
  notFound: (name, version = "") =>
    userError(404, `No environment exists for name: ${name}, version: ${version}, label: `, ["NotFoundError"]),
};

/**
 * A published value in its own letters, whatever the sender's: the official client sends `linux` after a download. That the
 * service takes it follows from its own tests; no recording has it.
 */
function spelled(value: unknown, published: readonly string[]): unknown {
  return published.find((one) => one.toLowerCase() === String(value).toLowerCase()) ?? value;
}

/** Goes in as YAML, comes back as JSON with two spaces; "" when none was sent (docs/facts/azureml-wire.md#7). What is no YAML is kept as it is. */
function condaAsJson(condaFile: unknown): string {
  if (typeof condaFile !== "string" || condaFile.trim() === "") return "";
  try {
    return JSON.stringify(parse(condaFile), null, 2);
  } catch {
    return condaFile;
  }
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const store = world.assets.environments;
  for (const [name, versions] of Object.entries(curated)) {
    for (const version of versions) {
      if (store.version(name, version) !== undefined) continue;
      store.put(
        name,
        version,
        {
          description: null,
          tags: {},
          properties: {},
          isArchived: false,
          isAnonymous: false,
          environmentType: "Curated",
          image: `mcr.microsoft.com/azureml/curated/${name.slice("AzureML-".length).toLowerCase()}:${version}`,
          condaFile: "",
          osType: "Linux",
          autoRebuild: "Disabled",
          stage: "Logged",
        },
        { name: "Microsoft", type: "User" },
      );
    }
  }
  mountAssets(arm, world, kind);
  mountPublish(arm, world, kind);
}
