// Records of batch endpoints and their deployments: plain JSON, by name in lower case.
import type { BatchDeploymentProperties } from "../contract/types.gen.ts";
import type { EndpointIdentity, Tracked } from "./online-endpoint.ts";
import type { Store, Stores } from "./state.ts";

type Json = Record<string, unknown>;

type ProvisioningState = "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";

export interface BatchEndpointRecord extends Tracked {
  description: string | null;
  /** `properties.properties` of the user's. */
  properties: Record<string, string>;
  /** The default deployment, for an invocation that names none. */
  defaultDeployment: string | null;
  provisioningState: ProvisioningState;
  /** `AADToken`, or `Key`, with which making it fails. */
  readonly authMode: string;
  /** As sent; undefined: none. */
  identity?: EndpointIdentity | undefined;
  /** Once it listens: https://localhost:<port>/jobs */
  scoringUri: string | null;
  readonly createdWith: string;
}

export interface BatchDeploymentRecord extends Tracked {
  readonly endpoint: string;
  /** `properties` as sent. */
  properties: BatchDeploymentProperties;
  provisioningState: ProvisioningState;
}

/** The endpoint's data in a job that it started; stored in the job's body as `batch`. */
export interface Invocation {
  readonly endpoint: string;
  readonly deployment: string;
  /** As sent, in the casing of the answer. */
  readonly inputData: Json;
  readonly friendlyName: string;
}

export function batchEndpointsOf(world: Stores): Store<BatchEndpointRecord> {
  return world.store<BatchEndpointRecord>("batchEndpoints");
}

/** Keys are `endpoint/deployment`. */
export function batchDeploymentsOf(world: Stores): Store<BatchDeploymentRecord> {
  return world.store<BatchDeploymentRecord>("batchDeployments");
}

export function deploymentsOfBatchEndpoint(world: Stores, endpoint: string): BatchDeploymentRecord[] {
  return [...batchDeploymentsOf(world).values()].filter((one) => one.endpoint === endpoint.toLowerCase());
}
