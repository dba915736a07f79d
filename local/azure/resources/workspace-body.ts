// The workspace as the management plane shows it, key by key (docs/facts/azureml-wire.md#2, docs/facts/recorded-operations.md#8), with what callers have written to it.
import { atLeast, zuluTimestamp } from "../arm/envelope.ts";
import { writtenWorkspaces } from "../records/workspace.ts";
import { storageAccountId } from "../workspace/addresses.ts";
import type { AzureWorld } from "../world/world.ts";

type Json = Record<string, unknown>;

/**
 * Keys that the service sent in recordings (2022-05-01, 2022-12-01-preview, 2023-04-01-preview, 2024-04-01; docs/facts/azureml-wire.md#2, docs/facts/recorded-operations.md#8)
 * and no published type knows. Whether it sends them under other published versions is not recorded; there they are left out.
 */
const recordedOnly = new Set([
  "softDeleteEnabled",
  "creationTime",
  "linkedModelInventoryArmId",
  "sdkTelemetryAppInsightsKey",
  "sasGetterUri",
]);

export function workspaceBody(world: AzureWorld, apiVersion: string, name: string = world.workspaceName): object {
  const written = writtenWorkspaces(world).get(name.toLowerCase());
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
    creationTime: "2023-04-07T22:03:29.9713800Z",
    notebookInfo: {
      resourceId: "8176b4b2a9a44b0b9b0c6f3b8d6c5c11",
      fqdn: `ml-${world.workspaceName}-${world.location}-${world.workspaceGuid}.${world.location}.notebooks.azure.net`,
      ...(published && !(preview && atLeast(apiVersion, "2023-04-01")) ? {} : { isPrivateLinkEnabled: false }),
      notebookPreparationError: null,
    },
    storageHnsEnabled: false,
    workspaceId: world.workspaceGuid,
    linkedModelInventoryArmId: null,
    privateLinkCount: 0,
    publicNetworkAccess: world.settings.network.publicAccess ? "Enabled" : "Disabled",
    discoveryUrl: `${world.urls.api}/discovery`,
    mlFlowTrackingUri: `azureml://${new URL(world.urls.api).host}/mlflow/v1.0${provider(`Microsoft.MachineLearningServices/workspaces/${name}`)}`,
    sdkTelemetryAppInsightsKey: "e31c1d3b-0000-4000-8000-000000000000",
    sasGetterUri: "",
    ...(dataIsolation(apiVersion) ? { enableDataIsolation: false } : {}),
  };
  const isRecorded = apiVersion === "2023-04-01-preview" || apiVersion === "2024-04-01";
  if (published && !isRecorded) for (const key of recordedOnly) delete properties[key];
  if (apiVersion === "2024-04-01") delete properties["sasGetterUri"];
  // Recorded from 2022-12-01-preview on, as `kind` is among the previews.
  if (!atLeast(apiVersion, "2022-12-01")) delete properties["creationTime"];
  if (apiVersion === "2024-04-01") Object.assign(properties, recordedIn2025);
  const own = name.toLowerCase() === world.workspaceName.toLowerCase();
  // One that was made without has none: an empty text to early 2023, no key since.
  if (!own && written !== undefined) {
    if (atLeast(apiVersion, "2023-04-01")) delete properties["containerRegistry"];
    else properties["containerRegistry"] = "";
  }
  Object.assign(properties, written?.properties, { provisioningState: written?.provisioningState ?? "Succeeded" });
  const stamp = { at: zuluTimestamp(born), by: "admin@contoso.com", type: "User" };
  return {
    id: provider(`Microsoft.MachineLearningServices/workspaces/${name}`),
    name,
    type: "Microsoft.MachineLearningServices/workspaces",
    location: written?.location ?? world.location,
    tags: written?.tags ?? {},
    etag: null,
    properties,
    identity: identityOf(world, written?.identity),
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

/** As answered in 2025 under 2024-04-01, beside what was recorded before (docs/facts/recorded-operations.md#8). */
const recordedIn2025 = {
  allowRoleAssignmentOnRG: false,
  ipAllowlist: [],
  networkAcls: { defaultAction: "Allow", bypass: "", ipRules: [], resourceAccessRules: [] },
  serverlessComputeSettings: null,
  EnableSoftwareBillOfMaterials: false,
};

/** User-assigned ones have ids of their own; what a workspace of the service's own identity has is always the same here. */
function identityOf(world: AzureWorld, sent: Json | undefined): object {
  // The official client sends `Systemassigned,Userassigned`, and ids in another case than they come back in (recorded).
  const type = String(sent?.["type"] ?? "SystemAssigned")
    .replace(/systemassigned/i, "SystemAssigned")
    .replace(/userassigned/i, "UserAssigned");
  const guid = "dd94a6d9-0000-4000-8000-000000000000";
  const assigned = Object.keys((sent?.["userAssignedIdentities"] ?? {}) as Json);
  return {
    type,
    principalId: /SystemAssigned/i.test(type) ? guid : null,
    tenantId: world.tenantId,
    ...(assigned.length === 0
      ? {}
      : {
          userAssignedIdentities: Object.fromEntries(
            assigned.map((id) => [
              id.replace("/resourcegroups/", "/resourceGroups/"),
              { principalId: guid.replace("dd94", "dd95"), clientId: guid.replace("dd94", "dd96") },
            ]),
          ),
        }),
  };
}

/** Published in previews from 2023-04-01 and in stable versions from 2024-04-01; recorded at 2022-12-01-preview. */
function dataIsolation(apiVersion: string): boolean {
  return apiVersion.endsWith("-preview") ? apiVersion >= "2022-12-01" : apiVersion >= "2024-04-01";
}
