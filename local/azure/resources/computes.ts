// Computes: two clusters that stand ready, and what callers create. A missing compute is a 404 without a word.
import type { Request, Response } from "express";
import { page } from "../arm/collection.ts";
import { atLeast, timestamp } from "../arm/envelope.ts";
import { ArmError, invalidRequest } from "../arm/errors.ts";
import { choice, paged } from "../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf } from "../arm/router.ts";
import type { AzureWorld } from "../world.ts";

type Json = Record<string, unknown>;

/** A compute that a caller made. */
interface ComputeRecord {
  readonly name: string;
  location: string;
  tags: Json;
  identity: unknown;
  readonly computeType: string;
  /** `properties` of the body, as sent. */
  sent: Json;
  provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded";
  /** Of a compute instance. */
  state: "Running" | "Stopped";
  readonly createdOn: string;
  modifiedOn: string;
}

interface Cluster {
  readonly name: string;
  readonly vmSize: string;
  readonly maxNodeCount: number;
}

const clusters: readonly Cluster[] = [
  { name: "cpu-cluster", vmSize: "STANDARD_DS3_V2", maxNodeCount: 4 },
  { name: "gpu-cluster", vmSize: "STANDARD_NC6S_V3", maxNodeCount: 2 },
];

function computesOf(world: AzureWorld) {
  return world.store<ComputeRecord>("computes");
}

/** Computes of the service's own, which no list shows: `serverless` (facts/03 §2.5), and `DataFactory` for imports of data (recorded). */
const ofTheService = new Set(["serverless", "datafactory"]);

/** Whether jobs may name this compute: one that there is, or one of the service's own. */
export function computeExists(world: AzureWorld, name: string): boolean {
  const wanted = name.toLowerCase();
  return (
    ofTheService.has(wanted) || clusters.some((cluster) => cluster.name === wanted) || computesOf(world).has(wanted)
  );
}

/** Keys of a cluster that the published types do not know; the recording at 2022-10-01-preview has them (facts/04 §9.5). */
const recordedOnly = ["enableBatchPrivateLink"];

/** No body, no Content-Type, and x-ms-response-type stays "standard" (facts/04 §16, row 6). */
function answerMissing(response: Response): void {
  response.status(404).setHeader("Content-Length", "0").end();
}

