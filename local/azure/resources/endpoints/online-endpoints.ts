// Managed online endpoints: a name, a way in, and how its traffic is shared out.
import type { Request } from "express";
import { page } from "../../arm/collection.ts";
import { stampsOf } from "../../arm/envelope.ts";
import { ArmError, invalidRequest, notImplemented, userError } from "../../arm/errors.ts";
import type { Operation } from "../../arm/operations.ts";
import { choice, holds, paged, text } from "../../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../../arm/router.ts";
import {
  deploymentKey,
  deploymentsOf,
  deploymentsOfEndpoint,
  type EndpointRecord,
  endpointsOf,
} from "../../records/online-endpoint.ts";
import { endpointToken, newKey } from "../../scoring/access.ts";
import { endpointHost } from "../../scoring/endpoint-host.ts";
import { answerStarted, begin, carryOut, requireIdle } from "../../scoring/operations.ts";
import { endpointBody, startedEndpointBody } from "../../scoring/shape.ts";
import type { AzureWorld } from "../../world/world.ts";

type Json = Record<string, unknown>;

/** docs/facts/azureml-documents.md#2.10. That deployments have the same rule is general knowledge. */
const nameRule = /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/;

/** Refuses a name that Azure refuses. The words of the real refusal are not recorded. */
export function requireName(kind: "endpoint" | "deployment", name: string): void {
  if (nameRule.test(name) && name.length >= 3 && name.length <= 32) return;
  throw userError(
    400,
    `The ${kind} name '${name}' is invalid. It must match ${nameRule.source} and have between 3 and 32 characters.`,
    ["BadArgument", "InvalidName"],
  );
}

/** 404, in the shape recorded for a batch endpoint (docs/facts/azureml-wire.md#16, row 5). */
export function noSuchEndpoint(world: AzureWorld, name: string): ArmError {
  const message = `There is no endpoint with name: ${name} in ${world.workspaceName}`;
  return new ArmError(404, "NotFound", "The specified resource was not found.", [], {
    details: [{ code: "NoSuchEndpoint", message }],
  });
}

export function endpointOf(world: AzureWorld, name: string): EndpointRecord {
  const endpoint = endpointsOf(world).get(name.toLowerCase());
  if (endpoint === undefined) throw noSuchEndpoint(world, name);
  return endpoint;
}

const strings = (value: unknown): Record<string, string> => ({ ...((value ?? {}) as Record<string, string>) });

/** Weights as sent: whole numbers of 0 to 100 by deployment. What the service says to wrong ones is not recorded. */
function weights(value: unknown, name: "traffic" | "mirrorTraffic"): Record<string, number> {
  const map = { ...((value ?? {}) as Record<string, unknown>) };
  for (const [deployment, weight] of Object.entries(map)) {
    if (typeof weight !== "number" || !Number.isInteger(weight) || weight < 0 || weight > 100) {
      throw userError(400, `properties.${name}.${deployment} must be a whole number between 0 and 100.`, [
        "BadArgument",
        "InvalidTraffic",
      ]);
    }
  }
  return map as Record<string, number>;
}

function requireTraffic(
  world: AzureWorld,
  endpoint: string,
  traffic: Record<string, number>,
  mirror: Record<string, number>,
): void {
  const refuse = (message: string) => userError(400, message, ["BadArgument", "InvalidTraffic"]);
  for (const name of [...Object.keys(traffic), ...Object.keys(mirror)]) {
    if (deploymentsOf(world).has(deploymentKey(endpoint, name))) continue;
    const there = deploymentsOfEndpoint(world, endpoint).map((each) => each.name);
    throw refuse(
      `The traffic names the deployment '${name}', which does not exist; there is ${there.join(", ") || "none"}.`,
    );
  }
  const sum = Object.values(traffic).reduce((total, weight) => total + weight, 0);
  if (sum !== 0 && sum !== 100) throw refuse(`The traffic must sum to 0 or 100, and sums to ${sum}.`);
  // At most one deployment and half of the traffic: inferred (docs/facts/azureml-services.md#6.1).
  const mirrored = Object.entries(mirror).filter(([, percent]) => percent > 0);
  if (mirrored.length > 1) throw refuse("The mirror traffic may go to one deployment only.");
  for (const [name, percent] of mirrored) {
    if (percent > 50) throw refuse(`The mirror traffic may be at most 50 percent, and is ${percent}.`);
    if ((traffic[name] ?? 0) > 0) throw refuse(`The deployment '${name}' cannot have live and mirror traffic at once.`);
  }
}

function authModeOf(value: unknown): EndpointRecord["authMode"] {
  const found = (["Key", "AMLToken", "AADToken"] as const).find(
    (each) => each.toLowerCase() === String(value ?? "").toLowerCase(),
  );
  if (found === undefined)
    throw invalidRequest(
      "BadRequest",
      `properties.authMode must be one of Key, AMLToken, AADToken, and is ${JSON.stringify(value)}.`,
    );
  return found;
}

const endpointOrders = ["CreatedAtDesc", "CreatedAtAsc", "UpdatedAtDesc", "UpdatedAtAsc"] as const;

