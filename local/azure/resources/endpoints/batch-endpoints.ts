// Batch endpoints and their deployments on the management plane (docs/facts/azureml-wire.md#13).
import type { Request } from "express";
import { page } from "../../arm/collection.ts";
import { stampsOf } from "../../arm/envelope.ts";
import { ArmError, invalidRequest, notImplemented, userError } from "../../arm/errors.ts";
import type { Operation } from "../../arm/operations.ts";
import { oldestFirst, paged } from "../../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../../arm/router.ts";
import { gatewaysOf } from "../../batch/gateways.ts";
import { batchDeploymentBody, batchEndpointBody } from "../../batch/shape.ts";
import {
  type BatchDeploymentRecord,
  type BatchEndpointRecord,
  batchDeploymentsOf,
  batchEndpointsOf,
  deploymentsOfBatchEndpoint,
} from "../../records/batch-endpoint.ts";
import { parseReference } from "../../records/references.ts";
import { DeploymentFailure } from "../../scoring/container.ts";
import { failureOf } from "../../scoring/faults.ts";
import { answerStarted, begin, carryOut, requireIdle } from "../../scoring/operations.ts";
import { parseComponentId } from "../../workspace/components.ts";
import type { AzureWorld } from "../../world/world.ts";
import { noSuchEndpoint, requireName } from "./online-endpoints.ts";

type Json = Record<string, unknown>;

/** Operations of batch and online endpoints of the same name do not stand in each other's way. */
const about = (name: string) => `batch:${name.toLowerCase()}`;

function endpointOf(world: AzureWorld, request: Request): BatchEndpointRecord {
  const name = parameter(request, "endpoint");
  const endpoint = batchEndpointsOf(world).get(name.toLowerCase());
  if (endpoint === undefined) throw noSuchEndpoint(world, name);
  return endpoint;
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  mountEndpoints(arm, world);
  mountDeployments(arm, world);
  // After a restart with kept data they listen again.
  for (const endpoint of batchEndpointsOf(world).values()) {
    void gatewaysOf(world)
      .open(endpoint.name)
      .then((url) => {
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
    const sent = propertiesOf(request);
    const authMode = /^(aadtoken|key)$/i.exec(String(sent["authMode"] ?? ""))?.[0].toLowerCase();
    if (authMode === undefined) {
      throw invalidRequest("BadRequest", "properties.authMode of a batch endpoint must be AADToken.");
    }
    const known = endpoints.get(name.toLowerCase());
    const wanted = (sent["defaults"] as { deploymentName?: string | null } | null | undefined)?.deploymentName ?? null;
    if (wanted !== null && !batchDeploymentsOf(world).has(`${name}/${wanted}`.toLowerCase())) {
      throw noSuchDeployment(name, wanted);
    }
    const own = { ...((sent["properties"] ?? {}) as Record<string, string>) };
    for (const added of ["BatchEndpointCreationApiVersion", "azureml.onlineendpointid"]) delete own[added];
    const operation = begin(world, request, "bebes", about(name));
    const endpoint: BatchEndpointRecord = {
      name: known?.name ?? name,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      tags: { ...((bodyOf(request)["tags"] ?? {}) as Record<string, string>) },
      location: String(bodyOf(request)["location"] ?? world.location),
      description: typeof sent["description"] === "string" ? sent["description"] : null,
      properties: own,
      defaultDeployment: wanted,
      provisioningState: known === undefined ? "Creating" : "Updating",
      scoringUri: known?.scoringUri ?? null,
      createdWith: known?.createdWith ?? apiVersion,
      authMode: authMode === "key" ? "Key" : "AADToken",
      identity: (bodyOf(request)["identity"] as BatchEndpointRecord["identity"] | null | undefined) ?? known?.identity,
    };
    endpoints.set(name.toLowerCase(), endpoint);
    answerStarted(world, response, operation, apiVersion, batchEndpointBody(world, endpoint, apiVersion));
    const settle = (state: BatchEndpointRecord["provisioningState"]) => {
      endpoint.provisioningState = state;
      endpoints.changed();
    };
    const work = async () => {
      // Taken at first, and given up in the end: recorded in 2022, with every endpoint of this mode (docs/facts/recorded-operations.md#3.2).
      if (endpoint.authMode === "Key") throw new DeploymentFailure("InternalServerError", "Internal error.");
      endpoint.scoringUri = `${await gatewaysOf(world).open(name)}/jobs`;
      settle("Succeeded");
    };
    const least = world.scenarios.endpoint(name).takes ?? world.scenario.online.endpoint;
    carryOut(world, about(name), operation, least, work, () => settle("Failed"));
  });

  // PATCH of batch endpoints and deployments is published and not recorded; it is taken to be as that of online ones.
  arm.patch(`${base}/:endpoint`, (request, response, { apiVersion, author }) => {
    const endpoint = endpointOf(world, request);
    requireOnly(request, "a batch endpoint", ["tags", "identity"]);
    requireIdle(world, about(endpoint.name));
    const { tags, identity } = bodyOf(request);
    const operation = begin(world, request, "bebes", about(endpoint.name));
    endpoint.provisioningState = "Updating";
    endpoint.stamps = stampsOf(endpoint.stamps, world.clock.now(), author);
    endpoints.changed();
    world.operations.accepted(response, operation, apiVersion, "result");
    const settle = (state: BatchEndpointRecord["provisioningState"]) => {
      endpoint.provisioningState = state;
      endpoints.changed();
    };
    const work = async () => {
      if (tags !== undefined) endpoint.tags = { ...(tags as Record<string, string>) };
      if (identity !== undefined) endpoint.identity = identity as BatchEndpointRecord["identity"];
      settle("Succeeded");
    };
    carryOut(world, about(endpoint.name), operation, world.scenario.online.endpoint, work, () => settle("Failed"));
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
      await gatewaysOf(world).shut(name);
    };
    carryOut(world, about(name), operation, world.scenario.online.endpoint, work, () => {});
    return undefined;
  });
}

