// Token requests to Microsoft Entra and to managed identities: retries, pauses, and what counts as an answer. The identity libraries wait
// as long as an answer's Retry-After asks, without a bound; so their own retries are off and they never see that header.
// Tests: test/lib/azure/sign-in.test.ts
import { AsyncLocalStorage } from "node:async_hooks";
import {
  createEmptyPipeline,
  type HttpClient,
  type PipelinePolicy,
  type PipelineResponse,
  RestError,
  type RetryStrategy,
  retryPolicy,
} from "@azure/core-rest-pipeline";
import { isObject } from "../plain-objects.ts";
import { bounded } from "../remote-text.ts";
import { readJson } from "./json.ts";
import { MOST_TRIES, patience, pauseBefore } from "./retry.ts";

/** Options of an identity library that turn its own retries off, so that only the client below retries. */
export const NO_RETRIES = { maxRetries: 0 };

/** Milliseconds within which a request for a token is answered. */
const LONGEST_ANSWER = 60_000;

/** The headers by which the libraries of Azure and MSAL let a service steer their waits. */
const WISHES = ["Retry-After", "retry-after-ms", "x-ms-retry-after-ms"];

/** The abort signal of the caller that waits for a token: the libraries pass none to their requests. */
const cancelling = new AsyncLocalStorage<AbortSignal | undefined>();

/** Runs `work`, whose requests through a sign-in client end with `signal`. */
export const cancelledBy = <T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> =>
  cancelling.run(signal, work);

export interface SignInClientOptions {
  /** A managed identity is asked, which answers 404 or 410 while it is not ready. */
  readonly ofMachine: boolean;
  /** Called with each failure: the libraries hide why they could not reach Entra. */
  readonly remember: (trouble: string) => void;
}

/** The client through which an identity library sends its requests. */
export function signInClient(client: HttpClient, { ofMachine, remember }: SignInClientOptions): HttpClient {
  const pipeline = createEmptyPipeline();
  const strategies = [...(ofMachine ? [notReady] : []), patience()];
  pipeline.addPolicy(retryPolicy(strategies, { maxRetries: MOST_TRIES - 1 }), { phase: "Retry" });
  pipeline.addPolicy(tokensOnly(remember), { afterPhase: "Retry" });
  return {
    async sendRequest(request) {
      const own = request.abortSignal as AbortSignal | undefined;
      const signal = cancelling.getStore();
      if (signal) request.abortSignal = own ? AbortSignal.any([own, signal]) : signal;
      request.timeout = Math.min(request.timeout || LONGEST_ANSWER, LONGEST_ANSWER);
      const response = await pipeline.sendRequest(client, request);
      for (const name of WISHES) response.headers.delete(name);
      return response;
    },
  };
}

/**
 * Instance metadata answers 404 and 410 while it is being updated, the latter for at most 70 seconds
 * (https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#retry-guidance).
 */
const notReady: RetryStrategy = {
  name: "notReady",
  retry({ retryCount, response }) {
    if (response?.status === 410) return { retryAfterInMs: 3_000 * 2 ** retryCount };
    return response?.status === 404 ? { retryAfterInMs: pauseBefore(retryCount + 1) } : { skipStrategy: true };
  },
};

function tokensOnly(remember: (trouble: string) => void): PipelinePolicy {
  return {
    name: "tokensOnly",
    async sendRequest(request, next) {
      const host = new URL(request.url).host;
      try {
        const response = await next(request);
        // An HTML page, or half a token: the library would quote it in its error. It is a transient fault of the network, and is
        // retried.
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
