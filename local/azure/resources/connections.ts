// Connections of the workspace to what lies outside it: created, changed, read, listed, deleted; their credentials are told by
// `listsecrets` only. Answers as recorded in 2022, 2023 and, at 2024-04-01, in 2025 (docs/facts/recorded-operations.md#5).
import { page } from "../arm/collection.ts";
import { atLeast, isRecent, newStamps, type Stamps, systemData, timestamp } from "../arm/envelope.ts";
import { ArmError, invalidRequest, notImplemented } from "../arm/errors.ts";
import { flag, paged, text } from "../arm/query.ts";
import { type ArmRouter, parameter, propertiesOf } from "../arm/router.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

interface ConnectionRecord {
  readonly name: string;
  /** As sent, without credentials. */
  readonly properties: Json;
  readonly credentials: Json | undefined;
  readonly stamps: Stamps;
}

/** The authentication types, as the discriminator has them; types without credentials have none. */
const AUTH_TYPES = new Set([
  "AAD",
  "AccessKey",
  "AccountKey",
  "ApiKey",
  "CustomKeys",
  "ManagedIdentity",
  "None",
  "OAuth2",
  "PAT",
  "SAS",
  "ServicePrincipal",
  "UsernamePassword",
]);

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const connections = world.store<ConnectionRecord>("connections");
  const shown = (connection: ConnectionRecord, apiVersion: string, credentials: Json | null = null) => ({
    tags: null,
    location: null,
    id: `${world.workspaceId}/connections/${connection.name}`,
    name: connection.name,
    type: "Microsoft.MachineLearningServices/workspaces/connections",
    properties: propertiesShown(world, connection, apiVersion, credentials),
    // To 2023 a connection told nothing of who made it.
    systemData: isRecent(apiVersion) ? systemData(connection.stamps, "full") : null,
  });
  const existing = (name: string): ConnectionRecord => {
    const found = connections.get(name.toLowerCase());
    if (found !== undefined) return found;
    const message = `Connection ${name} can't be found in this workspace`;
    throw new ArmError(404, "UserError", message, ["NotFoundError"], {}, "account-rp");
  };

  arm.get(
    "/connections",
    (request, response, { apiVersion }) => {
      const category = text(request.query, "category")?.toLowerCase();
      const target = text(request.query, "target");
      if (flag(request.query, "includeAll") === true) throw notImplemented("datastores in the list of connections");
      const chosen = [...connections.values()].filter(
        ({ properties }) =>
          (category === undefined || String(properties["category"]).toLowerCase() === category) &&
          (target === undefined || properties["target"] === target),
      );
      response.json(page(chosen, request, world.urls.arm, (one) => shown(one, apiVersion)));
    },
    [...paged, "category", "target", "includeAll"],
  );

  arm.get("/connections/:name", (request, response, { apiVersion }) => {
    response.json(shown(existing(parameter(request, "name")), apiVersion));
  });

  arm.put("/connections/:name", (request, response, { apiVersion, author }) => {
    const name = parameter(request, "name");
    // The published pattern ends at 33 letters, and the service does not hold it to that: names of 34 are recorded.
    if (!/^[A-Za-z0-9][\w-]{2,}$/.test(name))
      throw invalidRequest("ValidationError", `The connection name '${name}' is invalid.`);
    const before = connections.get(name.toLowerCase());
    const record = read(name, propertiesOf(request), {
      ...(before?.stamps ?? newStamps(world.clock.now(), author)),
      ...(before ? { lastModifiedAt: timestamp(world.clock.now()), lastModifiedBy: author } : {}),
    });
    hide(world, record.credentials);
    connections.set(name.toLowerCase(), record);
    response.json(shown(record, apiVersion));
  });

  arm.patch("/connections/:name", (request, response, { apiVersion, author }) => {
    const { name, properties, credentials, stamps } = existing(parameter(request, "name"));
    const sent = { ...properties, ...(credentials ? { credentials } : {}), ...propertiesOf(request) };
    const now = timestamp(world.clock.now());
    const record = read(name, sent, { ...stamps, lastModifiedAt: now, lastModifiedBy: author });
    hide(world, record.credentials);
    connections.set(name.toLowerCase(), record);
    response.json(shown(record, apiVersion));
  });

  arm.delete("/connections/:name", (request, response) => {
    response.status(connections.delete(parameter(request, "name").toLowerCase()) ? 200 : 204).end();
  });

  arm.post("/connections/:name/listsecrets", (request, response, { apiVersion }) => {
    const found = existing(parameter(request, "name"));
    response.json(shown(found, apiVersion, found.credentials ?? null));
  });
}

/** Ways of signing in that need no credentials, and whose connections show none. */
const WITHOUT_CREDENTIALS = new Set(["AAD", "None"]);

/** Categories that are Azure's own. Recorded for ContainerRegistry; what group others have is not known, and none is shown. */
const AZURE = new Set(["ADLSGen2", "AzureBlob", "AzureDataExplorer", "AzureOneLake", "ContainerRegistry", "Redis"]);

/**
 * The fields of an answer. Of the rest only sent fields count: `expiryTime` came back as null in 2023 although one was sent.
 * Keys that no published type knows are shown at 2024-04-01, where they are recorded, and nowhere else.
 */
function propertiesShown(
  world: AzureWorld,
  { properties }: ConnectionRecord,
  apiVersion: string,
  credentials: Json | null,
): Json {
  const { authType, category, target, metadata, expiryTime, isSharedToAll, sharedUserList, ...others } = properties;
  const signIn = WITHOUT_CREDENTIALS.has(String(authType)) ? {} : { credentials };
  if (!isRecent(apiVersion)) {
    const expiry = atLeast(apiVersion, "2023-01-01") ? { expiryTime: null } : {};
    return { authType, ...signIn, ...others, category, ...expiry, target, metadata: metadata ?? {} };
  }
  const recorded = apiVersion === "2024-04-01";
  const published = atLeast(apiVersion, apiVersion.endsWith("-preview") ? "2024-10-01" : "2025-12-01");
  const withNetwork = recorded || published;
  const network = {
    peRequirement: others["peRequirement"] ?? "NotRequired",
    peStatus: others["peStatus"] ?? "NotApplicable",
    error: null,
  };
  return {
    authType,
    ...signIn,
    ...others,
    ...(AZURE.has(String(category)) ? { group: "Azure" } : {}),
    category,
    expiryTime: expiryTime ?? null,
    target,
    createdByWorkspaceArmId: world.workspaceId,
    ...(withNetwork ? { useWorkspaceManagedIdentity: false } : {}),
    isSharedToAll: isSharedToAll ?? false,
    sharedUserList: sharedUserList ?? [],
    ...(withNetwork ? network : {}),
    ...(recorded ? { isDefault: true } : {}),
    metadata: metadata ?? {},
  };
}

function read(name: string, sent: Json, stamps: Stamps): ConnectionRecord {
  const { credentials, ...properties } = sent;
  const authType = String(properties["authType"] ?? "");
  if (!AUTH_TYPES.has(authType))
    throw invalidRequest("ValidationError", `The authType '${authType}' of the connection '${name}' is not known.`);
  if (typeof properties["category"] !== "string")
    throw invalidRequest("ValidationError", `The connection '${name}' has no category.`);
  return { name, properties, credentials: (credentials ?? undefined) as Json | undefined, stamps };
}

function hide(world: AzureWorld, value: unknown): void {
  if (typeof value === "string" && value.length > 5) world.secret(value);
  else if (typeof value === "object" && value !== null) for (const one of Object.values(value)) hide(world, one);
}
