// Further subscriptions of the local cloud, of its own tenant or of another: each with a workspace, storage, a client and a connection.
import { randomUUID } from "node:crypto";
import path from "node:path";
import { Directory } from "./azure/entra/directory.ts";
import { Scenarios } from "./azure/scenarios/scenarios.ts";
import { containerOf } from "./azure/workspace/datastores.ts";
import { BlobStore } from "./azure/world/blobs.ts";
import { type AzureNames, type AzureWorld, createWorld, type WorldParts } from "./azure/world/world.ts";
import { startAzurite } from "./azurite.ts";
import type { ServiceConnection } from "./connections.ts";
import { newSecret } from "./credentials.ts";

/** Storage knows no clock but the machine's. */
const { now: machineNow } = Date;

/** The names of a further subscription. */
export interface SubscriptionNames {
  /** Of its service connection in the local project. */
  readonly connection: string;
  readonly subscriptionId: string;
  /** Three to 24 small letters and digits. */
  readonly storageAccount: string;
  /** The cloud's own tenant where absent. */
  readonly tenantId?: string;
  readonly resourceGroup?: string;
  readonly workspaceName?: string;
  readonly location?: string;
}

/** A further subscription that is up. */
export interface Subscription {
  readonly azure: AzureWorld;
  /** A contributor of this subscription and of no other. */
  readonly client: { readonly clientId: string; readonly secret: string };
  readonly connection: ServiceConnection;
}

/** The parts that further subscriptions share with the first. */
export interface SharedParts extends Omit<WorldParts, "names" | "blobs" | "scenarios" | "siblings"> {
  /** Worlds that exist; each new one is added. */
  readonly worlds: AzureWorld[];
}

/** Makes the subscription and starts its storage; the caller tells it its addresses once the listeners are up. */
export async function addSubscription(names: SubscriptionNames, first: AzureNames, parts: SharedParts) {
  const { worlds, clock, state, dataFolder, har } = parts;
  const all: AzureNames = {
    tenantId: names.tenantId ?? first.tenantId,
    subscriptionId: names.subscriptionId,
    resourceGroup: names.resourceGroup ?? first.resourceGroup,
    workspaceName: names.workspaceName ?? first.workspaceName,
    workspaceGuid: guidOf(names.subscriptionId),
    location: names.location ?? first.location,
    storageAccount: names.storageAccount,
  };
  const folder = dataFolder === undefined ? undefined : path.join(dataFolder, names.subscriptionId);
  const azurite = await startAzurite(all.storageAccount, folder && path.join(folder, "blobs"));
  parts.onClose(() => azurite.close());
  har.addSecret(azurite.key);
  const known = worlds.find(({ tenantId }) => tenantId === all.tenantId);
  const directory = known?.directory ?? Directory.create(all.tenantId, () => clock.now());
  const urls = { arm: "", login: "", api: "", storage: "", logs: "", vault: "" };
  const world: AzureWorld = createWorld({
    ...parts,
    names: all,
    // Their requests are not counted by the first one's rules.
    scenarios: new Scenarios([]),
    state: { store: (name) => state.store(`${all.subscriptionId}/${name}`) },
    urls,
    directory,
    blobs: new BlobStore({ ...azurite, publicUrl: () => urls.storage, now: machineNow }),
    dataFolder: folder,
    siblings: () => [world, ...worlds.filter((one) => one !== world && one.tenantId === world.tenantId)],
    listen: (name, handler) => parts.listen(`${all.subscriptionId}/${name}`, handler),
  });
  worlds.push(world);
  const secret = newSecret((value) => world.secret(value));
  const clientId = randomUUID();
  directory.add({
    clientId,
    objectId: randomUUID(),
    displayName: `client of the subscription ${all.subscriptionId}`,
    secrets: [{ value: secret }],
    hasAccess: true,
    subscriptions: [all.subscriptionId],
  });
  return { world, client: { clientId, secret } };
}

/** The subscription's connection, by client secret and with the scope of the subscription: `like` one of the first subscription. */
export function connectionTo(
  names: SubscriptionNames,
  { world, client }: { world: AzureWorld; client: Subscription["client"] },
  like: ServiceConnection,
  number: number,
): ServiceConnection {
  return {
    ...like,
    id: `5e4e6ce0-0000-4000-8000-0000000001${String(number).padStart(2, "0")}`,
    name: names.connection,
    parameters: {
      ...like.parameters,
      tenantid: world.tenantId,
      serviceprincipalid: client.clientId,
      serviceprincipalkey: client.secret,
    },
    data: { ...like.data, subscriptionId: world.subscriptionId, subscriptionName: names.connection },
  };
}

/** A workspace is born with the containers of its datastores. */
export async function makeContainers(world: AzureWorld): Promise<void> {
  const places = ["workspaceblobstore", "workspaceartifactstore"].map((name) => containerOf(world, name));
  await Promise.all(places.map((place) => place && world.blobs.container(place)));
}

/** The same after a restart with the same data. */
function guidOf(subscriptionId: string): string {
  return subscriptionId.replace(/^[^-]*/, (first) => first.split("").reverse().join("")).toLowerCase();
}
