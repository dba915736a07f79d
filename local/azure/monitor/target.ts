// The resource that a rule of Azure Monitor watches or scales, by its ARM id: an online endpoint, or one of its deployments.
import { deploymentKey, deploymentsOf, endpointsOf } from "../records/online-endpoint.ts";
import type { AzureWorld } from "../world/world.ts";
import type { Scope } from "./metrics.ts";

export interface Target {
  readonly scope: Scope;
  readonly endpoint: string;
  readonly deployment?: string;
}

/** Undefined for what this workspace does not have, or what is something else. */
export function targetOf(world: AzureWorld, id: string): Target | undefined {
  const base = `${world.workspaceId}/onlineEndpoints/`;
  if (!id.toLowerCase().startsWith(base.toLowerCase())) return undefined;
  const match = /^([^/]+)(?:\/deployments\/([^/]+))?\/?$/i.exec(id.slice(base.length));
  if (match === null) return undefined;
  const [, endpoint = "", deployment] = match;
  if (!endpointsOf(world).has(endpoint.toLowerCase())) return undefined;
  if (deployment === undefined) return { scope: "endpoint", endpoint };
  const found = deploymentsOf(world).get(deploymentKey(endpoint, deployment));
  return found === undefined ? undefined : { scope: "deployment", endpoint, deployment: found.name };
}
