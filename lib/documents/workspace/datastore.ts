// Datastores: blob containers, file shares, data lakes and OneLake (docs/facts/azureml-documents.md#2.9).
// Tests: test/lib/documents/workspace/stores.test.ts
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { byType } from "../language/by-type.ts";
import { defineKind } from "../language/define-kind.ts";
import { camelWriting, tags } from "../language/document.ts";
import { type Fields, object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { enumeration, nameText, secretText, text } from "../language/scalar.ts";
import { describedKind, type Reading, type Shape, snakeCase } from "../language/shape.ts";
import type { MapNode, YamlNode } from "../language/source.ts";

/** Credentials by the field that tells what they are. `kind` is the service's word for it. */
interface Credentials {
  readonly kind: "AccountKey" | "Sas" | "ServicePrincipal" | "Certificate" | "None";
  readonly [field: string]: string;
}

const tenant = {
  tenant_id: required(text()),
  client_id: required(text()),
  authority_url: optional(text()),
  authority_uri: optional(text()),
  resource_url: optional(text()),
};

/** An earlier name of the authority, which Azure's client still takes. */
function checkAuthority(_value: unknown, node: MapNode, at: Reading): void {
  const place = node.entries.get("authority_uri");
  if (place === undefined || !node.entries.has("authority_url")) return;
  at.step("authority_uri").fault(
    place,
    `${at.name} names its authority twice, as authority_uri and as authority_url.`,
    {
      hint: "Remove authority_uri.",
    },
  );
}

const SHAPES: Readonly<Record<string, { readonly shape: Shape<object>; readonly tell: string }>> = {
  AccountKey: { tell: "account_key", shape: credentials("an account key", { account_key: required(secretText) }) },
  Sas: { tell: "sas_token", shape: credentials("a SAS token", { sas_token: required(secretText) }) },
  ServicePrincipal: {
    tell: "client_secret",
    shape: credentials("a service principal", { ...tenant, client_secret: required(secretText) }, checkAuthority),
  },
  Certificate: {
    tell: "thumbprint",
    shape: credentials(
      "a certificate",
      { ...tenant, thumbprint: required(text()), certificate: optional(secretText) },
      checkAuthority,
    ),
  },
};

function credentials(title: string, fields: Fields, check?: typeof checkAuthority): Shape<object> {
  return object(title, fields, check === undefined ? {} : { check });
}

/** Credentials of some of the kinds; none at all means that the user's or the compute's identity is used. */
function storeCredentials(kinds: readonly Credentials["kind"][]): Shape<Credentials> {
  const able = kinds.flatMap((kind) => (SHAPES[kind] === undefined ? [] : [{ kind, ...SHAPES[kind] }]));
  const allowed = able.map(({ tell }) => tell);
  return {
    expects: `credentials (${allowed.join(", ")})`,
    below: { kind: "either", shapes: able.map(({ shape }) => shape as Shape<unknown>) },
    read(node: YamlNode, at: Reading) {
      if (node.kind !== "map") {
        return at.fault(node, `${at.name} is ${describedKind(node)}; credentials are a mapping of fields.`, {
          allowed,
        });
      }
      if (node.entries.size === 0) return { kind: "None" };
      const found = able.find(({ tell }) => node.entries.has(tell));
      if (found === undefined)
        return at.fault(node, `${at.name} has none of the fields that tell what credentials they are.`, { allowed });
      const value = found.shape.read(node, at);
      return value && { ...value, kind: found.kind };
    },
    write: (value, { resolver }) => credentialsBody(value, resolver.workspace.authority ?? AUTHORITY),
  };
}

const AUTHORITY = "https://login.microsoftonline.com";

/** @param authority what a file means that names no authority, as azure-ai-ml does by its cloud */
function credentialsBody(value: Credentials, authority: string): Record<string, unknown> {
  const secrets = {
    AccountKey: { key: value["account_key"] },
    Sas: { sasToken: value["sas_token"] },
    ServicePrincipal: { clientSecret: value["client_secret"] },
    Certificate: { certificate: value["certificate"] },
    None: undefined,
  }[value.kind];
  if (secrets === undefined) return { credentialsType: "None" };
  const identity =
    value["tenant_id"] === undefined
      ? {}
      : {
          authorityUrl: value["authority_url"] ?? value["authority_uri"] ?? authority,
          resourceUrl: value["resource_url"],
          tenantId: value["tenant_id"],
          clientId: value["client_id"],
          thumbprint: value["thumbprint"],
        };
  return present({ credentialsType: value.kind, ...identity, secrets: { secretsType: value.kind, ...secrets } });
}

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
  secrets: {
    ask: "listSecrets",
    wantedIn: ({ properties }) => (properties?.["credentials"] as { secrets?: unknown } | undefined)?.secrets,
    heldIn: (answer) => answer,
  },
  write,
});
