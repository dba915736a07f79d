// One HTTPS request of the server, which trusts the authorities of the machine and that of the local cloud.
import { call } from "../../network/call.ts";

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

/** Sends it. Rejects where nobody answers, and with the signal's reason where that is aborted. Redirects are answers. */
export function send(request: ServerRequest, caFile: string | undefined, signal: AbortSignal): Promise<ServerResponse> {
  const headers = { "User-Agent": "local Azure DevOps server task", ...request.headers };
  return call({ ...request, headers, caFile, trustsMachine: true, allowsPlain: true, signal });
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
