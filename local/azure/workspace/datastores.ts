// Datastores: those that a workspace is born with, those that callers made, and the container behind each.
import type { Stamps } from "../arm/envelope.ts";
import type { AzureWorld } from "../world/world.ts";

/** A managed datastore: what it is called and where its content lies. */
export interface Datastore {
  readonly name: string;
  readonly datastoreType: "AzureBlob" | "AzureFile";
  /** Blob container, or file share. */
  readonly place: string;
  readonly isDefault: boolean;
  readonly identity: "WorkspaceSystemAssignedIdentity" | "None";
}

/** The managed datastores (docs/facts/azureml-documents.md#3.5, docs/facts/azureml-wire.md#3); the default one first. */
export function managedDatastores(world: AzureWorld): readonly Datastore[] {
  return [
    {
      name: "workspaceblobstore",
      datastoreType: "AzureBlob",
      place: `azureml-blobstore-${world.workspaceGuid}`,
      isDefault: true,
      identity: "WorkspaceSystemAssignedIdentity",
    },
    {
      name: "workspaceartifactstore",
      datastoreType: "AzureBlob",
      place: "azureml",
      isDefault: false,
      identity: "None",
    },
    {
      name: "workspacefilestore",
      datastoreType: "AzureFile",
      place: `azureml-filestore-${world.workspaceGuid}`,
      isDefault: false,
      identity: "None",
    },
    {
      // The share behind notebooks; its name is not in the recordings.
      name: "workspaceworkingdirectory",
      datastoreType: "AzureFile",
      place: `code-${world.workspaceGuid}`,
      isDefault: false,
      identity: "None",
    },
  ];
}

/** A datastore that a caller made: `properties` as sent, its secrets apart. */
export interface DatastoreRecord {
  readonly name: string;
  readonly properties: Record<string, unknown>;
  readonly secrets: Record<string, unknown> | undefined;
  readonly stamps: Stamps;
}

export function datastoresOf(world: AzureWorld) {
  return world.store<DatastoreRecord>("datastores");
}

/**
 * The blob container of a datastore; undefined when there is no such datastore, it is a file share, or it lies in a storage
 * account that is not of this cloud.
 */
export function containerOf(world: AzureWorld, datastore: string): string | undefined {
  // Azure ML's own store for imported data, which no list shows. What it is made of is not in the recordings.
  if (datastore.toLowerCase() === "workspacemanageddatastore") return `azureml-managed-${world.workspaceGuid}`;
  const found = managedDatastores(world).find((one) => one.name === datastore.toLowerCase());
  if (found !== undefined) return found.datastoreType === "AzureBlob" ? found.place : undefined;
  const { datastoreType, accountName, containerName } =
    datastoresOf(world).get(datastore.toLowerCase())?.properties ?? {};
  const isOurs = datastoreType === "AzureBlob" && accountName === world.storageAccount;
  return isOurs && typeof containerName === "string" ? containerName : undefined;
}
