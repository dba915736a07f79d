// Computes as the management plane shows them, key by key (docs/facts/azureml-wire.md#9.5; recorded writes of 2022 and 2023; docs/facts/recorded-operations.md#7). They have no systemData.
import { atLeast } from "../arm/envelope.ts";
import type { AmlComputeProperties } from "../contract/types.gen.ts";
import type { Cluster, ComputeRecord } from "../records/compute.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

/** Keys that no published type knows are shown where they are recorded: in previews of 2022 and 2023, and at 2024-04-01. */
function showsRecordedOnly(apiVersion: string): boolean {
  const recorded = atLeast(apiVersion, "2022-10-01") && !atLeast(apiVersion, "2023-04-01");
  return apiVersion === "2024-04-01" || (recorded && apiVersion !== "2022-10-01");
}

/** A compute while it is made (`isStarting`) knows nothing of its nodes. */
export function computeBody(world: AzureWorld, compute: ComputeRecord, apiVersion: string): Json {
  const isStarting = compute.provisioningState === "Creating" || compute.provisioningState === "Updating";
  const isNew = compute.createdOn === compute.modifiedOn;
  const isCluster = compute.computeType === "AmlCompute";
  const attached = compute.sent.resourceId;
  const cluster = `${world.workspaceId.replace("Microsoft.MachineLearningServices", "Microsoft.BatchAI")}/clusters/${compute.name}`;
  return {
    id: `${world.workspaceId}/computes/${compute.name}`,
    name: compute.name,
    type: "Microsoft.MachineLearningServices/workspaces/computes",
    location: compute.location,
    tags: compute.tags ?? (isStarting ? null : {}),
    ...(compute.identity === null ? {} : { identity: compute.identity }),
    properties: {
      createdOn: compute.createdOn,
      modifiedOn: compute.modifiedOn,
      disableLocalAuth: compute.sent.disableLocalAuth ?? false,
      description: compute.sent.description ?? null,
      // While a cluster that there was is changed, the service shows where it lies.
      resourceId: attached ?? (isCluster && isStarting && !isNew ? cluster : null),
      computeType: compute.computeType,
      ...(isStarting && isNew ? {} : { computeLocation: compute.location }),
      provisioningState: compute.provisioningState,
      provisioningErrors: null,
      ...(apiVersion === "2024-04-01" ? { provisioningWarnings: {} } : {}),
      isAttachedCompute: typeof attached === "string",
      properties: ownProperties(compute, apiVersion, isStarting),
    },
  };
}

function ownProperties(compute: ComputeRecord, apiVersion: string, isStarting: boolean): Json {
  const { sent } = compute;
  if (sent.computeType === "AmlCompute")
    return clusterProperties(sent.properties ?? {}, apiVersion, isStarting, compute.modifiedOn);
  if (sent.computeType !== "ComputeInstance") return "properties" in sent ? { ...sent.properties } : {};
  const own = sent.properties;
  return {
    subnet: null,
    applicationSharingPolicy: "Shared",
    ...own,
    sshSettings: { sshPublicAccess: "Disabled", adminUserName: "azureuser", sshPort: 50_000, ...own?.sshSettings },
    errors: [],
    state: isStarting ? "Creating" : compute.state,
  };
}

function clusterProperties(own: AmlComputeProperties, apiVersion: string, isStarting: boolean, since: string): Json {
  const { scaleSettings: scale, userAccountCredentials: credentials } = own;
  const access = own.remoteLoginPortPublicAccess ?? "Enabled";
  return {
    vmSize: (own.vmSize ?? "").toUpperCase(),
    vmPriority: own.vmPriority ?? "Dedicated",
    scaleSettings: {
      maxNodeCount: scale?.maxNodeCount ?? 1,
      minNodeCount: scale?.minNodeCount ?? 0,
      nodeIdleTimeBeforeScaleDown: scale?.nodeIdleTimeBeforeScaleDown ?? "PT2M",
    },
    // The password is never returned.
    ...(credentials && !isStarting
      ? {
          userAccountCredentials: {
            adminUserName: credentials.adminUserName ?? null,
            adminUserPassword: null,
            adminUserSshPublicKey: credentials.adminUserSshPublicKey ?? null,
          },
        }
      : {}),
    subnet: own.subnet ?? null,
    ...(isStarting
      ? { currentNodeCount: null, targetNodeCount: null, nodeStateCounts: null, allocationState: null }
      : {
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
          allocationStateTransitionTime: since,
        }),
    errors: null,
    remoteLoginPortPublicAccess: access === "NotSpecified" ? "Enabled" : access,
    osType: own.osType ?? "Linux",
    virtualMachineImage: own.virtualMachineImage ?? null,
    isolatedNetwork: own.isolatedNetwork ?? false,
    ...(own.enableNodePublicIp === undefined ? {} : { enableNodePublicIp: own.enableNodePublicIp }),
    ...(showsRecordedOnly(apiVersion) && !isStarting ? { enableBatchPrivateLink: false } : {}),
    ...(isStarting ? {} : { propertyBag: {} }),
  };
}

/** A cluster that stands ready, as recorded of a workspace's own. */
export function clusterBody(world: AzureWorld, cluster: Cluster, apiVersion: string): Json {
  const { name, vmSize, maxNodeCount } = cluster;
  return computeBody(
    world,
    {
      name,
      location: world.location,
      tags: {},
      identity: null,
      computeType: "AmlCompute",
      sent: { computeType: "AmlCompute", properties: { vmSize, scaleSettings: { maxNodeCount } } },
      provisioningState: "Succeeded",
      state: "Running",
      createdOn: "2023-04-07T22:09:30.3110124+00:00",
      modifiedOn: "2023-04-07T22:09:44.5208313+00:00",
    },
    apiVersion,
  );
}
