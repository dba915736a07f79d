// Clients of tests for the local cloud: raw HTTPS for what an official client hides, and an HttpClient for official clients.
import { readFileSync } from "node:fs";
import https from "node:https";
import type { LookupFunction } from "node:net";
import {
  createDefaultHttpClient,
  createHttpHeaders,
  createPipelineRequest,
  type HttpClient,
} from "@azure/core-rest-pipeline";
import type { RequestPolicy, StoragePipelineOptions, WebResource } from "@azure/storage-blob";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body parsed; undefined when it is empty. */
  // biome-ignore lint/suspicious/noExplicitAny: a wire body is looked at freely in tests
  readonly body: any;
}

export interface Ask {
  readonly headers?: Record<string, string>;
  readonly body?: string | object;
  readonly token?: string | undefined;
}

const toLoopback: LookupFunction = (_host, options, callback) =>
  options.all === true ? callback(null, [{ address: "127.0.0.1", family: 4 }]) : callback(null, "127.0.0.1", 4);

/** Trusts the cloud's CA and finds every name on this machine. */
export function agentOf(cloud: LocalCloud): https.Agent {
  return new https.Agent({ ca: readFileSync(cloud.caFile), lookup: toLoopback, keepAlive: false });
}

/** For official clients: their own HTTP client, with our agent in it. */
export function httpClientOf(cloud: LocalCloud): HttpClient {
  const inner = createDefaultHttpClient();
  const agent = agentOf(cloud);
  return {
    sendRequest: (request) => {
      request.agent = agent;
      return inner.sendRequest(request);
    },
  };
}

/** For the storage client, which hands its HTTP client requests in the shape of its elders. */
export function storageOptionsOf(cloud: LocalCloud): StoragePipelineOptions {
  const client = httpClientOf(cloud);
  const sendRequest = async (old: WebResource) => {
    const { headers, ...rest } = old;
    const sent = createHttpHeaders(headers.toJson({ preserveCase: true }));
    const request = createPipelineRequest({ ...(rest as object), url: old.url, method: old.method, headers: sent });
    const response = await client.sendRequest(request);
    const toJson = (o?: { preserveCase?: boolean }) => response.headers.toJSON(o);
    return { ...response, request: old, headers: { ...response.headers, toJson } };
  };
  return { httpClient: { sendRequest } as unknown as RequestPolicy };
}

export function ask(cloud: LocalCloud, method: string, url: string, o: Ask = {}): Promise<Answer> {
  const body = o.body === undefined || typeof o.body === "string" ? o.body : JSON.stringify(o.body);
  const headers: Record<string, string> = {
    ...(typeof o.body === "object" ? { "Content-Type": "application/json" } : {}),
    ...(o.token === undefined ? {} : { Authorization: `Bearer ${o.token}` }),
    ...(body === undefined && method !== "POST" && method !== "PUT"
      ? {}
      : { "Content-Length": String(Buffer.byteLength(body ?? "")) }),
    ...o.headers,
  };
  return new Promise((resolve, reject) => {
    const request = https.request(url, { method, headers, agent: agentOf(cloud) }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(pieces).toString();
        const isJson = /json/.test(response.headers["content-type"] ?? "") && text !== "";
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers as Record<string, string>,
          text,
          body: isJson ? JSON.parse(text) : undefined,
        });
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** A token by client secret, as the good client of the cloud's credentials unless said otherwise. */
export async function tokenOf(
  cloud: LocalCloud,
  o: { clientId?: string; secret?: string; scope?: string } = {},
): Promise<string> {
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: o.clientId ?? cloud.credentials.contributor.clientId,
    client_secret: o.secret ?? cloud.credentials.contributor.secret,
    scope: o.scope ?? "https://management.azure.com/.default",
  });
  const answer = await ask(cloud, "POST", `${cloud.urls.login}/${cloud.tenantId}/oauth2/v2.0/token`, {
    body: form.toString(),
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body.access_token as string;
}

/** Asks below the workspace's ARM id, with a token; `path` may bring further query parameters. */
export async function workspaceAsk(
  cloud: LocalCloud,
  method: string,
  path: string,
  o: Ask & { apiVersion?: string } = {},
): Promise<Answer> {
  const url = new URL(`${cloud.urls.arm}${cloud.azure.workspaceId}${path}`);
  url.searchParams.set("api-version", o.apiVersion ?? "2025-12-01");
  return ask(cloud, method, url.href, { ...o, token: o.token ?? (await tokenOf(cloud)) });
}

/** A cloud that starts before the suite that calls this, and ends after it; and a token for its resource manager. */
export function cloudOfSuite(): { readonly cloud: LocalCloud; readonly token: string } {
  let cloud: LocalCloud;
  let token: string;
  before(async () => {
    cloud = await startCloud();
    token = await tokenOf(cloud);
  });
  after(() => cloud.close());
  return {
    get cloud() {
      return cloud;
    },
    get token() {
      return token;
    },
  };
}
