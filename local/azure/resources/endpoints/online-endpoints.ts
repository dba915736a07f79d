// Managed online endpoints: a name, a way in, and how its traffic is shared out.
import type { Request } from "express";
import { page } from "../../arm/collection.ts";
import { type Author, isRecent, type Stamps, stampsOf } from "../../arm/envelope.ts";
import { invalidRequest, userError } from "../../arm/errors.ts";
import { choice, holds, paged, text } from "../../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../../arm/router.ts";
import type {
  OnlineEndpoint,
  OnlineEndpointProperties,
  PartialMinimalTrackedResourceWithIdentity,
} from "../../contract/types.gen.ts";
import { computesOf } from "../../records/compute.ts";
import {
  deploymentKey,
  deploymentsOf,
  deploymentsOfEndpoint,
  type EndpointRecord,
  endpointsOf,
} from "../../records/online-endpoint.ts";
import { newKey } from "../../scoring/access.ts";
import { endpointHost } from "../../scoring/endpoint-host.ts";
import { endpointBody, startedEndpointBody } from "../../scoring/shape.ts";
import type { AzureWorld } from "../../world/world.ts";
import { requireName } from "./names.ts";
import { endpointOf, mountKeys } from "./online-keys.ts";
import { requireTraffic, weights } from "./online-traffic.ts";
import { answerStarted, begin, carryOut, requireIdle, settling, startUpdate } from "./operations.ts";

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
      computeType === (each.compute ? "Kubernetes" : "Managed") &&
      holds(each.tags, text(query, "tags")) &&
      holds(each.properties, text(query, "properties")),
  );
  const at = ({ stamps }: EndpointRecord) => (order.startsWith("Created") ? stamps.createdAt : stamps.lastModifiedAt);
  const sign = order.endsWith("Asc") ? 1 : -1;
  return chosen.sort((one, other) => sign * (at(one) < at(other) ? -1 : at(one) > at(other) ? 1 : 0));
}

/**
 * The cluster of an endpoint on Kubernetes: a compute of this workspace that is attached and stays the same. Requests are mirrored, and Entra
 * tokens taken, on managed endpoints alone (docs/facts/operations.md#A.6). How the service refuses the rest is not recorded.
 */
function clusterOf(
  world: AzureWorld,
  sent: Partial<OnlineEndpointProperties>,
  known: EndpointRecord | undefined,
): string | null {
  const refuse = (message: string) => userError(400, message, ["BadArgument"]);
  const compute = typeof sent.compute === "string" ? sent.compute : null;
  if (known !== undefined && (known.compute ?? "").toLowerCase() !== (compute ?? "").toLowerCase())
    throw refuse(`The endpoint ${known.name} cannot be moved to another compute.`);
  if (compute === null) return null;
  const name = compute.split("/").at(-1)?.toLowerCase() ?? "";
  const found = computesOf(world).get(name);
  if (found?.computeType !== "Kubernetes")
    throw refuse(
      `The compute ${name} is ${found === undefined ? "not there" : `of type ${found.computeType}, not Kubernetes`}.`,
    );
  if (Object.values(sent.mirrorTraffic ?? {}).some((share) => Number(share) > 0))
    throw refuse("Mirror traffic is not supported for Kubernetes online endpoints.");
  if (/^aadtoken$/i.test(String(sent.authMode)))
    throw refuse("The authMode AADToken is not supported for Kubernetes online endpoints.");
  return compute;
}

