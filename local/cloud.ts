// Starts and stops the whole local cloud, in one process tree on loopback.
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Principal } from "./azure/arm/caller.ts";
import { type EnvironmentName, environments } from "./azure/arm/clouds.ts";
import type { Contract } from "./azure/contract/contract.ts";
import { Directory } from "./azure/entra/directory.ts";
import { identityPath, managedIdentityHandler } from "./azure/entra/managed-identity.ts";
import { defaultCache } from "./azure/environments/cache.ts";
import { inFrontOf } from "./azure/fault-injection/requests.ts";
import { seedMinutes } from "./azure/monitor/seed.ts";
import { vaultApplication } from "./azure/planes/key-vault.ts";
import { storageHandler } from "./azure/planes/storage.ts";
import { State } from "./azure/records/state.ts";
import { readScenarios } from "./azure/scenarios/document.ts";
import type { ScenarioDocument } from "./azure/scenarios/rules.ts";
import { Scenarios } from "./azure/scenarios/scenarios.ts";
import { apiApplication, armApplication, loginApplication, logsApplication } from "./azure/server.ts";
import { byAccount, bySubscription, byTenant, byVault, shared } from "./azure/subscriptions.ts";
import { vaultOf } from "./azure/workspace/addresses.ts";
import { BlobStore } from "./azure/world/blobs.ts";
import { CloudClock } from "./azure/world/clock.ts";
import { type AzureNames, type AzureUrls, type AzureWorld, createWorld, defaultNames } from "./azure/world/world.ts";
import { startAzurite } from "./azurite.ts";
import { type ConnectionName, createConnections, type ServiceConnection } from "./connections.ts";
import { type Credentials, createCredentials } from "./credentials.ts";
import { extensionFiles } from "./devops/pages/pages.ts";
import { devOpsApplication } from "./devops/rest/server.ts";
import { DevOpsWorld } from "./devops/world.ts";
import type { FaultLayer } from "./faults/layer.ts";
import { gitHubApplication } from "./git-hub/server.ts";
import { GitHubWorld } from "./git-hub/world.ts";
import { HarRecorder } from "./network/har.ts";
import { type Listener, listen } from "./network/listen.ts";
import { type Proxy as ClientProxy, startProxy } from "./network/proxy.ts";
import { makeAuthority } from "./network/tls.ts";
import {
  addSubscription,
  connectionTo,
  makeContainers,
  type Subscription,
  type SubscriptionNames,
} from "./subscriptions.ts";

export { contracts } from "./azure/contract/contracts.ts";

export interface CloudOptions {
  /** A folder that keeps state and blobs; absent: memory. */
  readonly data?: string;
  /** Published types, as contracts() has them: PUT bodies that break one of them are refused. */
  readonly contracts?: readonly Contract[];
  readonly har?: HarRecorder;
  /** The names of tenant, subscription, resource group and workspace; default: `defaultNames`. */
  readonly names?: Partial<Pick<AzureNames, "tenantId" | "subscriptionId" | "resourceGroup" | "workspaceName">>;
  /** Names of the Azure DevOps organization and its project: contoso and breast-cancer where absent. */
  readonly organization?: string;
  readonly project?: string;
  /** Further subscriptions beside the first, in its tenant or in others; they share Azure Resource Manager, Microsoft Entra and the services' hosts. */
  readonly subscriptions?: readonly SubscriptionNames[];
  /** Scenarios (delays and failures on demand): a file, or its parsed content. */
  readonly scenarios?: string | ScenarioDocument;
  /** `venv`: what environments ask for is installed into virtual environments; else jobs have this machine's Python. */
  readonly environments?: "machine" | "venv";
  /** The folder that keeps virtual environments; one of the user's where absent. */
  readonly environmentsCache?: string;
  /** One of Azure's own clouds, for which this one answers: its name and audiences, with addresses on this machine. */
  readonly posesAs?: EnvironmentName;
  /** Faults that requests of chosen clients meet. */
  readonly faults?: FaultLayer;
}

export interface LocalCloud {
  /** Without a trailing slash. */
  readonly urls: {
    readonly arm: string;
    readonly login: string;
    readonly api: string;
    readonly storage: string;
    readonly vault: string;
    readonly devops: string;
    readonly gitHub: string;
    /** `http://127.0.0.1:<port>`: reaches every host name of this cloud and nothing else. */
    readonly proxy: string;
  };
  /** PEM file of the CA that signed every listener's certificate. */
  readonly caFile: string;
  /** A certificate of that CA for localhost and its key, for servers that stand beside this cloud and are called by it. */
  readonly tls: { readonly certPem: string; readonly keyPem: string };
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspace: string;
  readonly location: string;
  /** Clients of the tenant, with their secrets. */
  readonly credentials: Credentials;
  /** IDENTITY_ENDPOINT and IDENTITY_HEADER of the managed identity, as App Service gives them. */
  readonly managedIdentity: { readonly endpoint: string; readonly header: string };
  /** Service connections of the local project, by name. */
  readonly connections: Readonly<Record<ConnectionName, ServiceConnection>>;
  readonly azure: AzureWorld;
  /** The further subscriptions, by the names of their connections. */
  readonly subscriptions: Readonly<Record<string, Subscription>>;
  readonly devops: DevOpsWorld;
  readonly gitHub: GitHubWorld;
  readonly har: HarRecorder;
  /** Opens another proxy like `urls.proxy`, so that its clients can be told apart. The caller closes it. */
  openProxy(): Promise<ClientProxy>;
  /** Ends everything that was started. */
  close(): Promise<void>;
}