/** The published filters and orders of the list; the newest first unless said (docs/facts/recorded-operations.md#2.8). An unknown name gives an empty list. */
function chosenEndpoints(endpoints: readonly EndpointRecord[], query: Request["query"]): EndpointRecord[] {
  const name = text(query, "name")?.toLowerCase();
  const computeType = choice(query, "computeType", ["Managed", "Kubernetes", "AzureMLCompute"]) ?? "Managed";
  const order = choice(query, "orderBy", endpointOrders) ?? "CreatedAtDesc";
  const chosen = endpoints.filter(
    (each) =>
      (name === undefined || each.name.toLowerCase() === name) &&
      computeType === "Managed" &&
      holds(each.tags, text(query, "tags")) &&
      holds(each.properties, text(query, "properties")),
  );
  const at = ({ stamps }: EndpointRecord) => (order.startsWith("Created") ? stamps.createdAt : stamps.lastModifiedAt);
  const sign = order.endsWith("Asc") ? 1 : -1;
  return chosen.sort((one, other) => sign * (at(one) < at(other) ? -1 : at(one) > at(other) ? 1 : 0));
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const endpoints = endpointsOf(world);
  const host = endpointHost(world);
  if (endpoints.size > 0) void host.restore();
  const base = "/onlineEndpoints";

  arm.get(
    base,
    (request, response, context) => {
      const chosen = chosenEndpoints([...endpoints.values()], request.query);
      response.json(page(chosen, request, world.urls.arm, (each) => endpointBody(world, each, context)));
    },
    [...paged, "name", "computeType", "tags", "properties", "orderBy"],
  );

  arm.get(`${base}/:endpoint`, (request, response, context) => {
    response.json(endpointBody(world, endpointOf(world, parameter(request, "endpoint")), context));
  });

  arm.put(`${base}/:endpoint`, (request, response, context) => {
    const { apiVersion, author } = context;
    const name = parameter(request, "endpoint");
    requireName("endpoint", name);
    const body = bodyOf(request);
    const sent = propertiesOf(request);
    const known = endpoints.get(name.toLowerCase());
    if (typeof sent["compute"] === "string") throw notImplemented("online endpoints on Kubernetes");
    requireIdle(world, name);
    const traffic = weights(sent["traffic"], "traffic");
    const mirrorTraffic = weights(sent["mirrorTraffic"], "mirrorTraffic");
    requireTraffic(world, name, traffic, mirrorTraffic);
    const authMode = authModeOf(sent["authMode"]);
    if (known !== undefined && known.authMode !== authMode) {
      // General knowledge: the mode of an endpoint cannot be changed. Words not recorded.
      throw userError(
        400,
        `The authMode of the endpoint ${name} is ${known.authMode} and cannot be changed to ${authMode}.`,
        ["BadArgument", "AuthModeImmutable"],
      );
    }
    const keys = (sent["keys"] ?? {}) as { primaryKey?: string; secondaryKey?: string };
    const operation = begin(world, request, "oe", name);
    const endpoint: EndpointRecord = {
      name: known?.name ?? name,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      tags: strings(body["tags"]),
      location: String(body["location"] ?? world.location),
      identity: (body["identity"] as EndpointRecord["identity"] | undefined) ??
        known?.identity ?? { type: "SystemAssigned" },
      properties: strings(sent["properties"]),
      description: typeof sent["description"] === "string" ? sent["description"] : null,
      authMode,
      publicNetworkAccess: String(sent["publicNetworkAccess"] ?? known?.publicNetworkAccess ?? "Enabled"),
      provisioningState: known === undefined ? "Creating" : "Updating",
      // The old weights show until the operation has ended (docs/facts/azureml-wire.md#12.4).
      traffic: known?.traffic ?? {},
      mirrorTraffic: known?.mirrorTraffic ?? {},
      keys: {
        primaryKey:
          keys.primaryKey === undefined ? (known?.keys.primaryKey ?? newKey(world)) : world.secret(keys.primaryKey),
        secondaryKey:
          keys.secondaryKey === undefined
            ? (known?.keys.secondaryKey ?? newKey(world))
            : world.secret(keys.secondaryKey),
      },
      scoringUri: known?.scoringUri ?? null,
      operationUrl: world.operations.address(operation),
    };
    // What the service adds does not come back doubled.
    for (const added of ["azureml.onlineendpointid", "AzureAsyncOperationUri"]) delete endpoint.properties[added];
    endpoints.set(name.toLowerCase(), endpoint);
    answerStarted(world, response, operation, apiVersion, startedEndpointBody(world, endpoint, context));
    carryOut(
      world,
      name,
      operation,
      world.scenarios.endpoint(name).takes ?? world.scenario.online.endpoint,
      async () => {
        endpoint.scoringUri = `${await host.open(name)}/score`;
        endpoint.traffic = traffic;
        endpoint.mirrorTraffic = mirrorTraffic;
        endpoint.provisioningState = "Succeeded";
        endpoints.changed();
      },
      () => {
        endpoint.provisioningState = "Failed";
        endpoints.changed();
      },
    );
  });

  // Of traffic nothing can be changed so: the published body has tags and identity (docs/facts/recorded-operations.md#2.3).
  arm.patch(`${base}/:endpoint`, (request, response, { apiVersion, author }) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    requireOnly(request, "an online endpoint", ["tags", "identity"]);
    requireIdle(world, endpoint.name);
    const { tags, identity } = bodyOf(request);
    const operation = begin(world, request, "oe", endpoint.name);
    endpoint.provisioningState = "Updating";
    endpoint.operationUrl = world.operations.address(operation);
    endpoint.stamps = stampsOf(endpoint.stamps, world.clock.now(), author);
    endpoints.changed();
    world.operations.accepted(response, operation, apiVersion, "result");
    const settle = (state: EndpointRecord["provisioningState"]) => {
      endpoint.provisioningState = state;
      endpoints.changed();
    };
    const work = async () => {
      if (tags !== undefined) endpoint.tags = strings(tags);
      if (identity !== undefined) endpoint.identity = identity as EndpointRecord["identity"];
      settle("Succeeded");
    };
    const least = world.scenarios.endpoint(endpoint.name).takes ?? world.scenario.online.endpoint;
    carryOut(world, endpoint.name, operation, least, work, () => settle("Failed"));
  });

  arm.delete(`${base}/:endpoint`, (request, response, { apiVersion }) => {
    const name = parameter(request, "endpoint");
    const endpoint = endpoints.get(name.toLowerCase());
    // 204 for what is not there is in the published examples only (docs/facts/azureml-wire.md#12.7).
    if (endpoint === undefined) return response.status(204).end();
    requireIdle(world, name);
    const operation = begin(world, request, "oe", name);
    endpoint.provisioningState = "Deleting";
    endpoints.changed();
    world.operations.accepted(response, operation, apiVersion);
    carryOut(
      world,
      name,
      operation,
      world.scenario.online.endpoint,
      async () => {
        for (const deployment of deploymentsOfEndpoint(world, name)) {
          deploymentsOf(world).delete(deploymentKey(name, deployment.name));
          await host.stop(name, deployment.name);
        }
        endpoints.delete(name.toLowerCase());
        await host.shut(name);
      },
      () => {
        endpoint.provisioningState = "Failed";
        endpoints.changed();
      },
    );
    return undefined;
  });

  arm.post(`${base}/:endpoint/listKeys`, (request, response) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    // An endpoint of another mode has none (docs/facts/recorded-operations.md#2.5).
    response.json(endpoint.authMode === "Key" ? endpoint.keys : { primaryKey: null, secondaryKey: null });
  });

  arm.post(`${base}/:endpoint/regenerateKeys`, (request, response, { apiVersion }) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    requireMode(endpoint, ["Key"], "regenerateKeys");
    requireIdle(world, endpoint.name);
    const { keyType, keyValue } = bodyOf(request) as Json & { keyType?: string; keyValue?: string };
    if (keyType !== "Primary" && keyType !== "Secondary") {
      throw invalidRequest(
        "BadRequest",
        `keyType must be one of Primary, Secondary, and is ${JSON.stringify(keyType)}.`,
      );
    }
    const operation = begin(world, request, "oe", endpoint.name);
    world.operations.accepted(response, operation, apiVersion, "result, no timeout");
    // Recorded under this api-version alone (June 2022, docs/facts/recorded-operations.md#2.5). Azure's Python client, which asks with 2022-02-01-preview,
    // waits for the end there and goes on, so others answer as for every operation of an endpoint. Inferred.
    if (apiVersion === "2022-05-01") operation.result = () => noSuchOperation(operation);
    const renew = async () => {
      const which = keyType === "Primary" ? "primaryKey" : "secondaryKey";
      // The official Python client sends the very key that is to be replaced; that asks for a new one. Inferred.
      const isNew = keyValue !== undefined && keyValue !== endpoint.keys[which];
      endpoint.keys = { ...endpoint.keys, [which]: isNew ? world.secret(keyValue) : newKey(world) };
      endpoints.changed();
    };
    carryOut(world, endpoint.name, operation, world.scenario.online.endpoint, renew, () => {});
  });

  arm.post(`${base}/:endpoint/token`, (request, response, { caller }) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    requireMode(endpoint, ["AMLToken", "AADToken"], "token");
    response.json(endpointToken(world, endpoint, caller));
  });
}

/** @throws ArmError 404, as recorded in 2022 */
function noSuchOperation({ id }: Operation): never {
  const message = `There is no operation with id ${id.split(":").at(-1)}`;
  throw new ArmError(404, "NotFound", "The specified resource was not found.", [], {
    details: [{ code: "OperationNotFound", message }],
  });
}

/** Keys are renewed on endpoints of mode Key, tokens given on the others. That the rest is refused, and how, is not recorded. */
function requireMode(endpoint: EndpointRecord, modes: readonly EndpointRecord["authMode"][], verb: string): void {
  if (modes.includes(endpoint.authMode)) return;
  throw userError(400, `${verb} is not for the endpoint ${endpoint.name}: its authMode is ${endpoint.authMode}.`, [
    "BadArgument",
    "InvalidAuthMode",
  ]);
}