/** Since 2024 the time of an endpoint's last change stays at that of its creation (docs/facts/recorded-operations.md#2.1). */
const changedStamps = (known: Stamps | undefined, now: number, author: Author, apiVersion: string): Stamps =>
  known !== undefined && isRecent(apiVersion) ? known : stampsOf(known, now, author);

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
    const body = bodyOf<OnlineEndpoint>(request);
    const sent = propertiesOf<OnlineEndpointProperties>(request);
    const known = endpoints.get(name.toLowerCase());
    const compute = clusterOf(world, sent, known);
    requireIdle(world, name);
    const traffic = weights(sent.traffic, "traffic");
    const mirrorTraffic = weights(sent.mirrorTraffic, "mirrorTraffic");
    requireTraffic(world, name, traffic, mirrorTraffic);
    const authMode = authModeOf(sent.authMode);
    if (known !== undefined && known.authMode !== authMode) {
      // General knowledge: the mode of an endpoint cannot be changed. Words not recorded.
      throw userError(
        400,
        `The authMode of the endpoint ${name} is ${known.authMode} and cannot be changed to ${authMode}.`,
        ["BadArgument", "AuthModeImmutable"],
      );
    }
    const { primaryKey, secondaryKey } = sent.keys ?? {};
    const operation = begin(world, request, "oe", name);
    const endpoint: EndpointRecord = {
      name: known?.name ?? name,
      stamps: changedStamps(known?.stamps, world.clock.now(), author, apiVersion),
      tags: { ...body.tags },
      location: String(body.location ?? world.location),
      identity: body.identity ?? known?.identity ?? { type: "SystemAssigned" },
      properties: { ...sent.properties },
      description: typeof sent.description === "string" ? sent.description : null,
      compute,
      authMode,
      publicNetworkAccess: String(sent.publicNetworkAccess ?? known?.publicNetworkAccess ?? "Enabled"),
      provisioningState: known === undefined ? "Creating" : "Updating",
      // The old weights show until the operation has ended (docs/facts/azureml-wire.md#12.4).
      traffic: known?.traffic ?? {},
      mirrorTraffic: known?.mirrorTraffic ?? {},
      keys: {
        primaryKey:
          typeof primaryKey === "string" ? world.secret(primaryKey) : (known?.keys.primaryKey ?? newKey(world)),
        secondaryKey:
          typeof secondaryKey === "string" ? world.secret(secondaryKey) : (known?.keys.secondaryKey ?? newKey(world)),
      },
      scoringUri: known?.scoringUri ?? null,
      operationUrl: world.operations.address(operation),
    };
    // What the service adds does not come back doubled.
    for (const added of ["azureml.onlineendpointid", "AzureAsyncOperationUri"]) delete endpoint.properties[added];
    endpoints.set(name.toLowerCase(), endpoint);
    answerStarted(world, response, operation, apiVersion, startedEndpointBody(world, endpoint, context));
    const settle = settling(endpoints, endpoint);
    carryOut(
      world,
      name,
      operation,
      world.scenarios.endpoint(name).takes ?? world.settings.online.endpoint,
      async () => {
        endpoint.scoringUri = `${await host.open(name)}/score`;
        endpoint.traffic = traffic;
        endpoint.mirrorTraffic = mirrorTraffic;
        settle("Succeeded");
      },
      () => settle("Failed"),
    );
  });

  // Of traffic nothing can be changed so: the published body has tags and identity (docs/facts/recorded-operations.md#2.3).
  arm.patch(`${base}/:endpoint`, (request, response, { apiVersion, author }) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    requireOnly(request, "an online endpoint", ["tags", "identity"]);
    requireIdle(world, endpoint.name);
    const { tags, identity } = bodyOf<PartialMinimalTrackedResourceWithIdentity>(request);
    const operation = begin(world, request, "oe", endpoint.name);
    const stamps = changedStamps(endpoint.stamps, world.clock.now(), author, apiVersion);
    const settle = startUpdate(world, operation, author, endpoints, endpoint);
    endpoint.stamps = stamps;
    world.operations.accepted(response, operation, apiVersion, "result");
    const work = async () => {
      if (tags !== undefined) endpoint.tags = { ...tags };
      endpoint.identity = identity ?? endpoint.identity;
      settle("Succeeded");
    };
    const least = world.scenarios.endpoint(endpoint.name).takes ?? world.settings.online.endpoint;
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
      world.settings.online.endpoint,
      async () => {
        for (const deployment of deploymentsOfEndpoint(world, name)) {
          deploymentsOf(world).delete(deploymentKey(name, deployment.name));
          await host.stop(name, deployment.name);
        }
        endpoints.delete(name.toLowerCase());
        await host.shut(name);
      },
      () => settling(endpoints, endpoint)("Failed"),
    );
    return undefined;
  });

  mountKeys(arm, world);
}
