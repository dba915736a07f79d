// Handshakes of Event Grid: a POST with a validation code, and OPTIONS for CloudEvents.
import type { Http } from "./http.ts";
import { matchesGlob } from "./pattern.ts";

/** An HTTP request, in the same form for every host of the relay. Header names in lower case. */
export interface RelayRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RelayResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** To be run once the answer is on its way. */
  readonly after?: () => Promise<void>;
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): RelayResponse {
  return { status, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/** The allowed origins: host names, `*` for any text. */
export interface HandshakePolicy {
  /** `WebHook-Request-Origin` that is allowed; Event Grid sends eventgrid.azure.net. */
  readonly origins: readonly string[];
  /** Hosts that a `WebHook-Request-Callback` may lead to: the relay calls no other address that a request names. */
  readonly callbackHosts: readonly string[];
}

/**
 * EventGridSchema: the answer to SubscriptionValidation, which has to be 200 (202 is refused) and echo the code.
 */
export function answerValidation(code: string): RelayResponse {
  return json(200, { validationResponse: code });
}

/**
 * CloudEvents 1.0 web hooks: OPTIONS with the sender's origin is answered with the origin and the rate that are allowed;
 * a callback address, if one is given, is visited after the answer.
 */
export function answerOptions(
  request: RelayRequest,
  policy: HandshakePolicy,
  visit: { readonly http: Http; readonly warn: (line: string) => void },
): RelayResponse {
  const origin = request.headers["webhook-request-origin"];
  if (origin === undefined) {
    return json(
      400,
      { error: "An OPTIONS request needs the header WebHook-Request-Origin." },
      { Allow: "POST, OPTIONS" },
    );
  }
  if (!policy.origins.some((allowed) => matchesGlob(allowed, origin, { ignoreCase: true }))) {
    // CloudEvents: to refuse is to leave out WebHook-Allowed-Origin.
    return json(403, { error: `${origin} may not send events here; allowed: ${policy.origins.join(", ")}.` });
  }
  const answer: RelayResponse = {
    status: 200,
    headers: {
      Allow: "POST, OPTIONS",
      "WebHook-Allowed-Origin": origin,
      "WebHook-Allowed-Rate": "*",
    },
    body: "",
  };
  const callback = request.headers["webhook-request-callback"];
  if (callback === undefined) return answer;
  const allowed = allowedCallback(callback, policy);
  if (allowed === undefined) {
    visit.warn(`The callback ${callback} was not visited: its host is not among ${policy.callbackHosts.join(", ")}.`);
    return answer;
  }
  return {
    ...answer,
    after: async () => {
      const seen = await visit.http({ method: "GET", url: allowed });
      if (seen.status >= 300) visit.warn(`The callback ${allowed} answered ${seen.status}.`);
    },
  };
}

function allowedCallback(address: string, policy: HandshakePolicy): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const url = new URL(address);
  const loopback = url.hostname === "localhost" || url.hostname === "127.0.0.1" || url.hostname === "[::1]";
  if (url.protocol !== "https:" && !(loopback && url.protocol === "http:")) return undefined;
  return policy.callbackHosts.some((host) => matchesGlob(host, url.hostname, { ignoreCase: true }))
    ? url.href
    : undefined;
}
