// Assets of a registry as both planes show them: its region's data plane, and Azure Resource Manager (docs/facts/azureml-services.md#4.7,
// docs/facts/azureml-wire.md#15).
import { type Request, type RequestHandler, type Response, Router } from "express";
import { type AssetContainer, type AssetStore, type AssetVersion, page, select, selected } from "../arm/collection.ts";
import { systemData } from "../arm/envelope.ts";
import { userError } from "../arm/errors.ts";
import { ArmRouter, armContext, parameter } from "../arm/router.ts";
import { kind as codes } from "../resources/assets/codes.ts";
import { kind as components } from "../resources/assets/components.ts";
import { kind as data } from "../resources/assets/data.ts";
import { kind as environments } from "../resources/assets/environments.ts";
import { kind as models } from "../resources/assets/models.ts";
import { type AssetKind, selectVersions, versionQuery } from "../resources/assets/routes.ts";
import { registriesOf, registryAssets } from "../workspace/registries.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

export const kinds: Readonly<Record<string, AssetKind>> = { codes, components, data, environments, models };

/** The scope of a registry request. */
export interface Asked {
  readonly kind: AssetKind;
  readonly registry: string;
  readonly store: AssetStore;
  readonly apiVersion: string;
}

/** Differences between the two planes. */
export interface Plane {
  /** The prefix of addresses of next pages; known once the listeners are up. */
  readonly origin: () => string;
  /** The `type` of an asset, or of one of its versions. */
  readonly type: (noun: string, isVersion: boolean) => string;
}

/** A bare noun as type (docs/facts/azureml-wire.md#15), but for components, which say the whole (recorded three times in 2023). */
export const dataPlane = (world: AzureWorld): Plane => ({
  origin: () => world.urls.api,
  type: (noun, isVersion) => (noun === "components" ? wholeType(noun, isVersion) : noun),
});

const wholeType = (noun: string, isVersion: boolean) =>
  `Microsoft.MachineLearningServices/registries/${noun}${isVersion ? "/versions" : ""}`;

export function noRegistry(name: string): Error {
  // The words are not recorded.
  return userError(404, `Registry ${name} was not found.`, ["NotFound", "RegistryNotFound"]);
}

/**
 * The registry's name as it was made, which ids have whatever the case that it is asked in: the official client's own tests ask
 * as `testFeed` and expect `testfeed`. Not verified against live Azure.
 */
const ownName = (world: AzureWorld, asked: string): string =>
  registriesOf(world).get(asked.toLowerCase())?.name ?? asked;

/** Rejects requests below a registry that does not exist. */
export function requireRegistry(world: AzureWorld): RequestHandler {
  return (request, _response, next) => {
    const name = parameter(request, "registry");
    if (registryAssets(world, name) === undefined) throw noRegistry(name);
    next();
  };
}

/** Undefined where the path names no kind of asset. */
export function askedOf(world: AzureWorld, request: Request, response: Response): Asked | undefined {
  const kind = kinds[parameter(request, "noun").toLowerCase()];
  const registry = ownName(world, parameter(request, "registry"));
  const store = kind === undefined ? undefined : registryAssets(world, registry)?.[kind.noun];
  const { apiVersion } = armContext(request, response);
  return kind === undefined || store === undefined ? undefined : { kind, registry, store, apiVersion };
}

/** Mounts `/{noun}`, `/{noun}/:name`, `…/versions` and `…/versions/:version` of every kind of asset below a registry's own path. */
export function mountReading(routes: Router, world: AzureWorld, plane: Plane): void {
  const arm = new ArmRouter();
  for (const kind of Object.values(kinds)) mountKind(arm, world, plane, kind);
  routes.use(arm.router);
}

