// The management plane's router: what Azure Resource Manager does around every resource (headers, token, scope, errors).
import { randomBytes, randomUUID } from "node:crypto";
import express, { type ErrorRequestHandler, type Request, type RequestHandler, type Response } from "express";
import { author, type Principal } from "./caller.ts";
import type { Author } from "./envelope.ts";
import { ArmError, invalidRequest, notImplemented, renderError } from "./errors.ts";
import { knows } from "./query.ts";

/** Context of a handler, besides request and response. */
export interface ArmContext {
  /** Never empty: the router has refused requests without one. */
  readonly apiVersion: string;
  readonly caller: Principal;
  /** The caller as systemData names it. */
  readonly author: Author;
  /** The query as it came, with its question mark. */
  readonly search: string;
}

/** May be async; what it throws is rendered (an ArmError) or answered with 500. What it returns is ignored. */
export type ArmHandler = (request: Request, response: Response, context: ArmContext) => unknown;

/**
 * A thin layer over an express router. Paths are case-insensitive and start below what the router stands for:
 * the workspace's ARM id for resources (`/jobs/:name`, `/models/:name/versions/:version`).
 * A route says last which query parameters it reads; any other is refused (query.ts).
 */
export class ArmRouter {
  readonly router: express.Router = express.Router({ caseSensitive: false, strict: false, mergeParams: true });

  get(path: string, handler: ArmHandler, query: readonly string[] = []): void {
    this.router.get(path, knows(query), wrap(handler));
  }
  put(path: string, handler: ArmHandler, query: readonly string[] = []): void {
    this.router.put(path, knows(query), wrap(handler));
  }
  post(path: string, handler: ArmHandler, query: readonly string[] = []): void {
    this.router.post(path, knows(query), wrap(handler));
  }
  patch(path: string, handler: ArmHandler, query: readonly string[] = []): void {
    this.router.patch(path, knows(query), wrap(handler));
  }
  delete(path: string, handler: ArmHandler, query: readonly string[] = []): void {
    this.router.delete(path, knows(query), wrap(handler));
  }
}

function wrap(handler: ArmHandler): RequestHandler {
  return async (request, response) => {
    await handler(request, response, armContext(request, response));
  };
}

/** The context of a request that has passed `authenticate`; for handlers that are mounted beside an ArmRouter. */
export function armContext(request: Request, response: Response): ArmContext {
  const caller = response.locals["caller"] as Principal;
  const { search } = new URL(request.originalUrl, "https://localhost");
  return { apiVersion: String(request.query["api-version"] ?? ""), caller, author: author(caller), search };
}

/** A string parameter of the path, decoded. */
export function parameter(request: Request, name: string): string {
  return String(request.params[name] ?? "");
}

/** The body as an object, `{}` when there is none; `T` is the body that a client sends which keeps to the published types. */
export function bodyOf<T extends object = Record<string, unknown>>(request: Request): Partial<T> {
  const body: unknown = request.body;
  return typeof body === "object" && body !== null && !Array.isArray(body) ? (body as Partial<T>) : {};
}

/** `properties` of the body as an object, `{}` when there are none; `T` as in `bodyOf`. */
export function propertiesOf<T extends object = Record<string, unknown>>(request: Request): Partial<T> {
  const { properties } = bodyOf(request);
  return typeof properties === "object" && properties !== null ? { ...(properties as Partial<T>) } : {};
}

/** Refuses a PATCH that would change more than it can. What the service does with other keys is not recorded. */
export function requireOnly(request: Request, what: string, keys: readonly string[]): void {
  const other = Object.keys(bodyOf(request)).find((key) => !keys.includes(key));
  if (other === undefined) return;
  throw invalidRequest(
    "BadRequest",
    `A PATCH of ${what} changes ${keys.join(" and ")} only, and this one has ${other}.`,
  );
}

