// Data assets: a named, versioned pointer to files; the service writes its location in the long form.

import { userError } from "../../arm/errors.ts";
import type { ArmRouter } from "../../arm/router.ts";
import { longDatastoreUri, parseReference } from "../../records/references.ts";
import type { AzureWorld } from "../../world/world.ts";
import { mountPublish } from "./publish.ts";
import { type AssetKind, containerProperties, keepPath, mountAssets, sentText, showsPreviewKeys } from "./routes.ts";

export const kind: AssetKind = {
  noun: "data",
  systemData: "data",
  repeatedPut: 200,
  filters: ["$tags"],
  normalise({ sent, existing }, world) {
    const { referencedUris, autoDeleteSetting } = sent;
    const dataType = sentText(sent, "dataType");
    const dataUri = sentText(sent, "dataUri");
    const normalised = dataUriOf(world, dataUri, dataType);
    keepPath(existing, "dataUri", normalised);
    return {
      // Comes back false although true was sent, as a code's does.
      isAnonymous: false,
      autoDeleteSetting: autoDeleteSetting ?? null,
      dataUri: normalised,
      dataType,
      ...(dataType === "mltable" ? { referencedUris: referencedUris ?? [] } : {}),
    };
  },
  show: ({ dataUri, dataType, referencedUris, autoDeleteSetting }, apiVersion) => ({
    // The three preview keys are read off the environment's answer (docs/facts/azureml-wire.md#7), not off a data asset's.
    ...(showsPreviewKeys(apiVersion) ? { autoDeleteSetting: autoDeleteSetting ?? null } : {}),
    dataUri,
    ...(showsPreviewKeys(apiVersion) ? { stage: null, intellectualProperty: null } : {}),
    dataType,
    ...(referencedUris === undefined ? {} : { referencedUris }),
  }),
  showContainer: (container, store) => ({
    ...containerProperties(container, store, null),
    dataType: container.properties["dataType"] ?? store.latest(container.name)?.properties["dataType"] ?? "uri_folder",
  }),
  notFound: (name, version) =>
    version === undefined
      ? // The container's own wording is not in the recordings.
        userError(404, `Data container ${name} not found.`, ["NotFoundError"])
      : userError(404, `Data version ${name}:${version} (dataContainerName:version) not found.`, ["NotFoundError"]),
};

/** Short datastore URIs become long ones with a lower-case `resourcegroups`; folders end with a slash (docs/facts/azureml-wire.md#5). */
export function dataUriOf(world: AzureWorld, uri: string, dataType: string): string {
  const reference = parseReference(uri);
  const long = reference.kind === "datastore" ? longDatastoreUri(world, reference.datastore, reference.path) : uri;
  return dataType === "uri_file" || long.endsWith("/") ? long : `${long}/`;
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  mountAssets(arm, world, kind);
  mountPublish(arm, world, kind);
}
