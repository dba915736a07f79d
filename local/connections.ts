// The service connections of the local project: one for each client of the local tenant, as Azure DevOps stores them
// (docs/facts/extension.md#5.1), and the same clients by this extension's own type.

import { type Environment, vaultAudience } from "./azure/arm/clouds.ts";
import { storageSuffix, vaultSuffix } from "./azure/workspace/addresses.ts";
import type { AzureWorld } from "./azure/world/world.ts";
import type { Credentials } from "./credentials.ts";

/** A service connection with its secrets. */
export interface ServiceConnection {
  /** A guid in small letters. */
  readonly id: string;
  readonly name: string;
  readonly type: "azurerm" | "azureml-workspace";
  /** Azure Resource Manager, with a trailing slash. */
  readonly url: string;
  readonly scheme: "ServicePrincipal" | "WorkloadIdentityFederation" | "ManagedServiceIdentity" | "None";
  readonly parameters: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

/** Names of the connections, for whoever picks one. */
export type ConnectionName =
  | "azure-ml" // client secret, scope of the subscription
  | "azure-ml-workspace" // the same client, scope of the workspace
  | "azure-ml-certificate"
  | "azure-ml-federated"
  | "azure-ml-identity"
  | "azure-ml-expired"
  | "azure-ml-forbidden"
  // of type azureml-workspace
  | "workspace-secret"
  | "workspace-certificate"
  | "workspace-federated"
  | "workspace-identity";

/**
 * @param federation issuer and subject of the OIDC tokens of a connection, where local Azure DevOps says them
 * @param posesAs one of Azure's own clouds, whose name and audiences stand in the connections, with this cloud's addresses;
 * absent: a cloud of its own
 */
export function createConnections(
  world: AzureWorld,
  credentials: Credentials,
  federation: (connectionName: string) => { issuer: string; subject: string },
  posesAs?: Environment,
): Record<ConnectionName, ServiceConnection> {
  const subscriptionScope = {
    // An own cloud is what Azure DevOps calls a stack: its URLs are its own.
    environment: posesAs?.name ?? "AzureStack",
    scopeLevel: "Subscription",
    subscriptionId: world.subscriptionId,
    subscriptionName: "Local subscription",
    creationMode: "Manual",
    resourceManagerUrl: `${world.urls.arm}/`,
    environmentUrl: `${world.urls.arm}/`,
    environmentAuthorityUrl: `${world.urls.login}/`,
    activeDirectoryAuthority: `${world.urls.login}/`,
    activeDirectoryServiceEndpointResourceId: `${world.urls.arm}/`,
    ...posesAs?.dependencyData,
    StorageEndpointSuffix: storageSuffix(world),
    AzureKeyVaultDnsSuffix: vaultSuffix(world),
    AzureKeyVaultServiceEndpointResourceId: vaultAudience(world.environment),
  };
  const workspaceScope = {
    ...subscriptionScope,
    scopeLevel: "AzureMLWorkspace",
    resourceGroupName: world.resourceGroup,
    mlWorkspaceName: world.workspaceName,
    mlWorkspaceLocation: world.location,
  };
  const number = (n: number) => `5e4e6ce0-0000-4000-8000-0000000000${String(n).padStart(2, "0")}`;
  const make = (
    n: number,
    name: ConnectionName,
    scheme: ServiceConnection["scheme"],
    parameters: Record<string, string>,
    data: Record<string, string> = subscriptionScope,
  ): ServiceConnection => ({
    id: number(n),
    name,
    type: "azurerm",
    url: `${world.urls.arm}/`,
    scheme,
    parameters: { tenantid: world.tenantId, ...parameters },
    data,
  });
  const byKey = (client: { clientId: string; secret: string }) => ({
    serviceprincipalid: client.clientId,
    authenticationType: "spnKey",
    serviceprincipalkey: client.secret,
  });
  const ofWorkspace = (
    n: number,
    name: ConnectionName,
    parameters: Record<string, string>,
    more: Record<string, string> = {},
  ): ServiceConnection => ({
    id: number(n),
    name,
    type: "azureml-workspace",
    url: `${world.urls.arm}/`,
    scheme: "None",
    parameters,
    data: {
      environmentAuthorityUrl: `${world.urls.login}/`,
      ...(posesAs === undefined
        ? { activeDirectoryServiceEndpointResourceId: `${world.urls.arm}/` }
        : { environment: posesAs.name }),
      tenantId: world.tenantId,
      subscriptionId: world.subscriptionId,
      resourceGroupName: world.resourceGroup,
      mlWorkspaceName: world.workspaceName,
      ...more,
    },
  });
  const federated = federation("azure-ml-federated");
  return {
    "azure-ml": make(1, "azure-ml", "ServicePrincipal", byKey(credentials.contributor)),
    "azure-ml-workspace": make(
      2,
      "azure-ml-workspace",
      "ServicePrincipal",
      byKey(credentials.contributor),
      workspaceScope,
    ),
    "azure-ml-certificate": make(3, "azure-ml-certificate", "ServicePrincipal", {
      serviceprincipalid: credentials.certificate.clientId,
      authenticationType: "spnCertificate",
      servicePrincipalCertificate: credentials.certificate.certificatePem,
    }),
    "azure-ml-federated": make(4, "azure-ml-federated", "WorkloadIdentityFederation", {
      serviceprincipalid: credentials.federated.clientId,
      workloadIdentityFederationSubject: federated.subject,
      workloadIdentityFederationIssuer: federated.issuer,
      workloadIdentityFederationIssuerType: "DevOps",
    }),
    "azure-ml-identity": make(
      5,
      "azure-ml-identity",
      "ManagedServiceIdentity",
      {},
      { ...subscriptionScope, msiClientId: credentials.managedIdentity.clientId },
    ),
    "azure-ml-expired": make(6, "azure-ml-expired", "ServicePrincipal", byKey(credentials.expired)),
    "azure-ml-forbidden": make(7, "azure-ml-forbidden", "ServicePrincipal", byKey(credentials.forbidden)),
    "workspace-secret": ofWorkspace(11, "workspace-secret", {
      servicePrincipalId: credentials.contributor.clientId,
      servicePrincipalKey: credentials.contributor.secret,
    }),
    "workspace-certificate": ofWorkspace(12, "workspace-certificate", {
      servicePrincipalId: credentials.certificate.clientId,
      servicePrincipalCertificate: credentials.certificate.certificatePem,
    }),
    "workspace-federated": ofWorkspace(13, "workspace-federated", {
      servicePrincipalId: credentials.federated.clientId,
    }),
    "workspace-identity": ofWorkspace(
      14,
      "workspace-identity",
      {},
      { managedIdentity: credentials.managedIdentity.clientId },
    ),
  };
}
