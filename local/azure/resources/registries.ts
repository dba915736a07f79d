// Registries as resources of a resource group: created, read, listed, deleted (facts/04 §15).
import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import { page } from "../arm/collection.ts";
import { resourceNotFound } from "../arm/errors.ts";
import { paged } from "../arm/query.ts";
import { type ArmRouter, bodyOf, parameter, propertiesOf } from "../arm/router.ts";
import { type RegistryRecord, registriesOf } from "../registries/assets.ts";
import type { AzureWorld } from "../world.ts";

type Json = Record<string, unknown>;

const RECORDED = "2022-10-01-preview";

/** Routes above any workspace. */
export function mountAbove(router: ArmRouter, world: AzureWorld): void {
  const registries = registriesOf(world);
  const operations = new Map<string, { status: string }>();
  const base =
    "/subscriptions/:subscription/resourceGroups/:group/providers/Microsoft.MachineLearningServices/registries";
  const list = (request: Request, response: Response) =>
    void response.json(
      page([...registries.values()], request, world.urls.arm, (one) => registryBody(world, one, versionOf(request))),
    );
  router.get("/subscriptions/:subscription/providers/Microsoft.MachineLearningServices/registries", list, paged);
  router.get(base, list, paged);
  router.get(`${base}/:registry`, (request, response) => {
    const found = registries.get(parameter(request, "registry").toLowerCase());
    if (found === undefined) {
      const type = `Microsoft.MachineLearningServices/registries/${parameter(request, "registry")}`;
      throw resourceNotFound(type, world.resourceGroup);
    }
    response.json(registryBody(world, found, versionOf(request)));
  });
  const accepted = (request: Request, response: Response): { status: string } => {
    const id = randomUUID();
    const operation = { status: "InProgress" };
    operations.set(id, operation);
    const url = (kind: string) =>
      `${world.urls.arm}/subscriptions/${world.subscriptionId}/providers/Microsoft.MachineLearningServices/locations/${world.location}/registryOperationsStatus/${id}?api-version=${String(request.query["api-version"])}&type=${kind}`;
    response.setHeader("Azure-AsyncOperation", url("async"));
    response.setHeader("Location", url("location"));
    response.status(202).end();
    return operation;
  };
  router.put(`${base}/:registry`, (request, response) => {
    const name = parameter(request, "registry");
    const before = registries.get(name.toLowerCase());
    const record: RegistryRecord = {
      name: before?.name ?? name,
      id: before?.id ?? randomUUID(),
      // Comes back in small letters.
      location: String(bodyOf(request)["location"] ?? world.location).toLowerCase(),
      tags: (bodyOf(request)["tags"] ?? {}) as Json,
      properties: propertiesOf(request),
    };
    const operation = accepted(request, response);
    registries.set(name.toLowerCase(), record);
    operation.status = "Succeeded";
  });
  router.delete(`${base}/:registry`, (request, response) => {
    const name = parameter(request, "registry").toLowerCase();
    if (!registries.has(name)) return void response.status(204).end();
    const operation = accepted(request, response);
    registries.delete(name);
    operation.status = "Succeeded";
  });
  router.get(
    "/subscriptions/:subscription/providers/Microsoft.MachineLearningServices/locations/:location/registryOperationsStatus/:operation",
    (request, response) => {
      const operation = operations.get(parameter(request, "operation"));
      response.json({ status: operation?.status ?? "Failed" });
    },
    ["type"],
  );
}

const versionOf = (request: Request) => String(request.query["api-version"] ?? "");

function registryBody(world: AzureWorld, registry: RegistryRecord, apiVersion: string): Json {
  const regions = (registry.properties["regionDetails"] ?? []) as Json[];
  return {
    tags: registry.tags,
    location: registry.location,
    identity: { type: "SystemAssigned", principalId: registry.id, tenantId: world.tenantId },
    id: `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.MachineLearningServices/registries/${registry.name}`,
    name: registry.name,
    type: "Microsoft.MachineLearningServices/registries",
    properties: {
      regionDetails: regions.map((one) => ({
        ...one,
        location: String(one["location"]).toLowerCase().replaceAll(" ", ""),
      })),
      intellectualPropertyPublisher: null,
      publicNetworkAccess: registry.properties["publicNetworkAccess"] ?? "Enabled",
      discoveryUrl: `${world.urls.api}/registrymanagement/v1.0/registries/${registry.name}/discovery`,
      managedResourceGroup: {
        resourceId: `/subscriptions/${world.subscriptionId}/resourceGroups/azureml-rg-${registry.name}_${registry.id}`,
      },
      // In the recorded version (facts/04 §15), and in none of the published types.
      ...(apiVersion === RECORDED
        ? { managedResourceGroupTags: registry.properties["managedResourceGroupTags"] ?? null }
        : {}),
      mlFlowRegistryUri: `azureml://${world.urls.api.replace(/^https?:\/\//, "")}/mlflow/v1.0/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.MachineLearningServices/registries/${registry.name}`,
    },
    systemData: null,
  };
}
