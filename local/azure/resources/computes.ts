// Computes: two clusters that stand ready. A missing compute is a 404 without a word.
import { atLeast } from "../arm/envelope.ts";
import { type ArmRouter, parameter } from "../arm/router.ts";
import type { AzureWorld } from "../world.ts";

interface Cluster {
  readonly name: string;
  readonly vmSize: string;
  readonly maxNodeCount: number;
}

const clusters: readonly Cluster[] = [
  { name: "cpu-cluster", vmSize: "STANDARD_DS3_V2", maxNodeCount: 4 },
  { name: "gpu-cluster", vmSize: "STANDARD_NC6S_V3", maxNodeCount: 2 },
];

/** Whether jobs may name this compute: a cluster, or `serverless`, which is none (facts/03 §2.5). */
export function computeExists(name: string): boolean {
  const wanted = name.toLowerCase();
  return wanted === "serverless" || clusters.some((cluster) => cluster.name === wanted);
}

/** Keys of a cluster that the published types do not know; the recording at 2022-10-01-preview has them (facts/04 §9.5). */
const recordedOnly = ["enableBatchPrivateLink"];

export function mount(arm: ArmRouter, world: AzureWorld): void {
  arm.get("/computes", (_request, response, { apiVersion }) => {
    response.json({ value: clusters.map((cluster) => show(world, cluster, apiVersion)) });
  });

  arm.get("/computes/:name", (request, response, { apiVersion }) => {
    const cluster = clusters.find((one) => one.name === parameter(request, "name").toLowerCase());
    if (cluster === undefined) {
      // No body, no Content-Type, and x-ms-response-type stays "standard" (facts/04 §16, row 6).
      response.status(404).setHeader("Content-Length", "0").end();
      return;
    }
    response.json(show(world, cluster, apiVersion));
  });
}

/** AmlCompute as recorded (facts/04 §9.5); computes have no systemData. */
function show(world: AzureWorld, cluster: Cluster, apiVersion: string): object {
  const properties: Record<string, unknown> = {
    vmSize: cluster.vmSize,
    vmPriority: "Dedicated",
    scaleSettings: { maxNodeCount: cluster.maxNodeCount, minNodeCount: 0, nodeIdleTimeBeforeScaleDown: "PT2M" },
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
    enableBatchPrivateLink: null,
    propertyBag: {},
  };
  if (apiVersion === "2022-10-01" || atLeast(apiVersion, "2023-04-01")) {
    for (const key of recordedOnly) delete properties[key];
  }
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
      properties,
    },
  };
}
