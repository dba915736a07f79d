// The relay's way out over HTTP: one request, one answer, no redirects, and a network failure told apart by whether the
// request may have arrived.
import * as http from "node:http";
import * as https from "node:https";
import { RelayFault } from "./fault.ts";

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

/** Codes of a connection that was never made, so that nothing can have been started over it. */
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Whether the code of a network error says that no connection was made. */
export function neverConnected(code: unknown): boolean {
  return typeof code === "string" && NEVER_CONNECTED.has(code);
}

/** An `Http` over node's own client. `ca` is a PEM bundle that is trusted instead of node's list. */
export function createHttp(options: { readonly ca?: string; readonly userAgent?: string } = {}): Http {
  return (request) =>
    new Promise((resolve, reject) => {
      const url = new URL(request.url);
      const client = url.protocol === "http:" ? http : https;
      const limit = request.timeout ?? 10_000;
      const fail = (error: NodeJS.ErrnoException) =>
        reject(
          new RelayFault(
            neverConnected(error.code) ? "temporary" : "unknown",
            `${request.method} ${url.origin}${url.pathname} got no answer: ${error.message || (error.code ?? "the connection was closed")}.`,
            { cause: error },
          ),
        );
      const sent = client.request(
        url,
        {
          method: request.method,
          agent: false,
          headers: {
            "User-Agent": options.userAgent ?? "azure-ml-relay",
            ...request.headers,
            ...(request.body === undefined ? {} : { "Content-Length": String(request.body.length) }),
          },
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("error", (error) => finish(() => fail(error)));
          answer.on("end", () =>
            finish(() => {
              const headers: Record<string, string> = {};
              for (const [name, value] of Object.entries(answer.headers)) {
                if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(", ") : value;
              }
              resolve({ status: answer.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString("utf8") });
            }),
          );
        },
      );
      const timer = setTimeout(
        () => sent.destroy(new Error(`nothing within ${Math.round(limit / 1000)} seconds`)),
        limit,
      );
      let finished = false;
      const finish = (then: () => void) => {
        if (finished) return;
        finished = true;
        clearTimeout(timer);
        then();
      };
      sent.on("error", (error) => finish(() => fail(error)));
      sent.on("close", () => finish(() => fail(new Error("the connection was closed"))));
      sent.end(request.body);
    });
}

/** Whether an answer is an HTML page: a sign-in page, or a proxy's, comes with a 2xx. */
export function isPage({ headers, body }: HttpResponse): boolean {
  return /\bhtml\b/i.test(headers["content-type"] ?? "") || /^\s*<(!doctype|html)\b/i.test(body.slice(0, 200));
}

/** `Retry-After` in milliseconds (seconds or an HTTP date), if the answer has one that can be read. */
export function retryAfter(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const value = headers["retry-after"];
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
