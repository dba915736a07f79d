// The token on every request to Azure: kept until shortly before it ends, and renewed once where the service says that it
// has ended already. An agent's clock may be slow, and a token may be revoked.
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import { bearerTokenAuthenticationPolicy, type PipelinePolicy } from "@azure/core-rest-pipeline";
import type { Assertion } from "./sign-in-failure.ts";

/** A credential that can be told that the token it keeps is refused. */
export interface RenewableCredential extends TokenCredential {
  /** The next token is asked for anew, whatever is kept. */
  renew?(): void;
  /** What the last federated assertion said of itself; undefined where none was asked for. */
  assertion?(): Assertion | undefined;
}

/** What the policy below hands to the credential in place of claims: there are none, only the token there is will not do. */
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
        // Requests go side by side: one of them may have renewed it meanwhile.
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
