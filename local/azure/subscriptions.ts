// Several subscriptions in one cloud: chooses the one that a request is for, so that they share Azure Resource Manager, Microsoft Entra and
// the services' hosts, as subscriptions of Azure do. Each has one workspace, and storage of its own.
import type http from "node:http";
import { decodeToken } from "./entra/directory.ts";
import { hasOperation } from "./planes/registries.ts";
import { vaultOf } from "./workspace/addresses.ts";
import { registriesOf } from "./workspace/registries.ts";
import type { AzureWorld } from "./world/world.ts";

type Choose = (worlds: readonly AzureWorld[], request: http.IncomingMessage) => AzureWorld | undefined;

/** One application for each subscription behind one listener; what names none of them goes to the first. */
export function shared(
  worlds: readonly AzureWorld[],
  application: (world: AzureWorld) => http.RequestListener,
  choose: Choose,
): http.RequestListener {
  const applications = new Map(worlds.map((world) => [world, application(world)]));
  const [first] = worlds;
  return (request, response) => {
    const world = choose(worlds, request) ?? first;
    if (world !== undefined) applications.get(world)?.(request, response);
  };
}

/** By the subscription in the address; otherwise by the tenant of the caller's token. */
export const bySubscription: Choose = (worlds, request) => {
  const address = decoded(request.url ?? "");
  const named = /\/subscriptions\/([^/?&]+)/i.exec(address)?.[1]?.toLowerCase();
  if (named !== undefined) return worlds.find(({ subscriptionId }) => subscriptionId.toLowerCase() === named);
  const own = worlds.filter(({ tenantId }) => tenantId === tenantOf(request));
  const registry = /\/registries\/([^/?&]+)/i.exec(address)?.[1]?.toLowerCase();
  const operation = /\/operations\/([^/?&]+)/i.exec(address)?.[1];
  return (
    own.find((world) => registry !== undefined && registriesOf(world).has(registry)) ??
    own.find((world) => operation !== undefined && hasOperation(world, operation)) ??
    own[0]
  );
};

/** By the tenant that stands first in the address, as every address of Microsoft Entra has it. */
export const byTenant: Choose = (worlds, request) => {
  const tenant = (request.url ?? "").split("/")[1]?.toLowerCase();
  return worlds.find(({ tenantId }) => tenantId.toLowerCase() === tenant);
};

/** By the storage account, the first label of the host. */
export const byAccount: Choose = (worlds, request) => {
  const account = (request.headers.host ?? "").split(".")[0];
  return worlds.find(({ storageAccount }) => storageAccount === account);
};

/** By the key vault, the first label of the host. */
export const byVault: Choose = (worlds, request) => {
  const vault = (request.headers.host ?? "").split(".")[0];
  return worlds.find((world) => vaultOf(world) === vault);
};

function tenantOf({ headers }: http.IncomingMessage): unknown {
  const token = /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? "")?.[1];
  return token === undefined ? undefined : decodeToken(token)?.claims["tid"];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
