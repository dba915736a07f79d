// Applies scenarios to requests: stands before every listener, and forwards, delays or refuses as the rules say.
import type http from "node:http";
import type { Request, RequestHandler, Response } from "express";
import { frontDoorHeaders } from "../arm/router.ts";
import type { Plane, RequestEffect, RequestRule } from "../scenarios/rules.ts";
import type { MetRequest } from "../scenarios/scenarios.ts";
import type { AzureWorld } from "../world/world.ts";
import { refusal } from "./refusals.ts";

/** The plane that a listener of this name serves. */
export function planeOf(listener: string): Plane {
  if (listener.startsWith("endpoint ")) return "scoring";
  if (listener.startsWith("batch endpoint ")) return "batch";
  return listener as Plane;
}

/** A handler that asks the world's scenarios first. @param world asked at each request: listeners are there before it */
export function inFrontOf(
  listener: string,
  handler: http.RequestListener,
  world: () => AzureWorld,
): http.RequestListener {
  const plane = planeOf(listener);
  const now = () => world().clock.now();
  const armHeaders = frontDoorHeaders(plane === "arm" ? { now } : { direct: true, now });
  return (request, response) => {
    const met: MetRequest = { plane, method: request.method ?? "GET", path: (request.url ?? "/").split("?")[0] ?? "/" };
    const rule = world().scenarios.request(met);
    if (rule === undefined) return handler(request, response);
    const { delay } = rule.effect;
    const happen = () => {
      if (!response.destroyed) happens(world(), met, rule, { request, response, handler, armHeaders });
    };
    // Bytes of the body wait in the socket meanwhile.
    if (delay !== undefined) setTimeout(happen, delay);
    else happen();
  };
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly handler: http.RequestListener;
  readonly armHeaders: RequestHandler;
}

function happens(world: AzureWorld, met: MetRequest, { name, effect }: RequestRule, exchange: Exchange): void {
  const { request, response, handler } = exchange;
  const { status, drop, expireToken } = effect;
  if (drop === "request") {
    request.socket.destroy();
    return;
  }
  if (status !== undefined) {
    // Marks made-up answers.
    response.setHeader("x-local-azure-scenario", encodeURIComponent(name));
    refuse(world, met, { ...effect, status }, exchange);
    return;
  }
  if (expireToken === true) world.directory.expire(request.headers.authorization);
  if (drop === "answer") loseAnswer(response);
  else if (drop === "midway") cutAnswer(response);
  handler(request, response);
}

function refuse(
  world: AzureWorld,
  met: MetRequest,
  effect: RequestEffect & { readonly status: number },
  { request, response, armHeaders }: Exchange,
): void {
  // Azure reads what it refuses; a connection that is kept could not be used again otherwise.
  request.resume().once("end", () => {
    if (met.plane === "arm" || met.plane === "api") armHeaders(request as Request, response as Response, () => {});
    const { headers, body } = refusal(world, met, effect);
    response.writeHead(effect.status, { ...headers, "Content-Length": String(Buffer.byteLength(body)) });
    response.end(request.method === "HEAD" ? undefined : body);
  });
}

/** The work is done, and the answer is dropped. */
function loseAnswer(response: http.ServerResponse): void {
  response.writeHead = (() => response) as typeof response.writeHead;
  response.write = (() => true) as typeof response.write;
  response.end = (() => {
    response.socket?.destroy();
    return response;
  }) as typeof response.end;
}

/** Sends the full Content-Length and half of the body. */
function cutAnswer(response: http.ServerResponse): void {
  const pieces: Buffer[] = [];
  const add = (chunk: unknown, encoding: unknown) => {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) return;
    const text = typeof encoding === "string" ? (encoding as BufferEncoding) : undefined;
    pieces.push(typeof chunk === "string" ? Buffer.from(chunk, text) : Buffer.from(chunk));
  };
  const write = response.write.bind(response);
  response.write = ((...args: unknown[]) => {
    add(args[0], args[1]);
    return true;
  }) as typeof response.write;
  response.end = ((...args: unknown[]) => {
    add(args[0], args[1]);
    const whole = Buffer.concat(pieces);
    if (!response.headersSent) response.setHeader("Content-Length", Math.max(2, whole.length));
    write(whole.subarray(0, Math.floor(whole.length / 2)), () => response.socket?.destroy());
    return response;
  }) as typeof response.end;
}
