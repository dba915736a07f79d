// The four datastores that a workspace is born with, and their secrets.
import { type Author, envelope, type Stamps, systemData } from "../arm/envelope.ts";
import { userError } from "../arm/errors.ts";
import { type ArmRouter, bodyOf, parameter } from "../arm/router.ts";
import type { AzureWorld } from "../world.ts";
import { storageSuffix } from "./metadata.ts";

/** A managed datastore: what it is called and where its content lies. */
export interface Datastore {
  readonly name: string;
  readonly datastoreType: "AzureBlob" | "AzureFile";
  /** Blob container, or file share. */
  readonly place: string;
  readonly isDefault: boolean;
  readonly identity: "WorkspaceSystemAssignedIdentity" | "None";
}

/** The managed datastores (facts/03 §3.5, facts/04 §3); the default one first. */
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

/** The blob container of a datastore; undefined when there is no such datastore, or it is a file share. */
export function containerOf(world: AzureWorld, datastore: string): string | undefined {
  const found = managedDatastores(world).find((one) => one.name === datastore.toLowerCase());
  return found?.datastoreType === "AzureBlob" ? found.place : undefined;
}

const service: Author = { name: "779301c0-18b2-4cdc-801b-a0a3368fee0a", type: "Application" };

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const createdAt = "2023-04-07T22:03:57.1230147+00:00";
  const stamps: Stamps = {
    createdAt,
    createdBy: service,
    lastModifiedAt: createdAt,
    lastModifiedBy: service,
  };
  const datastores = managedDatastores(world);
  const show = (datastore: Datastore) => {
    return envelope({
      id: `${world.workspaceId}/datastores/${datastore.name}`,
      name: datastore.name,
      type: "datastores",
      properties: {
        description: null,
        tags: null,
        properties: null,
        isDefault: datastore.isDefault,
        credentials: { credentialsType: "AccountKey" },
        datastoreType: datastore.datastoreType,
        accountName: world.storageAccount,
        ...(datastore.datastoreType === "AzureBlob"
          ? { containerName: datastore.place }
          : { fileShareName: datastore.place }),
        // Clients build https://{accountName}.blob.{endpoint}; "core.windows.net" in the public cloud.
        endpoint: storageSuffix(world),
        protocol: "https",
        serviceDataAccessAuthIdentity: datastore.identity,
      },
      systemData: systemData(stamps, "full"),
    });
  };
  const find = (name: string): Datastore => {
    const found = datastores.find((one) => one.name === name.toLowerCase());
    // The wording is not in the recordings.
    if (found === undefined) throw userError(404, `Datastore ${name} not found.`, ["NotFound", "DatastoreNotFound"]);
    return found;
  };

  arm.get("/datastores", (request, response) => {
    const { isDefault, names, searchText } = request.query;
    const wanted = typeof names === "string" ? names.split(",") : undefined;
    const chosen = datastores.filter(
      (one) =>
        (typeof isDefault !== "string" || one.isDefault === (isDefault.toLowerCase() === "true")) &&
        (wanted === undefined || wanted.includes(one.name)) &&
        (typeof searchText !== "string" || one.name.includes(searchText)),
    );
    response.json({ value: chosen.map(show) });
  });

  arm.get("/datastores/:name", (request, response) => {
    response.json(show(find(parameter(request, "name"))));
  });

  arm.post("/datastores/:name/listSecrets", (request, response) => {
    const datastore = find(parameter(request, "name"));
    const { expirableSecret, expireAfterHours } = bodyOf(request);
    // The official Python client signs log URLs with what it gets for the artifact store, so that must be the key
    // (its jobs.stream would fail with a signature). Not verified against live Azure.
    const givesSignature = datastore.datastoreType === "AzureBlob" && datastore.name !== "workspaceartifactstore";
    if (expirableSecret === true && givesSignature) {
      const hours = typeof expireAfterHours === "number" ? expireAfterHours : 1;
      const sasToken = world.blobs.sasToken(datastore.place, "", "racwdl", hours * 60);
      response.json({ secretsType: "Sas", sasToken: world.secret(sasToken) });
      return;
    }
    response.json({ secretsType: "AccountKey", key: world.blobs.key });
  });
}
