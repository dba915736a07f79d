// Registries as resources of a resource group: created, changed, read, listed, deleted (docs/facts/azureml-wire.md#15; recorded at 2022-10-01-preview).
import { createHash, randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import { page } from "../arm/collection.ts";
import { isRecent } from "../arm/envelope.ts";
import { invalidRequest, resourceNotFound } from "../arm/errors.ts";
import type { Operation } from "../arm/operations.ts";
import { paged } from "../arm/query.ts";
import { type ArmHandler, type ArmRouter, bodyOf, parameter, propertiesOf, requireOnly } from "../arm/router.ts";
import type {
  Registry,
  RegistryProperties,
  RegistryRegionArmDetails,
  SystemCreatedAcrAccount,
  SystemCreatedStorageAccount,
} from "../contract/types.gen.ts";
import { type RegistryRecord, registriesOf } from "../workspace/registries.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

const RECORDED = "2022-10-01-preview";

/** Routes above any workspace. */
export function mountAbove(router: ArmRouter, world: AzureWorld): void {
  const registries = registriesOf(world);
  const base =
    "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/registries";
  const list: ArmHandler = (request, response, { apiVersion }) =>
    void response.json(
      page([...registries.values()], request, world.urls.arm, (one) => registryBody(world, one, apiVersion)),
    );
  const find = (request: Request): RegistryRecord => {
    const found = registries.get(parameter(request, "registry").toLowerCase());
    if (found !== undefined) return found;
    const type = `Microsoft.MachineLearningServices/registries/${parameter(request, "registry")}`;
    throw resourceNotFound(type, world.resourceGroup);
  };
  router.get("/subscriptions/:subscription/providers/Microsoft.MachineLearningServices/registries", list, paged);
  router.get(base, list, paged);
  router.get(`${base}/:registry`, (request, response, { apiVersion }) => {
    response.json(registryBody(world, find(request), apiVersion));
  });
  const later = (operation: Operation) =>
    world.clock.after(world.settings.online.endpoint, () => void operation.succeed());
  router.put(`${base}/:registry`, (request, response, { apiVersion }) => {
    const name = parameter(request, "registry");
    // The published rule, which the official client has as well.
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}$/.test(name)) {
      throw invalidRequest("ValidationError", `The registry name '${name}' is invalid.`);
    }
    const before = registries.get(name.toLowerCase());
    const body = bodyOf<Registry>(request);
    const record: RegistryRecord = {
      name: before?.name ?? name,
      id: before?.id ?? randomUUID(),
      // Comes back in small letters.
      location: String(body.location ?? world.location).toLowerCase(),
      tags: body.tags ?? {},
      properties: propertiesOf<RegistryProperties>(request),
    };
    registries.set(name.toLowerCase(), record);
    const operation = world.operations.start("registry");
    started(world, response, operation, apiVersion, record);
    later(operation);
  });
  router.patch(`${base}/:registry`, (request, response, { apiVersion }) => {
    const found = find(request);
    requireOnly(request, "a registry", ["tags", "identity", "sku"]);
    const tags = bodyOf<Registry>(request).tags ?? found.tags;
    const changed = { ...found, tags };
    registries.set(found.name.toLowerCase(), changed);
    // 200 with the registry is the one success that is published; not recorded.
    response.json(registryBody(world, changed, apiVersion));
  });
  router.delete(`${base}/:registry`, (request, response, { apiVersion }) => {
    const name = parameter(request, "registry").toLowerCase();
    if (!registries.has(name)) return void response.status(204).end();
    registries.delete(name);
    const operation = world.operations.start("registry");
    world.operations.accepted(response, operation, apiVersion);
    later(operation);
  });
}

/**
 * An empty 202 with both addresses, as recorded in 2022. Since 2024-04-01 the published operation knows 200 and 201 alone, and
 * clients made of it take nothing else: then 201 with the registry and the address of the status. Which the service sends is
 * not verified against live Azure.
 */
