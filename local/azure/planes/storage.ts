// Blob storage as clients see it: TLS and the account's own host name in front of Azurite.
import { randomUUID } from "node:crypto";
import http from "node:http";
import { blobAction, mayDo } from "../arm/roles.ts";
import type { Directory } from "../entra/directory.ts";

/** The target of the requests and the check of a caller's token. */
export interface StorageBackend {
  /** Azurite's plain HTTP port on 127.0.0.1. */
  readonly port: number;
  readonly directory: Directory;
  /** Whether the account takes keys and signatures, and calls from here. */
  rules(): { readonly keyAccess: boolean; readonly publicAccess: boolean };
  /** A short-lived signature for the whole account, as a query string without `?`. */
  accountSas(): string;
}

const storageAudience = "https://storage.azure.com";

/** Headers that concern one connection only. */
const hopByHop = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/**
 * Hands every request to Azurite, host name and all: the account is in the host name, keys and signatures are checked there.
 * A Bearer token, which Azurite takes over TLS only, is checked here and exchanged for a signature.
 */
export function storageHandler(backend: StorageBackend): http.RequestListener {
  const agent = new http.Agent({ keepAlive: true });
  return (request, response) => {
    const headers = { ...request.headers };
    let path = request.url ?? "/";
    const isBearer = /^Bearer /i.test(headers.authorization ?? "");
    const { keyAccess, publicAccess } = backend.rules();
    if (!publicAccess) return refuse(request, response, networkRules);
    if (!keyAccess && !isBearer && (headers.authorization !== undefined || /[?&]sig=/.test(path)))
      return refuse(request, response, noKeys);
    if (isBearer) {
      const refusal = refusalOf(backend.directory, headers.authorization, request.method ?? "GET");
      if (refusal !== undefined) return refuse(request, response, refusal);
      delete headers.authorization;
      path += `${path.includes("?") ? "&" : "?"}${backend.accountSas()}`;
    }
    const upstream = http.request({
      host: "127.0.0.1",
      port: backend.port,
      agent,
      method: request.method,
      path,
      headers,
    });
    upstream.on("response", (answer) => {
      if (beginsAtTheEnd(answer)) {
        const size = answer.headers["content-range"]?.split("/")[1];
        answer.resume();
        response.setHeader("Content-Range", `bytes */${size}`);
        return refuse(request, response, invalidRange);
      }
      const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.includes(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
      answer.pipe(response);
    });
    upstream.on("error", (error) => {
      if (response.headersSent) return void response.destroy();
      refuse(request, response, { status: 503, code: "ServerBusy", message: `Local storage: ${error.message}` });
    });
    response.on("close", () => {
      if (!response.writableFinished) upstream.destroy();
    });
    request.pipe(upstream);
  };
}

interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** Codes of Azure's reference of storage errors; words of the first are in public reports, of the second general knowledge. */
const networkRules: Refusal = {
  status: 403,
  code: "AuthorizationFailure",
  message: "This request is not authorized to perform this operation.",
};
const noKeys: Refusal = {
  status: 403,
  code: "KeyBasedAuthenticationNotPermitted",
  message: "Key based authentication is not permitted on this storage account.",
};

function refusalOf(directory: Directory, authorization: string | undefined, method: string): Refusal | undefined {
  try {
    if (mayDo(directory.check(authorization, [storageAudience]), blobAction(method), true)) return undefined;
  } catch (error) {
    return { status: 401, code: "InvalidAuthenticationInfo", message: (error as Error).message };
  }
  return {
    status: 403,
    code: "AuthorizationPermissionMismatch",
    message: "This request is not authorized to perform this operation using this permission.",
  };
}

/**
 * A range that begins where the blob ends is 416 InvalidRange with Azure, as it is for an empty blob (docs/facts/azureml-wire.md#11.1); Azurite
 * answers 206 with nothing in it, and a last byte before the first one. Whoever follows a growing log meets this at every look.
 */
function beginsAtTheEnd(answer: http.IncomingMessage): boolean {
  const range = /^bytes (\d+)-(\d+)\//.exec(answer.headers["content-range"] ?? "");
  return answer.statusCode === 206 && range !== null && Number(range[2]) < Number(range[1]);
}

const invalidRange: Refusal = {
  status: 416,
  code: "InvalidRange",
  message: "The range specified is invalid for the current size of the resource.",
};

function refuse(request: http.IncomingMessage, response: http.ServerResponse, refusal: Refusal): void {
  const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${refusal.code}</Code><Message>${refusal.message}</Message></Error>`;
  request.resume();
  response.writeHead(refusal.status, {
    "Content-Type": "application/xml",
    "x-ms-error-code": refusal.code,
    "x-ms-request-id": randomUUID(),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}
