// Servers of the relay's tests, on loopback: Azure ML's model lists, the incoming webhook, and classic releases.
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import type { TokenCredential } from "@azure/core-auth";
import type { ModelNotice } from "../../relay/core/notice.ts";
import { type LocalRelay, type LocalRelayOptions, startRelay } from "../../relay/local.ts";
import { MemoryStore } from "../../relay/stores/memory.ts";

const SUBSCRIPTION = "00000000-0000-0000-0000-000000000001";
export const WORKSPACE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.MachineLearningServices/workspaces/ws1`;

export const credential: TokenCredential = {
  getToken: async (scope) => ({
    token: `token for ${Array.isArray(scope) ? scope.join(" ") : scope}`.replaceAll(" ", "-"),
    expiresOnTimestamp: Date.now() + 3_600_000,
  }),
};

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Server {
  readonly url: string;
  readonly received: Received[];
  close(): Promise<void>;
}

export type Answer =
  | { readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  | "hang up";

/** A server on 127.0.0.1 that keeps what it receives. */
export async function serve(answer: (request: Received) => Answer | Promise<Answer>): Promise<Server> {
  const received: Received[] = [];
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? "/", "http://localhost");
    const seen: Received = {
      method: request.method ?? "",
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString("utf8"),
    };
    received.push(seen);
    const said = await answer(seen);
    if (said === "hang up") return void request.socket.destroy();
    const text = typeof said.body === "string" ? said.body : said.body === undefined ? "" : JSON.stringify(said.body);
    response.writeHead(said.status ?? 200, { "Content-Type": "application/json", ...said.headers });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What a target is started for: version 7 of the model credit. */
export const notice: ModelNotice = {
  kind: "model",
  source: WORKSPACE,
  event: { id: "e", type: "ModelRegistered", time: "2026-01-31T08:00:00Z", by: "event" },
  name: "credit",
  version: "7",
  tags: {},
  properties: {},
  stage: undefined,
  jobName: undefined,
};

/**
 * A relay between two servers, those of Azure ML and of Azure DevOps, that replays nothing by itself and remembers in
 * memory unless `options` say otherwise.
 */
export const runRelay = (
  { arm, devops }: { readonly arm: Server; readonly devops: Server },
  settings: object,
  options: Partial<LocalRelayOptions> = {},
): Promise<LocalRelay> =>
  startRelay({
    routes: {
      schema: 1,
      organization: `${devops.url}/contoso`,
      resourceManager: arm.url,
      sources: [WORKSPACE],
      ...settings,
    },
    store: new MemoryStore(),
    credential,
    replayEvery: 0,
    ...options,
  });

export interface KnownVersion {
  readonly name: string;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly tags?: Record<string, string>;
  readonly stage?: string;
  readonly isAnonymous?: boolean;
}

/** ARM's two lists and the version itself, newest first, `pageSize` to a page. */
export async function serveArm(
  versions: KnownVersion[],
  options: { pageSize?: number; refuse?: () => number; instead?: (path: string) => Answer | undefined } = {},
): Promise<Server> {
  const pageSize = options.pageSize ?? 100;
  const server: Server = await serve((request) => {
    const instead = options.instead?.(request.path);
    if (instead !== undefined) return instead;
    const refused = options.refuse?.() ?? 200;
    if (refused !== 200) return { status: refused, body: { error: { code: "Refused", message: "as told" } } };
    const render = (one: KnownVersion) => ({
      id: `${WORKSPACE}/models/${one.name}/versions/${one.version}`,
      name: one.version,
      properties: {
        tags: one.tags ?? {},
        properties: {},
        isAnonymous: one.isAnonymous ?? false,
        ...(one.stage === undefined ? {} : { stage: one.stage }),
        jobName: null,
      },
      systemData: { createdAt: new Date(one.createdAt).toISOString() },
    });
    const page = (items: object[]): Answer => {
      const skip = Number(request.query.get("$skip") ?? "0");
      const next = new URL(`${server.url}${encodeURI(request.path)}?${request.query}`);
      next.searchParams.set("$skip", String(skip + pageSize));
      return {
        body: {
          value: items.slice(skip, skip + pageSize),
          ...(skip + pageSize < items.length ? { nextLink: next.href } : {}),
        },
      };
    };
    const path = request.path.slice(WORKSPACE.length);
    if (path === "/models") return page([...new Set(versions.map(({ name }) => name))].map((name) => ({ name })));
    const [, name, version] = /^\/models\/([^/]+)\/versions(?:\/(.+))?$/.exec(path) ?? [];
    const of = versions.filter((one) => one.name === name);
    if (version === undefined) return page(of.sort((a, b) => b.createdAt - a.createdAt).map(render));
    const one = of.find((item) => item.version === version);
    return one === undefined
      ? { status: 404, body: { error: { code: "UserError", message: "not found" } } }
      : { body: render(one) };
  });
  return server;
}

/** Versions that `modelEvent` told of: registered long ago, so that no replay finds them, and with the last event's tags. */
const registered = new Map<string, KnownVersion>();

/** ARM that has each version of which an event tells; `jobs` are its runs by name. */
export async function serveRegistered(jobs: Record<string, object> = {}): Promise<Server> {
  const versions: KnownVersion[] = [];
  return serveArm(versions, {
    instead(path) {
      const named = [...registered.values()].filter(({ name }) => !/^\.+$/.test(name));
      versions.splice(0, versions.length, ...named);
      const job = /\/jobs\/([^/]+)$/.exec(path)?.[1];
      const properties = job === undefined ? undefined : jobs[job];
      return properties === undefined ? undefined : { body: { name: job, properties } };
    },
  });
}

let ids = 0;

/** A ModelRegistered event in EventGridSchema, as the documentation's sample has it. */
export function modelEvent(
  name: string,
  version: string | number,
  extra: { id?: string; tags?: object; time?: string } = {},
): object {
  const tags = (extra.tags ?? {}) as Record<string, string>;
  registered.set(`${name}:${version}`, { name, version: String(version), createdAt: Date.UTC(2020, 0, 1), tags });
  return {
    topic: WORKSPACE,
    subject: `models/${name}:${version}`,
    eventType: "Microsoft.MachineLearningServices.ModelRegistered",
    eventTime: extra.time ?? new Date().toISOString(),
    id: extra.id ?? `event-${++ids}`,
    data: { ModelName: name, ModelVersion: version, ModelTags: extra.tags ?? {}, ModelProperties: {} },
    dataVersion: "",
    metadataVersion: "1",
  };
}

/** What the relay answers, as far as tests look at it. */
export interface Posted {
  readonly error?: string;
  readonly validationResponse?: string;
  readonly handled?: { subject: string; route: string; outcome: { kind: string; reason?: string } }[];
  readonly replayed?: { subject: string; route: string; outcome: string; reason?: string; reference?: string }[];
  readonly unfinished?: string[];
}

export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Posted; headers: Headers }> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as Posted), headers: answer.headers };
}
