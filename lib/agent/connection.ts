// A service connection, read into one shape: of type Azure Resource Manager (docs/facts/extension.md#5.1), or of this extension's own
// type azureml-workspace (contributions/azureml-workspace.json), which signs in by those of its plain fields that are filled in.

import { type ErrorCode, TaskError } from "../errors.ts";
import { capital } from "../sentence.ts";

/** How the connection's identity signs in. */
type ConnectionScheme =
  | "servicePrincipalSecret"
  | "servicePrincipalCertificate"
  | "workloadIdentity"
  | "managedIdentity";

/** The connection's data about its cloud. Each field may be absent; `environment` defaults to AzureCloud. */
interface ConnectionCloud {
  /** AzureCloud, AzureChinaCloud, AzureUSGovernment, AzureStack, Custom... */
  environment: string;
  /** Azure Resource Manager. */
  resourceManagerUrl?: string;
  /** Microsoft Entra ID. */
  authorityUrl?: string;
  /** Audience of tokens for the resource manager. */
  audience?: string;
  storageSuffix?: string;
  vaultSuffix?: string;
  /** Audience of tokens for Azure Key Vault. */
  vaultAudience?: string;
}

export interface ConnectionDetails {
  /** GUID in small letters. */
  id: string;
  /** Only connections of type Azure Resource Manager with federation give away their name. */
  name?: string;
  scheme: ConnectionScheme;
  /** Empty for a managed identity, which needs none. */
  tenantId: string;
  clientId?: string;
  /** Values that are no secrets, and that the agent hides in the log all the same (docs/facts/agent.md#2.5). */
  hidden?: readonly string[];
  secret?: string;
  /** Certificate and private key. */
  certificatePem?: string;
  subscriptionId: string;
  resourceGroup?: string;
  workspace?: string;
  location?: string;
  cloud: ConnectionCloud;
}

/** The agent's data of one connection; keys match without regard to case, empty is undefined. */
export interface ConnectionSource {
  readonly url: string | undefined;
  readonly scheme: string | undefined;
  parameter(key: string): string | undefined;
  data(key: string): string | undefined;
}

/**
 * Reads the connection `id` that input `inputName` names.
 * @throws TaskError kind `connection` that names the connection and what it lacks.
 */
export function readConnection(inputName: string, id: string, source: ConnectionSource): ConnectionDetails {
  const { parameter, data } = source;
  const name = connectionName(parameter("workloadIdentityFederationSubject"));
  const called =
    name === undefined ? `the service connection ${id} of input ${inputName}` : `the service connection ${name}`;
  const fault = (message: string, hint: string, errorCode: ErrorCode = "AML1003") =>
    new TaskError("connection", message, { errorCode, hint });
  if (source.url === undefined && source.scheme === undefined) {
    throw fault(
      `Input ${inputName} names the service connection "${id}", and the agent was given none by that id.`,
      "Check the connection's name and that this pipeline is authorized to use it; builds of forks get no connections.",
      "AML1002",
    );
  }
  const need = (value: string | undefined, what: string): string => {
    if (value) return value;
    throw fault(
      `${capital(called)} has no ${what}.`,
      "Edit the connection in the project settings, or create it again.",
    );
  };

  // The type itself is not among what the agent tells of a connection.
  const isWorkspaceType = /^none$/i.test(source.scheme ?? "");
  const own = isWorkspaceType ? ownWayOf(source) : undefined;
  if (own !== undefined && own.length !== 1) {
    const words = own.map(({ field }) => field);
    throw fault(
      own.length === 0
        ? `${capital(called)} says no way to sign in: its application, secret, certificate and managed identity are empty.`
        : `${capital(called)} says ${own.length} ways to sign in: ${words.join(" and ")} are filled in.`,
      "Edit the connection and fill in one way: the application's client ID alone (federation), with a client secret or with a certificate; or the managed identity.",
    );
  }
  const scheme = own === undefined ? schemeOf(source.scheme, parameter("authenticationType")) : own[0]?.scheme;
  if (scheme === undefined) {
    const way = isWorkspaceType ? (parameter("authenticationType") ?? "nothing") : source.scheme;
    throw fault(
      `${capital(called)} signs in by ${way}, which these tasks do not know.`,
      "Use a connection of type Azure Resource Manager with a service principal, workload identity federation or a managed identity, or one of type Azure Machine Learning workspace.",
    );
  }
  const tenant = parameter("tenantId") ?? data("tenantId");
  const tenantId = scheme === "managedIdentity" ? (tenant ?? "") : need(tenant, "tenant id");
  const clientId =
    scheme === "managedIdentity"
      ? (data("msiClientId") ?? parameter("msiClientId") ?? own?.[0]?.identity)
      : need(parameter("servicePrincipalId"), "service principal id");
  const subscriptionId = need(
    data("subscriptionId"),
    /^managementgroup$/i.test(data("scopeLevel") ?? "")
      ? "subscription, because it has the scope of a management group"
      : "subscription id",
  );
  const details: ConnectionDetails = {
    id,
    scheme,
    tenantId,
    subscriptionId,
    cloud: cloudOf(source, isWorkspaceType ? "Custom" : "AzureCloud"),
  };
  if (name !== undefined) details.name = name;
  if (clientId !== undefined) details.clientId = clientId;
  if (scheme === "servicePrincipalSecret") {
    details.secret = need(parameter("servicePrincipalKey"), "service principal key");
  }
  if (scheme === "servicePrincipalCertificate") {
    details.certificatePem = need(parameter("servicePrincipalCertificate"), "certificate");
  }
  const hidden = ["workloadIdentityFederationIssuer", "workloadIdentityFederationSubject"].flatMap(
    (key) => parameter(key) ?? [],
  );
  if (hidden.length > 0) details.hidden = hidden;
  if (isWorkspaceType) {
    details.resourceGroup = need(data("resourceGroupName"), "resource group");
    details.workspace = need(data("mlWorkspaceName"), "workspace");
    return details;
  }
  const resourceGroup = data("resourceGroupName");
  if (resourceGroup !== undefined) details.resourceGroup = resourceGroup;
  // A connection may keep the workspace of a scope that it no longer has.
  if (/^azuremlworkspace$/i.test(data("scopeLevel") ?? "")) {
    const workspace = data("mlWorkspaceName");
    const location = data("mlWorkspaceLocation");
    if (workspace !== undefined) details.workspace = workspace;
    if (location !== undefined) details.location = location;
  }
  return details;
}

