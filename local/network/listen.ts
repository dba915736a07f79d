// One HTTPS listener of the local cloud: loopback only, certificate of our CA, every exchange recorded.
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { bodyLimit, type HarRecorder } from "./har.ts";
import type { Authority } from "./tls.ts";

export interface Listener {
  /** `https://localhost:<port>`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** The listener's view of its cloud. */
export interface ListenOptions {
  readonly authority: Authority;
  readonly har: HarRecorder;
  /** The port wished for; when it is taken, or absent, a free one is chosen. */
  readonly port?: number;
  /** Ports of this cloud: the proxy connects to no others. */
  readonly ports?: Set<number>;
  /** Plain HTTP instead of TLS (a managed identity's token endpoint is plain on a real machine too). */
  readonly plain?: boolean;
}

/** Starts a listener named `name` (as the HAR file's comment shows it) on 127.0.0.1. */
export async function listen(name: string, handler: http.RequestListener, cloud: ListenOptions): Promise<Listener> {
  const recorded: http.RequestListener = (request, response) => {
    record(name, cloud.plain === true ? "http" : "https", request, response, cloud.har);
    handler(request, response);
  };
  const server: http.Server =
    cloud.plain === true
      ? http.createServer(recorded)
      : https.createServer({ key: cloud.authority.keyPem, cert: cloud.authority.certPem }, recorded);
  // A pipeline of a client may keep a connection idle between two polls, which are 30 seconds apart.
  server.keepAliveTimeout = 65_000;
  const port = await bind(server, cloud.port);
  cloud.ports?.add(port);
  return {
    url: `${cloud.plain === true ? "http" : "https"}://localhost:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        cloud.ports?.delete(port);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bind(server: http.Server, wished: number | undefined): Promise<number> {
  const attempt = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        resolve((server.address() as AddressInfo).port);
      });
    });
  if (wished === undefined || wished === 0) return attempt(0);
  try {
    return await attempt(wished);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return attempt(0);
  }
}

/** The last argument of writeHead, when it is headers: an object, or a flat list of names and values. */
function headersOf(argument: unknown): Record<string, unknown> {
  if (Array.isArray(argument)) return Object.fromEntries(pairs(argument.map(String)));
  return typeof argument === "object" && argument !== null ? (argument as Record<string, unknown>) : {};
}

/** Collects both bodies as they pass, without disturbing whoever reads or writes them. */
function record(
  listener: string,
  scheme: "http" | "https",
  request: http.IncomingMessage,
  response: http.ServerResponse,
  har: HarRecorder,
): void {
  const startedAt = Date.now();
  const started = performance.now();
  const connection = String(request.socket.remotePort ?? "");
  const target = request.url ?? "/"; // express shortens request.url while it looks for the route
  const asked = new Collector();
  const answered = new Collector();

  // The parser hands every piece of the body to push, whether or not the handler reads it.
  const push = request.push.bind(request);
  request.push = (chunk: unknown, encoding?: BufferEncoding) => {
    asked.add(chunk, encoding);
    return push(chunk, encoding);
  };
  const write = response.write.bind(response) as (...args: unknown[]) => boolean;
  response.write = ((...args: unknown[]) => {
    answered.add(args[0], typeof args[1] === "string" ? (args[1] as BufferEncoding) : undefined);
    return write(...args);
  }) as typeof response.write;
  const end = response.end.bind(response) as (...args: unknown[]) => http.ServerResponse;
  response.end = ((...args: unknown[]) => {
    // Node's own end() hands a last piece to the inner writer, not to write().
    if (typeof args[0] !== "function")
      answered.add(args[0], typeof args[1] === "string" ? (args[1] as BufferEncoding) : undefined);
    return end(...args);
  }) as typeof response.end;

  let first: number | undefined;
  let passed: Record<string, unknown> = {};
  const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => http.ServerResponse;
  response.writeHead = ((...args: unknown[]) => {
    first ??= performance.now() - started;
    // Headers given here never reach getHeaders().
    passed = headersOf(args.at(-1));
    return writeHead(...args);
  }) as typeof response.writeHead;

  response.once("close", () => {
    const milliseconds = performance.now() - started;
    har.record({
      listener,
      startedAt,
      milliseconds,
      wait: first ?? milliseconds,
      method: request.method ?? "GET",
      url: `${scheme}://${request.headers.host ?? "localhost"}${target}`,
      httpVersion: `HTTP/${request.httpVersion}`,
      requestHeaders: pairs(request.rawHeaders),
      requestBody: asked.body(),
      requestBytes: asked.bytes,
      status: response.headersSent ? response.statusCode : 0,
      statusText: response.statusMessage ?? "",
      responseHeaders: Object.entries({ ...response.getHeaders(), ...passed }).flatMap(([header, value]) =>
        (Array.isArray(value) ? value : [value]).map((one): [string, string] => [header, String(one)]),
      ),
      responseBody: request.method === "HEAD" ? Buffer.alloc(0) : answered.body(),
      responseBytes: request.method === "HEAD" ? 0 : answered.bytes,
      connection,
    });
  });
}

/** Keeps the first pieces of a body up to the recorder's limit and counts the rest. */
class Collector {
  bytes = 0;
  readonly #pieces: Buffer[] = [];
  #kept = 0;

  add(chunk: unknown, encoding?: BufferEncoding): void {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return;
    const piece = typeof chunk === "string" ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
    this.bytes += piece.length;
    if (this.#kept >= bodyLimit) return;
    this.#pieces.push(piece.subarray(0, bodyLimit - this.#kept));
    this.#kept += piece.length;
  }

  body(): Buffer {
    return Buffer.concat(this.#pieces);
  }
}

function pairs(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) found.push([raw[index] ?? "", raw[index + 1] ?? ""]);
  return found;
}
