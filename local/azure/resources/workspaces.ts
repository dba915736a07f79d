// The workspace itself, and what lies around it: subscription and resource group.
import { page } from "../arm/collection.ts";
import { atLeast, zuluTimestamp } from "../arm/envelope.ts";
import { resourceGroupNotFound, resourceNotFound } from "../arm/errors.ts";
import { paged, text } from "../arm/query.ts";
import { type ArmRouter, parameter } from "../arm/router.ts";
import type { AzureWorld } from "../world.ts";
import { storageAccountId } from "./codes.ts";

/** Resource groups and workspaces beside ours: they are listed and shown, and nothing is in them. */
export interface Neighbour {
  readonly name: string;
}
export const neighbouringGroups = (world: AzureWorld) => world.store<Neighbour>("neighbouringGroups");
/** Of our resource group. */
export const neighbouringWorkspaces = (world: AzureWorld) => world.store<Neighbour>("neighbouringWorkspaces");

/** Routes above the workspace. Subscription and resource group answer as Azure Resource Manager generally does: no recording. */
export function mountAbove(router: ArmRouter, world: AzureWorld): void {
  const subscription = `/subscriptions/${world.subscriptionId}`;
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const groups = () => [world.resourceGroup, ...[...neighbouringGroups(world).values()].map(({ name }) => name)];
  const workspaces = () => [
    world.workspaceName,
    ...[...neighbouringWorkspaces(world).values()].map(({ name }) => name),
  ];
  const groupNamed = (wanted: string): string => {
    const found = groups().find((name) => same(name, wanted));
    if (found === undefined) throw resourceGroupNotFound(wanted);
    return found;
  };
  const group = (name: string) => ({
    id: `${subscription}/resourceGroups/${name}`,
    name,
    type: "Microsoft.Resources/resourceGroups",
    location: world.location,
    properties: { provisioningState: "Succeeded" },
  });
  const account = () => ({
    id: subscription,
    subscriptionId: world.subscriptionId,
    displayName: "Local subscription",
    state: "Enabled",
    tenantId: world.tenantId,
  });
  router.get("/subscriptions", (_request, response) => void response.json({ value: [account()] }));
  router.get("/subscriptions/:subscription", (_request, response) => void response.json(account()));
  router.get(
    "/subscriptions/:subscription/resourceGroups",
    (request, response) => {
      response.json(page(groups(), request, world.urls.arm, group, "$skiptoken"));
    },
    ["$skiptoken", "$top"],
  );
  router.get("/subscriptions/:subscription/resourceGroups/:group", (request, response) => {
    response.json(group(groupNamed(String(request.params["group"]))));
  });
  const provider = "providers/Microsoft.MachineLearningServices/workspaces";
  for (const path of [
    `/subscriptions/:subscription/${provider}`,
    `/subscriptions/:subscription/resourceGroups/:group/${provider}`,
  ]) {
    router.get(
      path,
      (request, response, { apiVersion }) => {
        const wanted = request.params["group"];
        const ours = wanted === undefined || same(groupNamed(String(wanted)), world.resourceGroup);
        // Every workspace here is of one kind.
        const kinds = text(request.query, "kind")?.toLowerCase().split(",");
        const shown = ours && (kinds === undefined || kinds.includes("default")) ? workspaces() : [];
        response.json(page(shown, request, world.urls.arm, (name) => show(world, apiVersion, name)));
      },
      [...paged, "$skiptoken", "kind"],
    );
  }
  router.get(
    `/subscriptions/:subscription/resourceGroups/:group/${provider}/:workspace`,
    (request, response, { apiVersion }) => {
      const [inGroup, workspace] = [parameter(request, "group"), parameter(request, "workspace")];
      const found = same(inGroup, world.resourceGroup) ? workspaces().find((name) => same(name, workspace)) : undefined;
      if (found === undefined) {
        throw resourceNotFound(`Microsoft.MachineLearningServices/workspaces/${workspace}`, groupNamed(inGroup));
      }
      response.json(show(world, apiVersion, found));
    },
  );
}

