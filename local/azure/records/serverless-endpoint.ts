// Records of serverless endpoints and of marketplace subscriptions: plain JSON, by name in lower case.

import type { Stamps } from "../arm/envelope.ts";
import type { Tracked } from "./online-endpoint.ts";
import type { Store, Stores } from "./state.ts";

export interface ServerlessEndpointRecord extends Tracked {
  readonly authMode: "Key" | "AAD" | "KeyAndAAD";
  /** `azureml://registries/{registry}/models/{name}`. */
  readonly modelId: string;
  readonly sku: { readonly name: string };
  provisioningState: "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";
  keys: { primaryKey: string; secondaryKey: string };
  /** Once it listens. */
  uri: string | null;
}

export interface MarketplaceSubscriptionRecord {
  readonly name: string;
  readonly modelId: string;
  stamps: Stamps;
  provisioningState: "Creating" | "Deleting" | "Succeeded" | "Failed";
}

export function serverlessEndpointsOf(world: Stores): Store<ServerlessEndpointRecord> {
  return world.store<ServerlessEndpointRecord>("serverlessEndpoints");
}

export function marketplaceSubscriptionsOf(world: Stores): Store<MarketplaceSubscriptionRecord> {
  return world.store<MarketplaceSubscriptionRecord>("marketplaceSubscriptions");
}
