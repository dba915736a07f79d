// Datastores: blob containers, file shares, data lakes and OneLake (docs/facts/azureml-documents.md#2.9).
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { byType } from "../language/by-type.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, nameText, text } from "../language/scalar.ts";
import { type Shape, snakeCase } from "../language/shape.ts";
import { type Credentials, storeCredentials } from "./credentials.ts";

interface DatastoreDocument {
  readonly type: string;
  readonly name: string;
  readonly description?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly credentials?: Credentials;
  readonly [field: string]: unknown;
}

function typed<const N extends string>(name: N, rest: string) {
  return required(enumeration([name], { fold: "snake", rest: { [name]: rest } }), { as: "datastore_type" });
}

const header = {
  name: required(nameText({ pattern: /^\w+$/, rule: "a datastore's name has letters, digits and underscores" })),
  description: optional(text()),
  tags: optional(tags),
  id: readOnly(),
};
const storage = {
  account_name: required(text()),
  endpoint: optional(text()),
  protocol: optional(text()),
};
const keyed = { credentials: optional(storeCredentials(["AccountKey", "Sas"])) };
const principal = { credentials: optional(storeCredentials(["ServicePrincipal", "Certificate"])) };

const artifact = object(
  "an artifact",
  {
    name: required(text(), { as: "artifact_name" }),
    type: optional(enumeration(["lake_house"], { fold: "snake", rest: { lake_house: "LakeHouse" } }), {
      as: "artifact_type",
    }),
  },
  { finish: (body) => ({ artifactType: "LakeHouse", ...body }) },
);

const datastore: Shape<DatastoreDocument> = byType<DatastoreDocument>(
  "a datastore",
  {
    azure_blob: object("a blob datastore", {
      ...header,
      type: typed("azure_blob", "AzureBlob"),
      ...storage,
      container_name: required(text()),
      ...keyed,
    }),
    azure_file: object("a file datastore", {
      ...header,
      type: typed("azure_file", "AzureFile"),
      ...storage,
      file_share_name: required(text()),
      ...keyed,
    }),
    azure_data_lake_gen1: object("a Data Lake Gen1 datastore", {
      ...header,
      type: typed("azure_data_lake_gen1", "AzureDataLakeGen1"),
      store_name: required(text()),
      ...principal,
    }),
    azure_data_lake_gen2: object("a Data Lake Gen2 datastore", {
      ...header,
      type: typed("azure_data_lake_gen2", "AzureDataLakeGen2"),
      ...storage,
      filesystem: required(text()),
      ...principal,
    }),
    one_lake: object("a OneLake datastore", {
      ...header,
      type: typed("one_lake", "OneLake"),
      one_lake_workspace_name: required(text()),
      endpoint: required(text()),
      artifact: required(artifact),
      credentials: optional(storeCredentials(["ServicePrincipal"])),
    }),
  },
  { fold: snakeCase },
);

/** Like Azure's client, it asks the service not to try the credentials. */
async function write(document: DatastoreDocument, resolver: Resolver) {
  const written = (await datastore.write(document, camelWriting(resolver))) as Record<string, unknown>;
  const { name: _name, ...body } = written;
  const place = { endpoint: resolver.workspace.storageSuffix ?? "core.windows.net", protocol: "https" };
  return {
    path: `datastores/${segment(document.name, "the name")}`,
    query: { skipValidation: "true" },
    body: {
      properties: present({
        ...("accountName" in body ? place : {}),
        ...body,
        tags: document.tags ?? {},
        credentials: body["credentials"] ?? { credentialsType: "None" },
      }),
    },
  };
}

export const datastoreKind = defineKind({
  name: "datastore",
  order: 30,
  schemas: ["azureblob", "azurefile", "azuredatalakegen1", "azuredatalakegen2", "onelake"],
  types: ["azure_blob", "azure_file", "azure_data_lake_gen1", "azure_data_lake_gen2", "one_lake"],
  advice: "AzureMLApply creates and updates datastores.",
  shape: datastore,
  apiVersion: "2024-07-01-preview",
  collection: "datastores",
  secrets: { ask: "listSecrets", heldIn: (answer) => answer },
  write,
});
