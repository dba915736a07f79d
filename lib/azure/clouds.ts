// The clouds as data: where Microsoft Entra, the resource manager and storage are, in each of them.

/** One Azure cloud, as far as this extension needs to know it. URLs have no trailing slash, except `authority`. */
export interface Cloud {
  readonly name: string;
  /** Microsoft Entra, with a trailing slash. */
  readonly authority: string;
  /** The resource manager (ARM). */
  readonly resourceManager: string;
  /** Scope of the tokens for ARM and for the workspace's own services. */
  readonly managementScope: string;
  /** Scope of the tokens for endpoints with Entra authentication. */
  readonly mlScope: string;
  readonly storageScope: string;
  /** The suffix after `https://<account>.blob.`, for a datastore that lacks it. */
  readonly storageSuffix: string;
  /** Scope of the tokens for Azure Key Vault. */
  readonly vaultScope: string;
  /** The suffix after `https://<vault>.`. */
  readonly vaultSuffix: string;
  /** The studio's address, for pages whose address the service does not return. */
  readonly studio: string;
  /** Queries of Log Analytics: the host, and the audience of their tokens. Absent: the resource manager may name it. */
  readonly logAnalytics?: string;
  /** The hosts of this cloud are known to the identity library, so it may ask them which authorities are real. */
  readonly wellKnown: boolean;
}

/**
 * Sources: docs/facts/azureml-services.md#4, the cloud tables of the official Python client, for studio the hosts that Azure ML's page on
 * firewalls names, and for Log Analytics docs/facts/operations.md#A.5.
 */
export const clouds = {
  AzureCloud: {
    name: "AzureCloud",
    authority: "https://login.microsoftonline.com/",
    resourceManager: "https://management.azure.com",
    managementScope: "https://management.azure.com/.default",
    mlScope: "https://ml.azure.com/.default",
    storageScope: "https://storage.azure.com/.default",
    storageSuffix: "core.windows.net",
    vaultScope: "https://vault.azure.net/.default",
    vaultSuffix: "vault.azure.net",
    studio: "https://ml.azure.com",
    logAnalytics: "https://api.loganalytics.io",
    wellKnown: true,
  },
  AzureChinaCloud: {
    name: "AzureChinaCloud",
    authority: "https://login.chinacloudapi.cn/",
    resourceManager: "https://management.chinacloudapi.cn",
    managementScope: "https://management.chinacloudapi.cn/.default",
    mlScope: "https://ml.azure.cn/.default",
    storageScope: "https://storage.azure.com/.default",
    storageSuffix: "core.chinacloudapi.cn",
    vaultScope: "https://vault.azure.cn/.default",
    vaultSuffix: "vault.azure.cn",
    studio: "https://studio.ml.azure.cn",
    logAnalytics: "https://api.loganalytics.azure.cn",
    wellKnown: true,
  },
  AzureUSGovernment: {
    name: "AzureUSGovernment",
    authority: "https://login.microsoftonline.us/",
    resourceManager: "https://management.usgovcloudapi.net",
    managementScope: "https://management.usgovcloudapi.net/.default",
    mlScope: "https://ml.azure.us/.default",
    storageScope: "https://storage.azure.com/.default",
    storageSuffix: "core.usgovcloudapi.net",
    vaultScope: "https://vault.usgovcloudapi.net/.default",
    vaultSuffix: "vault.usgovcloudapi.net",
    studio: "https://ml.azure.us",
    logAnalytics: "https://api.loganalytics.us",
    wellKnown: true,
  },
} as const satisfies Record<string, Cloud>;

/** A service connection's data about its cloud; each field may be missing. */
export interface CloudHints {
  /** `AzureCloud`, `AzureChinaCloud`, `AzureUSGovernment`, or anything else. */
  readonly environment?: string | undefined;
  readonly resourceManagerUrl?: string | undefined;
  readonly authorityUrl?: string | undefined;
  /** Audience of ARM tokens (`activeDirectoryServiceEndpointResourceId`). */
  readonly audience?: string | undefined;
  readonly storageSuffix?: string | undefined;
  /** As a connection has them for a cloud of its own: `AzureKeyVaultDnsSuffix`, `AzureKeyVaultServiceEndpointResourceId`. */
  readonly vaultSuffix?: string | undefined;
  readonly vaultAudience?: string | undefined;
}

const withoutSlash = (url: string) => url.trim().replace(/\/+$/, "");

/**
 * The cloud that a connection means. A connection to a resource manager that no known cloud has (Azure Stack,
 * a private or a local cloud) is a cloud of its own, and takes what it does not say from the known cloud it names.
 */
export function cloudOf(hints: CloudHints): Cloud {
  const known = Object.values<Cloud>(clouds);
  const url = hints.resourceManagerUrl ? withoutSlash(hints.resourceManagerUrl) : undefined;
  const byUrl = known.find((cloud) => url !== undefined && cloud.resourceManager === url.toLowerCase());
  if (byUrl) return byUrl;
  const byName = known.find((cloud) => cloud.name.toLowerCase() === hints.environment?.toLowerCase());
  const base: Cloud = byName ?? clouds.AzureCloud;
  if (url === undefined || url === "") return base;
  return {
    name: byName?.name ?? (hints.environment || "Custom"),
    authority: hints.authorityUrl ? `${withoutSlash(hints.authorityUrl)}/` : base.authority,
    resourceManager: url,
    managementScope: `${withoutSlash(hints.audience || base.managementScope.replace(/\/\.default$/, ""))}/.default`,
    mlScope: base.mlScope,
    storageScope: base.storageScope,
    storageSuffix: hints.storageSuffix || base.storageSuffix,
    vaultScope: hints.vaultAudience ? `${withoutSlash(hints.vaultAudience)}/.default` : base.vaultScope,
    vaultSuffix: hints.vaultSuffix || base.vaultSuffix,
    studio: base.studio,
    wellKnown: false,
  };
}
