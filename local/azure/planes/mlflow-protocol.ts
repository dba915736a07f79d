// How MLflow's REST API reads and writes: its errors, its numbers that may be strings, its lists of pairs and its pages.
import type { Request } from "express";

/** Answered as `{"error_code", "message"}` (facts/03 §4.4, inferred there). */
export class MlflowError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "MlflowError";
    this.status = status;
    this.code = code;
  }
}

export function missing(message: string): MlflowError {
  return new MlflowError(404, "RESOURCE_DOES_NOT_EXIST", message);
}

/** A field that must be there. @throws MlflowError INVALID_PARAMETER_VALUE */
export function text(sent: Record<string, unknown>, key: string): string {
  const value = sent[key];
  if (typeof value === "string" && value !== "") return value;
  throw new MlflowError(400, "INVALID_PARAMETER_VALUE", `Missing value for required parameter '${key}'.`);
}

/** A number, which protocol buffers may have written as a string; with `anyFloat` also "NaN", "Infinity" and "-Infinity". */
export function numberOf(value: unknown, anyFloat = false): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" || value.trim() === "") return undefined;
  const number = Number(value);
  if (Number.isFinite(number)) return number;
  return anyFloat && /^(NaN|-?Infinity)$/.test(value) ? number : undefined;
}

/** `[{key, value}, …]` as a record. */
export function pairsOf(value: unknown): Record<string, string> {
  const pairs = (Array.isArray(value) ? value : []) as { key: unknown; value: unknown }[];
  return Object.fromEntries(pairs.map(({ key, value: one }) => [String(key), String(one ?? "")]));
}

/** A repeated field: an array in a body, one or several values in a query. */
export function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return value === undefined || value === null ? [] : [String(value)];
}

/** One page of a list, `{[name]: …, next_page_token?}`; the token says where the next one begins. */
export function pageOf(name: string, items: readonly object[], sent: Record<string, unknown>): object {
  const size = numberOf(sent["max_results"]) ?? 1000;
  const token = sent["page_token"];
  const start = typeof token === "string" && token !== "" ? Number(Buffer.from(token, "base64url").toString()) : 0;
  if (!Number.isInteger(start) || start < 0 || size < 1) {
    throw new MlflowError(400, "INVALID_PARAMETER_VALUE", "Invalid page_token or max_results.");
  }
  const end = start + size;
  return {
    [name]: items.slice(start, end),
    ...(end < items.length ? { next_page_token: Buffer.from(String(end)).toString("base64url") } : {}),
  };
}

/** What a handler answers with 200. */
export type Answer = object | Promise<object>;

/** How a family of endpoints is mounted: what a handler gets is the query or the body, whichever the method uses. */
export type Mounting = (
  method: "get" | "post" | "patch" | "delete",
  path: string,
  answer: (sent: Record<string, unknown>, request: Request) => Answer,
) => void;

/** Whether `run_view_type` or `view_type` shows what is in this stage of its life. */
export function inView(lifecycle: "active" | "deleted", view: string): boolean {
  return view === "ALL" || (view === "DELETED_ONLY" ? lifecycle === "deleted" : lifecycle === "active");
}
