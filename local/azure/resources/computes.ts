// Computes: two clusters that stand ready, and what callers create. A missing compute is a 404 without a word.
import type { Request, Response } from "express";
import { page } from "../arm/collection.ts";
import { timestamp } from "../arm/envelope.ts";
import { ArmError, invalidRequest } from "../arm/errors.ts";
import type { Operation } from "../arm/operations.ts";
import { choice, paged } from "../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../arm/router.ts";
import type { Compute, ComputeResource, ScaleSettingsInformation } from "../contract/types.gen.ts";
import { type ComputeRecord, clusters, computesOf } from "../records/compute.ts";
import type { AzureWorld } from "../world/world.ts";
import { clusterBody, computeBody } from "./compute-body.ts";

type Json = Record<string, unknown>;

/** No body, no Content-Type, and x-ms-response-type stays "standard" (docs/facts/azureml-wire.md#16, row 6). */
function answerMissing(response: Response): void {
  response.status(404).setHeader("Content-Length", "0").end();
}

/** General knowledge: not recorded, like its words. */
function refused(message: string): ArmError {
  return new ArmError(400, "UserError", message, ["BadArgument"]);
}

const given = (request: Request) => clusters.find((one) => one.name === parameter(request, "name").toLowerCase());

function requireOwn(request: Request): void {
  const cluster = given(request);
  if (cluster !== undefined) throw refused(`The compute ${cluster.name} is local Azure's own and cannot be changed.`);
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  mountReads(arm, world);
  mountWrites(arm, world);
  mountActions(arm, world);
}

function madeIn(world: AzureWorld): (request: Request) => ComputeRecord | undefined {
  return (request) => computesOf(world).get(parameter(request, "name").toLowerCase());
}

function mountReads(arm: ArmRouter, world: AzureWorld): void {
  const made = madeIn(world);
  arm.get(
    "/computes",
    (request, response, { apiVersion }) => {
      const all = [
        ...clusters.map((cluster) => clusterBody(world, cluster, apiVersion)),
        ...[...computesOf(world).values()].map((compute) => computeBody(world, compute, apiVersion)),
      ];
      response.json(page(all, request, world.urls.arm, (one) => one));
    },
    paged,
  );

  arm.get("/computes/:name", (request, response, { apiVersion }) => {
    const cluster = given(request);
    const compute = made(request);
    if (cluster !== undefined) response.json(clusterBody(world, cluster, apiVersion));
    else if (compute !== undefined) response.json(computeBody(world, compute, apiVersion));
    else answerMissing(response);
  });

  // There are no machines behind a cluster that could be nodes.
  arm.post("/computes/:name/listNodes", (request, response) => {
    const type = given(request) === undefined ? made(request)?.computeType : "AmlCompute";
    if (type === undefined) return answerMissing(response);
    if (type !== "AmlCompute") throw refused(`Nodes are those of an AmlCompute, and this compute is a ${type}.`);
    response.json({ computeType: type, nodes: [] });
  });

  arm.post("/computes/:name/listKeys", (request, response) => {
    if (given(request) === undefined && made(request) === undefined) return answerMissing(response);
    response.json(secretsOf(given(request) === undefined ? made(request) : undefined));
  });
}

/** The published types: attached Databricks, virtual machines and AKS. That others are refused, and how, is not recorded. */
function secretsOf(compute: ComputeRecord | undefined): Json {
  const sent = compute?.sent;
  switch (sent?.computeType) {
    case "Databricks":
      return { computeType: sent.computeType, databricksAccessToken: sent.properties?.databricksAccessToken ?? null };
    case "VirtualMachine":
      return { computeType: sent.computeType, administratorAccount: sent.properties?.administratorAccount ?? null };
    case "AKS":
      return {
        ...{ computeType: sent.computeType, userKubeConfig: null },
        ...{ adminKubeConfig: null, imagePullSecretName: null },
      };
    default:
      throw refused(`A compute of type ${compute?.computeType ?? "AmlCompute"} has no keys.`);
  }
}