function mountKind(arm: ArmRouter, world: AzureWorld, plane: Plane, kind: AssetKind): void {
  const base = `/${kind.noun}`;
  const asked = (request: Request, apiVersion: string): Asked => {
    const registry = ownName(world, parameter(request, "registry"));
    const store = registryAssets(world, registry)?.[kind.noun];
    if (store === undefined) throw noRegistry(registry);
    return { kind, registry, store, apiVersion };
  };
  arm.get(
    base,
    (request, response, { apiVersion }) => {
      const here = asked(request, apiVersion);
      const chosen = select(here.store.containers(), viewed(request.query));
      response.json(page(chosen, request, plane.origin(), (one) => containerBody(here, one, plane, world.clock.now())));
    },
    selected,
  );
  arm.get(`${base}/:name`, (request, response, { apiVersion }) => {
    const here = asked(request, apiVersion);
    const container = here.store.container(parameter(request, "name"));
    if (container === undefined) throw kind.notFound(parameter(request, "name"));
    response.json(containerBody(here, container, plane, world.clock.now()));
  });
  arm.get(
    `${base}/:name/versions`,
    (request, response, { apiVersion }) => {
      const here = asked(request, apiVersion);
      const versions = here.store.container(parameter(request, "name"))?.versions ?? [];
      const chosen = selectVersions(versions, viewed(request.query));
      response.json(page(chosen, request, plane.origin(), (one) => versionBody(here, one, plane)));
    },
    versionQuery(kind),
  );
  arm.get(`${base}/:name/versions/:version`, (request, response, { apiVersion }) => {
    const here = asked(request, apiVersion);
    const [name, version] = [parameter(request, "name"), parameter(request, "version")];
    const found = version === "azureml_default" ? here.store.latest(name) : here.store.version(name, version);
    if (found === undefined) {
      // Recorded for a model.
      const id = `azureml://registries/${here.registry}/${kind.noun}/${name}/versions/${version}`;
      throw userError(404, `Could not find asset with ID: ${id}`, ["NotFoundError"]);
    }
    response.json(versionBody(here, found, plane));
  });
}

/**
 * azure-ai-ml 1.35 asks registries by the name of its own constant, `listViewType=ListViewType.ACTIVE_ONLY`, and its own tests
 * list models of a registry so. That the service takes it for `ActiveOnly` follows from them alone: not verified against live Azure.
 */
function viewed(query: Request["query"]): Request["query"] {
  const view = query["listViewType"];
  const constant = typeof view === "string" ? /^ListViewType\.([A-Z_]+)$/.exec(view)?.[1] : undefined;
  return constant === undefined ? query : { ...query, listViewType: constant.replaceAll("_", "") };
}

/** The same on Azure Resource Manager. That ids are asset URIs there too is inferred: not verified against live Azure. */
export function armReading(world: AzureWorld): Router {
  const routes = Router({ mergeParams: true });
  routes.use(requireRegistry(world));
  mountReading(routes, world, {
    origin: () => world.urls.arm,
    // As the published types have it.
    type: wholeType,
  });
  return routes;
}

/** Asset URIs as ids (docs/facts/azureml-wire.md#15). */
function versionBody({ kind, registry, apiVersion }: Asked, asset: AssetVersion, plane: Plane): Json {
  const { description, tags, properties, isArchived, isAnonymous } = asset.properties;
  return {
    id: `azureml://registries/${registry}/${kind.noun}/${asset.name}/versions/${asset.version}`,
    name: asset.version,
    type: plane.type(kind.noun, true),
    properties: { description, tags, properties, isArchived, isAnonymous, ...kind.show(asset.properties, apiVersion) },
    systemData: systemData(asset.stamps, kind.systemData),
  };
}

function containerBody(
  { kind, registry, store, apiVersion }: Asked,
  container: AssetContainer,
  plane: Plane,
  now: number,
): Json {
  return {
    id: `azureml://registries/${registry}/${kind.noun}/${container.name}`,
    name: container.name,
    type: plane.type(kind.noun, false),
    properties: kind.showContainer(container, store, apiVersion, now),
    systemData: systemData(container.stamps, kind.systemData),
  };
}
