// Things of a workspace on a local cloud as somebody made them at some time in the past: endpoints, deployments, versions.
import { newStamps } from "../../../../local/azure/arm/envelope.ts";
import type { JobRecord } from "../../../../local/azure/records/job.ts";
import { deploymentKey, deploymentsOf, endpointsOf } from "../../../../local/azure/records/online-endpoint.ts";
import { longDatastoreUri } from "../../../../local/azure/records/references.ts";
import { storedModelUri } from "../../../../local/azure/resources/assets/models.ts";
import type { AzureWorld } from "../../../../local/azure/world/world.ts";

/** Milliseconds. */
export const DAY = 24 * 3_600_000;
export const ada = { name: "Ada", type: "User" } as const;

export type SomeTags = Readonly<Record<string, string>>;

export interface SomeShares {
  readonly tags?: SomeTags;
  readonly traffic?: Readonly<Record<string, number>>;
  readonly mirror?: Readonly<Record<string, number>>;
  readonly state?: "Updating";
}

export interface SomeDeployed {
  readonly state?: "Succeeded" | "Failed";
  /** `name:version`. */
  readonly model?: string;
  /** Of what it collects. */
  readonly data?: string;
  readonly tags?: SomeTags;
}

/** @param named `name:version` */
const versionId = ({ workspaceId }: AzureWorld, place: "models" | "data", named: string): string =>
  `${workspaceId}/${place}/${named.replace(":", "/versions/")}`;

/** @param at when it was made: milliseconds since the epoch */
export function addEndpoint(azure: AzureWorld, name: string, of: SomeShares, at: number): void {
  endpointsOf(azure).set(name, {
    ...{ name, stamps: newStamps(at, ada), tags: { ...of.tags }, location: azure.location },
    ...{ identity: { type: "SystemAssigned" }, properties: {}, description: null, authMode: "Key" },
    ...{ publicNetworkAccess: "Enabled", provisioningState: of.state ?? "Succeeded", operationUrl: "" },
    ...{ scoringUri: `https://localhost/${name}`, traffic: { ...of.traffic }, mirrorTraffic: { ...of.mirror } },
    keys: { primaryKey: azure.secret(`one-${name}-key`), secondaryKey: azure.secret(`two-${name}-key`) },
  });
}

export function addDeployment(azure: AzureWorld, endpoint: string, name: string, of: SomeDeployed, at: number): void {
  const dataCollector = { collections: { inputs: { dataId: versionId(azure, "data", of.data ?? "none:1") } } };
  deploymentsOf(azure).set(deploymentKey(endpoint, name), {
    ...{ name, endpoint, tags: { ...of.tags }, location: azure.location, operationUrl: "" },
    ...{ stamps: newStamps(at, ada), sku: { name: "Default", tier: "Standard", capacity: 1 } },
    properties: {
      ...{ endpointComputeType: "Managed", instanceType: "Standard_DS2_v2" },
      ...(of.model === undefined ? {} : { model: versionId(azure, "models", of.model) }),
      ...(of.data === undefined ? {} : { dataCollector }),
    },
    provisioningState: of.state ?? "Succeeded",
  });
}

/** @param named `name:version` @param own further properties */
export function addVersion(
  azure: AzureWorld,
  noun: "models" | "data",
  named: string,
  own: object,
  at: number,
  tags: SomeTags = {},
): void {
  const [name = "", version = ""] = named.split(":");
  const uri = longDatastoreUri(azure, "workspaceblobstore", `seeded/${name}/${version}`);
  const place =
    noun === "data"
      ? { dataUri: `${uri}/`, dataType: "uri_folder" }
      : {
          modelUri: storedModelUri(azure, uri),
          modelType: "custom_model",
          flavors: {},
          jobName: null,
          stage: "Development",
        };
  const { asset } = azure.assets[noun].put(
    name,
    version,
    { ...place, ...own, tags: { ...tags }, properties: {}, isArchived: false },
    ada,
  );
  asset.stamps = newStamps(at, ada);
}

/** A completed job that read a version of a data asset. @param data `name:version` */
export function addReader(azure: AzureWorld, name: string, data: string): void {
  const now = azure.clock.now();
  azure.store<JobRecord>("jobs").set(name, {
    ...{ name, sequence: 1, displayName: name, description: null, isArchived: false },
    body: {
      ...{ jobType: "Command", command: "true", environmentId: "" },
      inputs: { read: { jobInputType: "uri_folder", uri: versionId(azure, "data", data) } },
    },
    ...{ tags: {}, properties: {}, experimentName: "earlier", experimentId: "earlier", status: "Completed" as const },
    ...{ created: now, started: now, ended: now, stamps: newStamps(now, ada), ownerId: "" },
    ...{ outputUris: {}, registered: {}, logFiles: [] },
  });
}
