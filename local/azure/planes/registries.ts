// Registries on the data plane: discovery, places to upload to, assets that are created by long-running PUTs, imports (docs/facts/azureml-wire.md#15).
import { randomUUID } from "node:crypto";
import express, { type Express, type Response, Router } from "express";
import type { AssetVersion } from "../arm/collection.ts";
import { userError } from "../arm/errors.ts";
import { armContext, bodyOf, jsonBody, parameter, propertiesOf } from "../arm/router.ts";
import { askedOf, dataPlane, kinds, mountReading, noRegistry, requireRegistry } from "../registries/reading.ts";
import { type Importing, importAsset } from "../workspace/importing.ts";
import { storagePlace } from "../workspace/locate.ts";
import { registriesOf, registryAssets } from "../workspace/registries.ts";
import type { AzureWorld } from "../world/world.ts";

/** Minutes that a signed URL is good for. */
const signedMinutes = 60;

interface Pending {
  readonly assetId: string | undefined;
  readonly done: Promise<void>;
  isDone: boolean;
}

/** Operations of the registries of a subscription, by id. */
const pendingOf = (world: AzureWorld) => world.part("registry operations", () => new Map<string, Pending>());

export const hasOperation = (world: AzureWorld, id: string): boolean => pendingOf(world).has(id);

export function mount(app: Express, world: AzureWorld): void {
  const pending = pendingOf(world);
  mountDiscovery(app, world);
  mountOperations(app, world, pending);
  const routes = Router({ mergeParams: true });
  routes.use(jsonBody());
  routes.use(requireRegistry(world));
  /** 202, the body `null`, and a Location that is 202 until it is 200. */
  const accept = (response: Response, id: string, assetId: string | undefined, family: string) => {
    const milliseconds = world.settings.online.endpoint;
    const one: Pending = {
      assetId,
      isDone: false,
      done: new Promise((resolve) => void world.clock.after(milliseconds, resolve)),
    };
    void one.done.then(() => {
      one.isDone = true;
    });
    pending.set(id, one);
    response.setHeader("Location", `${world.urls.api}/${family}/v1.0/operations/${id}`);
    response.setHeader("x-ms-async-operation-timeout", "PT1H");
    response.status(202).type("application/json; charset=utf-8").send("null");
  };
  mountUploads(routes, world);
  mountAssets(routes, world, accept);
  routes.post("/import", async (request, response) => {
    const { author } = armContext(request, response);
    await importAsset(world, parameter(request, "registry"), propertiesOf(request) as Importing, author);
    accept(response, randomUUID(), undefined, "assetstore");
  });
  app.use(
    "/mferp/managementfrontend/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/registries/:registry",
    routes,
  );
}

function mountDiscovery(app: Express, world: AzureWorld): void {
  app.get("/registrymanagement/v1.0/registries/:registry/discovery", (request, response) => {
    const registry = registriesOf(world).get(parameter(request, "registry").toLowerCase());
    if (registry === undefined) throw noRegistry(parameter(request, "registry"));
    response.json({
      registryId: registry.id,
      registryName: registry.name,
      tenantId: world.tenantId,
      primaryRegion: registry.location,
      regions: [registry.location],
      subscriptionId: world.subscriptionId,
      resourceGroup: world.resourceGroup,
      workspaceName: null,
      primaryRegionResourceProviderUri: `${world.urls.api}/`,
      registryFqdns: { [registry.location]: { uri: world.urls.api } },
      intellectualPropertyPublisher: null,
    });
  });
}

function mountOperations(app: Express, world: AzureWorld, pending: ReadonlyMap<string, Pending>): void {
  const answer: express.RequestHandler = async (request, response) => {
    const one = pending.get(parameter(request, "operation"));
    if (one === undefined)
      throw userError(404, `Operation ${parameter(request, "operation")} not found.`, ["NotFound"]);
    if (!one.isDone && world.settings.patience > 0) await one.done;
    if (!one.isDone) response.status(202).end();
    else if (one.assetId === undefined) response.status(200).end();
    else response.json({ assetId: one.assetId });
  };
  app.get("/assetstore/v1.0/operations/:operation", answer);
  app.get("/environment/v1.0/operations/:operation", answer);
}

/** Signed containers: one for each asset to upload to, and the one where an asset lies to download from. */
function mountUploads(routes: Router, world: AzureWorld): void {
  const containers = world.store<string>("registryUploads");
  const signed = (container: string, permissions: string) => ({
    blobUri: world.blobs.url(container),
    storageAccountArmId: `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${world.storageAccount}`,
    credential: {
      credentialType: "SAS",
      sasUri: world.secret(world.blobs.sasUrl(container, "", permissions, signedMinutes)),
      wasbsUri: null,
    },
  });
  routes.put("/tempdatarefs/:name/versions/:version", async (request, response) => {
    const assetId = String(bodyOf(request)["assetId"] ?? "");
    const existing = findAsset(world, assetId);
    if (existing !== undefined)
      throw userError(409, `The asset ${assetId} already exists.`, ["Conflict", "AssetAlreadyExists"]);
    const container = containers.get(assetId) ?? `reg-${randomUUID()}`;
    containers.set(assetId, container);
    await world.blobs.container(container);
    response.json({
      blobReferenceForConsumption: signed(container, "rcwl"),
      imageReferenceForConsumption: null,
      temporaryDataReferenceId: randomUUID(),
      temporaryDataReferenceType: null,
    });
  });
  // Not recorded; the official client reads the signed container and the blob's URI from it.
  routes.post("/datarefs/:name/versions/:version", (request, response) => {
    const place = storagePlace(world, String(bodyOf(request)["blobUri"] ?? ""));
    if (place === undefined) throw userError(404, "The asset's blob was not found.", ["NotFoundError"]);
    response.json({ blobReferenceForConsumption: signed(place.container, "rl") });
  });
}

function findAsset(world: AzureWorld, assetId: string): AssetVersion | undefined {
  const found = /^azureml:\/\/registries\/([^/]+)\/([^/]+)\/([^/]+)\/versions\/([^/]+)$/i.exec(assetId);
  const kind = kinds[found?.[2]?.toLowerCase() ?? ""];
  return kind === undefined
    ? undefined
    : registryAssets(world, found?.[1] ?? "")?.[kind.noun].version(found?.[3] ?? "", found?.[4] ?? "");
}

type Accept = (response: Response, id: string, assetId: string | undefined, family: string) => void;

function mountAssets(routes: Router, world: AzureWorld, accept: Accept): void {
  mountReading(routes, world, dataPlane(world));
  routes.put("/:noun/:name/versions/:version", async (request, response, next) => {
    const asked = askedOf(world, request, response);
    if (asked === undefined) return next();
    const { kind, registry, store } = asked;
    const [name, version] = [parameter(request, "name"), parameter(request, "version")];
    const sent = propertiesOf(request);
    const context = armContext(request, response);
    const existing = store.version(name, version);
    const kept = await kind.normalise({ name, version, asked: version, sent, existing, context }, world);
    const shared = {
      description: sent["description"] ?? null,
      tags: sent["tags"] ?? {},
      properties: sent["properties"] ?? {},
      isArchived: sent["isArchived"] === true,
      isAnonymous: sent["isAnonymous"] === true,
    };
    store.put(name, version, { ...shared, ...kept }, context.author);
    const isEnvironment = kind.noun === "environments";
    const id = isEnvironment ? `${registry}_${name}_${version}_1` : randomUUID();
    accept(
      response,
      id,
      `azureml://registries/${registry}/${kind.noun}/${name}/versions/${version}`,
      isEnvironment ? "environment" : "assetstore",
    );
  });
}
