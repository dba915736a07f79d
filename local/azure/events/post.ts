// Webhook calls of Event Grid: HTTPS only, trusting the local cloud's own authority; every call is recorded.
import { readFileSync } from "node:fs";
import https from "node:https";
import type { AzureWorld } from "../world/world.ts";

export interface Reply {
  /** 0 where nobody answered. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Why nobody answered. */
  readonly failure?: string;
}

/** Seconds that a webhook has to answer (docs/facts/azureml-services.md#8.3). */
const PATIENCE = 30;

/** Never throws: nobody at the other end is an answer too. */
export function call(
  world: AzureWorld,
  method: "POST" | "OPTIONS",
  url: string,
  headers: Readonly<Record<string, string>>,
  body = "",
): Promise<Reply> {
  const startedAt = world.clock.now();
  const sent = {
    ...headers,
    "User-Agent": "local Event Grid",
    ...(body === "" ? {} : { "Content-Length": String(Buffer.byteLength(body)) }),
  };
  return new Promise((resolve) => {
    const settle = (reply: Reply, statusText = "") => {
      record(world, { startedAt, method, url, sent, body, reply, statusText });
      resolve(reply);
    };
    const failed = (failure: string) => settle({ status: 0, headers: {}, body: "", failure });
    const ca = world.reach.caFile === "" ? undefined : readFileSync(world.reach.caFile);
    const request = https.request(
      url,
      { method, headers: sent, agent: false, timeout: PATIENCE * 1000, ...(ca === undefined ? {} : { ca }) },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on("data", (piece: Buffer) => pieces.push(piece));
        answer.on("error", (error) => failed(error.message));
        answer.on("end", () => {
          const flat = Object.entries(answer.headers).map(([name, value]) => [name, String(value)]);
          const text = Buffer.concat(pieces).toString("utf8");
          settle(
            { status: answer.statusCode ?? 0, headers: Object.fromEntries(flat), body: text },
            answer.statusMessage,
          );
        });
      },
    );
    request.on("timeout", () => request.destroy(new Error(`No answer within ${PATIENCE} seconds.`)));
    request.on("error", (error) => failed(error.message));
    request.end(body);
  });
}

function record(
  world: AzureWorld,
  o: {
    startedAt: number;
    method: string;
    url: string;
    sent: Readonly<Record<string, string>>;
    body: string;
    reply: Reply;
    statusText: string;
  },
): void {
  const [asked, answered] = [Buffer.from(o.body), Buffer.from(o.reply.body || (o.reply.failure ?? ""))];
  const milliseconds = world.clock.now() - o.startedAt;
  world.har.record({
    listener: "event grid",
    startedAt: o.startedAt,
    milliseconds,
    wait: milliseconds,
    method: o.method,
    url: o.url,
    httpVersion: "HTTP/1.1",
    requestHeaders: Object.entries(o.sent),
    requestBody: asked,
    requestBytes: asked.length,
    status: o.reply.status,
    statusText: o.statusText,
    responseHeaders: Object.entries(o.reply.headers),
    responseBody: answered,
    responseBytes: answered.length,
  });
}
