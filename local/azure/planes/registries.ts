// Registries on the data plane: discovery, places to upload to, assets that are created by long-running PUTs, imports (facts/04 §15).
import { randomUUID } from "node:crypto";
import express, { type Express, type NextFunction, type Request, type Response, Router } from "express";
import type { AssetKind } from "../arm/assets.ts";
import { type AssetContainer, type AssetStore, type AssetVersion, page, select } from "../arm/collection.ts";
import { systemData } from "../arm/envelope.ts";
import { userError } from "../arm/errors.ts";
import { armContext, bodyOf, jsonBody, parameter, propertiesOf } from "../arm/router.ts";
import { locate } from "../locate.ts";
import { registriesOf, registryAssets } from "../registries/assets.ts";
import { kind as codes } from "../resources/codes.ts";
import { kind as components } from "../resources/components.ts";
import { kind as data } from "../resources/data.ts";
import { kind as environments } from "../resources/environments.ts";
import { kind as models } from "../resources/models.ts";
import type { AzureWorld } from "../world.ts";

type Json = Record<string, unknown>;

const kinds: Readonly<Record<string, AssetKind>> = { codes, components, data, environments, models };

/** Minutes that a signed URL is good for. */
const signedMinutes = 60;

interface Pending {
  readonly assetId: string | undefined;
  readonly done: Promise<void>;
  isDone: boolean;
}

export function mount(app: Express, world: AzureWorld): void {
  const pending = new Map<string, Pending>();
  mountDiscovery(app, world);
  mountOperations(app, world, pending);
  const routes = Router({ mergeParams: true });
  routes.use(jsonBody());
  routes.use((request: Request, _response: Response, next: NextFunction) => {
    if (registryAssets(world, parameter(request, "registry")) === undefined)
      throw noRegistry(parameter(request, "registry"));
    next();
  });
  /** 202, the body `null`, and a Location that is 202 until it is 200. */
  const accept = (response: Response, id: string, assetId: string | undefined, family: string) => {
    const milliseconds = world.scenario.online.endpoint;
    const one: Pending = {
      assetId,
      isDone: false,
      done: new Promise((resolve) => setTimeout(resolve, milliseconds).unref()),
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
  routes.post("/import", (request, response) => {
    const { destinationName, destinationVersion, sourceAssetId } = propertiesOf(request) as Record<string, string>;
    const source = /\/(models|data|environments|components)\/([^/]+)\/versions\/([^/]+)$/i.exec(sourceAssetId ?? "");
    const noun = source?.[1]?.toLowerCase() as "models" | undefined;
    const version = noun === undefined ? undefined : world.assets[noun].version(source?.[2] ?? "", source?.[3] ?? "");
    if (noun === undefined || version === undefined) {
      throw userError(404, `The asset ${sourceAssetId} was not found.`, ["NotFoundError"]);
    }
    const registry = parameter(request, "registry");
    const assets = registryAssets(world, registry);
    assets?.[noun].put(
      destinationName ?? version.name,
      destinationVersion ?? version.version,
      { ...version.properties },
      armContext(request, response).author,
    );
    accept(response, randomUUID(), undefined, "assetstore");
  });
  app.use(
    "/mferp/managementfrontend/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/registries/:registry",
    routes,
  );
}

function noRegistry(name: string): Error {
  // The words are not recorded.
  return userError(404, `Registry ${name} was not found.`, ["NotFound", "RegistryNotFound"]);
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
    if (!one.isDone && world.scenario.patience > 0) await one.done;
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
    const place = locate(world, String(bodyOf(request)["blobUri"] ?? ""));
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
  const of = (request: Request, response: Response) => {
    const kind = kinds[parameter(request, "noun").toLowerCase()];
    const registry = parameter(request, "registry");
    const store = kind === undefined ? undefined : registryAssets(world, registry)?.[kind.noun];
    const apiVersion = armContext(request, response).apiVersion;
    return kind === undefined || store === undefined ? undefined : { kind, registry, store, apiVersion };
  };
  routes.get("/:noun", (request, response, next) => {
    const asked = of(request, response);
    if (asked === undefined) return next();
    const chosen = select(asked.store.containers(), request.query);
    response.json(page(chosen, request, world.urls.api, (one) => containerBody(asked, one)));
  });
  routes.get("/:noun/:name", (request, response, next) => {
    const asked = of(request, response);
    if (asked === undefined) return next();
    const container = asked.store.container(parameter(request, "name"));
    if (container === undefined) throw asked.kind.notFound(parameter(request, "name"));
    response.json(containerBody(asked, container));
  });
  routes.get("/:noun/:name/versions", (request, response, next) => {
    const asked = of(request, response);
    if (asked === undefined) return next();
    const versions = asked.store.container(parameter(request, "name"))?.versions ?? [];
    response.json(page(select(versions, request.query), request, world.urls.api, (one) => versionBody(asked, one)));
  });
  routes.get("/:noun/:name/versions/:version", (request, response, next) => {
    const asked = of(request, response);
    if (asked === undefined) return next();
    const [name, version] = [parameter(request, "name"), parameter(request, "version")];
    const found = version === "azureml_default" ? asked.store.latest(name) : asked.store.version(name, version);
    if (found === undefined) throw asked.kind.notFound(name, version);
    response.json(versionBody(asked, found));
  });
  routes.put("/:noun/:name/versions/:version", async (request, response, next) => {
    const asked = of(request, response);
    if (asked === undefined) return next();
    const { kind, registry, store } = asked;
    const [name, version] = [parameter(request, "name"), parameter(request, "version")];
    const sent = propertiesOf(request);
    const context = armContext(request, response);
    const existing = store.version(name, version);
    const kept = await kind.normalise({ name, version, sent, existing, context }, world);
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

interface Asked {
  readonly kind: AssetKind;
  readonly registry: string;
  readonly store: AssetStore;
  readonly apiVersion: string;
}

/** Asset URIs as ids, and a bare noun as type (facts/04 §15). */
function versionBody({ kind, registry, apiVersion }: Asked, asset: AssetVersion): Json {
  const { description, tags, properties, isArchived, isAnonymous } = asset.properties;
  return {
    id: `azureml://registries/${registry}/${kind.noun}/${asset.name}/versions/${asset.version}`,
    name: asset.version,
    type: kind.noun,
    properties: { description, tags, properties, isArchived, isAnonymous, ...kind.show(asset.properties, apiVersion) },
    systemData: systemData(asset.stamps, kind.systemData),
  };
}

function containerBody({ kind, registry, store, apiVersion }: Asked, container: AssetContainer): Json {
  return {
    id: `azureml://registries/${registry}/${kind.noun}/${container.name}`,
    name: container.name,
    type: kind.noun,
    properties: kind.showContainer(container, store, apiVersion),
    systemData: systemData(container.stamps, kind.systemData),
  };
}