export function mount(arm: ArmRouter, world: AzureWorld): void {
  const computes = computesOf(world);
  const given = (request: Request) => clusters.find((one) => one.name === parameter(request, "name").toLowerCase());
  const made = (request: Request) => computes.get(parameter(request, "name").toLowerCase());

  arm.get(
    "/computes",
    (request, response, { apiVersion }) => {
      const all = [
        ...clusters.map((cluster) => show(world, cluster, apiVersion)),
        ...[...computes.values()].map((compute) => showMade(world, compute, apiVersion)),
      ];
      response.json(page(all, request, world.urls.arm, (one) => one));
    },
    paged,
  );

  arm.get("/computes/:name", (request, response, { apiVersion }) => {
    const cluster = given(request);
    const compute = made(request);
    if (cluster !== undefined) response.json(show(world, cluster, apiVersion));
    else if (compute !== undefined) response.json(showMade(world, compute, apiVersion));
    else answerMissing(response);
  });

  // Creating and deleting computes was not recorded; status codes and headers are those of the published operations.
  arm.put("/computes/:name", (request, response, { apiVersion }) => {
    const name = parameter(request, "name");
    if (!/^[A-Za-z][A-Za-z0-9-]{1,30}[A-Za-z0-9]$/.test(name)) {
      throw invalidRequest("InvalidComputeName", `The compute name '${name}' is invalid.`);
    }
    if (given(request) !== undefined) {
      throw new ArmError(400, "UserError", `The compute ${name} is local Azure's own and cannot be changed.`, [
        "BadArgument",
      ]);
    }
    const sent = propertiesOf(request);
    const computeType = sent["computeType"];
    if (typeof computeType !== "string") throw invalidRequest("BadRequest", "properties.computeType is required.");
    const before = made(request);
    const now = timestamp(world.clock.now());
    const compute: ComputeRecord = {
      name: before?.name ?? name,
      location: String(bodyOf(request)["location"] ?? world.location),
      tags: (bodyOf(request)["tags"] ?? {}) as Json,
      identity: bodyOf(request)["identity"] ?? null,
      computeType,
      sent,
      provisioningState: before === undefined ? "Creating" : "Updating",
      state: "Running",
      createdOn: before?.createdOn ?? now,
      modifiedOn: now,
    };
    computes.set(name.toLowerCase(), compute);
    const operation = world.operations.start("compute");
    world.operations.created(response, operation, apiVersion, `${world.urls.arm}${request.originalUrl}`);
    response.status(before === undefined ? 201 : 200).json(showMade(world, compute, apiVersion));
    later(world, () => {
      compute.provisioningState = "Succeeded";
      computes.changed();
      operation.succeed();
    });
  });

  arm.delete(
    "/computes/:name",
    (request, response, { apiVersion }) => {
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

  for (const [verb, state] of [
    ["start", "Running"],
    ["stop", "Stopped"],
    ["restart", "Running"],
  ] as const) {
    arm.post(`/computes/:name/${verb}`, (request, response, { apiVersion }) => {
      const compute = made(request);
      if (compute === undefined) return answerMissing(response);
      const operation = world.operations.start("compute");
      world.operations.accepted(response, operation, apiVersion);
      later(world, () => {
        compute.state = state;
        computes.changed();
        operation.succeed();
      });
    });
  }

  arm.post("/computes/:name/listNodes", (request, response) => {
    if (given(request) === undefined && made(request) === undefined) return answerMissing(response);
    response.json({ nodes: [] });
  });
}

function later(world: AzureWorld, work: () => void): void {
  world.clock.after(world.scenario.online.endpoint, work);
}

/** What was made, with the type's own properties as sent and, for a cluster, with what the service adds (facts/04 §9.5). */
function showMade(world: AzureWorld, compute: ComputeRecord, apiVersion: string): object {
  const own = (compute.sent["properties"] ?? {}) as Json;
  const scale = own["scaleSettings"] as { maxNodeCount?: number } | undefined;
  const properties =
    compute.computeType === "AmlCompute"
      ? {
          ...clusterProperties(String(own["vmSize"] ?? ""), scale?.maxNodeCount ?? 1, apiVersion),
          ...Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null && value !== undefined)),
        }
      : compute.computeType === "ComputeInstance"
        ? { ...own, state: compute.state }
        : own;
  return {
    id: `${world.workspaceId}/computes/${compute.name}`,
    name: compute.name,
    type: "Microsoft.MachineLearningServices/workspaces/computes",
    location: compute.location,
    tags: compute.tags,
    ...(compute.identity === null ? {} : { identity: compute.identity }),
    properties: {
      createdOn: compute.createdOn,
      modifiedOn: compute.modifiedOn,
      disableLocalAuth: compute.sent["disableLocalAuth"] ?? false,
      description: compute.sent["description"] ?? null,
      resourceId: compute.sent["resourceId"] ?? null,
      computeType: compute.computeType,
      computeLocation: compute.location,
      provisioningState: compute.provisioningState,
      provisioningErrors: null,
      isAttachedCompute: typeof compute.sent["resourceId"] === "string",
      properties,
    },
  };
}

/** AmlCompute as recorded (facts/04 §9.5); computes have no systemData. */
function clusterProperties(vmSize: string, maxNodeCount: number, apiVersion: string): Json {
  const properties: Json = {
    vmSize,
    vmPriority: "Dedicated",
    scaleSettings: { maxNodeCount, minNodeCount: 0, nodeIdleTimeBeforeScaleDown: "PT2M" },
    subnet: null,
    currentNodeCount: 0,
    targetNodeCount: 0,
    nodeStateCounts: {
      preparingNodeCount: 0,
      runningNodeCount: 0,
      idleNodeCount: 0,
      unusableNodeCount: 0,
      leavingNodeCount: 0,
      preemptedNodeCount: 0,
    },
    allocationState: "Steady",
    allocationStateTransitionTime: "2023-04-07T22:10:11.193+00:00",
    errors: null,
    remoteLoginPortPublicAccess: "Enabled",
    osType: "Linux",
    virtualMachineImage: null,
    isolatedNetwork: false,
    enableBatchPrivateLink: false,
    propertyBag: {},
  };
  if (apiVersion === "2022-10-01" || !atLeast(apiVersion, "2022-10-01") || atLeast(apiVersion, "2023-04-01")) {
    for (const key of recordedOnly) delete properties[key];
  }
  return properties;
}

function show(world: AzureWorld, cluster: Cluster, apiVersion: string): object {
  return {
    id: `${world.workspaceId}/computes/${cluster.name}`,
    name: cluster.name,
    type: "Microsoft.MachineLearningServices/workspaces/computes",
    location: world.location,
    tags: {},
    properties: {
      createdOn: "2023-04-07T22:09:30.3110124+00:00",
      modifiedOn: "2023-04-07T22:09:44.5208313+00:00",
      disableLocalAuth: false,
      description: null,
      resourceId: null,
      computeType: "AmlCompute",
      computeLocation: world.location,
      provisioningState: "Succeeded",
      provisioningErrors: null,
      isAttachedCompute: false,
      properties: clusterProperties(cluster.vmSize, cluster.maxNodeCount, apiVersion),
    },
  };
}