/** Storage is a process of its own, and knows no clock but the machine's: what is signed for it is signed by that one. */
const { now: machineNow } = Date;

/** Starts everything. */
export async function startCloud(options: CloudOptions = {}): Promise<LocalCloud> {
  const har = options.har ?? new HarRecorder();
  const closers: (() => void | Promise<void>)[] = [];
  const close = once(async () => {
    for (const closer of closers.reverse()) await closer();
  });
  try {
    return await start(options, har, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  options: CloudOptions,
  har: HarRecorder,
  closers: (() => void | Promise<void>)[],
  close: () => Promise<void>,
): Promise<LocalCloud> {
  const { scenarios: asked = { clock: {}, rules: [] } } = options;
  const document = typeof asked === "string" ? readScenarios(asked) : asked;
  const clock = new CloudClock(document.clock.start);
  clock.speed = document.clock.speed ?? 1;
  const scratch = mkdtempSync(path.join(tmpdir(), "local-cloud-"));
  closers.push(() => rmSync(scratch, { recursive: true, force: true }));
  if (options.data !== undefined) mkdirSync(options.data, { recursive: true });
  const state = new State(options.data);
  closers.push(() => state.save());

  const names: AzureNames = { ...defaultNames, ...options.names };
  const hide = (value: string): string => {
    har.addSecret(value);
    return value;
  };
  const directory = Directory.create(names.tenantId, () => clock.now());
  const [authority, azurite, credentials] = await Promise.all([
    makeAuthority(),
    startAzurite(names.storageAccount, options.data === undefined ? undefined : path.join(options.data, "blobs")).then(
      (started) => {
        closers.push(() => started.close());
        return started;
      },
    ),
    createCredentials(directory, hide),
  ]);
  har.addSecret(azurite.key);
  const caFile = path.join(scratch, "ca.pem");
  writeFileSync(caFile, authority.caPem);

  const ports = new Set<number>();
  const remembered = state.store<number>("ports");
  const listenNamed = async (name: string, handler: http.RequestListener, plain = false): Promise<Listener> => {
    const port = remembered.get(name) ?? 0;
    const scenarios = inFrontOf(name, handler, () => world);
    const front = options.faults?.inFrontOf(name, scenarios, () => world) ?? scenarios;
    const listener = await listen(name, front, { authority, har, ports, port, plain });
    remembered.set(name, listener.port);
    closers.push(() => listener.close());
    return listener;
  };

  const urls: AzureUrls = { arm: "", login: "", api: "", storage: "", logs: "", vault: "" };
  const parts = {
    environment: options.posesAs && environments[options.posesAs],
    ...{ clock, har, state, dataFolder: options.data },
    listen: (name: string, handler: http.RequestListener) => listenNamed(name, handler),
    onClose: (callback: () => void | Promise<void>) => void closers.push(callback),
  };
  const world: AzureWorld = createWorld({
    ...parts,
    ...{ names, urls, directory },
    scenarios: new Scenarios(document.rules),
    blobs: new BlobStore({
      account: azurite.account,
      key: azurite.key,
      port: azurite.port,
      publicUrl: () => urls.storage,
      now: machineNow,
    }),
    siblings: () => worlds.filter(({ tenantId }) => tenantId === names.tenantId),
  });
  const worlds = [world];
  const more = [];
  for (const one of options.subscriptions ?? [])
    more.push({ names: one, ...(await addSubscription(one, names, { ...parts, urls, directory, worlds })) });
  seedMinutes(world, document.minutes ?? []);
  if (options.environments === "venv")
    world.provisioning = { kind: "venv", cache: options.environmentsCache ?? defaultCache() };
  const devops = createDevOps(world, options);
  const gitHub = new GitHubWorld(() => world.clock.machineNow(), world.secret);
  const identity = directory.find(credentials.managedIdentity.clientId) as Principal;
  const header = world.secret(randomBytes(18).toString("hex"));

  const [arm, login, api, storage, logs, vault, azureDevOps, pages, gitHubServer, identityEndpoint] = await Promise.all(
    [
      listenNamed(
        "arm",
        shared(worlds, (one) => armApplication(one, options.contracts), bySubscription),
      ),
      listenNamed("login", shared(worlds, loginApplication, byTenant)),
      listenNamed("api", shared(worlds, apiApplication, bySubscription)),
      listenNamed("storage", shared(worlds, storageOf, byAccount)),
      listenNamed("logs", shared(worlds, logsApplication, bySubscription)),
      listenNamed("vault", shared(worlds, vaultApplication, byVault)),
      listenNamed("devops", devOpsApplication(devops)),
      listenNamed("pages", extensionFiles(devops)),
      listenNamed("github", gitHubApplication(gitHub)),
      listenNamed("identity", managedIdentityHandler(world, identity, header), true),
    ],
  );
  for (const one of worlds)
    Object.assign(one.urls, {
      ...{ arm: arm.url, login: login.url, api: api.url, logs: logs.url },
      storage: `https://${one.storageAccount}.blob.core.storage.localhost:${storage.port}`,
      vault: `https://${vaultOf(one)}.vault.localhost:${vault.port}`,
    });
  devops.listensAt(azureDevOps.url);
  devops.pagesAt(pages.url);
  gitHub.url = gitHubServer.url;
  // What is uploaded comes later.
  await Promise.all(worlds.map(makeContainers));
  const proxy = await startProxy(ports, { port: remembered.get("proxy") });
  remembered.set("proxy", proxy.port);
  closers.push(() => proxy.close());
  for (const one of worlds) Object.assign(one.reach, { caFile, proxyUrl: proxy.url });

  const federation = (name: string) => ({
    issuer: devops.tokens.issuer,
    subject: `sc://${devops.organization.name}/${devops.project.name}/${name}`,
  });
  const posesAs = options.posesAs && environments[options.posesAs];
  const connections = createConnections(world, credentials, federation, posesAs);
  const subscriptions = Object.fromEntries(
    more.map((one, index): [string, Subscription] => {
      const connection = connectionTo(one.names, one, connections["azure-ml"], index + 1);
      return [one.names.connection, { azure: one.world, client: one.client, connection }];
    }),
  );
  const made = [...Object.values(connections), ...Object.values(subscriptions).map(({ connection }) => connection)];
  for (const { scheme, parameters, ...connection } of made) {
    devops.connections.add({ ...connection, authorization: { scheme, parameters } });
  }

  return {
    urls: { ...urls, devops: azureDevOps.url, gitHub: gitHubServer.url, proxy: proxy.url },
    caFile,
    tls: { certPem: authority.certPem, keyPem: authority.keyPem },
    tenantId: names.tenantId,
    subscriptionId: names.subscriptionId,
    resourceGroup: names.resourceGroup,
    workspace: names.workspaceName,
    location: names.location,
    credentials,
    managedIdentity: { endpoint: `${identityEndpoint.url}${identityPath}`, header },
    connections,
    azure: world,
    subscriptions,
    devops,
    gitHub,
    har,
    openProxy: () => startProxy(ports),
    close,
  };
}

/** The storage account of a subscription as its clients see it. */
const storageOf = (world: AzureWorld) =>
  storageHandler({
    port: world.blobs.port,
    directory: world.directory,
    accountSas: () => world.blobs.accountSasToken(5),
    rules: () => world.settings.storage,
  });

/** Azure DevOps in Microsoft Entra, the same for every organization. */
const devOpsAudience = "499b84ac-1321-427f-aa17-267ca6975798";

/** Local Azure DevOps; its federated connections are made known to local Entra as they are added. */
function createDevOps(world: AzureWorld, { organization, project }: CloudOptions): DevOpsWorld {
  const devops = new DevOpsWorld({
    ...(organization === undefined ? {} : { organization }),
    ...(project === undefined ? {} : { project }),
    // Pipelines and their tokens have the clock of those who run them.
    now: () => world.clock.machineNow(),
    // A pipeline delays itself until something has happened in the cloud, so it waits by that one's clock.
    delay: (milliseconds, signal) => world.clock.sleep(milliseconds, signal),
    addSecret: world.secret,
    network: () => world.reach,
    entra: (token) => {
      try {
        return world.directory.check(`Bearer ${token}`, [devOpsAudience]);
      } catch {
        return undefined;
      }
    },
    onConnection: ({ authorization }, subject) => {
      const { scheme, parameters } = authorization;
      const clientId = parameters["serviceprincipalid"] ?? parameters["servicePrincipalId"];
      const isFederated =
        scheme === "WorkloadIdentityFederation" ||
        (scheme === "None" && !parameters["servicePrincipalKey"] && !parameters["servicePrincipalCertificate"]);
      if (!isFederated || clientId === undefined) return;
      const { issuer, publicKeyPem } = devops.tokens;
      world.directory.federation.register({ clientId, issuer, subject, key: publicKeyPem });
    },
  });
  return devops;
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
