// The token on every request to Azure: kept until shortly before it ends, and renewed once where the service says that it
// has ended already. An agent's clock may be slow, and a token may be revoked.
// Tests: test/lib/azure/sign-in-answers.test.ts
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import { bearerTokenAuthenticationPolicy, type PipelinePolicy } from "@azure/core-rest-pipeline";
import type { Assertion } from "./sign-in-failure.ts";

/** A credential whose cached token can be invalidated. */
export interface RenewableCredential extends TokenCredential {
  /** Ignores the cache for the next token. */
  renew?(): void;
  /** Claims of the last federated assertion; undefined where none was asked for. */
  assertion?(): Assertion | undefined;
}

/** Passed by the policy below to the credential in place of claims: it invalidates the cached token. */
const REFUSED = "refused";

/** Under the name of the official policy, whose place it takes. */
export function bearerPolicy(credential: RenewableCredential, scopes: string): PipelinePolicy {
  const asking: TokenCredential = {
    getToken(wanted: string | string[], options: GetTokenOptions = {}): Promise<AccessToken | null> {
      if (options.claims !== REFUSED) return credential.getToken(wanted, options);
      credential.renew?.();
      const { claims: _none, ...rest } = options;
      return credential.getToken(wanted, rest);
    },
  };
  return bearerTokenAuthenticationPolicy({
    credential: asking,
    scopes,
    challengeCallbacks: {
      /** Asked for a 401 that names a scheme; answers whether the request is to be sent once more. */
      async authorizeRequestOnChallenge({ scopes: wanted, request, getAccessToken }) {
        const refused = request.headers.get("Authorization");
        // Requests run in parallel: another one may have renewed the token meanwhile.
        const kept = await getAccessToken(wanted, {});
        const token =
          kept && `Bearer ${kept.token}` !== refused ? kept : await getAccessToken(wanted, { claims: REFUSED });
        if (!token || `Bearer ${token.token}` === refused) return false;
        request.headers.set("Authorization", `Bearer ${token.token}`);
        return true;
      },
    },
  });
}