function started(
  world: AzureWorld,
  response: Response,
  operation: Operation,
  apiVersion: string,
  registry: RegistryRecord,
): void {
  if (isRecent(apiVersion)) {
    response.setHeader("Azure-AsyncOperation", world.operations.statusUrl(operation, apiVersion));
    response.status(201).json(registryBody(world, registry, apiVersion));
  } else {
    world.operations.accepted(response, operation, apiVersion);
  }
}

/** `testFeed` and some letters that are always the same for it: the names of accounts that the service makes (recorded). */
function accountName(registry: RegistryRecord, of: string): string {
  const hex = createHash("sha256").update(`${registry.id} ${of}`).digest("hex");
  const plain = registry.name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return `${plain.slice(0, 5)}${hex.slice(0, 19)}`;
}

function registryBody(world: AzureWorld, registry: RegistryRecord, apiVersion: string): Json {
  const regions = registry.properties.regionDetails ?? [];
  const managedGroup = `/subscriptions/${world.subscriptionId}/resourceGroups/azureml-rg-${registry.name}_${registry.id}`;
  return {
    tags: registry.tags,
    location: registry.location,
    identity: { type: "SystemAssigned", principalId: registry.id, tenantId: world.tenantId },
    id: `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.MachineLearningServices/registries/${registry.name}`,
    name: registry.name,
    type: "Microsoft.MachineLearningServices/registries",
    properties: {
      regionDetails: regions.map((one, region) =>
        regionBody(registry, one, region, { group: managedGroup, apiVersion }),
      ),
      intellectualPropertyPublisher: null,
      publicNetworkAccess: registry.properties.publicNetworkAccess ?? "Enabled",
      discoveryUrl: `${world.urls.api}/registrymanagement/v1.0/registries/${registry.name}/discovery`,
      managedResourceGroup: {
        resourceId: managedGroup,
      },
      // In the recorded version (docs/facts/azureml-wire.md#15), and in none of the published types.
      ...(apiVersion === RECORDED
        ? { managedResourceGroupTags: registry.properties.managedResourceGroupTags ?? null }
        : {}),
      mlFlowRegistryUri: `azureml://${world.urls.api.replace(/^https?:\/\//, "")}/mlflow/v1.0/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.MachineLearningServices/registries/${registry.name}`,
    },
    systemData: null,
  };
}

/** Accounts that the service makes get names, and ids in the registry's own resource group; those of others stay as sent. */
function regionBody(
  registry: RegistryRecord,
  region: RegistryRegionArmDetails,
  index: number,
  { group, apiVersion }: { group: string; apiVersion: string },
): Json {
  // What a user brings is in the recorded version, and in no published type of a stable one.
  const brought = <Account>(key: string, one: Account) =>
    apiVersion.endsWith("-preview") ? { [key]: one ?? null } : {};
  const made = (
    sent: SystemCreatedStorageAccount | SystemCreatedAcrAccount | null | undefined,
    kind: string,
    place: string,
    nameKey: string,
  ): Json | null => {
    if (typeof sent !== "object" || sent === null) return null;
    const name = accountName(registry, `${index} ${place}`);
    const resourceId = `${group}/providers/${kind}/${name}`;
    return { [nameKey]: name, ...sent, armResourceId: { resourceId } };
  };
  return {
    location: String(region.location).toLowerCase().replaceAll(" ", ""),
    storageAccountDetails: (region.storageAccountDetails ?? []).map((one, at) => ({
      ...brought("userCreatedStorageAccount", one.userCreatedStorageAccount),
      systemCreatedStorageAccount: made(
        one.systemCreatedStorageAccount,
        "Microsoft.Storage/storageAccounts",
        `storage ${at}`,
        "storageAccountName",
      ),
    })),
    acrDetails: (region.acrDetails ?? []).map((one, at) => ({
      ...brought("userCreatedAcrAccount", one.userCreatedAcrAccount),
      systemCreatedAcrAccount: made(
        one.systemCreatedAcrAccount,
        "Microsoft.ContainerRegistry/registries",
        `registry ${at}`,
        "acrAccountName",
      ),
    })),
  };
}