/** Parameters of the connection that are secret whatever its scheme is. */
export const SECRET_PARAMETERS = [
  "servicePrincipalKey",
  "servicePrincipalCertificate",
  "accessToken",
  "apiToken",
  "idToken",
];

function schemeOf(scheme: string | undefined, authenticationType: string | undefined): ConnectionScheme | undefined {
  switch ((scheme ?? "ServicePrincipal").toLowerCase()) {
    case "serviceprincipal":
      return authenticationType?.toLowerCase() === "spncertificate"
        ? "servicePrincipalCertificate"
        : "servicePrincipalSecret";
    case "workloadidentityfederation":
      return "workloadIdentity";
    case "managedserviceidentity":
      return "managedIdentity";
    default:
      return undefined;
  }
}

/** A way to sign in that a connection of type azureml-workspace says, and the field that says it. */
interface OwnWay {
  /** The field's name for people. */
  readonly field: string;
  /** Undefined for a word that is none. */
  readonly scheme: ConnectionScheme | undefined;
  /** Client id of a user-assigned managed identity. */
  readonly identity?: string | undefined;
}

/**
 * The ways that the fields of type azureml-workspace say; one is right. Connections that were made by an earlier form say it
 * in a field of its own.
 */
function ownWayOf({ parameter, data }: ConnectionSource): OwnWay[] {
  const told = parameter("authenticationType");
  if (told !== undefined) {
    const scheme = EARLIER[told.toLowerCase()];
    return [{ field: "the way to sign in", scheme, identity: parameter("servicePrincipalId") }];
  }
  const identity = data("managedIdentity");
  const application = parameter("servicePrincipalId");
  const ways: OwnWay[] = [];
  if (parameter("servicePrincipalKey") !== undefined)
    ways.push({ field: "the client secret", scheme: "servicePrincipalSecret" });
  if (parameter("servicePrincipalCertificate") !== undefined)
    ways.push({ field: "the certificate", scheme: "servicePrincipalCertificate" });
  if (identity !== undefined) {
    const isSystem = /^system$/i.test(identity);
    ways.push({ field: "the managed identity", scheme: "managedIdentity", identity: isSystem ? undefined : identity });
    if (ways.length === 1 && application !== undefined)
      ways.push({ field: "the application", scheme: "workloadIdentity" });
  } else if (ways.length === 0 && application !== undefined) {
    ways.push({ field: "the application", scheme: "workloadIdentity" });
  }
  return ways;
}

const EARLIER: Readonly<Record<string, ConnectionScheme>> = {
  workloadidentityfederation: "workloadIdentity",
  spnkey: "servicePrincipalSecret",
  spncertificate: "servicePrincipalCertificate",
  managedidentity: "managedIdentity",
};

/** @param otherwise the cloud's name where the connection has none: its URL decides then, where a known cloud has it */
function cloudOf({ url, data }: ConnectionSource, otherwise: string): ConnectionCloud {
  const cloud: ConnectionCloud = { environment: data("environment") ?? otherwise };
  const resourceManagerUrl = url ?? data("resourceManagerUrl");
  const authorityUrl = data("activeDirectoryAuthority") ?? data("environmentAuthorityUrl");
  const audience = data("activeDirectoryServiceEndpointResourceId");
  const storageSuffix = data("StorageEndpointSuffix");
  const vaultSuffix = data("AzureKeyVaultDnsSuffix");
  const vaultAudience = data("AzureKeyVaultServiceEndpointResourceId");
  if (resourceManagerUrl !== undefined) cloud.resourceManagerUrl = resourceManagerUrl;
  if (authorityUrl !== undefined) cloud.authorityUrl = authorityUrl;
  if (audience !== undefined) cloud.audience = audience;
  if (storageSuffix !== undefined) cloud.storageSuffix = storageSuffix;
  if (vaultSuffix !== undefined) cloud.vaultSuffix = vaultSuffix;
  if (vaultAudience !== undefined) cloud.vaultAudience = vaultAudience;
  return cloud;
}

/** The subject of Azure DevOps' own assertions is `sc://organization/project/name`. */
const connectionName = (subject: string | undefined): string | undefined =>
  /^sc:\/\/[^/]+\/[^/]+\/(.+)$/.exec(subject ?? "")?.[1];
