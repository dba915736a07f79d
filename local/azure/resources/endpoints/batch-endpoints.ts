// Batch endpoints on the management plane (docs/facts/azureml-wire.md#13).
import { page } from "../../arm/collection.ts";
import { stampsOf } from "../../arm/envelope.ts";
import { invalidRequest } from "../../arm/errors.ts";
import { paged } from "../../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../../arm/router.ts";
import { closeBatchEndpoint, openBatchEndpoint } from "../../batch/gateways.ts";
import { batchEndpointBody } from "../../batch/shape.ts";
import type {
  BatchEndpoint,
  BatchEndpointProperties,
  PartialMinimalTrackedResourceWithIdentity,
} from "../../contract/types.gen.ts";
import {
  type BatchEndpointRecord,
  batchDeploymentsOf,
  batchEndpointsOf,
  deploymentsOfBatchEndpoint,
} from "../../records/batch-endpoint.ts";
import { DeploymentFailure } from "../../scoring/container.ts";
import type { AzureWorld } from "../../world/world.ts";
import { about, endpointOf, forgotten, mountDeployments } from "./batch-deployments.ts";
import { noSuchDeployment, requireName } from "./names.ts";
import { answerStarted, begin, carryOut, requireIdle, settling, startUpdate } from "./operations.ts";

export function mount(arm: ArmRouter, world: AzureWorld): void {
  mountEndpoints(arm, world);
  mountDeployments(arm, world);
  // After a restart with kept data they listen again.
  for (const endpoint of batchEndpointsOf(world).values()) {
    void openBatchEndpoint(world, endpoint.name).then((url) => {
      endpoint.scoringUri = `${url}/jobs`;
    });
  }
}

function mountEndpoints(arm: ArmRouter, world: AzureWorld): void {
  const endpoints = batchEndpointsOf(world);
  const base = "/batchEndpoints";

  arm.get(
    base,
    (request, response, { apiVersion }) => {
      const newest = [...endpoints.values()].toReversed();
      response.json(page(newest, request, world.urls.arm, (one) => batchEndpointBody(world, one, apiVersion)));
    },
    paged,
  );

  arm.get(`${base}/:endpoint`, (request, response, { apiVersion }) => {
    response.json(batchEndpointBody(world, endpointOf(world, request), apiVersion));
  });

  arm.put(`${base}/:endpoint`, (request, response, { apiVersion, author }) => {
    const name = parameter(request, "endpoint");
    requireName("endpoint", name);
    requireIdle(world, about(name));
    const body = bodyOf<BatchEndpoint>(request);
    const sent = propertiesOf<BatchEndpointProperties>(request);
    const authMode = /^(aadtoken|key)$/i.exec(String(sent.authMode ?? ""))?.[0].toLowerCase();
    if (authMode === undefined) {
      throw invalidRequest("BadRequest", "properties.authMode of a batch endpoint must be AADToken.");
    }
    const known = endpoints.get(name.toLowerCase());
    const wanted = sent.defaults?.deploymentName ?? null;
    if (wanted !== null && !batchDeploymentsOf(world).has(`${name}/${wanted}`.toLowerCase())) {
      throw noSuchDeployment(name, wanted);
    }
    const own: Record<string, string> = { ...sent.properties };
    for (const added of ["BatchEndpointCreationApiVersion", "azureml.onlineendpointid"]) delete own[added];
    const operation = begin(world, request, "bebes", about(name));
    const endpoint: BatchEndpointRecord = {
      name: known?.name ?? name,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      tags: { ...body.tags },
      location: String(body.location ?? world.location),
      description: typeof sent.description === "string" ? sent.description : null,
      properties: own,
      defaultDeployment: wanted,
      provisioningState: known === undefined ? "Creating" : "Updating",
      scoringUri: known?.scoringUri ?? null,
      createdWith: known?.createdWith ?? apiVersion,
      authMode: authMode === "key" ? "Key" : "AADToken",
      identity: body.identity ?? known?.identity,
    };
    endpoints.set(name.toLowerCase(), endpoint);
    answerStarted(world, response, operation, apiVersion, batchEndpointBody(world, endpoint, apiVersion));
    const settle = settling(endpoints, endpoint);
    const work = async () => {
      // Taken at first, and given up in the end: recorded in 2022, with every endpoint of this mode (docs/facts/recorded-operations.md#3.2).
      if (endpoint.authMode === "Key") throw new DeploymentFailure("InternalServerError", "Internal error.");
      endpoint.scoringUri = `${await openBatchEndpoint(world, name)}/jobs`;
      settle("Succeeded");
    };
    const least = world.scenarios.endpoint(name).takes ?? world.settings.online.endpoint;
    carryOut(world, about(name), operation, least, work, () => settle("Failed"));
  });

  // PATCH of batch endpoints and deployments is published and not recorded; it is taken to be as that of online ones.
  arm.patch(`${base}/:endpoint`, (request, response, { apiVersion, author }) => {
    const endpoint = endpointOf(world, request);
    requireOnly(request, "a batch endpoint", ["tags", "identity"]);
    requireIdle(world, about(endpoint.name));
    const { tags, identity } = bodyOf<PartialMinimalTrackedResourceWithIdentity>(request);
    const operation = begin(world, request, "bebes", about(endpoint.name));
    const settle = startUpdate(world, operation, author, endpoints, endpoint);
    world.operations.accepted(response, operation, apiVersion, "result");
    const work = async () => {
      if (tags !== undefined) endpoint.tags = { ...tags };
      if (identity !== undefined) endpoint.identity = identity ?? undefined;
      settle("Succeeded");
    };
    carryOut(world, about(endpoint.name), operation, world.settings.online.endpoint, work, () => settle("Failed"));
  });

  // Its one mode that works has no keys; that it answers as an online endpoint without keys does is inferred.
  arm.post(`${base}/:endpoint/listKeys`, (request, response) => {
    endpointOf(world, request);
    response.json({ primaryKey: null, secondaryKey: null });
  });

  arm.delete(`${base}/:endpoint`, (request, response, { apiVersion }) => {
    const name = parameter(request, "endpoint").toLowerCase();
    const endpoint = endpoints.get(name);
    if (endpoint === undefined) return response.status(204).end();
    requireIdle(world, about(name));
    const operation = begin(world, request, "bebes", about(name));
    endpoint.provisioningState = "Deleting";
    world.operations.accepted(response, operation, apiVersion);
    operation.result = () => forgotten(operation);
    const work = async () => {
      for (const one of deploymentsOfBatchEndpoint(world, name)) {
        batchDeploymentsOf(world).delete(`${name}/${one.name.toLowerCase()}`);
      }
      endpoints.delete(name);
      await closeBatchEndpoint(world, name);
    };
    carryOut(world, about(name), operation, world.settings.online.endpoint, work, () => {});
    return undefined;
  });
}
