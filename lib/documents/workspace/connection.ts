// Connections of a workspace to what lies outside: stores, registries, feeds, databases and AI services.
// Tests: test/lib/documents/workspace/stores.test.ts
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { byType } from "../language/by-type.ts";
import { defineKind } from "../language/define-kind.ts";

import { type Fields, map, object, optional, readOnly, required } from "../language/object.ts";
import { valueText } from "../language/python-text.ts";
import { boolean, enumeration, nameText, secretText, text } from "../language/scalar.ts";
import { type Reading, type Shape, snakeCase } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";

const FIELDS = {
  pat: { pat: required(secretText) },
  sas: { sas_token: required(secretText) },
  username_password: { username: required(text()), password: required(secretText) },
  managed_identity: { client_id: optional(text()), resource_id: optional(text()) },
  service_principal: { client_id: required(text()), client_secret: required(secretText), tenant_id: required(text()) },
  access_key: { access_key_id: required(text()), secret_access_key: required(secretText) },
  api_key: { key: required(secretText) },
  account_key: { account_key: required(secretText) },
  aad: {},
  none: {},
} satisfies Record<string, Fields>;

export interface ConnectionCredentials {
  readonly type: keyof typeof FIELDS;
  readonly [field: string]: string;
}

interface WrittenCredentials {
  readonly authType: string;
  readonly credentials?: Record<string, unknown>;
}

type Writer = (value: ConnectionCredentials) => WrittenCredentials;

function writer(authType: string, names: Readonly<Record<string, string>>): Writer {
  return (value) => ({
    authType,
    credentials: present(Object.fromEntries(Object.entries(names).map(([name, field]) => [name, value[field]]))),
  });
}

/** Fields of the body, by the type of the credentials. */
const CREDENTIALS: Readonly<Record<ConnectionCredentials["type"], Writer>> = {
  pat: writer("PAT", { pat: "pat" }),
  sas: writer("SAS", { sas: "sas_token" }),
  username_password: writer("UsernamePassword", { username: "username", password: "password" }),
  managed_identity: writer("ManagedIdentity", { clientId: "client_id", resourceId: "resource_id" }),
  service_principal: writer("ServicePrincipal", {
    clientId: "client_id",
    clientSecret: "client_secret",
    tenantId: "tenant_id",
  }),
  access_key: writer("AccessKey", { accessKeyId: "access_key_id", secretAccessKey: "secret_access_key" }),
  api_key: writer("ApiKey", { key: "key" }),
  account_key: writer("AccountKey", { key: "account_key" }),
  aad: () => ({ authType: "AAD" }),
  none: () => ({ authType: "None" }),
};

/** Credentials of some of the types. */
function connectionCredentials(types: readonly string[]): Shape<ConnectionCredentials> {
  const shapes = types.map((type) => {
    const fields: Fields = {
      type: required(enumeration([type], { fold: "snake" })),
      ...FIELDS[type as keyof typeof FIELDS],
    };
    return [type, object(`credentials of the type ${type}`, fields)];
  });
  return byType<ConnectionCredentials>("credentials", Object.fromEntries(shapes), { fold: snakeCase });
}

