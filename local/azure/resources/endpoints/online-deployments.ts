// Deployments of managed online endpoints: a model, a scoring script, and the process that runs it.
import { page } from "../../arm/collection.ts";
import { isRecent, stampsOf } from "../../arm/envelope.ts";
import { ArmError, assetNotFound, invalidRequest, notImplemented, userError } from "../../arm/errors.ts";
import { oldestFirst, paged } from "../../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../../arm/router.ts";
import { requireQuota } from "../../capacity/quotas.ts";
import type {
  DeploymentLogsRequest,
  OnlineDeployment,
  OnlineDeploymentProperties,
  PartialMinimalTrackedResourceWithSku,
} from "../../contract/types.gen.ts";
import { durationMilliseconds } from "../../records/durations.ts";
import {
  type DeploymentRecord,
  deploymentKey,
  deploymentsOf,
  deploymentsOfEndpoint,
  type EndpointRecord,
} from "../../records/online-endpoint.ts";
import { parseReference } from "../../records/references.ts";
import { registerCollections } from "../../scoring/data-collector.ts";
import { endpointHost } from "../../scoring/endpoint-host.ts";
import { refusalOf } from "../../scoring/faults.ts";
import { deploymentBody } from "../../scoring/shape.ts";
import type { AzureWorld } from "../../world/world.ts";
import { noSuchDeployment, requireName } from "./names.ts";
import { endpointOf } from "./online-keys.ts";
import { answerStarted, begin, carryOut, requireIdle, settling, startUpdate } from "./operations.ts";

/**
 * A deployment stands where its endpoint does; on Kubernetes both names have 62 characters at most (docs/facts/operations.md#A.6). How the service
 * refuses the rest is not recorded.
 */
function requireItsCompute(endpoint: EndpointRecord, name: string, sent: Partial<OnlineDeploymentProperties>): void {
  const wanted = endpoint.compute ? "Kubernetes" : "Managed";
  const type: string | undefined = sent.endpointComputeType;
  if (type !== "Managed" && type !== "Kubernetes")
    throw invalidRequest(
      "BadRequest",
      `properties.endpointComputeType must be one of Managed, Kubernetes, and is ${JSON.stringify(type)}.`,
    );
  if (type !== wanted)
    throw userError(
      400,
      `The endpoint ${endpoint.name} takes deployments of type ${wanted}, and this one is ${type}.`,
      ["BadArgument"],
    );
  if (wanted === "Kubernetes" && endpoint.name.length + name.length > 62)
    throw userError(400, "The names of endpoint and deployment must have 6 to 62 characters together.", [
      "BadArgument",
      "InvalidName",
    ]);
}

function deploymentOf(world: AzureWorld, endpoint: string, name: string): DeploymentRecord {
  const { name: known } = endpointOf(world, endpoint);
  const deployment = deploymentsOf(world).get(deploymentKey(known, name));
  if (deployment === undefined) throw noSuchDeployment(known, name);
  return deployment;
}

/**
 * Refuses what names an asset of this workspace that does not exist. That the service refuses it at once, and how, is not
 * recorded; ids of registries and short names of curated environments are taken as they come.
 */
function requireAsset(
  world: AzureWorld,
  id: string | null | undefined,
  noun: "models" | "codes" | "environments",
): void {
  if (typeof id !== "string") return;
  const reference = parseReference(id, noun);
  if (reference.kind !== "asset" || reference.type !== noun || /^azureml:AzureML-/i.test(id)) return;
  if (world.assets[noun].version(reference.name, reference.version) !== undefined) return;
  const word = { models: "model", codes: "code", environments: "environment" }[noun];
  throw assetNotFound(id, word, reference);
}

/** A deployment without a script is one of an MLflow model, which says itself what it needs; only an environment made of that has it. */
function refuseUnscripted(world: AzureWorld, model: string | null | undefined): void {
  const without = "online deployments without codeConfiguration";
  const reference = typeof model === "string" ? parseReference(model, "models") : undefined;
  const version =
    reference?.kind === "asset" ? world.assets.models.version(reference.name, reference.version) : undefined;
  if (version?.properties["modelType"] !== "mlflow_model")
    throw notImplemented(`${without} of models that are no MLflow models`);
  if (world.provisioning.kind !== "venv")
    throw notImplemented(`${without}, unless local Azure is started with --environments venv`);
}

