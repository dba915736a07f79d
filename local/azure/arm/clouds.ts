// The Azure clouds as a local one can pose as them: which audiences their tokens have, and what Azure DevOps stores of
// each in a connection. Keys are those of docs/facts/extension.md#5.1; values are general knowledge of the clouds.

export type EnvironmentName = "AzureCloud" | "AzureChinaCloud" | "AzureUSGovernment";

export interface Environment {
  readonly name: EnvironmentName;
  /** Audiences of tokens for the resource manager and the workspace's own services. */
  readonly management: readonly string[];
  /** Audience of tokens for endpoints with Entra authentication. */
  readonly machineLearning: string;
  /** Audience of tokens for queries of Log Analytics. */
  readonly logAnalytics: string;
  /** Further data of the connection of type azurerm; a local cloud fills in its own addresses. */
  readonly dependencyData: Readonly<Record<string, string>>;
}

/** Storage has one audience in every cloud; so has Azure DevOps, which is in one only. */
export const everywhere = ["https://storage.azure.com", "499b84ac-1321-427f-aa17-267ca6975798"];

/** The audience of tokens for key vaults. */
export const vaultAudience = ({ dependencyData }: Environment): string =>
  dependencyData["AzureKeyVaultServiceEndpointResourceId"] ?? "";

export const environments: Readonly<Record<EnvironmentName, Environment>> = {
  AzureCloud: {
    name: "AzureCloud",
    management: ["https://management.azure.com", "https://management.core.windows.net"],
    machineLearning: "https://ml.azure.com",
    logAnalytics: "https://api.loganalytics.io",
    dependencyData: {
      graphUrl: "https://graph.windows.net/",
      microsoftGraphUrl: "https://graph.microsoft.com/",
      activeDirectoryServiceEndpointResourceId: "https://management.core.windows.net/",
      AzureKeyVaultDnsSuffix: "vault.azure.net",
      AzureKeyVaultServiceEndpointResourceId: "https://vault.azure.net",
      StorageEndpointSuffix: "core.windows.net",
      EnableAdfsAuthentication: "false",
    },
  },
  AzureChinaCloud: {
    name: "AzureChinaCloud",
    management: ["https://management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn"],
    machineLearning: "https://ml.azure.cn",
    logAnalytics: "https://api.loganalytics.azure.cn",
    dependencyData: {
      graphUrl: "https://graph.chinacloudapi.cn/",
      microsoftGraphUrl: "https://microsoftgraph.chinacloudapi.cn/",
      activeDirectoryServiceEndpointResourceId: "https://management.core.chinacloudapi.cn/",
      AzureKeyVaultDnsSuffix: "vault.azure.cn",
      AzureKeyVaultServiceEndpointResourceId: "https://vault.azure.cn",
      StorageEndpointSuffix: "core.chinacloudapi.cn",
      EnableAdfsAuthentication: "false",
    },
  },
  AzureUSGovernment: {
    name: "AzureUSGovernment",
    management: ["https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net"],
    machineLearning: "https://ml.azure.us",
    logAnalytics: "https://api.loganalytics.us",
    dependencyData: {
      graphUrl: "https://graph.windows.net/",
      microsoftGraphUrl: "https://graph.microsoft.us/",
      activeDirectoryServiceEndpointResourceId: "https://management.core.usgovcloudapi.net/",
      AzureKeyVaultDnsSuffix: "vault.usgovcloudapi.net",
      AzureKeyVaultServiceEndpointResourceId: "https://vault.usgovcloudapi.net",
      StorageEndpointSuffix: "core.usgovcloudapi.net",
      EnableAdfsAuthentication: "false",
    },
  },
};
