// An HTTP proxy into the local cloud, for clients that cannot resolve `stor1.blob.core.storage.localhost`. It forwards to the cloud's own
// listeners and to nothing else.
import http from "node:http";
import net, { type AddressInfo } from "node:net";

export interface Proxy {
  /** `http://127.0.0.1:<port>`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /**
   * Whether a request came through it: the port from which it reached a listener, and that listener's port. Both are needed,
   * since the system gives a port that was closed to the next connection, which may go elsewhere and past the proxy.
   */
  carried(from: number | string | undefined, to: number | string | undefined): boolean;
  /** Ends the tunnel that went on from this port as a network does that has lost it: by a TCP reset. */
  reset(port: string): void;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** The port wished for. */
  readonly port?: number | undefined;
  /** Asked for by 407 where they are not given (Basic). */
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** Whether `host` is a name of this machine that the proxy may connect to: localhost, 127.0.0.1, ::1 and anything under .localhost. */
function isOwnHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  return name === "localhost" || name === "127.0.0.1" || name === "::1" || name.endsWith(".localhost");
}

/**
 * Starts the proxy. `CONNECT host:port` opens a tunnel, an absolute `http://` URL is forwarded;
 * both only to a port in `ports`, everything else is refused with 403.
 */
export async function startProxy(ports: ReadonlySet<number>, options: ProxyOptions = {}): Promise<Proxy> {
  const { port: wished, credentials } = options;
  const tunnels = new Set<net.Socket>();
  const wentFrom = new Set<string>();
  const clients = new Map<string, net.Socket>();
  const wanted =
    credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
  const mayPass = (request: http.IncomingMessage) =>
    wanted === undefined || request.headers["proxy-authorization"] === wanted;
  const challenge = 'Basic realm="local cloud"';
  const server = http.createServer((request, response) => {
    if (mayPass(request)) return forward(request, response, ports, wentFrom);
    response.writeHead(407, { "Proxy-Authenticate": challenge }).end();
  });
  server.on("connect", (request, client: net.Socket, head: Buffer) => {
    tunnels.add(client);
    client.on("close", () => tunnels.delete(client));
    client.on("error", () => client.destroy());
    if (!mayPass(request)) {
      client.end(
        `HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: ${challenge}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
      return;
    }
    const target = split(request.url ?? "");
    if (target === undefined || !isOwnHost(target.host) || !ports.has(target.port)) {
      const text = `The local cloud's proxy connects to the local cloud only, not to ${request.url ?? "nothing"}.`;
      client.end(
        `HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
      );
      return;
    }
    const upstream = net.connect(target.port, "127.0.0.1", () => {
      const from = String(upstream.localPort);
      wentFrom.add(wayOf(from, target.port));
      clients.set(from, client);
      client.once("close", () => clients.delete(from));
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      if (head.length > 0) upstream.write(head);
      upstream.pipe(client);
      client.pipe(upstream);
    });
    tunnels.add(upstream);
    upstream.on("error", () => client.destroy());
    upstream.on("close", () => {
      tunnels.delete(upstream);
      client.destroy();
    });
    client.on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      server.listen(0, "127.0.0.1", () => resolve());
    });
    server.listen(wished ?? 0, "127.0.0.1", () => resolve());
  });
  const port = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    carried: (from, to) => wentFrom.has(wayOf(from, to)),
    reset: (from) => void clients.get(from)?.resetAndDestroy(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of tunnels) socket.destroy();
      }),
  };
}

const wayOf = (from: number | string | undefined, to: number | string | undefined) => `${from}>${to}`;

function split(authority: string): { host: string; port: number } | undefined {
  const found = /^(.+):(\d+)$/.exec(authority);
  return found === null ? undefined : { host: found[1] ?? "", port: Number(found[2]) };
}

function forward(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  ports: ReadonlySet<number>,
  wentFrom: Set<string>,
): void {
  const url = URL.canParse(request.url ?? "") ? new URL(request.url ?? "") : undefined;
  if (url?.protocol !== "http:" || !isOwnHost(url.hostname) || !ports.has(Number(url.port))) {
    response.writeHead(403, { "Content-Type": "text/plain" });
    response.end(`The local cloud's proxy connects to the local cloud only, not to ${request.url ?? "nothing"}.`);
    return;
  }
  const upstream = http.request(
    {
      host: "127.0.0.1",
      port: Number(url.port),
      method: request.method,
      path: url.pathname + url.search,
      headers: request.headers,
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  upstream.on("socket", (socket) => socket.once("connect", () => void wentFrom.add(wayOf(socket.localPort, url.port))));
  upstream.on("error", () => response.destroy());
  request.pipe(upstream);
}
