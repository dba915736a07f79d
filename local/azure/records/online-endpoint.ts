// Records of online endpoints and their deployments: plain JSON, by name in lower case.
import type { Stamps } from "../arm/envelope.ts";
import type { KubernetesOnlineDeployment, ManagedOnlineDeployment, Sku } from "../contract/types.gen.ts";
import type { Store, Stores } from "./state.ts";

export interface Tracked {
  readonly name: string;
  stamps: Stamps;
  tags: Record<string, string>;
  location: string;
}

/** As sent. */
export interface EndpointIdentity {
  readonly type?: string | null;
  readonly userAssignedIdentities?: Readonly<Record<string, unknown>> | null;
}

export interface EndpointRecord extends Tracked {
  identity: EndpointIdentity;
  /** `properties.properties` of the user's. */
  properties: Record<string, string>;
  description: string | null;
  /** The attached Kubernetes cluster, as sent; null or absent: managed. */
  readonly compute?: string | null;
  readonly authMode: "Key" | "AMLToken" | "AADToken";
  publicNetworkAccess: string;
  provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";
  /** The live weights; what a running update will bring is not here yet. */
  traffic: Record<string, number>;
  mirrorTraffic: Record<string, number>;
  keys: { primaryKey: string; secondaryKey: string };
  /** Once it listens. */
  scoringUri: string | null;
  /** The status URL of the last operation. */
  operationUrl: string;
}

export interface DeploymentRecord extends Tracked {
  readonly endpoint: string;
  /** `properties` as sent; those of a deployment on Kubernetes have fields of their own. */
  properties: Partial<ManagedOnlineDeployment> | Partial<KubernetesOnlineDeployment>;
  sku: Sku & { readonly capacity: number };
  provisioningState: "Creating" | "Updating" | "Deleting" | "Scaling" | "Succeeded" | "Failed";
  operationUrl: string;
  /** It has never come up: while it is Failed so, it can only be deleted. */
  neverReady?: boolean;
}

export function endpointsOf(world: Stores): Store<EndpointRecord> {
  return world.store<EndpointRecord>("onlineEndpoints");
}

/** Keys are `endpoint/deployment`. */
export function deploymentsOf(world: Stores): Store<DeploymentRecord> {
  return world.store<DeploymentRecord>("onlineDeployments");
}

export function deploymentKey(endpoint: string, deployment: string): string {
  return `${endpoint}/${deployment}`.toLowerCase();
}

/** All deployments of an endpoint, in the order they were made. */
export function deploymentsOfEndpoint(world: Stores, endpoint: string): DeploymentRecord[] {
  return [...deploymentsOf(world).values()].filter((each) => each.endpoint === endpoint.toLowerCase());
}
