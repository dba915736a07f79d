// Connections of the workspace to what lies outside it: created, changed, read, listed, deleted; their credentials are told by
// `listsecrets` only. No exchange with connections is recorded: shapes are the published types', statuses those that Azure's clients take.
import { page } from "../arm/collection.ts";
import { newStamps, type Stamps, systemData, timestamp } from "../arm/envelope.ts";
import { invalidRequest, notImplemented, userError } from "../arm/errors.ts";
import { flag, paged, text } from "../arm/query.ts";
import { type ArmRouter, parameter, propertiesOf } from "../arm/router.ts";
import type { AzureWorld } from "../world.ts";

type Json = Record<string, unknown>;

interface ConnectionRecord {
  readonly name: string;
  /** As sent, without credentials. */
  readonly properties: Json;
  readonly credentials: Json | undefined;
  readonly stamps: Stamps;
}

/** How each way of signing in is told apart; those that need no credentials have none. */
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
  const shown = ({ name, properties, stamps }: ConnectionRecord, credentials: Json | null = null) => ({
    id: `${world.workspaceId}/connections/${name}`,
    name,
    type: "Microsoft.MachineLearningServices/workspaces/connections",
    properties: { ...properties, credentials },
    systemData: systemData(stamps, "full"),
  });
  const existing = (name: string): ConnectionRecord => {
    const found = connections.get(name.toLowerCase());
    if (found !== undefined) return found;
    throw userError(404, `Connection ${name} can't be found in workspace`, ["NotFound", "ConnectionNotFound"]);
  };

  arm.get(
    "/connections",
    (request, response) => {
      const category = text(request.query, "category")?.toLowerCase();
      const target = text(request.query, "target");
      if (flag(request.query, "includeAll") === true) throw notImplemented("datastores in the list of connections");
      const chosen = [...connections.values()].filter(
        ({ properties }) =>
          (category === undefined || String(properties["category"]).toLowerCase() === category) &&
          (target === undefined || properties["target"] === target),
      );
      response.json(page(chosen, request, world.urls.arm, (one) => shown(one)));
    },
    [...paged, "category", "target", "includeAll"],
  );

  arm.get("/connections/:name", (request, response) => {
    response.json(shown(existing(parameter(request, "name"))));
  });

  arm.put("/connections/:name", (request, response, { author }) => {
    const name = parameter(request, "name");
    if (!/^[A-Za-z0-9][\w-]{2,32}$/.test(name))
      throw invalidRequest("ValidationError", `The connection name '${name}' is invalid.`);
    const before = connections.get(name.toLowerCase());
    const record = read(name, propertiesOf(request), {
      ...(before?.stamps ?? newStamps(world.clock.now(), author)),
      ...(before ? { lastModifiedAt: timestamp(world.clock.now()), lastModifiedBy: author } : {}),
    });
    hide(world, record.credentials);
    connections.set(name.toLowerCase(), record);
    response.json(shown(record));
  });

  arm.patch("/connections/:name", (request, response, { author }) => {
    const { name, properties, credentials, stamps } = existing(parameter(request, "name"));
    const sent = { ...properties, ...(credentials ? { credentials } : {}), ...propertiesOf(request) };
    const now = timestamp(world.clock.now());
    const record = read(name, sent, { ...stamps, lastModifiedAt: now, lastModifiedBy: author });
    hide(world, record.credentials);
    connections.set(name.toLowerCase(), record);
    response.json(shown(record));
  });

  arm.delete("/connections/:name", (request, response) => {
    response.status(connections.delete(parameter(request, "name").toLowerCase()) ? 200 : 204).end();
  });

  arm.post("/connections/:name/listsecrets", (request, response) => {
    const found = existing(parameter(request, "name"));
    response.json(shown(found, found.credentials ?? null));
  });
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
