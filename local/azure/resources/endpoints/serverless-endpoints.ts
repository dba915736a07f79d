// Serverless endpoints: a model of a registry behind a key. Their requests are published and in no recording, so that states, statuses and
// refusals are taken to be as those of online endpoints: inferred.
import { page } from "../../arm/collection.ts";
import { envelope, stampsOf, systemData } from "../../arm/envelope.ts";
import { ArmError, invalidRequest, userError } from "../../arm/errors.ts";
import { paged } from "../../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf } from "../../arm/router.ts";
import type { ServerlessEndpoint, ServerlessEndpointProperties } from "../../contract/types.gen.ts";
import { type ServerlessEndpointRecord, serverlessEndpointsOf } from "../../records/serverless-endpoint.ts";
import { newKey } from "../../scoring/access.ts";
import { closeServerless, openServerless } from "../../scoring/serverless-host.ts";
import type { AzureWorld } from "../../world/world.ts";
import { requireName } from "./names.ts";
import { answerStarted, begin, carryOut, requireIdle, settling } from "./operations.ts";

const modes = ["Key", "AAD", "KeyAndAAD"] as const;
const about = (name: string) => `serverless:${name}`;

function endpointOf(world: AzureWorld, name: string): ServerlessEndpointRecord {
  const found = serverlessEndpointsOf(world).get(name.toLowerCase());
  if (found !== undefined) return found;
  throw new ArmError(404, "NotFound", "The specified resource was not found.", [], {
    details: [
      {
        code: "NoSuchEndpoint",
        message: `There is no serverless endpoint with name: ${name} in ${world.workspaceName}`,
      },
    ],
  });
}

function bodyFor(world: AzureWorld, endpoint: ServerlessEndpointRecord): Record<string, unknown> {
  const { name, provisioningState, uri } = endpoint;
  return envelope({
    id: `${world.workspaceId}/serverlessEndpoints/${name}`,
    name,
    type: "serverlessEndpoints",
    properties: {
      authMode: endpoint.authMode,
      modelSettings: { modelId: endpoint.modelId },
      provisioningState,
      endpointState:
        provisioningState === "Succeeded" ? "Online" : provisioningState === "Failed" ? "CreationFailed" : "Creating",
      ...(uri === null ? {} : { inferenceEndpoint: { uri, headers: {} } }),
    },
    systemData: systemData(endpoint.stamps, "endpoint"),
    rest: { tags: endpoint.tags, location: endpoint.location, sku: endpoint.sku },
  });
}

/** A model of a registry, and none of its versions: azure-ai-ml refuses one (docs/facts/azureml-documents.md#2.13). */
function requireModel(modelId: string | null | undefined): string {
  if (typeof modelId !== "string") throw invalidRequest("BadRequest", "properties.modelSettings.modelId is required.");
  if (/^azureml:\/\/registries\/[^/]+\/models\/[^/]+$/.test(modelId)) return modelId;
  throw userError(400, `The model id ${modelId} is not that of a registry's model without a version.`, ["BadArgument"]);
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const endpoints = serverlessEndpointsOf(world);
  const base = "/serverlessEndpoints";
  // After a restart with kept data they listen again.
  for (const endpoint of endpoints.values()) {
    for (const key of Object.values(endpoint.keys)) world.secret(key);
    void openServerless(world, endpoint.name).then((url) => {
      endpoint.uri = url;
    });
  }

  arm.get(
    base,
    (request, response) => {
      response.json(page([...endpoints.values()].toReversed(), request, world.urls.arm, (one) => bodyFor(world, one)));
    },
    paged,
  );

  arm.get(`${base}/:endpoint`, (request, response) => {
    response.json(bodyFor(world, endpointOf(world, parameter(request, "endpoint"))));
  });

  arm.put(`${base}/:endpoint`, (request, response, { apiVersion, author }) => {
    const name = parameter(request, "endpoint");
    requireName("endpoint", name);
    requireIdle(world, about(name));
    const body = bodyOf<ServerlessEndpoint>(request);
    const sent = propertiesOf<ServerlessEndpointProperties>(request);
    const authMode = modes.find((mode) => mode.toLowerCase() === String(sent.authMode ?? "Key").toLowerCase());
    if (authMode === undefined)
      throw invalidRequest(
        "BadRequest",
        `properties.authMode must be one of ${modes.join(", ")}, and is ${JSON.stringify(sent.authMode)}.`,
      );
    const modelId = requireModel(sent.modelSettings?.modelId);
    const known = endpoints.get(name.toLowerCase());
    if (known !== undefined && known.modelId !== modelId)
      throw userError(400, `The serverless endpoint ${name} serves ${known.modelId}; its model cannot be changed.`, [
        "BadArgument",
      ]);
    const operation = begin(world, request, "oe", about(name));
    const endpoint: ServerlessEndpointRecord = {
      name: known?.name ?? name,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      tags: { ...body.tags },
      location: String(body.location ?? world.location),
      authMode,
      modelId,
      sku: { name: body.sku?.name ?? "Consumption" },
      provisioningState: known === undefined ? "Creating" : "Updating",
      keys: known?.keys ?? { primaryKey: newKey(world), secondaryKey: newKey(world) },
      uri: known?.uri ?? null,
    };
    endpoints.set(name.toLowerCase(), endpoint);
    answerStarted(world, response, operation, apiVersion, bodyFor(world, endpoint));
    const settle = settling(endpoints, endpoint);
    const least = world.scenarios.endpoint(name).takes ?? world.settings.online.endpoint;
    const work = async () => {
      endpoint.uri = await openServerless(world, name);
      settle("Succeeded");
    };
    carryOut(world, about(name), operation, least, work, () => settle("Failed"));
  });

  arm.delete(`${base}/:endpoint`, (request, response, { apiVersion }) => {
    const name = parameter(request, "endpoint");
    const endpoint = endpoints.get(name.toLowerCase());
    if (endpoint === undefined) return response.status(204).end();
    requireIdle(world, about(name));
    const operation = begin(world, request, "oe", about(name));
    settling(endpoints, endpoint)("Deleting");
    world.operations.accepted(response, operation, apiVersion);
    const work = async () => {
      endpoints.delete(name.toLowerCase());
      await closeServerless(world, name);
    };
    carryOut(world, about(name), operation, world.settings.online.endpoint, work, () => {});
    return undefined;
  });

  arm.post(`${base}/:endpoint/listKeys`, (request, response) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    response.json(endpoint.authMode === "AAD" ? { primaryKey: null, secondaryKey: null } : endpoint.keys);
  });

  arm.post(`${base}/:endpoint/regenerateKeys`, (request, response) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    requireIdle(world, about(endpoint.name));
    const { keyType } = bodyOf(request) as { keyType?: string };
    if (keyType !== "Primary" && keyType !== "Secondary")
      throw invalidRequest(
        "BadRequest",
        `keyType must be one of Primary, Secondary, and is ${JSON.stringify(keyType)}.`,
      );
    endpoint.keys = { ...endpoint.keys, [keyType === "Primary" ? "primaryKey" : "secondaryKey"]: newKey(world) };
    endpoints.changed();
    response.json(endpoint.keys);
  });
}
