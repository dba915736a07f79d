// One HTTPS request of the server, which trusts the authorities of the machine and that of the local cloud.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createSecureContext, rootCertificates, type SecureContext } from "node:tls";

export interface ServerRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ServerResponse {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Reading all authorities takes a tenth of a second: once for each file. */
const contexts = new Map<string, SecureContext>();

function trusting(caFile: string): SecureContext {
  const known = contexts.get(caFile);
  if (known !== undefined) return known;
  const made = createSecureContext({ ca: [...rootCertificates, readFileSync(caFile, "utf8")] });
  contexts.set(caFile, made);
  return made;
}

/** Sends it. Rejects where nobody answers, and with the signal's reason where that is aborted. Redirects are answers. */
export function send(request: ServerRequest, caFile: string | undefined, signal: AbortSignal): Promise<ServerResponse> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const url = new URL(request.url);
    const headers = {
      "User-Agent": "local Azure DevOps server task",
      ...request.headers,
      ...(request.body === "" ? {} : { "Content-Length": String(Buffer.byteLength(request.body)) }),
    };
    const trusted = caFile && url.protocol === "https:" ? { secureContext: trusting(caFile) } : {};
    const options = { method: request.method, headers, agent: false, signal, ...trusted };
    const sent = (url.protocol === "http:" ? http : https).request(url, options, (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("error", (error) => reject(signal.aborted ? signal.reason : error));
      answer.on("end", () => {
        const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(flat),
          text: Buffer.concat(pieces).toString("utf8"),
        });
      });
    });
    sent.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    sent.end(request.body);
  });
}

/** .NET's names of the statuses that expressions ask for (`eq(response['statuscode'], 'Accepted')`). */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "NoContent",
  301: "MovedPermanently",
  302: "Found",
  304: "NotModified",
  307: "TemporaryRedirect",
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  405: "MethodNotAllowed",
  408: "RequestTimeout",
  409: "Conflict",
  410: "Gone",
  412: "PreconditionFailed",
  415: "UnsupportedMediaType",
  429: "TooManyRequests",
  500: "InternalServerError",
  501: "NotImplemented",
  502: "BadGateway",
  503: "ServiceUnavailable",
  504: "GatewayTimeout",
};

/** The status as .NET's HttpStatusCode writes it; one without a name is its number. */
export const statusName = (status: number): string => STATUS_NAMES[status] ?? String(status);
