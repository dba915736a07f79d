// The protocol of MLflow's REST API: errors, numbers that may be strings, lists of pairs and pages.
import { randomBytes } from "node:crypto";
import express, { type Request, type RequestHandler } from "express";
import { timestamp } from "../arm/envelope.ts";
import type { AzureWorld } from "../world/world.ts";

/** A refusal. `code` is MLflow's `error_code`; `family` is Azure ML's own code, ValidationError for sizes and forms. */
export class MlflowError extends Error {
  readonly status: number;
  readonly code: string;
  readonly family: "UserError" | "ValidationError";
  constructor(status: number, code: string, message: string, family: "UserError" | "ValidationError" = "UserError") {
    super(message);
    this.name = "MlflowError";
    this.status = status;
    this.code = code;
    this.family = family;
  }
}

/** The service's error body, key by key as public reports of 2024 and 2025 have it. MLflow's own has `message` at its root. */
export function errorBody(world: AzureWorld, error: MlflowError): object {
  return {
    Error: {
      Code: error.family,
      Severity: null,
      Message: error.message,
      MessageFormat: null,
      MessageParameters: null,
      ReferenceCode: null,
      DetailsUri: null,
      Target: null,
      Details: [],
      InnerError: null,
      DebugInfo: null,
      AdditionalInfo: null,
    },
    Correlation: { operation: randomBytes(16).toString("hex"), request: randomBytes(8).toString("hex") },
    Environment: world.location,
    Location: world.location,
    Time: timestamp(world.clock.now()),
    ComponentName: "mlflow",
    statusCode: error.status,
    error_code: error.code,
  };
}

export function missing(message: string): MlflowError {
  return new MlflowError(404, "RESOURCE_DOES_NOT_EXIST", message);
}

export function invalid(message: string, family: MlflowError["family"] = "UserError"): MlflowError {
  return new MlflowError(400, "INVALID_PARAMETER_VALUE", message, family);
}

/** Operations that Azure ML does not support according to its documentation; status and words are not verified against live Azure. */
export function notSupported(what: string): MlflowError {
  return invalid(`Azure Machine Learning does not support ${what}.`);
}

/** A field that must be there. @throws MlflowError INVALID_PARAMETER_VALUE */
export function text(sent: Record<string, unknown>, key: string): string {
  const value = sent[key];
  if (typeof value === "string" && value !== "") return value;
  throw invalid(`Missing value for required parameter '${key}'.`);
}

/** A number, which protocol buffers may have written as a string; with `anyFloat` also "NaN", "Infinity" and "-Infinity". */
export function numberOf(value: unknown, anyFloat = false): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return number;
  return anyFloat && /^(NaN|-?Infinity)$/.test(value) ? number : undefined;
}

/**
 * A 64-bit integer: a number where that is exact, else its digits as text; undefined where nothing was sent.
 * @throws MlflowError INVALID_PARAMETER_VALUE
 */
export function integerOf(sent: Record<string, unknown>, key: string): number | string | undefined {
  const value = sent[key];
  if (value === undefined || value === null) return undefined;
  const digits = String(value);
  if (!/^-?\d+$/.test(digits) || BigInt.asIntN(64, BigInt(digits)) !== BigInt(digits))
    throw invalid(`Invalid value ${JSON.stringify(value)} for parameter '${key}': it is no 64-bit integer.`);
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
}

/** `[{key, value}, …]` as a record. */
export function pairsOf(value: unknown): Record<string, string> {
  const pairs = (Array.isArray(value) ? value : []) as { key: unknown; value: unknown }[];
  return Object.fromEntries(pairs.map(({ key, value: one }) => [String(key), String(one ?? "")]));
}

/** A record as `[{key, value}, …]`. */
export function pairs(record: unknown): { key: string; value: unknown }[] {
  return Object.entries((record ?? {}) as object).map(([key, value]) => ({ key, value }));
}

/** A repeated field: an array in a body, one or several values in a query. */
export function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return value === undefined || value === null ? [] : [String(value)];
}

/** Refuses fields that a search or list does not have: ignored, they would let everything through. */
export function onlyFields(sent: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(sent).find((key) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`Unknown field '${unknown}'. Known fields are '${known.join("', '")}'.`);
}

/** One page of a list, `{[name]: …, next_page_token?}`; the token says where the next one begins. */
export function pageOf(name: string, items: readonly object[], sent: Record<string, unknown>): object {
  const size = integerOf(sent, "max_results") ?? 1000;
  const token = sent["page_token"];
  const start = typeof token === "string" && token !== "" ? Buffer.from(token, "base64url").toString() : "0";
  if (!/^\d+$/.test(start) || typeof size === "string" || size < 1) {
    throw invalid("Invalid page_token or max_results.");
  }
  const end = Number(start) + size;
  return {
    [name]: items.slice(Number(start), end),
    ...(end < items.length ? { next_page_token: Buffer.from(String(end)).toString("base64url") } : {}),
  };
}

/** The body of a handler's answer with 200. */
export type Answer = object | Promise<object>;

/** How a family of endpoints is mounted: what a handler gets is the query or the body, whichever the method uses. */
export type Mounting = (
  method: "get" | "post" | "patch" | "delete",
  path: string,
  answer: (sent: Record<string, unknown>, request: Request) => Answer,
) => void;

/** The lifecycle stages that `run_view_type` or `view_type` shows. @throws MlflowError INVALID_PARAMETER_VALUE */
export function viewOf(sent: unknown): (lifecycle: "active" | "deleted") => boolean {
  const view = String(sent ?? "ACTIVE_ONLY");
  if (!/^(ACTIVE_ONLY|DELETED_ONLY|ALL)$/.test(view))
    throw invalid(`Invalid view type '${view}'. Valid values are 'ACTIVE_ONLY', 'DELETED_ONLY', 'ALL'.`);
  return (lifecycle) => view === "ALL" || lifecycle === (view === "DELETED_ONLY" ? "deleted" : "active");
}

/** Reads JSON whatever its Content-Type, with integers that a number cannot hold as their digits. No body is no error. */
export function exactBody(): RequestHandler[] {
  const read: RequestHandler = (request, _response, next) => {
    const body = typeof request.body === "string" ? request.body.trim() : "";
    try {
      request.body = body === "" ? {} : JSON.parse(exactIntegers(body));
    } catch {
      throw invalid("The request is invalid.", "ValidationError");
    }
    if (typeof request.body !== "object" || request.body === null || Array.isArray(request.body))
      throw invalid("The request is invalid.", "ValidationError");
    next();
  };
  return [express.text({ limit: "32mb", type: () => true }), read];
}

function exactIntegers(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (part) =>
    /^-?\d{16,}$/.test(part) && !Number.isSafeInteger(Number(part)) ? `"${part}"` : part,
  );
}