/** What the result's address says once something was deleted (docs/facts/recorded-operations.md#3.3). @throws ArmError 404 */
function forgotten({ id }: Operation): never {
  throw userError(404, `Resource ${id} not found`, ["NotFound"], {
    format: "Resource {dataName} not found",
    parameters: { dataName: id },
  });
}

function noSuchDeployment(endpoint: string, name: string): ArmError {
  const message = `There is no deployment with name: ${name} in endpoint ${endpoint}`;
  return new ArmError(404, "NotFound", "The specified resource was not found.", [], {
    details: [{ code: "NoSuchDeployment", message }],
  });
}

function mountDeployments(arm: ArmRouter, world: AzureWorld): void {
  const deployments = batchDeploymentsOf(world);
  const base = "/batchEndpoints/:endpoint/deployments";
  const keyOf = (request: Request) =>
    `${parameter(request, "endpoint")}/${parameter(request, "deployment")}`.toLowerCase();

  arm.get(
    base,
    (request, response, { apiVersion }) => {
      const made = deploymentsOfBatchEndpoint(world, endpointOf(world, request).name);
      const all = oldestFirst(request.query) === false ? made.toReversed() : made;
      response.json(page(all, request, world.urls.arm, (one) => batchDeploymentBody(world, one, apiVersion)));
    },
    [...paged, "$orderBy"],
  );

  arm.get(`${base}/:deployment`, (request, response, { apiVersion }) => {
    const endpoint = endpointOf(world, request);
    const found = deployments.get(keyOf(request));
    if (found === undefined) throw noSuchDeployment(endpoint.name, parameter(request, "deployment"));
    response.json(batchDeploymentBody(world, found, apiVersion));
  });

  arm.put(`${base}/:deployment`, (request, response, { apiVersion, author }) => {
    const endpoint = endpointOf(world, request);
    const name = parameter(request, "deployment");
    requireName("deployment", name);
    const key = keyOf(request);
    requireIdle(world, about(endpoint.name), name);
    const { provisioningState: _state, ...sent } = propertiesOf(request);
    requireParts(world, sent);
    const known = deployments.get(key);
    const operation = begin(world, request, "bdbes", `${about(endpoint.name)}/${name.toLowerCase()}`);
    const deployment: BatchDeploymentRecord = {
      endpoint: endpoint.name.toLowerCase(),
      name: known?.name ?? name,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      tags: { ...((bodyOf(request)["tags"] ?? {}) as Record<string, string>) },
      location: String(bodyOf(request)["location"] ?? world.location),
      properties: sent,
      // Recorded in 2023 and 2025; of older ones some began with Updating (docs/facts/azureml-wire.md#13, docs/facts/recorded-operations.md#3.1).
      provisioningState: known === undefined ? "Creating" : "Updating",
    };
    deployments.set(key, deployment);
    answerStarted(world, response, operation, apiVersion, batchDeploymentBody(world, deployment, apiVersion));
    const settle = (state: BatchDeploymentRecord["provisioningState"]) => {
      deployment.provisioningState = state;
      deployments.changed();
    };
    const { takes, fail } = world.scenarios.deployment(endpoint.name, deployment.name);
    carryOut(
      world,
      `${about(endpoint.name)}/${name.toLowerCase()}`,
      operation,
      takes ?? world.scenario.online.deployment,
      async () => {
        if (fail !== undefined) throw failureOf(fail);
        settle("Succeeded");
      },
      () => settle("Failed"),
    );
  });

  arm.patch(`${base}/:deployment`, (request, response, { apiVersion, author }) => {
    const endpoint = endpointOf(world, request);
    const deployment = deployments.get(keyOf(request));
    if (deployment === undefined) throw noSuchDeployment(endpoint.name, parameter(request, "deployment"));
    requireOnly(request, "a batch deployment", ["tags", "properties"]);
    const { description, ...others } = propertiesOf(request);
    const other = Object.keys(others)[0];
    if (other !== undefined) {
      const message = `A PATCH of a batch deployment changes the description of its properties only, and this one has ${other}.`;
      throw invalidRequest("BadRequest", message);
    }
    requireIdle(world, about(endpoint.name), deployment.name);
    const { tags } = bodyOf(request);
    const place = `${about(endpoint.name)}/${deployment.name.toLowerCase()}`;
    const operation = begin(world, request, "bdbes", place);
    deployment.provisioningState = "Updating";
    deployment.stamps = stampsOf(deployment.stamps, world.clock.now(), author);
    deployments.changed();
    world.operations.accepted(response, operation, apiVersion, "result");
    const settle = (state: BatchDeploymentRecord["provisioningState"]) => {
      deployment.provisioningState = state;
      deployments.changed();
    };
    const work = async () => {
      if (tags !== undefined) deployment.tags = { ...(tags as Record<string, string>) };
      if (description !== undefined) deployment.properties = { ...deployment.properties, description };
      settle("Succeeded");
    };
    carryOut(world, place, operation, world.scenario.online.deployment, work, () => settle("Failed"));
  });

  arm.delete(`${base}/:deployment`, (request, response, { apiVersion }) => {
    const endpoint = endpointOf(world, request);
    const key = keyOf(request);
    const deployment = deployments.get(key);
    if (deployment === undefined) return response.status(204).end();
    requireIdle(world, about(endpoint.name), deployment.name);
    const operation = begin(world, request, "bdbes", `${about(endpoint.name)}/${deployment.name.toLowerCase()}`);
    deployment.provisioningState = "Deleting";
    world.operations.accepted(response, operation, apiVersion);
    operation.result = () => forgotten(operation);
    const work = async () => {
      deployments.delete(key);
      if (endpoint.defaultDeployment?.toLowerCase() === deployment.name.toLowerCase())
        endpoint.defaultDeployment = null;
    };
    carryOut(
      world,
      `${about(endpoint.name)}/${deployment.name.toLowerCase()}`,
      operation,
      world.scenario.online.deployment,
      work,
      () => {},
    );
    return undefined;
  });
}

