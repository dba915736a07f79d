// Addresses of this cloud, its storage and the workspace's storage account.
import type { AzureWorld } from "../world/world.ts";

/** The name by which clients that read the metadata choose this cloud (AZUREML_CURRENT_CLOUD). */
export const cloudName = "LocalCloud";

/**
 * The suffix after `https://<account>.blob.`, the same everywhere: `core.storage.localhost:<port>`. Official clients hold it against
 * the URLs that services sign (azureml-mlflow downloads nothing else, and says nothing), and the Python storage client takes an
 * account key only where the host goes on with `.blob.core.`.
 */
export function storageSuffix(world: AzureWorld): string {
  return new URL(world.urls.storage).host.replace(`${world.storageAccount}.blob.`, "");
}

/** The name of the workspace's key vault, by that of its storage account: `kv-1` beside `stor1`. */
export const vaultOf = ({ storageAccount }: Pick<AzureWorld, "storageAccount">): string =>
  `kv-${storageAccount.replace(/^stor/, "")}`.slice(0, 24);

/** The suffix after `https://<vault>.`. */
export function vaultSuffix(world: AzureWorld): string {
  return new URL(world.urls.vault).host.replace(`${vaultOf(world)}.`, "");
}

/** ARM id of the workspace's storage account. */
export function storageAccountId(world: AzureWorld): string {
  return `/subscriptions/${world.subscriptionId}/resourceGroups/${world.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${world.storageAccount}`;
}
