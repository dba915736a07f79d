// The server's sign-in with a service connection, without an agent.
import { createHash, createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import type { Connection } from "../state/connections.ts";
import type { ServerRequest, ServerResponse } from "./request.ts";

export interface SignIn {
  /** Milliseconds since the epoch. */
  now(): number;
  send(request: ServerRequest): Promise<ServerResponse>;
  /** The connection's own OIDC token. */
  oidcToken(connection: Connection): string;
}

/** The server cannot sign in; the message says why. */
export class SignInError extends Error {}

/** Authorities and audiences of the clouds, for connections that name only their environment (docs/facts/extension.md#5.1). */
const CLOUDS: Readonly<Record<string, { readonly authority: string; readonly audience: string }>> = {
  azurecloud: { authority: "https://login.microsoftonline.com/", audience: "https://management.core.windows.net/" },
  azurechinacloud: {
    authority: "https://login.chinacloudapi.cn/",
    audience: "https://management.core.chinacloudapi.cn/",
  },
  azureusgovernment: {
    authority: "https://login.microsoftonline.us/",
    audience: "https://management.core.usgovcloudapi.net/",
  },
};

/**
 * The Authorization header of a request with this connection; undefined where its scheme sends none.
 * @param resourceUrl audience of the token in place of Azure Resource Manager
 * @throws SignInError
 */
export async function authorizationOf(
  connection: Connection,
  resourceUrl: string,
  signIn: SignIn,
): Promise<string | undefined> {
  const { scheme } = connection.authorization;
  const parameter = (name: string) => find(connection.authorization.parameters, name) ?? "";
  const basic = (user: string, password: string) =>
    `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
  switch (scheme.toLowerCase()) {
    case "none":
      return undefined;
    case "usernamepassword":
      return basic(parameter("username"), parameter("password"));
    case "token":
      return `Bearer ${parameter("apitoken")}`;
    case "serviceprincipal":
    case "workloadidentityfederation":
      return `Bearer ${await accessToken(connection, resourceUrl, signIn)}`;
    case "managedserviceidentity":
      throw new SignInError(
        `The service connection ${connection.name} signs in as a managed identity, which lives on the agent's machine: an agentless job has no agent, so the server cannot sign in. Use a connection with a service principal or workload identity federation.`,
      );
    default:
      throw new SignInError(
        `The service connection ${connection.name} signs in by ${scheme}, with which the server cannot make a request.`,
      );
  }
}

async function accessToken(connection: Connection, resourceUrl: string, signIn: SignIn): Promise<string> {
  const parameter = (name: string) => find(connection.authorization.parameters, name) ?? "";
  const data = (name: string) => find(connection.data, name);
  const cloud = CLOUDS[(data("environment") ?? "AzureCloud").toLowerCase()];
  const authority = data("activeDirectoryAuthority") || data("environmentAuthorityUrl") || cloud?.authority;
  const audience = resourceUrl || data("activeDirectoryServiceEndpointResourceId") || cloud?.audience || connection.url;
  if (authority === undefined) throw new SignInError(`The service connection ${connection.name} names no authority.`);
  const url = `${authority.replace(/\/*$/, "/")}${parameter("tenantid")}/oauth2/v2.0/token`;
  const clientId = parameter("serviceprincipalid");
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    scope: `${audience.replace(/\/+$/, "")}/.default`,
  });
  const assertion = (token: string) => {
    form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.set("client_assertion", token);
  };
  if (connection.authorization.scheme.toLowerCase() === "workloadidentityfederation") {
    assertion(signIn.oidcToken(connection));
  } else if (/^spnCertificate$/i.test(parameter("authenticationType"))) {
    // That the server itself signs in with certificates is general knowledge, not verified against live Azure DevOps.
    assertion(signed(parameter("servicePrincipalCertificate"), clientId, url, signIn.now()));
  } else form.set("client_secret", parameter("serviceprincipalkey"));

  const answer = await signIn.send({
    method: "POST",
    url,
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  });
  const body = jsonOf(answer.text);
  if (answer.status === 200 && typeof body["access_token"] === "string") return body["access_token"];
  const why = typeof body["error_description"] === "string" ? body["error_description"] : `status ${answer.status}`;
  throw new SignInError(`Failed to obtain an access token for the service connection ${connection.name}: ${why}`);
}

/** A client assertion: the application vouches for itself with its certificate. */
function signed(pem: string, clientId: string, audience: string, now: number): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const thumbprint = createHash("sha1").update(new X509Certificate(pem).raw).digest("base64url");
  const seconds = Math.floor(now / 1000);
  const claims = { aud: audience, iss: clientId, sub: clientId, jti: randomUUID(), nbf: seconds, exp: seconds + 600 };
  const body = `${encode({ alg: "RS256", typ: "JWT", x5t: thumbprint })}.${encode(claims)}`;
  return `${body}.${sign("RSA-SHA256", Buffer.from(body), createPrivateKey(pem)).toString("base64url")}`;
}

function find(from: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(from).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
