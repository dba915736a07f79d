// The relay on one machine: the same parts behind a loopback server instead of a Function, for tests and the demo.
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import type { TokenCredential } from "@azure/core-auth";
import { createTransport } from "../lib/azure/transport.ts";
import type { Clock } from "../lib/poll.ts";
import { administer } from "./admin.ts";
import { composeRelay } from "./compose.ts";
import { type Configuration, parseConfiguration } from "./core/configuration.ts";
import { describeFault } from "./core/fault.ts";
import type { RelayRequest, RelayResponse } from "./core/handshake.ts";
import { USER_AGENT } from "./core/http.ts";
import type { RelayLog } from "./core/log.ts";
import type { Relay } from "./core/relay.ts";
import type { Store } from "./core/store.ts";
import { FileStore } from "./stores/file.ts";

export interface LocalRelayOptions {
  /** The setting RELAY_ROUTES: its JSON as text or as an object, or already read. */
  readonly routes: string | object | Configuration;
  /** A folder that outlives the relay, or any store. */
  readonly store: string | Store;
  readonly credential: TokenCredential;
  /** App settings that routes name, such as the secrets of webhooks. */
  readonly settings?: Readonly<Record<string, string>>;
  /** PEM file of the authority of local Azure and local Azure DevOps. */
  readonly caFile?: string;
  /** Serves HTTPS with these PEM texts; plain HTTP when absent. */
  readonly tls?: { readonly certPem: string; readonly keyPem: string };
  /** Function key: requests must bring it as `?code=` or `x-functions-key`; absent: none is needed. */
  readonly key?: string;
  readonly port?: number;
  /** Seconds between replays; the first is made at the start. 0: none at all. 300 when absent. */
  readonly replayEvery?: number;
  readonly log?: RelayLog;
  readonly clock?: Clock;
  readonly answerWithin?: number;
}

export interface LocalRelay {
  /** `http(s)://localhost:port`. */
  readonly url: string;
  /** The address for Event Grid: `{url}/api/events`, with the key. */
  readonly eventsUrl: string;
  /** The administrator's address: `{url}/api/replay`, with the key. */
  readonly replayUrl: string;
  readonly relay: Relay;
  /** Ends after the requests and the replay that are going on. */
  close(): Promise<void>;
}

/** As large as a delivery of Event Grid can be, and some more. */
const LARGEST_BODY = 2 * 1024 * 1024;

/** Starts the relay on 127.0.0.1, with its first replay behind it. */
export async function startRelay(options: LocalRelayOptions): Promise<LocalRelay> {
  const { log } = options;
  const configuration = readRoutes(options.routes);
  const settings = options.settings ?? {};
  const transport = createTransport({ userAgent: USER_AGENT, caFile: options.caFile });
  const relay = composeRelay({
    transport,
    configuration,
    store: typeof options.store === "string" ? new FileStore(options.store) : options.store,
    credential: options.credential,
    secret: (name) => settings[name],
    ...(log === undefined ? {} : { log }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(options.caFile === undefined ? {} : { caFile: options.caFile }),
    ...(options.answerWithin === undefined ? {} : { answerWithin: options.answerWithin }),
  });
  const listener: http.RequestListener = (request, response) => {
    serve(relay, options.key, request, response).catch((error: unknown) => {
      log?.error(describeFault(error));
      if (!response.headersSent) response.writeHead(500).end();
    });
  };
  const { tls } = options;
  const server =
    tls === undefined
      ? http.createServer(listener)
      : https.createServer({ cert: tls.certPem, key: tls.keyPem }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const every = options.replayEvery ?? 300;
  let replaying: Promise<unknown> = Promise.resolve();
  const replay = () => {
    replaying = replaying.then(() => relay.replay()).catch((error: unknown) => log?.error(describeFault(error)));
  };
  if (every > 0) replay();
  await replaying;
  const timer = every > 0 ? setInterval(replay, every * 1000) : undefined;
  const url = `${tls === undefined ? "http" : "https"}://localhost:${(server.address() as AddressInfo).port}`;
  const code = options.key === undefined ? "" : `?code=${encodeURIComponent(options.key)}`;
  return {
    url,
    eventsUrl: `${url}/api/events${code}`,
    replayUrl: `${url}/api/replay${code}`,
    relay,
    async close() {
      clearInterval(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await Promise.all([closed, replaying]);
      transport.close();
    },
  };
}

function readRoutes(routes: string | object): Configuration {
  if (typeof routes === "string") return parseConfiguration(routes);
  // What was read already has its scope filled in and its routes' `when` with a kind.
  return isRead(routes) ? routes : parseConfiguration(JSON.stringify(routes));
}

function isRead(routes: object): routes is Configuration {
  return !("schema" in routes) && "resourceManagerScope" in routes && "handshake" in routes;
}

async function serve(
  relay: Relay,
  key: string | undefined,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  let answer: RelayResponse;
  if (key !== undefined && url.searchParams.get("code") !== key && request.headers["x-functions-key"] !== key) {
    answer = { status: 401, headers: {}, body: "" };
  } else if (size > LARGEST_BODY) {
    answer = { status: 413, headers: {}, body: "" };
  } else {
    const read: RelayRequest = {
      method: request.method ?? "GET",
      headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(chunks).toString("utf8"),
    };
    if (url.pathname === "/api/events") answer = await relay.receive(read);
    else if (url.pathname === "/api/replay") answer = await administer(relay, read);
    else answer = { status: 404, headers: {}, body: "" };
  }
  response.writeHead(answer.status, { ...answer.headers, "Content-Length": Buffer.byteLength(answer.body) });
  response.end(answer.body);
  await answer.after?.();
}