function mountWrites(arm: ArmRouter, world: AzureWorld): void {
  const computes = computesOf(world);
  const made = madeIn(world);
  const settle = (compute: ComputeRecord, operation: Operation) =>
    later(world, () => {
      compute.provisioningState = "Succeeded";
      compute.modifiedOn = timestamp(world.clock.now());
      computes.changed();
      operation.succeed();
    });

  // 201 also for one that there was, with the address of its status alone (docs/facts/recorded-operations.md#7, recorded in 2022 as well).
  arm.put("/computes/:name", (request, response, { apiVersion }) => {
    const name = parameter(request, "name");
    if (!/^[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]$/.test(name)) {
      throw invalidRequest("InvalidComputeName", `The compute name '${name}' is invalid.`);
    }
    requireOwn(request);
    const body = bodyOf<ComputeResource>(request);
    const sent = propertiesOf<Compute>(request);
    const { computeType } = sent;
    if (typeof computeType !== "string") throw invalidRequest("BadRequest", "properties.computeType is required.");
    const before = made(request);
    const now = timestamp(world.clock.now());
    const compute: ComputeRecord = {
      name: before?.name ?? name,
      location: String(body.location ?? world.location),
      tags: body.tags ?? (before === undefined ? null : {}),
      identity: body.identity ?? null,
      computeType,
      sent,
      provisioningState: "Creating",
      state: "Running",
      createdOn: before?.createdOn ?? now,
      modifiedOn: now,
    };
    hideSecrets(world, sent);
    computes.set(name.toLowerCase(), compute);
    const operation = world.operations.start("compute");
    world.operations.created(response, operation, apiVersion, `${world.urls.arm}${request.originalUrl}`);
    response.status(201).json(computeBody(world, compute, apiVersion));
    settle(compute, operation);
  });

  // The published body is a cluster's scale (docs/facts/recorded-operations.md#7).
  arm.patch("/computes/:name", (request, response, { apiVersion }) => {
    requireOwn(request);
    const compute = made(request);
    if (compute === undefined) return answerMissing(response);
    requireOnly(request, "a compute", ["properties"]);
    const { properties, ...others } = propertiesOf<{ readonly properties: ScaleSettingsInformation | null }>(request);
    const { scaleSettings, ...rest } = properties ?? {};
    const { sent } = compute;
    const other = [...Object.keys(others), ...Object.keys(rest)][0];
    if (other !== undefined || typeof scaleSettings !== "object" || sent.computeType !== "AmlCompute") {
      throw refused("A PATCH of a compute changes properties.properties.scaleSettings of an AmlCompute only.");
    }
    const scale = { ...sent.properties?.scaleSettings, ...scaleSettings };
    compute.sent = { ...sent, properties: { ...sent.properties, scaleSettings: scale } };
    compute.provisioningState = "Updating";
    compute.tags ??= {};
    compute.modifiedOn = timestamp(world.clock.now());
    computes.changed();
    const operation = world.operations.start("compute");
    response.setHeader("Azure-AsyncOperation", world.operations.statusUrl(operation, apiVersion));
    response.status(202).json(computeBody(world, compute, apiVersion));
    settle(compute, operation);
  });

  arm.delete(
    "/computes/:name",
    (request, response, { apiVersion }) => {
      requireOwn(request);
      const compute = made(request);
      if (compute === undefined) return answerMissing(response);
      // Either way the workspace has it no longer; there is no machine behind it that could stay.
      choice(request.query, "underlyingResourceAction", ["Delete", "Detach"]);
      compute.provisioningState = "Deleting";
      const operation = world.operations.start("compute");
      world.operations.accepted(response, operation, apiVersion);
      later(world, () => {
        computes.delete(compute.name.toLowerCase());
        operation.succeed();
      });
    },
    ["underlyingResourceAction"],
  );
}

function mountActions(arm: ArmRouter, world: AzureWorld): void {
  const made = madeIn(world);
  for (const [verb, state] of [
    ["start", "Running"],
    ["stop", "Stopped"],
    ["restart", "Running"],
  ] as const) {
    arm.post(`/computes/:name/${verb}`, (request, response, { apiVersion }) => {
      const compute = made(request);
      if (compute === undefined && given(request) === undefined) return answerMissing(response);
      if (compute?.computeType !== "ComputeInstance") {
        const type = compute?.computeType ?? "AmlCompute";
        throw refused(`Only a compute instance can be asked to ${verb}, and this compute is a ${type}.`);
      }
      const operation = world.operations.start("compute");
      world.operations.accepted(response, operation, apiVersion);
      later(world, () => {
        compute.state = state;
        computesOf(world).changed();
        operation.succeed();
      });
    });
  }
}

function later(world: AzureWorld, work: () => void): void {
  world.clock.after(world.settings.online.endpoint, work);
}

/** Passwords and tokens of attached computes are in no log and in no recording. */
function hideSecrets(world: AzureWorld, value: unknown, key = ""): void {
  if (typeof value === "string") {
    if (/password|token|secret|privateKey/i.test(key) && value.length > 5) world.secret(value);
  } else if (typeof value === "object" && value !== null) {
    for (const [name, one] of Object.entries(value)) hideSecrets(world, one, name);
  }
}