/** 201 with `Location` = the request's own URL including api-version (docs/facts/azureml-wire.md#1.4). */
export function answerCreated(request: Request, response: Response, armUrl: string, body: object): void {
  response.setHeader("Location", `${armUrl}${request.originalUrl}`);
  response.status(201).json(body);
}

/** Headers of Azure's front door (docs/facts/azureml-wire.md#1.2). `direct` is for data-plane hosts, which leave the ARM ones out. */
export function frontDoorHeaders(o: { direct?: boolean; now?: () => number } = {}): RequestHandler {
  const application = `cid-v1:${randomUUID()}`;
  return (request, response, next) => {
    const started = performance.now();
    const id = randomUUID();
    response.setHeader("Date", new Date(o.now?.() ?? Date.now()).toUTCString());
    response.setHeader("Request-Context", `appId=${application}`);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("x-aml-cluster", "vienna-eastus2-01");
    response.setHeader("x-ms-response-type", "standard");
    if (o.direct === true) {
      response.setHeader("Strict-Transport-Security", "max-age=15724800; includeSubDomains; preload");
    } else {
      response.setHeader("Cache-Control", "no-cache");
      response.setHeader("Pragma", "no-cache");
      response.setHeader("Expires", "-1");
      response.setHeader("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
      response.setHeader("x-ms-correlation-request-id", id);
      response.setHeader("x-ms-request-id", id);
      response.setHeader(
        "x-ms-routing-request-id",
        `LOCAL:${new Date().toISOString().replace(/[-:]|\.\d+/g, "")}:${id}`,
      );
      const [family, remaining] = rateLimit(request.method);
      response.setHeader(`x-ms-ratelimit-remaining-subscription-${family}`, remaining);
    }
    const asked = request.headers["x-ms-client-request-id"];
    if (asked !== undefined) response.setHeader("x-ms-client-request-id", asked);
    const writeHead = response.writeHead.bind(response) as (...args: unknown[]) => Response;
    response.writeHead = ((...args: unknown[]) => {
      response.setHeader("x-request-time", ((performance.now() - started) / 1000).toFixed(3));
      const status = typeof args[0] === "number" ? args[0] : response.statusCode;
      if (status < 400 && status !== 202) {
        const trace = `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`;
        response.setHeader("Server-Timing", `traceparent;desc="${trace}"`);
      }
      return writeHead(...args);
    }) as Response["writeHead"];
    next();
  };
}

function rateLimit(method: string): [string, string] {
  if (method === "GET" || method === "HEAD") return ["reads", "11999"];
  return method === "DELETE" ? ["deletes", "14999"] : ["writes", "1199"];
}

/** Reads JSON whatever its Content-Type; no body is no error. */
export function jsonBody(): RequestHandler {
  return express.json({ limit: "32mb", strict: false, type: () => true });
}

/** The last route of a plane: what is not built says so and names itself. */
export const notBuilt: RequestHandler = (request) => {
  throw notImplemented(`${request.method} ${request.originalUrl.split("?")[0]}`);
};

/** Renders what handlers throw. An error that is no ArmError is a fault of local Azure: 500 with its stack. */
export function errorAnswer(environment: string, authority: () => string): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const known = asArmError(error);
    response.setHeader("x-ms-response-type", "error");
    if (known.status === 401) {
      response.setHeader(
        "WWW-Authenticate",
        `Bearer authorization_uri="${authority()}", error="invalid_token", error_description="${known.message.replaceAll('"', "'")}"`,
      );
    }
    response.status(known.status).json(renderError(known, environment));
  };
}

function asArmError(error: unknown): ArmError {
  if (error instanceof ArmError) return error;
  const type = (error as { type?: string }).type;
  if (type === "entity.parse.failed" || type === "entity.too.large") {
    const reason = (error as Error).message;
    return invalidRequest(
      "InvalidRequestContent",
      `The request content was invalid and could not be deserialized: '${reason}'.`,
    );
  }
  return new ArmError(500, "InternalServerError", `local Azure failed: ${(error as Error).stack ?? String(error)}`);
}
