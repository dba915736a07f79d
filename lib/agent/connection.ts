// A service connection, read into one shape.

/** How the connection's identity signs in. */
export type ConnectionScheme =
  | "servicePrincipalSecret"
  | "servicePrincipalCertificate"
  | "workloadIdentity"
  | "managedIdentity";

export interface ConnectionCloud {
  /** AzureCloud, AzureChinaCloud, AzureUSGovernment, AzureStack, or what the connection calls it. */
  name: string;
  /** Of Microsoft Entra ID, with a slash at the end. */
  authority: string;
  /** Azure Resource Manager, without a slash at the end. */
  resourceManager: string;
  storageSuffix?: string;
}

export interface ConnectionDetails {
  id: string;
  name?: string;
  scheme: ConnectionScheme;
  tenantId: string;
  clientId?: string;
  secret?: string;
  /** Certificate and private key. */
  certificatePem?: string;
  subscriptionId: string;
  resourceGroup?: string;
  workspace?: string;
  location?: string;
  cloud: ConnectionCloud;
}
