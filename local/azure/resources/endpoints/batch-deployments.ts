// Deployments of batch endpoints: a model with its script, or a pipeline component.
import type { Request } from "express";
import { page } from "../../arm/collection.ts";
import { stampsOf } from "../../arm/envelope.ts";
import { assetNotFound, invalidRequest, notImplemented, userError } from "../../arm/errors.ts";
import type { Operation } from "../../arm/operations.ts";
import { oldestFirst, paged } from "../../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../../arm/router.ts";
import { batchDeploymentBody } from "../../batch/shape.ts";
import type { BatchDeployment, BatchDeploymentProperties } from "../../contract/types.gen.ts";
import {
  type BatchDeploymentRecord,
  type BatchEndpointRecord,
  batchDeploymentsOf,
  batchEndpointsOf,
  deploymentsOfBatchEndpoint,
} from "../../records/batch-endpoint.ts";
import { parseReference } from "../../records/references.ts";
import { failureOf } from "../../scoring/faults.ts";
import { parseComponentId } from "../../workspace/components.ts";
import type { AzureWorld } from "../../world/world.ts";
import { noSuchDeployment, noSuchEndpoint, requireName } from "./names.ts";
import { answerStarted, begin, carryOut, requireIdle, settling, startUpdate } from "./operations.ts";

/** Operations of batch and online endpoints of the same name do not stand in each other's way. */
export const about = (name: string) => `batch:${name.toLowerCase()}`;

/** The endpoint that the request names. @throws ArmError 404 */
export function endpointOf(world: AzureWorld, request: Request): BatchEndpointRecord {
  const name = parameter(request, "endpoint");
  const endpoint = batchEndpointsOf(world).get(name.toLowerCase());
  if (endpoint === undefined) throw noSuchEndpoint(world, name);
  return endpoint;
}

/** The answer of the result's address after a deletion (docs/facts/recorded-operations.md#3.3). @throws ArmError 404 */
export function forgotten({ id }: Operation): never {
  throw userError(404, `Resource ${id} not found`, ["NotFound"], {
    format: "Resource {dataName} not found",
    parameters: { dataName: id },
  });
}

export function mountDeployments(arm: ArmRouter, world: AzureWorld): void {
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
    const { provisioningState: _state, ...sent } = propertiesOf<BatchDeploymentProperties>(request);
    const body = bodyOf<BatchDeployment>(request);
    requireParts(world, sent);
    const known = deployments.get(key);
    const operation = begin(world, request, "bdbes", `${about(endpoint.name)}/${name.toLowerCase()}`);
    const deployment: BatchDeploymentRecord = {
      endpoint: endpoint.name.toLowerCase(),
      name: known?.name ?? name,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      tags: { ...body.tags },
      location: String(body.location ?? world.location),
      properties: sent,
      // Recorded in 2023 and 2025; of older ones some began with Updating (docs/facts/azureml-wire.md#13, docs/facts/recorded-operations.md#3.1).
      provisioningState: known === undefined ? "Creating" : "Updating",
    };
    deployments.set(key, deployment);
    answerStarted(world, response, operation, apiVersion, batchDeploymentBody(world, deployment, apiVersion));
    const settle = settling(deployments, deployment);
    const { takes, fail } = world.scenarios.deployment(endpoint.name, deployment.name);
    carryOut(
      world,
      `${about(endpoint.name)}/${name.toLowerCase()}`,
      operation,
      takes ?? world.settings.online.deployment,
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
    const { description, ...others } = propertiesOf<BatchDeploymentProperties>(request);
    const other = Object.keys(others)[0];
    if (other !== undefined) {
      const message = `A PATCH of a batch deployment changes the description of its properties only, and this one has ${other}.`;
      throw invalidRequest("BadRequest", message);
    }
    requireIdle(world, about(endpoint.name), deployment.name);
    const { tags } = bodyOf<BatchDeployment>(request);
    const place = `${about(endpoint.name)}/${deployment.name.toLowerCase()}`;
    const operation = begin(world, request, "bdbes", place);
    const settle = startUpdate(world, operation, author, deployments, deployment);
    world.operations.accepted(response, operation, apiVersion, "result");
    const work = async () => {
      if (tags !== undefined) deployment.tags = { ...tags };
      if (description !== undefined) deployment.properties = { ...deployment.properties, description };
      settle("Succeeded");
    };
    carryOut(world, place, operation, world.settings.online.deployment, work, () => settle("Failed"));
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
      world.settings.online.deployment,
      work,
      () => {},
    );
    return undefined;
  });
}

/** A model, or a pipeline component, that exists. That a missing one is refused at once is inferred. */
function requireParts(world: AzureWorld, sent: BatchDeploymentProperties): void {
  const configuration = sent.deploymentConfiguration ?? undefined;
  if (configuration !== undefined) {
    const kind: string | undefined = configuration.deploymentConfigurationType;
    if (kind !== "PipelineComponent") throw notImplemented(`batch deployments of ${kind}`);
    const id = configuration.componentId?.assetId ?? "";
    const parsed = parseComponentId(id);
    if (
      parsed?.registry === undefined &&
      world.assets.components.version(parsed?.name ?? "", parsed?.version ?? "") === undefined
    ) {
      throw assetNotFound(id, "component", { name: parsed?.name ?? id, version: parsed?.version ?? "" });
    }
    return;
  }
  const assetId = sent.model && "assetId" in sent.model ? sent.model.assetId : undefined;
  const reference = typeof assetId === "string" ? parseReference(assetId, "models") : undefined;
  if (reference?.kind !== "asset") return;
  if (world.assets.models.version(reference.name, reference.version) !== undefined) return;
  throw assetNotFound(String(assetId), "model", reference);
}
