// Azure credentials: one for each way in which a service connection can sign in.
// Tests: test/lib/azure/sign-in.test.ts

import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
  ManagedIdentityCredential,
} from "@azure/identity";
import type { RenewableCredential } from "./bearer.ts";
import type { Cloud } from "./clouds.ts";
import type { Identity } from "./identity.ts";
import { cancelledBy, NO_RETRIES, signInClient } from "./sign-in-client.ts";
import { type Assertion, signInFailure } from "./sign-in-failure.ts";
import { tokenClaims } from "./token-claims.ts";
import type { Transport } from "./transport.ts";

/**
 * A credential that keeps its tokens until shortly before they end, and fails with one TaskError that says the remedy.
 * Every request it makes goes through `transport`.
 */
export function createCredential(cloud: Cloud, identity: Identity, transport: Transport): RenewableCredential {
  const seen: { assertion?: Assertion; trouble?: string; noAssertion?: unknown; fetched?: Promise<string> } = {};
  const options = {
    authorityHost: cloud.authority,
    httpClient: signInClient(transport.httpClient, {
      ofMachine: identity.scheme === "managedIdentity",
      remember: (trouble) => {
        seen.trouble = trouble;
      },
    }),
    userAgentOptions: { userAgentPrefix: transport.userAgent },
    // Only Microsoft's own clouds are listed by the discovery service; elsewhere it is neither there nor needed.
    disableInstanceDiscovery: !cloud.wellKnown,
    retryOptions: NO_RETRIES,
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
            seen.assertion = tokenClaims(token);
            return token;
          } catch (error) {
            // The library wraps it in an error of its own.
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
      // The libraries' caches go with them. A managed identity's tokens are kept by the platform as well.
      credential = inner();
    },
    assertion: () => seen.assertion,
    async getToken(scopes: string | string[], tokenOptions?: GetTokenOptions): Promise<AccessToken | null> {
      delete seen.trouble;
      delete seen.noAssertion;
      delete seen.fetched;
      const signal = tokenOptions?.abortSignal as AbortSignal | undefined;
      try {
        return await cancelledBy(signal, () => credential.getToken(scopes, tokenOptions));
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw sayingWhy(error);
      }
    },
  };
}
