// The relay's requests: one request, one answer, no redirects, and a network failure told apart by whether the request may have
// arrived. They leave through the transport that the tasks have (lib/azure/transport.ts).
import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { neverConnected } from "../../lib/azure/retry.ts";
import type { Transport } from "../../lib/azure/transport.ts";
import { RelayFault } from "./fault.ts";

/** By what name the relay is known to those whom it asks. */
export const USER_AGENT = "azure-ml-relay";

interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Milliseconds until the answer must be complete; 10 seconds when absent. */
  readonly timeout?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends one request. @throws RelayFault `temporary` when it cannot have arrived, `unknown` when it may have. */
export type Http = (request: HttpRequest) => Promise<HttpResponse>;

/** An `Http` over the transport. */
export function createHttp({ httpClient, userAgent }: Transport): Http {
  return async ({ method, url, headers, body, timeout = 10_000 }) => {
    const { protocol, origin, pathname } = new URL(url);
    const request = createPipelineRequest({
      ...{ method, url, timeout },
      headers: createHttpHeaders({ "User-Agent": userAgent, ...headers }),
      // The setting takes http on this machine only.
      allowInsecureConnection: protocol === "http:",
      ...(body === undefined ? {} : { body }),
    });
    try {
      const response = await httpClient.sendRequest(request);
      return { status: response.status, headers: response.headers.toJSON(), body: response.bodyAsText ?? "" };
    } catch (error) {
      const { code, message } = error as { code?: string; message?: string };
      throw new RelayFault(
        neverConnected(code) ? "temporary" : "unknown",
        `${method} ${origin}${pathname} got no answer: ${message || (code ?? "the connection was closed")}.`,
        { cause: error },
      );
    }
  };
}

/** Whether an answer is an HTML page: a sign-in page, or a proxy's, comes with a 2xx. */
export function isPage({ headers, body }: HttpResponse): boolean {
  return /\bhtml\b/i.test(headers["content-type"] ?? "") || /^\s*<(!doctype|html)\b/i.test(body.slice(0, 200));
}
