// Stands the whole local cloud up in one process tree on loopback, and takes it down again.
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { BlobStore } from "./azure/blobs.ts";
import { Directory } from "./azure/identity.ts";
import { storageHandler } from "./azure/planes/storage.ts";
import { apiApplication, armApplication, loginApplication } from "./azure/server.ts";
import { State } from "./azure/state.ts";
import { type AzureUrls, type AzureWorld, createWorld, defaultNames } from "./azure/world.ts";
import { startAzurite } from "./azurite.ts";
import { HarRecorder } from "./har.ts";
import { type Listener, listen } from "./listen.ts";
import { startProxy } from "./proxy.ts";
import { makeAuthority } from "./tls.ts";

export interface CloudOptions {
  /** A folder that keeps state and blobs; absent: memory. */
  readonly data?: string;
  /** A folder of published types (`<api-version>.json`); PUT bodies that break them are refused. */
  readonly contract?: string;
  readonly har?: HarRecorder;
}

/** A service principal of the local tenant. */
export interface ClientSecretCredential {
  readonly clientId: string;
  readonly secret: string;
}

export interface LocalCloud {
  /** Without a trailing slash. */
  readonly urls: { arm: string; login: string; api: string; storage: string; devops: string; proxy: string };
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly resourceGroup: string;
  readonly workspace: string;
  readonly location: string;
  readonly credentials: { readonly contributor: ClientSecretCredential };
  readonly azure: AzureWorld;
  readonly har: HarRecorder;
  close(): Promise<void>;
}

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
  const clock = { now: () => Date.now() };
  const scratch = mkdtempSync(path.join(tmpdir(), "local-cloud-"));
  closers.push(() => rmSync(scratch, { recursive: true, force: true }));
  if (options.data !== undefined) mkdirSync(options.data, { recursive: true });
  const state = new State(options.data);
  closers.push(() => state.save());

  const names = defaultNames;
  const [authority, azurite, directory] = await Promise.all([
    makeAuthority(),
    startAzurite(names.storageAccount, options.data === undefined ? undefined : path.join(options.data, "blobs")).then(
      (started) => {
        closers.push(() => started.close());
        return started;
      },
    ),
    Directory.create(names.tenantId, clock.now),
  ]);
  har.addSecret(azurite.key);
  const caFile = path.join(scratch, "ca.pem");
  writeFileSync(caFile, authority.caPem);

  const ports = new Set<number>();
  const remembered = state.store<number>("ports");
  const listenNamed = async (name: string, handler: http.RequestListener): Promise<Listener> => {
    const port = remembered.get(name);
    const listener = await listen(name, handler, { authority, har, ports, ...(port === undefined ? {} : { port }) });
    remembered.set(name, listener.port);
    closers.push(() => listener.close());
    return listener;
  };

  const urls: AzureUrls = { arm: "", login: "", api: "", storage: "" };
  const world = createWorld({
    names,
    clock,
    har,
    state,
    urls,
    directory,
    blobs: new BlobStore({
      account: azurite.account,
      key: azurite.key,
      port: azurite.port,
      publicUrl: () => urls.storage,
      now: clock.now,
    }),
    dataFolder: options.data,
    listen: listenNamed,
    onClose: (callback) => void closers.push(callback),
  });
  const contributor = { clientId: randomUUID(), secret: world.secret(randomUUID()) };
  directory.add({
    clientId: contributor.clientId,
    objectId: randomUUID(),
    displayName: "contributor",
    secrets: [{ value: contributor.secret }],
    hasAccess: true,
  });

  const [arm, login, api, storage] = await Promise.all([
    listenNamed("arm", armApplication(world)),
    listenNamed("login", loginApplication(world)),
    listenNamed("api", apiApplication(world)),
    listenNamed("storage", storageHandler(azurite.port)),
  ]);
  Object.assign(urls, {
    arm: arm.url,
    login: login.url,
    api: api.url,
    storage: `https://${names.storageAccount}.blob.storage.localhost:${storage.port}`,
  });
  const proxy = await startProxy(ports, remembered.get("proxy"));
  remembered.set("proxy", proxy.port);
  closers.push(() => proxy.close());
  Object.assign(world.reach, { caFile, proxyUrl: proxy.url });

  return {
    urls: { ...urls, devops: "", proxy: proxy.url },
    caFile,
    tenantId: names.tenantId,
    subscriptionId: names.subscriptionId,
    resourceGroup: names.resourceGroup,
    workspace: names.workspaceName,
    location: names.location,
    credentials: { contributor },
    azure: world,
    har,
    close,
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}