/** A model, or a pipeline component, that exists. That a missing one is refused at once is inferred. */
function requireParts(world: AzureWorld, sent: Json): void {
  const configuration = sent["deploymentConfiguration"] as Json | undefined;
  if (configuration !== undefined) {
    if (configuration["deploymentConfigurationType"] !== "PipelineComponent") {
      throw notImplemented(`batch deployments of ${String(configuration["deploymentConfigurationType"])}`);
    }
    const id = (configuration["componentId"] as { assetId?: string } | undefined)?.assetId ?? "";
    const parsed = parseComponentId(id);
    if (
      parsed?.registry === undefined &&
      world.assets.components.version(parsed?.name ?? "", parsed?.version ?? "") === undefined
    ) {
      throw new ArmError(
        404,
        "NotFound",
        `key: ${id}, Message: Not found component ${parsed?.name ?? id} (version: ${parsed?.version ?? ""}).`,
      );
    }
    return;
  }
  const { assetId } = (sent["model"] ?? {}) as { assetId?: string };
  const reference = assetId === undefined ? undefined : parseReference(assetId, "models");
  if (reference?.kind !== "asset") return;
  if (world.assets.models.version(reference.name, reference.version) !== undefined) return;
  throw new ArmError(
    404,
    "NotFound",
    `key: ${assetId}, Message: Not found model ${reference.name} (version: ${reference.version}).`,
  );
}
