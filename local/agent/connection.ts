// Service connections as the agent hands them to a task: ENDPOINT_* variables (docs/facts/agent.md#1.8).
import { environmentName } from "./macros.ts";

/** A service connection as the job message brings it: names are resolved to ids by the server. */
export interface ServiceConnection {
  /** A GUID, or `SystemVssConnection`. */
  readonly id: string;
  /** Its name in YAML. */
  readonly name?: string;
  /** `azurerm`, `azureml-workspace`, ... */
  readonly type: string;
  readonly url: string;
  /** `ServicePrincipal`, `WorkloadIdentityFederation`, `ManagedServiceIdentity`, `OAuth`, ... */
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly data: Readonly<Record<string, string>>;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Authorization parameters that the agent does not mask; every other one it does. */
const OPEN_PARAMETERS = new Set(
  [
    "idToken",
    "role",
    "scope",
    "tenantId",
    "issuedAt",
    "expiresAt",
    "expiresIn",
    "audience",
    "authenticationType",
    "authorizationType",
    "accessTokenType",
    "accessTokenFetchingMethod",
    "useWindowsSecurity",
    "unsecured",
    "OAuthAccessTokenIsSupplied",
    "completeCallbackPayload",
    "completeCallbackByAuthCode",
  ].map((name) => name.toLowerCase()),
);

export function isGuid(text: string): boolean {
  return GUID.test(text);
}

/** The connection's variables, exactly as the agent names and writes them. */
export function connectionEnvironment(connection: ServiceConnection): Record<string, string> {
  const isSystem = connection.id.toLowerCase() === "systemvssconnection";
  const key = isSystem ? "SYSTEMVSSCONNECTION" : connection.id.toLowerCase();
  const environment: Record<string, string> = {
    [`ENDPOINT_URL_${key}`]: connection.url,
    [`ENDPOINT_AUTH_${key}`]: JSON.stringify({ parameters: connection.parameters, scheme: connection.scheme }),
    [`ENDPOINT_AUTH_SCHEME_${key}`]: connection.scheme,
  };
  for (const [name, value] of Object.entries(connection.parameters)) {
    environment[`ENDPOINT_AUTH_PARAMETER_${key}_${environmentName(name)}`] = value;
  }
  if (isGuid(connection.id)) {
    environment[`ENDPOINT_DATA_${key}`] = JSON.stringify(connection.data);
    for (const [name, value] of Object.entries(connection.data)) {
      environment[`ENDPOINT_DATA_${key}_${environmentName(name)}`] = value;
    }
  }
  return environment;
}

/** The values of a connection that the agent masks in every log line. */
export function connectionSecrets(connection: ServiceConnection): string[] {
  return Object.entries(connection.parameters)
    .filter(([name, value]) => value !== "" && !OPEN_PARAMETERS.has(name.toLowerCase()))
    .map(([, value]) => value);
}

/** The job's own connection to Azure DevOps: always handed over. */
export function systemConnection(collectionUri: string, accessToken: string): ServiceConnection {
  return {
    id: "SystemVssConnection",
    name: "SystemVssConnection",
    type: "",
    url: collectionUri,
    scheme: "OAuth",
    parameters: { AccessToken: accessToken },
    data: {},
  };
}
