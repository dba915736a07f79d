// Registries: assets that several workspaces share, in several regions.
// Tests: test/tasks/registry.test.ts
import { present } from "../../plain-objects.ts";
import { segment } from "../../segment.ts";
import { defineKind } from "../language/define-kind.ts";
import { list, object, optional, readOnly, required } from "../language/object.ts";
import type { Resolver } from "../language/resolver.ts";
import { boolean, enumeration, integer, nameText, text } from "../language/scalar.ts";
import { described, type Infer, type Shape } from "../language/shape.ts";
import { resourceTags } from "../language/tag-limits.ts";

const STORAGE_TYPES = [
  "standard_lrs",
  "standard_grs",
  "standard_ragrs",
  "standard_zrs",
  "standard_gzrs",
  "standard_ragzrs",
  "premium_lrs",
  "premium_zrs",
] as const;

const PROVIDER = "^/subscriptions/[^/]+/resourceGroups/[^/]+/providers";
const accountId = text({
  pattern: new RegExp(`${PROVIDER}/Microsoft\\.Storage/storageAccounts/[^/]+$`, "i"),
  rule: "the ARM id of a storage account is needed",
});
const containerRegistryId = text({
  pattern: new RegExp(`${PROVIDER}/Microsoft\\.ContainerRegistry/registries/[^/]+$`, "i"),
  rule: "the ARM id of a container registry is needed",
});

const createdStorage = object("storage", {
  storage_account_hns: optional(boolean),
  storage_account_type: optional(enumeration(STORAGE_TYPES)),
  replication_count: optional(integer({ minimum: 1 })),
  arm_resource_id: readOnly(),
  replicated_ids: readOnly(),
});
type Storage = Infer<typeof createdStorage> | readonly string[];

const storage: Shape<Storage> = {
  expects: "a mapping, or a list of storage accounts' ARM ids",
  below: createdStorage.below,
  read: (node, at) => (node.kind === "list" ? list(accountId).read(node, at) : createdStorage.read(node, at)),
  write: () => undefined,
};

const createdAcr = object("a container registry", {
  acr_account_sku: optional(enumeration(["premium"])),
  arm_resource_id: readOnly(),
});
const containerRegistry: Shape<{ readonly id?: string }> = {
  expects: "the ARM id of a container registry, or a mapping",
  below: createdAcr.below,
  read(node, at) {
    if (node.kind === "list") return at.fault(node, `${at.name} is ${described(node)}; ${this.expects} is needed.`);
    if (node.kind === "map") return createdAcr.read(node, at) && {};
    const id = containerRegistryId.read(node, at);
    return id === undefined ? undefined : { id };
  },
  write: () => undefined,
};

const ACCESS = { disabled: "Disabled", enabled: "Enabled" } as const;

const registry = object("a registry", {
  name: required(nameText()),
  description: optional(text()),
  tags: optional(resourceTags),
  location: required(text()),
  public_network_access: optional(enumeration(["disabled", "enabled"])),
  replication_locations: required(
    list(object("a region", { location: required(text()), storage_config: optional(storage) })),
  ),
  intellectual_property: optional(object("an intellectual property", { publisher: optional(text()) })),
  container_registry: optional(containerRegistry),
  id: readOnly(),
  identity: readOnly(),
  kind: readOnly(),
  sku: readOnly(),
  managed_resource_group: readOnly(),
  mlflow_registry_uri: readOnly(),
  discovery_url: readOnly(),
});
type RegistryDocument = Infer<typeof registry>;

/** A registry lies in the workspace's resource group. The service has no room for its description. */
async function write(document: RegistryDocument, resolver: Resolver) {
  const { subscriptionId, resourceGroup } = resolver.workspace;
  const acr = document.container_registry?.id;
  const acrDetails =
    acr === undefined
      ? { systemCreatedAcrAccount: { acrAccountSku: "Premium" } }
      : { userCreatedAcrAccount: { armResourceId: { resourceId: acr } } };
  return {
    path: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.MachineLearningServices/registries/${segment(document.name, "the name")}`,
    body: {
      location: document.location,
      identity: { type: "SystemAssigned" },
      tags: document.tags ?? {},
      properties: present({
        publicNetworkAccess: document.public_network_access && ACCESS[document.public_network_access],
        intellectualPropertyPublisher: document.intellectual_property?.publisher,
        managedResourceGroupTags: document.tags ?? {},
        regionDetails: document.replication_locations.map(({ location, storage_config }) => ({
          location,
          acrDetails: [acrDetails],
          storageAccountDetails: storageDetails(storage_config ?? {}),
        })),
      }),
    },
  };
}

function storageDetails(value: Storage): object[] {
  if ("length" in value)
    return value.map((resourceId) => ({ userCreatedStorageAccount: { armResourceId: { resourceId } } }));
  const account = {
    storageAccountHnsEnabled: value.storage_account_hns ?? false,
    storageAccountType: value.storage_account_type ?? "standard_lrs",
  };
  return Array.from({ length: value.replication_count ?? 1 }, () => ({ systemCreatedStorageAccount: account }));
}

export const registryKind = defineKind({
  name: "registry",
  order: 10,
  schemas: ["registry"],
  marks: [{ has: ["replication_locations"] }],
  advice: "AzureMLApply creates and updates registries.",
  shape: registry,
  apiVersion: "2022-10-01-preview",
  write,
});
