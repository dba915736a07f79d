// Who the task is in Azure: one credential for each way in which a service connection can sign in.

import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import { type HttpClient, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
} from "@azure/identity";
import { bounded } from "../remote-text.ts";
import type { RenewableCredential } from "./bearer.ts";
import type { Cloud } from "./clouds.ts";
import type { Identity } from "./identity.ts";
import { isObject, readJson } from "./json.ts";
import { pauseBefore, retryAfter } from "./retry.ts";
import { type Assertion, signInFailure } from "./sign-in-failure.ts";
import type { Transport } from "./transport.ts";

/**
 * A credential that keeps its tokens until shortly before they end, and fails with one TaskError that says the remedy.
 * Every request it makes goes through `transport`.
 */
export function createCredential(cloud: Cloud, identity: Identity, transport: Transport): RenewableCredential {
  const seen: { assertion?: Assertion; trouble?: string; noAssertion?: unknown; fetched?: Promise<string> } = {};
  const options = {
    authorityHost: cloud.authority,
    httpClient: remembering(transport.httpClient, (trouble) => {
      seen.trouble = trouble;
    }),
    userAgentOptions: { userAgentPrefix: transport.userAgent },
    // Only Microsoft's own clouds are listed by the discovery service; elsewhere it is neither there nor needed.
    disableInstanceDiscovery: !cloud.wellKnown,
    retryOptions: { maxRetries: 4 },
  };
  const inner = (): TokenCredential => {
    switch (identity.scheme) {
      case "servicePrincipalSecret":
        return new ClientSecretCredential(identity.tenantId, identity.clientId, identity.secret, options);
      case "servicePrincipalCertificate":
        return new ClientCertificateCredential(
          identity.tenantId,
          identity.clientId,
          { certificate: identity.certificatePem },
          options,
        );
      case "workloadIdentity": {
        const fetched = async () => {
          try {
            const token = await identity.assertion();
            seen.assertion = claimsOf(token);
            return token;
          } catch (error) {
            // The library makes an error of its own of it.
            seen.noAssertion = error;
            throw error;
          }
        };
        // The library asks twice at each exchange.
        const assertion = () => {
          seen.fetched ??= fetched();
          return seen.fetched;
        };
        return new ClientAssertionCredential(identity.tenantId, identity.clientId, assertion, options);
      }
      case "managedIdentity":
        return identity.clientId
          ? new ManagedIdentityCredential({ ...options, clientId: identity.clientId })
          : new ManagedIdentityCredential(options);
    }
  };
  const sayingWhy = (error: unknown) => signInFailure(seen.noAssertion ?? error, { identity, cloud, ...seen });
  let credential: TokenCredential;
  try {
    credential = inner();
  } catch (error) {
    throw sayingWhy(error);
  }
  return {
    renew() {
      // What the libraries keep goes with them. A managed identity's tokens are kept by the platform as well.
      credential = inner();
    },
    async getToken(scopes: string | string[], tokenOptions?: GetTokenOptions): Promise<AccessToken | null> {
      delete seen.trouble;
      delete seen.noAssertion;
      delete seen.fetched;
      try {
        return await credential.getToken(scopes, tokenOptions);
      } catch (error) {
        throw sayingWhy(error);
      }
    },
  };
}

/** The identity library hides why it could not reach Entra, so the last trouble is kept here for the sentence. */
function remembering(client: HttpClient, remember: (trouble: string) => void): HttpClient {
  return {
    async sendRequest(request) {
      const host = new URL(request.url).host;
      try {
        const response = await client.sendRequest(request);
        boundWaits(response);
        // A page, or half a token: the library would quote it in its error. It asks again for what broke off.
        if (response.status < 300 && !isToken(request.url, response))
          throw new RestError("an answer came from there that cannot be read", { code: "ECONNRESET", request });
        if (response.status === 407) remember("the agent's proxy wants another user name and password (status 407).");
        // The library keeps Entra's own words to itself where a tenant cannot be found.
        else if (response.status >= 400)
          remember(reasonIn(response) ?? `${host} answered with status ${response.status}.`);
        return response;
      } catch (error) {
        const said = error instanceof Error ? bounded(error.message, 500) : String(error);
        remember(`${host} could not be reached: ${said}`);
        throw error;
      }
    },
  };
}

/** The library waits for as long as an answer says, days or not at all: each wish is one that everybody else here follows. */
function boundWaits({ headers }: PipelineResponse): void {
  const names = { "retry-after": 1, "retry-after-ms": 1000, "x-ms-retry-after-ms": 1000 };
  for (const [name, parts] of Object.entries(names)) {
    const said = headers.get(name);
    if (said === undefined) continue;
    const told = parts === 1 ? retryAfter(said, Date.now()) : retryAfter(said, 0);
    // In seconds for one header, and in thousandths for the others.
    const pause = pauseBefore(2, told === undefined || parts === 1 ? told : told / 1000);
    headers.set(name, String(Math.ceil((pause * parts) / 1000)));
  }
}

/** Whether an answer with a 2xx is an object, and one of a token's address has a token. */
function isToken(url: string, response: PipelineResponse): boolean {
  const read = readJson(response.bodyAsText ?? "");
  if (!("value" in read) || !isObject(read.value)) return false;
  return !/\/token$/i.test(new URL(url).pathname) || typeof read.value["access_token"] === "string";
}

/** Entra's refusal, where the answer is one. */
function reasonIn(response: PipelineResponse): string | undefined {
  try {
    const reason: unknown = JSON.parse(response.bodyAsText ?? "").error_description;
    return typeof reason === "string" && reason.startsWith("AADSTS") ? reason : undefined;
  } catch {
    return undefined;
  }
}

/** Issuer, subject and audience of an assertion, for the sentence that says what to enter in Entra. Nothing is verified. */
function claimsOf(token: string): Assertion {
  try {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return { issuer: String(claims.iss ?? ""), subject: String(claims.sub ?? ""), audience: String(claims.aud ?? "") };
  } catch {
    return { issuer: "", subject: "", audience: "" };
  }
}