/** Up to five collections are documented; how the service refuses more is not recorded. */
function requireFewCollections({ dataCollector }: Partial<OnlineDeploymentProperties>): void {
  const names = Object.keys(dataCollector?.collections ?? {});
  if (names.length > 5)
    throw userError(400, `A deployment collects at most 5 kinds of data, and this one has ${names.length}.`, [
      "BadArgument",
    ]);
}

/** Seconds that a request may take (docs/facts/operations.md#A.6). How the service refuses more is not recorded. */
const LONGEST_REQUEST = { Managed: 180, Kubernetes: 300 } as const;

function requireShortRequests({
  endpointComputeType: type,
  requestSettings,
}: Partial<OnlineDeploymentProperties>): void {
  const longest = LONGEST_REQUEST[type === "Kubernetes" ? type : "Managed"];
  const asked = durationMilliseconds(requestSettings?.requestTimeout ?? "PT5S") ?? 0;
  if (asked > longest * 1_000)
    throw userError(
      400,
      `The requestTimeout of a deployment has at most ${longest} seconds, and this one ${asked / 1_000}.`,
      ["BadArgument"],
    );
}

/** Deployments of an endpoint (docs/facts/operations.md#A.6). How the service refuses more is not recorded. */
const MOST_DEPLOYMENTS = 20;

function requireRoom(world: AzureWorld, endpoint: string): void {
  if (deploymentsOfEndpoint(world, endpoint).length < MOST_DEPLOYMENTS) return;
  throw userError(400, `The endpoint ${endpoint} has ${MOST_DEPLOYMENTS} deployments, and takes no more.`, [
    "BadArgument",
  ]);
}

/** Refuses a write as the service behind deployments does: code, form and words as users quote them (docs/facts/operations.md#A.8). */
function takesNone(words: string): ArmError {
  const message = JSON.stringify({ errors: { "": [words] }, title: "One or more validation errors occurred." });
  return new ArmError(400, "BadRequest", "The request is invalid.", [], {
    details: [{ code: "InferencingClientCallFailed", message }],
  });
}

/** A deployment whose first provisioning failed takes no write: it has to be deleted first. */
function requireRecoverable(known: DeploymentRecord | undefined): void {
  if (known?.provisioningState === "Failed" && known.neverReady === true)
    throw takesNone(
      `Specified deployment [${known.name}] failed during initial provisioning and is in an unrecoverable state. Delete and re-create.`,
    );
}

/** An endpoint whose creation failed takes no deployment. That another PUT makes it is inferred. */
function requireMade({ name, provisioningState, scoringUri }: EndpointRecord): void {
  if (provisioningState === "Failed" && scoringUri === null)
    throw takesNone(`Specified endpoint [${name}] has not been created successfully. Please recreate the endpoint.`);
}

