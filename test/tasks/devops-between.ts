// Stands between a task and local Azure DevOps: passes everything on, but for what a test says of an answer.
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { LocalCloud } from "../../local/cloud.ts";

/** What becomes of a request: nothing special where undefined. */
export type Fault =
  | { readonly kind: "instead"; readonly status: number; readonly type?: string; readonly body: string }
  /** It is processed; then its answer is this one, or none at all. */
  | { readonly kind: "lost"; readonly status?: number };

export interface Between {
  readonly collectionUri: string;
  /** `POST /contoso/_apis/…` of everything that came. */
  readonly asked: string[];
  fault: (request: string) => Fault | undefined;
  /** Awaited before an answer is given on. */
  hold: (request: string) => Promise<void> | void;
  close(): void;
}

export const SIGN_IN = { type: "text/html; charset=utf-8", body: "<!DOCTYPE html><html><title>Sign In</title></html>" };

export async function standBetween(cloud: LocalCloud): Promise<Between> {
  const home = new URL(cloud.devops.collectionUri);
  const ca = readFileSync(cloud.caFile);
  const agent = new https.Agent({ ca, keepAlive: false });
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const said = `${request.method} ${request.url}`;
    between.asked.push(said);
    const fault = between.fault(said);
    if (fault?.kind === "instead") {
      response.writeHead(fault.status, { "Content-Type": fault.type ?? "application/json" }).end(fault.body);
      return;
    }
    pass(request, response, Buffer.concat(chunks), fault);
  });
  const pass = (request: IncomingMessage, response: ServerResponse, body: Buffer, fault: Fault | undefined) => {
    const { host: _host, ...headers } = request.headers;
    const url = new URL(request.url ?? "/", home);
    const on = https.request(url, { method: request.method, headers, agent }, async (answer) => {
      const chunks: Buffer[] = [];
      for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
      await between.hold(`${request.method} ${request.url}`);
      if (fault !== undefined && fault.kind === "lost" && fault.status === undefined)
        return void request.socket.destroy();
      if (fault?.kind === "lost") {
        response.writeHead(fault.status ?? 502, { "Content-Type": "text/html" }).end("<html>out of order</html>");
        return;
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers).end(Buffer.concat(chunks));
    });
    on.on("error", () => request.socket.destroy());
    on.end(body);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const between: Between = {
    collectionUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}${home.pathname}`,
    asked: [],
    fault: () => undefined,
    hold: () => {},
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return between;
}
