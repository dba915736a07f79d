// The relay's sign-in: the managed identity of its Function App, asked with the pauses that the tasks make.
import type { TokenCredential } from "@azure/core-auth";
import { AzureCliCredential, ManagedIdentityCredential } from "@azure/identity";
import { cancelledBy, NO_RETRIES, signInClient } from "../lib/azure/sign-in-client.ts";
import type { Transport } from "../lib/azure/transport.ts";

/** Milliseconds within which there is a token: a delivery of Event Grid is answered within 25 seconds. */
const LONGEST = 20_000;

/**
 * The app's managed identity in Azure; on a developer's machine, who is signed in to the Azure CLI. The library's own retries wait
 * as long as an answer's Retry-After asks.
 */
export function credentialOf(environment: NodeJS.ProcessEnv, transport: Transport): TokenCredential {
  if (environment.IDENTITY_ENDPOINT === undefined) return new AzureCliCredential();
  const options = {
    // What could not be reached stands in the error itself.
    httpClient: signInClient(transport.httpClient, { ofMachine: true, remember: () => {} }),
    userAgentOptions: { userAgentPrefix: transport.userAgent },
    retryOptions: NO_RETRIES,
  };
  const clientId = environment.AZURE_CLIENT_ID;
  const credential =
    clientId === undefined
      ? new ManagedIdentityCredential(options)
      : new ManagedIdentityCredential({ ...options, clientId });
  return {
    getToken: (scopes, asked) => cancelledBy(AbortSignal.timeout(LONGEST), () => credential.getToken(scopes, asked)),
  };
}