/** The stored fields of `properties`. */
function normalised(sent: DeploymentRecord["properties"]): DeploymentRecord["properties"] {
  // Read-only keys that clients send back when they change something; of the second, old versions alone know.
  const { provisioningState: _state, ...properties } = sent;
  const { privateNetworkConnection: _connection, ...kept }: typeof properties & { privateNetworkConnection?: boolean } =
    properties;
  // What the service adds does not come back as the user's own: the process here has its files elsewhere.
  const variables = Object.entries(sent.environmentVariables ?? {});
  const environmentVariables = Object.fromEntries(
    variables.filter(([, value]) => !/^\/var\/azureml-app\//.test(String(value))),
  );
  const { AzureAsyncOperationUri: _uri, ...own } = sent.properties ?? {};
  return { ...kept, environmentVariables, properties: own };
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const deployments = deploymentsOf(world);
  const host = endpointHost(world);
  const base = "/onlineEndpoints/:endpoint/deployments";

  arm.get(
    base,
    (request, response, context) => {
      const { name } = endpointOf(world, parameter(request, "endpoint"));
      const made = deploymentsOfEndpoint(world, name);
      const all = oldestFirst(request.query) === false ? made.toReversed() : made;
      response.json(page(all, request, world.urls.arm, (each) => deploymentBody(world, each, context)));
    },
    [...paged, "$orderBy"],
  );

  arm.get(`${base}/:deployment`, (request, response, context) => {
    const deployment = deploymentOf(world, parameter(request, "endpoint"), parameter(request, "deployment"));
    response.json(deploymentBody(world, deployment, context));
  });

  arm.put(`${base}/:deployment`, (request, response, context) => {
    const { apiVersion, author } = context;
    const endpoint = endpointOf(world, parameter(request, "endpoint")).name.toLowerCase();
    const name = parameter(request, "deployment");
    requireName("deployment", name);
    const body = bodyOf<OnlineDeployment>(request);
    const sent = propertiesOf<OnlineDeploymentProperties>(request);
    requireMade(endpointOf(world, endpoint));
    requireItsCompute(endpointOf(world, endpoint), name, sent);
    const code = sent.codeConfiguration ?? undefined;
    if (code === undefined) refuseUnscripted(world, sent.model);
    else if (typeof code.scoringScript !== "string")
      throw invalidRequest("BadRequest", "properties.codeConfiguration.scoringScript is required.");
    requireAsset(world, sent.model, "models");
    requireAsset(world, code?.codeId, "codes");
    requireAsset(world, sent.environmentId, "environments");
    requireFewCollections(sent);
    requireShortRequests(sent);
    requireIdle(world, endpoint, name);
    const key = deploymentKey(endpoint, name);
    const known = deployments.get(key);
    if (known === undefined) requireRoom(world, endpoint);
    requireRecoverable(known);
    const sku = {
      name: body.sku?.name ?? "Default",
      tier: body.sku?.tier ?? "Standard",
      capacity: body.sku?.capacity ?? 1,
    };
    const { takes, fail } = world.scenarios.deployment(endpoint, known?.name ?? name);
    const refusal = fail && refusalOf(world, { properties: sent, sku }, fail);
    if (refusal) throw refusal;
    requireQuota(world, { properties: sent, sku }, known);
    const operation = begin(world, request, "od", key);
    const deployment: DeploymentRecord = {
      name: known?.name ?? name,
      endpoint,
      stamps: stampsOf(known?.stamps, world.clock.now(), author),
      tags: { ...body.tags },
      location: String(body.location ?? world.location),
      properties: normalised(sent),
      sku,
      // To 2022 the first state was Updating, also of a new one (docs/facts/azureml-wire.md#12.3, docs/facts/recorded-operations.md#2.2).
      provisioningState: known === undefined && isRecent(apiVersion) ? "Creating" : "Updating",
      operationUrl: world.operations.address(operation),
      neverReady: known === undefined || known.neverReady === true,
    };
    deployments.set(key, deployment);
    answerStarted(world, response, operation, apiVersion, deploymentBody(world, deployment, context));
    const settle = settling(deployments, deployment);
    const work = async () => {
      if (fail !== undefined) throw await host.refuse(deployment, fail);
      await host.start(deployment);
      registerCollections(world, deployment);
      deployment.neverReady = false;
      settle("Succeeded");
      world.events.emit("deploymentReady", endpointOf(world, endpoint), deployment);
    };
    carryOut(world, key, operation, takes ?? world.settings.online.deployment, work, () => settle("Failed"));
  });

  // Tags alone take as long as a new container did in the recording (docs/facts/recorded-operations.md#2.3); here no container is started anew.
  arm.patch(`${base}/:deployment`, (request, response, { apiVersion, author }) => {
    const deployment = deploymentOf(world, parameter(request, "endpoint"), parameter(request, "deployment"));
    requireOnly(request, "an online deployment", ["tags", "sku"]);
    requireIdle(world, deployment.endpoint, deployment.name);
    requireRecoverable(deployment);
    const { tags, sku } = bodyOf<PartialMinimalTrackedResourceWithSku>(request);
    const capacity = sku?.capacity;
    if (capacity !== undefined && !(Number.isInteger(capacity) && Number(capacity) > 0)) {
      throw invalidRequest(
        "BadRequest",
        `sku.capacity must be a whole number of 1 or more, and is ${String(capacity)}.`,
      );
    }
    if (typeof capacity === "number")
      requireQuota(world, { ...deployment, sku: { ...deployment.sku, capacity } }, deployment);
    const key = deploymentKey(deployment.endpoint, deployment.name);
    const operation = begin(world, request, "od", key);
    const settle = startUpdate(world, operation, author, deployments, deployment);
    world.operations.accepted(response, operation, apiVersion, "result");
    const work = async () => {
      if (tags !== undefined) deployment.tags = { ...tags };
      deployment.sku = { ...deployment.sku, ...sku, capacity: capacity ?? deployment.sku.capacity };
      settle("Succeeded");
    };
    const least = world.scenarios.deployment(deployment.endpoint, deployment.name).takes;
    carryOut(world, key, operation, least ?? world.settings.online.deployment, work, () => settle("Failed"));
  });

  arm.delete(`${base}/:deployment`, (request, response, { apiVersion }) => {
    const endpoint = endpointOf(world, parameter(request, "endpoint"));
    const name = parameter(request, "deployment");
    const key = deploymentKey(endpoint.name, name);
    const deployment = deployments.get(key);
    if (deployment === undefined) return response.status(204).end();
    requireIdle(world, endpoint.name, name);
    const weight = Object.entries({ ...endpoint.mirrorTraffic, ...endpoint.traffic }).find(
      ([each, share]) => each.toLowerCase() === name.toLowerCase() && share > 0,
    );
    if (weight !== undefined) {
      // The rule is known (docs/facts/azureml-services.md#6.1), its status and words are not.
      throw userError(
        400,
        `The deployment ${deployment.name} has ${weight[1]} percent of the traffic of endpoint ${endpoint.name} and cannot be deleted.`,
        ["BadArgument", "DeploymentHasTraffic"],
      );
    }
    const operation = begin(world, request, "od", key);
    deployment.provisioningState = "Deleting";
    deployments.changed();
    world.operations.accepted(response, operation, apiVersion);
    const work = async () => {
      await host.stop(endpoint.name, name);
      deployments.delete(key);
    };
    carryOut(world, key, operation, world.settings.online.deployment, work, () => {});
    return undefined;
  });

  arm.post(`${base}/:deployment/getLogs`, (request, response) => {
    const deployment = deploymentOf(world, parameter(request, "endpoint"), parameter(request, "deployment"));
    const { containerType = "InferenceServer", tail } = bodyOf<DeploymentLogsRequest>(request);
    if (containerType !== "InferenceServer" && containerType !== "StorageInitializer") {
      throw invalidRequest(
        "BadRequest",
        `containerType must be one of InferenceServer, StorageInitializer, and is ${JSON.stringify(containerType)}.`,
      );
    }
    const last = typeof tail === "number" && tail > 0 ? tail : undefined;
    const { endpoint, name } = deployment;
    // Of the container that brings the files no log is recorded: it is told by its lines alone.
    const content =
      containerType === "InferenceServer"
        ? host.report(endpoint, name, last)
        : host.logs(endpoint, name, containerType, last);
    response.json({ content: content ?? "" });
  });

  arm.get(
    `${base}/:deployment/skus`,
    (request, response) => {
      const { sku } = deploymentOf(world, parameter(request, "endpoint"), parameter(request, "deployment"));
      response.json({
        value: [
          {
            resourceType: "Microsoft.MachineLearning.Services/endpoints/deployments",
            // As recorded, in small letters; the default is what the deployment has (docs/facts/recorded-operations.md#2.7).
            sku: { name: "default", tier: "Standard" },
            capacity: { minimum: 1, maximum: 50, default: sku.capacity, scaleType: "Automatic" },
          },
        ],
      });
    },
    paged,
  );
}