export interface ConnectionDocument {
  readonly type: string;
  readonly name: string;
  readonly credentials?: ConnectionCredentials;
  readonly is_shared?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

interface ConnectionType {
  readonly category: string;
  readonly shape: Shape<ConnectionDocument>;
  /** The address of the service. */
  target(value: ConnectionDocument): string | undefined;
  metadata?(value: ConnectionDocument): Record<string, unknown>;
  /** Without credentials, the user's own identity is used. */
  readonly own?: "AAD" | "None";
}

const header = {
  name: required(nameText()),
  description: optional(text()),
  is_shared: optional(boolean),
  metadata: optional(map(valueText, { nullable: true })),
  tags: optional(map(valueText, { nullable: true })),
  id: readOnly(),
  creation_context: readOnly(),
};

function shapeOf(type: string, fields: Fields, options: { check?: typeof checkKey } = {}): Shape<ConnectionDocument> {
  const own = { ...header, type: required(enumeration([type], { fold: "snake" })), ...fields };
  return object(`a connection of the type ${type}`, own, options);
}

/** Reached at `target`, with credentials of some kinds. */
function plain(
  type: string,
  category: string,
  kinds?: readonly string[],
  own: "AAD" | "None" = "None",
): ConnectionType {
  const credentials = connectionCredentials(kinds ?? Object.keys(CREDENTIALS));
  const isNeeded = kinds !== undefined && !kinds.includes("none") && !kinds.includes("aad");
  const fields: Fields = {
    target: required(text()),
    credentials: isNeeded ? required(credentials) : optional(credentials),
  };
  return { category, shape: shapeOf(type, fields), target: (value) => value["target"] as string, own };
}

/**
 * A service with an API key, or the user's own identity where `own` is AAD. What Azure's client writes of one has the key under `credentials`, too,
 * and the address under `target`: `api_key` and the field that is the service's own go before them.
 */
function service(
  type: string,
  category: string,
  options: { endpoint?: string; own?: "AAD"; fields?: Fields; metadata?: ConnectionType["metadata"] } = {},
): ConnectionType {
  const { endpoint, own } = options;
  const address: Fields = {
    target: optional(text()),
    ...(endpoint === undefined ? {} : { [endpoint]: required(text()) }),
  };
  const signIn: Fields =
    own === undefined
      ? { api_key: required(secretText), credentials: optional(connectionCredentials(["api_key"])) }
      : {
          api_key: optional(secretText, { nullable: true }),
          credentials: optional(connectionCredentials(["api_key", "aad"])),
        };
  return {
    category,
    shape: shapeOf(type, { ...address, ...signIn, ...options.fields }, own === undefined ? { check: checkKey } : {}),
    target: (value) => value[endpoint ?? "target"] as string | undefined,
    ...(options.metadata === undefined ? {} : { metadata: options.metadata }),
    ...(own === undefined ? {} : { own }),
  };
}

/** An empty key is none, as Azure's client has it. */
function checkKey(_value: unknown, node: MapNode, at: Reading): void {
  const place = node.entries.get("api_key");
  if (place?.kind !== "scalar" || place.text !== "" || node.entries.has("credentials")) return;
  at.step("api_key").fault(place, '"api_key" is empty, and nothing else signs in to the service.', {
    hint: "Let a step before this one write the key into the file.",
  });
}

const artifact = object("an artifact", {
  name: required(nameText()),
  type: optional(enumeration(["lake_house"], { fold: "snake" })),
});

const TYPES: Readonly<Record<string, ConnectionType>> = {
  git: plain("git", "Git", ["pat", "username_password", "none"]),
  python_feed: plain("python_feed", "PythonFeed", ["pat", "username_password", "none"]),
  container_registry: plain("container_registry", "ContainerRegistry", ["managed_identity", "username_password"]),
  s3: plain("s3", "S3"),
  snowflake: plain("snowflake", "Snowflake"),
  azure_sql_db: plain("azure_sql_db", "AzureSqlDb"),
  azure_synapse_analytics: plain("azure_synapse_analytics", "AzureSynapseAnalytics"),
  azure_my_sql_db: plain("azure_my_sql_db", "AzureMySqlDb"),
  azure_postgres_db: plain("azure_postgres_db", "AzurePostgresDb"),
  azure_data_lake_gen2: plain(
    "azure_data_lake_gen2",
    "ADLSGen2",
    ["service_principal", "managed_identity", "aad"],
    "AAD",
  ),
  custom: plain("custom", "CustomKeys"),
  azure_blob: {
    category: "AzureBlob",
    shape: shapeOf("azure_blob", {
      url: required(text()),
      account_name: required(text()),
      container_name: required(text()),
      credentials: optional(connectionCredentials(["sas", "account_key", "aad"])),
    }),
    target: (value) => value["url"] as string,
    metadata: (value) => ({ ContainerName: value["container_name"], AccountName: value["account_name"] }),
    own: "AAD",
  },
  azure_one_lake: {
    category: "AzureOneLake",
    shape: shapeOf("azure_one_lake", {
      endpoint: required(text()),
      one_lake_workspace_name: required(text()),
      artifact: required(artifact),
      credentials: optional(connectionCredentials(["service_principal", "aad"])),
    }),
    target(value) {
      const { name } = value["artifact"] as { name: string };
      return `https://${value["endpoint"]}/${value["one_lake_workspace_name"]}/${name}.Lakehouse`;
    },
    own: "AAD",
  },
  azure_open_ai: service("azure_open_ai", "AzureOpenAi", {
    endpoint: "azure_endpoint",
    own: "AAD",
    fields: { api_version: optional(text()), open_ai_resource_id: optional(text()) },
    metadata: (value) =>
      present({ ApiType: "Azure", ApiVersion: value["api_version"], ResourceId: value["open_ai_resource_id"] }),
  }),
  azure_ai_services: service("azure_ai_services", "AIServices", {
    endpoint: "endpoint",
    own: "AAD",
    fields: { ai_services_resource_id: required(text()) },
    metadata: (value) => ({ ResourceId: value["ai_services_resource_id"] }),
  }),
  azure_ai_search: service("azure_ai_search", "CognitiveSearch", { endpoint: "endpoint", own: "AAD" }),
  azure_content_safety: service("azure_content_safety", "CognitiveService", {
    endpoint: "endpoint",
    own: "AAD",
    metadata: () => ({ Kind: "Content Safety" }),
  }),
  azure_speech_services: service("azure_speech_services", "CognitiveService", {
    endpoint: "endpoint",
    own: "AAD",
    metadata: () => ({ Kind: "speech" }),
  }),
  api_key: service("api_key", "ApiKey", { endpoint: "api_base" }),
  open_ai: service("open_ai", "OpenAi"),
  serp: service("serp", "Serp"),
  serverless: service("serverless", "Serverless", { endpoint: "endpoint" }),
};

const connection: Shape<ConnectionDocument> = byType<ConnectionDocument>(
  "a connection",
  Object.fromEntries(Object.entries(TYPES).map(([name, type]) => [name, type.shape])),
  { fold: snakeCase },
);

/** The body holds secrets. */
async function write(document: ConnectionDocument) {
  const type = TYPES[document.type];
  if (type === undefined) throw new Error(`There are no connections of the type ${document.type}.`);
  const written = document["api_key"] as string | undefined;
  const key = written === "" ? undefined : written;
  const given = key === undefined ? document.credentials : ({ type: "api_key", key } as const);
  const { authType, credentials } =
    given === undefined ? { authType: type.own ?? "None" } : CREDENTIALS[given.type](given);
  return {
    path: `connections/${segment(document.name, "the name")}`,
    body: {
      properties: present({
        authType,
        category: type.category,
        target: type.target(document),
        credentials,
        isSharedToAll: document.is_shared ?? true,
        metadata: { ...document.tags, ...document.metadata, ...type.metadata?.(document) },
      }),
    },
  };
}

export const connectionKind = defineKind({
  name: "connection",
  order: 20,
  schemas: ["connection", "workspaceconnection"],
  // Of a blob container and of a data lake there are datastores, too; these have neither field.
  marks: [{ type: ["azure_blob", "azure_data_lake_gen2"], hasAny: ["url", "target"] }],
  types: Object.keys(TYPES).filter((type) => !["azure_blob", "azure_data_lake_gen2"].includes(type)),
  advice: "AzureMLApply creates and updates connections.",
  shape: connection,
  apiVersion: "2024-04-01-preview",
  secrets: {
    ask: "listsecrets",
    wantedIn: ({ properties }) => properties?.["credentials"],
    heldIn: (answer) => (answer as { properties?: { credentials?: unknown } } | undefined)?.properties?.credentials,
  },
  write,
});