/**
 * Keys that the service sent in recordings (2022-05-01, 2022-12-01-preview; facts/04 §2) and no published type knows.
 * Whether it sends them under the published versions too is not recorded; there they are left out.
 */
const recordedOnly = new Set([
  "softDeleteEnabled",
  "creationTime",
  "linkedModelInventoryArmId",
  "sdkTelemetryAppInsightsKey",
  "sasGetterUri",
]);

function show(world: AzureWorld, apiVersion: string, name: string = world.workspaceName): object {
  const provider = (name: string) =>
    `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/${name}`;
  const published = apiVersion === "2022-10-01" || atLeast(apiVersion, "2023-04-01");
  const preview = apiVersion.endsWith("-preview");
  const born = Date.parse("2023-04-07T22:03:29.971Z");
  const properties: Record<string, unknown> = {
    friendlyName: name,
    description: "",
    storageAccount: storageAccountId(world),
    keyVault: provider("Microsoft.Keyvault/vaults/kv1"),
    applicationInsights: provider("Microsoft.insights/components/ai1"),
    hbiWorkspace: false,
    tenantId: world.tenantId,
    imageBuildCompute: null,
    provisioningState: "Succeeded",
    v1LegacyMode: false,
    softDeleteEnabled: false,
    containerRegistry: provider("Microsoft.ContainerRegistry/registries/acr1"),
    // Recorded from 2022-12-01-preview on, as `kind` is among the previews.
    ...(atLeast(apiVersion, "2022-12-01") ? { creationTime: "2023-04-07T22:03:29.9713800Z" } : {}),
    notebookInfo: {
      resourceId: "8176b4b2a9a44b0b9b0c6f3b8d6c5c11",
      fqdn: `ml-${world.workspaceName}-${world.location}-${world.workspaceGuid}.${world.location}.notebooks.azure.net`,
      ...(published && !(preview && atLeast(apiVersion, "2023-08-01")) ? {} : { isPrivateLinkEnabled: false }),
      notebookPreparationError: null,
    },
    storageHnsEnabled: false,
    workspaceId: world.workspaceGuid,
    linkedModelInventoryArmId: null,
    privateLinkCount: 0,
    publicNetworkAccess: world.scenario.network.publicAccess ? "Enabled" : "Disabled",
    discoveryUrl: `${world.urls.api}/discovery`,
    mlFlowTrackingUri: `azureml://${new URL(world.urls.api).host}/mlflow/v1.0${provider(`Microsoft.MachineLearningServices/workspaces/${name}`)}`,
    sdkTelemetryAppInsightsKey: "e31c1d3b-0000-4000-8000-000000000000",
    sasGetterUri: "",
    ...(dataIsolation(apiVersion) ? { enableDataIsolation: false } : {}),
  };
  if (published) for (const key of recordedOnly) delete properties[key];
  const stamp = { at: zuluTimestamp(born), by: "admin@contoso.com", type: "User" };
  return {
    id: provider(`Microsoft.MachineLearningServices/workspaces/${name}`),
    name,
    type: "Microsoft.MachineLearningServices/workspaces",
    location: world.location,
    tags: {},
    etag: null,
    properties,
    identity: { type: "SystemAssigned", principalId: "dd94a6d9-0000-4000-8000-000000000000", tenantId: world.tenantId },
    ...(apiVersion > "2022-05-01" && apiVersion !== "2022-10-01-preview" ? { kind: "Default" } : {}),
    sku: { name: "Basic", tier: "Basic" },
    systemData: {
      createdAt: stamp.at,
      createdBy: stamp.by,
      createdByType: stamp.type,
      lastModifiedAt: stamp.at,
      lastModifiedBy: stamp.by,
      lastModifiedByType: stamp.type,
    },
  };
}

/** Published in previews from 2023-04-01 and in stable versions from 2024-04-01; recorded at 2022-12-01-preview. */
function dataIsolation(apiVersion: string): boolean {
  return apiVersion.endsWith("-preview") ? apiVersion >= "2022-12-01" : apiVersion >= "2024-04-01";
}
