// Webhook calls of Event Grid: HTTPS only, trusting the local cloud's own authority; every call is recorded.
import { call as send } from "../../network/call.ts";
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

/** Never throws: a failed connection is an answer with status 0. */
export async function call(
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
  const settle = (reply: Reply, statusText = "") => {
    record(world, { startedAt, method, url, sent, body, reply, statusText });
    return reply;
  };
  try {
    const { caFile } = world.reach;
    const answer = await send({ method, url, headers: sent, body, caFile, patience: PATIENCE });
    return settle({ status: answer.status, headers: answer.headers, body: answer.text }, answer.statusText);
  } catch (error) {
    return settle({ status: 0, headers: {}, body: "", failure: (error as Error).message });
  }
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
