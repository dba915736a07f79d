// A dry run: a transport that only reads. Each write is withheld, noted in order, and answered as though it had been done.
// It stands where every request leaves, so that no code above it can change anything during a dry run.
// Tests: test/lib/task/dry-run.test.ts
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import type { Transport } from "./transport.ts";
import type { WithheldWrites } from "./withheld-writes.ts";

/** Requests that are sent by POST and change nothing: tokens, keys and logs are read so, and questions are asked. */
const READING =
  /\/(listSecrets|listKeys|token|getLogs|rundata|dataversion\/batchGetResolvedUris|runs\/search|datarefs\/[^/]+\/versions\/[^/]+)$|\/oauth2\/(v2\.0\/)?token$/i;
/** Requests for a place to upload to: a workspace's for code, a registry's for any asset. */
const UPLOADING = /\/(startPendingUpload|tempdatarefs\/[^/]+\/versions\/[^/]+)$/i;
const READS = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * The same transport, but nothing is written. What was withheld can be read again at its own path, as a story does that looks at
 * what it has made.
 * @param resourceManager its address, without a slash at the end
 * @param withheld where the writes are noted
 */
export function dryRun(
  transport: Transport,
  resourceManager: string,
  withheld: WithheldWrites,
): Transport & { readonly dryRun: WithheldWrites } {
  const there = new Map<string, object | undefined>();
  /** Resources that Azure has shown to exist: a PUT changes those, and creates any other. */
  const found = new Set<string>();
  const { origin } = new URL(resourceManager);
  return {
    ...transport,
    dryRun: withheld,
    httpClient: {
      async sendRequest(request) {
        const url = new URL(request.url);
        const key = `${url.origin}${url.pathname}`.toLowerCase();
        if (READS.has(request.method)) {
          if (request.method !== "GET" || !there.has(key)) {
            const response = await transport.httpClient.sendRequest(request);
            if (response.status === 200) found.add(key);
            return response;
          }
          const known = there.get(key);
          return known ? answer(request, 200, known) : answer(request, 404, NOT_THERE);
        }
        if (request.method === "POST" && READING.test(url.pathname)) return transport.httpClient.sendRequest(request);
        if (UPLOADING.test(url.pathname)) {
          withheld.leaveOutUpload();
          return answer(request, 200, pendingUpload(url.pathname));
        }
        const body = parsed(request.body);
        const path = url.origin === origin ? url.pathname : `${url.origin}${url.pathname}`;
        withheld.writes.push({ method: request.method, path, body });
        if (request.method === "DELETE") {
          there.set(key, undefined);
          return answer(request, 204);
        }
        if (request.method !== "PUT" || body === null) return answer(request, 200, {});
        const made = asMade(url.pathname, body);
        const isNew = there.get(key) === undefined && !found.has(key);
        there.set(key, made);
        return answer(request, isNew ? 201 : 200, made);
      },
    },
  };
}

const NOT_THERE = { error: { code: "ResourceNotFound", message: "It would have been deleted." } };

function parsed(body: PipelineRequest["body"]): object | null {
  if (typeof body !== "string") return null;
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** The resource manager's answer to the creation of a resource, as far as stories read it. */
function asMade(path: string, body: object): object {
  const name = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
  const { properties } = body as { properties?: object };
  return { ...body, id: path, name, properties: { ...properties, provisioningState: "Succeeded" } };
}

/** A placeholder address with a reserved name: Azure alone chooses the address of a pending upload. Nothing is sent there. */
export const UNKNOWN_HOST = "upload.invalid";

function pendingUpload(path: string): object {
  const [name] = path
    .replace(/\/startPendingUpload$/i, "")
    .split("/")
    .slice(-3);
  const blobUri = `https://${UNKNOWN_HOST}/${name}`;
  const credential = { credentialType: "SAS", sasUri: `${blobUri}?sig=none` };
  return { pendingUploadId: name, blobReferenceForConsumption: { blobUri, credential } };
}

function answer(request: PipelineRequest, status: number, body?: object): PipelineResponse {
  return {
    request,
    status,
    headers: createHttpHeaders({ "content-type": "application/json" }),
    ...(body === undefined ? {} : { bodyAsText: JSON.stringify(body) }),
  };
}
