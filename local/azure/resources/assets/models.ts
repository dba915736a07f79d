// Models: named, versioned pointers to files, with the flavors that an MLmodel file declares.

import { atLeast } from "../../arm/envelope.ts";
import { ArmError, userError } from "../../arm/errors.ts";
import type { ArmRouter } from "../../arm/router.ts";
import { longDatastoreUri, parseReference } from "../../records/references.ts";
import { managedDatastores } from "../../workspace/datastores.ts";
import { declaredFlavors } from "../../workspace/flavors.ts";
import { storagePlace } from "../../workspace/locate.ts";
import type { AzureWorld } from "../../world/world.ts";
import { mountPublish } from "./publish.ts";
import { type AssetKind, containerProperties, keepPath, mountAssets, sentText, showsPreviewKeys } from "./routes.ts";

export const kind: AssetKind = {
  noun: "models",
  systemData: "full",
  repeatedPut: 200,
  filters: ["version", "offset", "tags", "properties"],
  async normalise({ sent, existing }, world) {
    const { modelType, jobName, stage, datasets } = sent;
    const modelUri = sentText(sent, "modelUri");
    const normalised = storedModelUri(world, modelUri);
    keepPath(existing, "modelUri", normalised);
    const type = typeof modelType === "string" ? modelType : "custom_model";
    const flavors = { ...(type === "mlflow_model" ? await declaredFlavors(world, normalised) : {}) };
    return {
      flavors: { ...flavors, ...((sent["flavors"] as object | null | undefined) ?? {}) },
      modelType: type,
      modelUri: normalised,
      // A job that is named by the path alone is the model's job too. Inferred.
      jobName: jobName ?? jobOf(modelUri) ?? null,
      stage: stage ?? "Development", // docs/facts/recorded-operations.md#5
      ...kept(existing?.properties, "source", "aliases"),
      ...(datasets === undefined ? {} : { datasets }),
    };
  },
  show: ({ flavors, modelType, modelUri, jobName, stage, datasets }, apiVersion) => ({
    ...(showsPreviewKeys(apiVersion) ? { autoDeleteSetting: null } : {}),
    flavors,
    modelType,
    modelUri,
    jobName,
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded", stage } : {}),
    ...(showsPreviewKeys(apiVersion) ? { intellectualProperty: null } : {}),
    ...(datasets !== undefined && atLeast(apiVersion, "2025-12-01") ? { datasets } : {}),
  }),
  showContainer: (container, store, apiVersion) => ({
    ...containerProperties(container, store, {}),
    ...(atLeast(apiVersion, "2023-04-01") ? { provisioningState: "Succeeded" } : {}),
  }),
  // The container's words are recorded, the version's are not.
  notFound: (name, version) =>
    version === undefined
      ? new ArmError(404, "UserError", "The specified resource was not found.", [], {
          details: [{ code: "ModelNotFound", message: `Model container with name: ${name} not found.` }],
        })
      : userError(404, `Model version ${name}:${version} not found.`, ["NotFoundError"]),
};

/**
 * Datastore URIs come back long and with `resourceGroups`, the opposite casing of data (docs/facts/azureml-wire.md#6). A job's output and a run's
 * artifact become the place where they lie: the official client downloads models from datastore paths only. Inferred.
 */
export function storedModelUri(world: AzureWorld, uri: string): string {
  const reference = parseReference(uri);
  const place =
    reference.kind === "jobOutput" || reference.kind === "runArtifact" ? storagePlace(world, uri) : undefined;
  const [datastore, path] =
    reference.kind === "datastore"
      ? [reference.datastore, reference.path]
      : [place === undefined ? undefined : datastoreOf(world, place.container), place?.path ?? ""];
  if (datastore === undefined) return uri;
  return longDatastoreUri(world, datastore, path).replace("/resourcegroups/", "/resourceGroups/");
}

/** Fields that MLflow has written to a version; no PUT of the management plane removes them. */
function kept(properties: Record<string, unknown> | undefined, ...keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => (properties?.[key] === undefined ? [] : [[key, properties[key]]])));
}

function datastoreOf(world: AzureWorld, container: string): string | undefined {
  return managedDatastores(world).find((one) => one.place === container)?.name;
}

function jobOf(uri: string): string | undefined {
  const reference = parseReference(uri);
  if (reference.kind === "jobOutput") return reference.job;
  return reference.kind === "runArtifact" ? reference.run : undefined;
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  mountAssets(arm, world, kind);
  mountPublish(arm, world, kind);
}
