// The state of local Azure and what every resource file needs of it.
import type { EventEmitter } from "node:events";
import type http from "node:http";
import type { HarRecorder } from "../../network/har.ts";
import type { Listener } from "../../network/listen.ts";
import { type Environment, environments } from "../arm/clouds.ts";
import { type AssetNoun, AssetStore } from "../arm/collection.ts";
import { Operations } from "../arm/operations.ts";
import type { Directory } from "../entra/directory.ts";
import type { Store, Stores } from "../records/state.ts";
import type { Scenarios } from "../scenarios/scenarios.ts";
import type { BlobStore } from "./blobs.ts";
import type { CloudClock } from "./clock.ts";
import { createEvents, type WorldEvents } from "./events.ts";
import { defaultSettings, type Settings } from "./settings.ts";

/** Base URLs without a trailing slash; empty until the listeners are up. */
export interface AzureUrls {
  arm: string;
  login: string;
  /** The data plane that discovery names: history, data, mlflow, artifact, metric; and the studio's pages. */
  api: string;
  /** https://stor1.blob.core.storage.localhost:<port> */
  storage: string;
  /** Queries of Log Analytics. */
  logs: string;
  /** The workspace's Key Vault: https://kv-1.vault.localhost:<port> */
  vault: string;
}

/** Names of this cloud: subscription, resource group, workspace, region. */
export interface AzureNames {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspaceName: string;
  /** `workspaceId` of the workspace's properties: the guid in operation ids and in the default container's name. */
  readonly workspaceGuid: string;
  readonly location: string;
  readonly storageAccount: string;
}

export const defaultNames: AzureNames = {
  tenantId: "72f98800-0000-4000-8000-00000000cafe",
  subscriptionId: "00000000-0000-0000-0000-000000000001",
  resourceGroup: "rg1",
  workspaceName: "ws1",
  workspaceGuid: "061273aa-2956-4aff-8628-0fad8c820f9e",
  location: "eastus2",
  storageAccount: "stor1",
};

/** The way to build environments. `machine`: none is built; everything runs with the Python of this machine. */
type Provisioning = { readonly kind: "machine" } | { readonly kind: "venv"; readonly cache: string };

export interface AzureWorld extends AzureNames {
  /** ARM id: /subscriptions/…/resourceGroups/…/providers/Microsoft.MachineLearningServices/workspaces/ws1 */
  readonly workspaceId: string;
  readonly urls: AzureUrls;
  /** The cloud that this one poses as: which audiences its tokens have. */
  readonly environment: Environment;
  readonly clock: CloudClock;
  readonly har: HarRecorder;
  readonly blobs: BlobStore;
  readonly directory: Directory;
  /** The subscriptions of the same tenant, itself among them: identities and registries of a tenant are known in all of them. */
  siblings(): readonly AzureWorld[];
  readonly operations: Operations;
  /** Containers and versions of one noun. */
  readonly assets: Readonly<Record<AssetNoun, AssetStore>>;
  /** A store of plain JSON by name, the same at every call, kept with `--data`: `world.store<Job>("jobs")`. */
  store<T>(name: string): Store<T>;
  /** A singleton of this world, made by the first call, `world.part("job service", () => …)`. */
  part<T>(key: string, make: () => T): T;
  /** The folder given with `--data`; for what is no JSON and no blob. */
  readonly dataFolder: string | undefined;
  /** Settings that tests and demos may change while the cloud runs. */
  readonly settings: Settings;
  /** Scenario rules: delays and failures. */
  readonly scenarios: Scenarios;
  readonly events: EventEmitter<WorldEvents>;
  /** How environments are made; set when the cloud starts. */
  provisioning: Provisioning;
  /** How processes that the cloud itself starts reach it; empty until the cloud is up. */
  readonly reach: { caFile: string; proxyUrl: string };
  /** Redacts `value` in the HAR file and returns it. */
  secret(value: string): string;
  /**
   * A further HTTPS listener of this cloud (one per online endpoint), reachable through the proxy and closed with the cloud.
   * The same name gets the same port again after a restart with the same data folder.
   */
  listen(name: string, handler: http.RequestListener): Promise<Listener>;
  /** Called, last registered first, when the cloud closes: end processes, stop timers. */
  onClose(callback: () => void | Promise<void>): void;
}

/** The cloud's input to a new world. */
export interface WorldParts {
  readonly names: AzureNames;
  /** AzureCloud where absent. */
  readonly environment?: Environment | undefined;
  readonly clock: CloudClock;
  readonly scenarios: Scenarios;
  readonly har: HarRecorder;
  readonly blobs: BlobStore;
  readonly directory: Directory;
  readonly state: Stores;
  readonly urls: AzureUrls;
  readonly dataFolder?: string | undefined;
  /** Itself alone where absent. */
  readonly siblings?: AzureWorld["siblings"] | undefined;
  readonly listen: AzureWorld["listen"];
  readonly onClose: AzureWorld["onClose"];
}

export function createWorld(parts: WorldParts): AzureWorld {
  const { names, clock, har, state, urls } = parts;
  const settings = defaultSettings();
  const events = createEvents();
  const assets = (noun: AssetNoun) =>
    new AssetStore(
      noun,
      state.store(`assets/${noun}`),
      () => clock.now(),
      (asset) => events.emit("assetCreated", noun, asset),
    );
  const running = new Map<string, unknown>();
  const part = <T>(key: string, make: () => T): T => {
    if (!running.has(key)) running.set(key, make());
    return running.get(key) as T;
  };
  const world: AzureWorld = {
    ...names,
    workspaceId: `/subscriptions/${names.subscriptionId}/resourceGroups/${names.resourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/${names.workspaceName}`,
    urls,
    environment: parts.environment ?? environments.AzureCloud,
    clock,
    har,
    blobs: parts.blobs,
    directory: parts.directory,
    siblings: parts.siblings ?? (() => [world]),
    operations: new Operations({ ...names, urls, clock, patience: () => settings.patience }),
    assets: {
      codes: assets("codes"),
      data: assets("data"),
      models: assets("models"),
      environments: assets("environments"),
      components: assets("components"),
    },
    store: (name) => state.store(name),
    part,
    dataFolder: parts.dataFolder,
    settings,
    scenarios: parts.scenarios,
    events,
    provisioning: { kind: "machine" },
    reach: { caFile: "", proxyUrl: "" },
    secret: (value) => {
      har.addSecret(value);
      return value;
    },
    listen: parts.listen,
    onClose: parts.onClose,
  };
  return world;
}
