// Response faults: responses that a fault drops, replaces or changes before they reach the client.
import type http from "node:http";
import plainHttp from "node:http";
import https from "node:https";
import type { TLSSocket } from "node:tls";
import { refusal } from "../azure/fault-injection/refusals.ts";
import type { Plane } from "../azure/scenarios/rules.ts";
import type { AzureWorld } from "../azure/world/world.ts";
import type { Effect, RetryAfter } from "./kinds.ts";

export interface Answer {
  readonly status: number;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** Lets `handler` answer, and withholds the response from the client. */
export function answerOf(
  handler: http.RequestListener,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<Answer> {
  const { writeHead, write, end, flushHeaders } = response;
  const pieces: Buffer[] = [];
  let passed: http.OutgoingHttpHeaders = {};
  const add = (chunk: unknown, encoding: unknown) => {
    if (typeof chunk === "string") pieces.push(Buffer.from(chunk, encoding as BufferEncoding | undefined));
    else if (chunk instanceof Uint8Array) pieces.push(Buffer.from(chunk));
  };
  const called = (args: unknown[]) => {
    const callback = args.findLast((one) => typeof one === "function") as (() => void) | undefined;
    if (callback !== undefined) process.nextTick(callback);
  };
  return new Promise((resolve) => {
    response.writeHead = ((status: number, ...rest: unknown[]) => {
      response.statusCode = status;
      const headers = rest.at(-1);
      if (typeof headers === "object" && headers !== null) passed = { ...passed, ...headers };
      return response;
    }) as typeof response.writeHead;
    response.flushHeaders = () => {};
    response.write = ((...args: unknown[]) => {
      add(args[0], args[1]);
      called(args);
      return true;
    }) as typeof response.write;
    response.end = ((...args: unknown[]) => {
      add(args[0], args[1]);
      called(args);
      Object.assign(response, { writeHead, write, end, flushHeaders });
      const headers = { ...response.getHeaders(), ...passed };
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      resolve({ status: response.statusCode, headers, body: Buffer.concat(pieces) });
      return response;
    }) as typeof response.end;
    handler(request, response);
  });
}

/** Gives an answer. @param share how much of its body comes before the connection ends; absent: all, and it stays */
export function give(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  answer: Answer,
  share?: number,
): void {
  if (response.destroyed) return;
  const headers = Object.fromEntries(
    Object.entries(answer.headers).filter(([name]) => !/^(content-length|transfer-encoding|connection)$/i.test(name)),
  );
  const none = request.method === "HEAD" || answer.status === 204 || answer.status === 304;
  const told = request.method === "HEAD" ? answer.headers["content-length"] : undefined;
  const length = none ? told : Math.max(answer.body.length, share === undefined ? 0 : 2);
  response.writeHead(answer.status, { ...headers, ...(length === undefined ? {} : { "Content-Length": length }) });
  if (share === undefined) return void response.end(none ? undefined : answer.body);
  response.write(answer.body.subarray(0, Math.floor(answer.body.length * share)), () => response.socket?.destroy());
}

/** The answer of a service that refuses, in that service's own form. */
export function refused(
  world: AzureWorld,
  met: { readonly plane: Plane; readonly method: string; readonly path: string },
  effect: Extract<Effect, { does: "refuse" }>,
): Answer {
  const { headers, body } = refusal(world, met, { status: effect.status });
  const kept = Object.entries(headers).filter(
    ([name]) => effect.challenge === true || !/^www-authenticate$/i.test(name),
  );
  const after = effect.retryAfter === undefined ? {} : { "Retry-After": wishes[effect.retryAfter]() };
  return { status: effect.status, headers: { ...Object.fromEntries(kept), ...after }, body: Buffer.from(body) };
}

/** Values of Retry-After, by form. */
const wishes: Readonly<Record<RetryAfter, () => string>> = {
  seconds: () => "3",
  date: () => new Date(Date.now() + 3_000).toUTCString(),
  zero: () => "0",
  past: () => new Date(Date.now() - 3_600_000).toUTCString(),
  garbage: () => "soon",
  absurd: () => "31536000",
};

const page = Buffer.from("<!DOCTYPE html><html><head><title>Sign in</title></head><body>One moment.</body></html>\n");

/** An answer whose body is another one than was meant. Without `whole` the work was never done. */
export function replaced(whole: Answer | undefined, effect: Extract<Effect, { does: "replace" }>): Answer {
  const status = whole !== undefined && whole.status < 300 ? whole.status : 200;
  const { body = Buffer.alloc(0), headers = {} } = whole ?? {};
  switch (effect.by) {
    case "nothing":
      return { status, headers: {}, body: Buffer.alloc(0) };
    case "page":
      return { status, headers: { "Content-Type": "text/html; charset=utf-8" }, body: page };
    case "part":
      return { status: whole?.status ?? 200, headers, body: body.subarray(0, Math.floor(body.length / 2)) };
    case "allButOneByte":
      return { status: whole?.status ?? 200, headers, body: body.subarray(0, Math.max(0, body.length - 1)) };
    case "plainText": {
      const others = Object.entries(headers).filter(([name]) => !/^content-type$/i.test(name));
      return {
        status: whole?.status ?? 200,
        headers: { ...Object.fromEntries(others), "Content-Type": "text/plain" },
        body,
      };
    }
  }
}

/** Everything that is left of a request's body. */
export async function bodyOf(request: http.IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Sends the same request to the same listener once more, past the faults. */
export function again(request: http.IncomingMessage, body: Buffer): Promise<Answer> {
  const socket = request.socket as TLSSocket;
  const { connection: _connection, ...headers } = request.headers;
  const options = {
    ...{ host: "127.0.0.1", port: socket.localPort, method: request.method, path: request.url, agent: false },
    // It goes to this process itself.
    ...{ rejectUnauthorized: false },
    headers: { ...headers, "content-length": String(body.length) } as http.OutgoingHttpHeaders,
  };
  if (body.length === 0 && headers["content-length"] === undefined) delete options.headers["content-length"];
  return new Promise((resolve, reject) => {
    const take = (answer: http.IncomingMessage) =>
      void bodyOf(answer).then(
        (whole) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: whole }),
        reject,
      );
    const sent = socket.encrypted ? https.request(options, take) : plainHttp.request(options, take);
    sent.once("error", reject);
    sent.end(body);
  });
}
