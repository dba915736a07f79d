// Validates answers of Azure. A 2xx counts only if it holds what its operation promises; what each promises comes from recorded traffic
// (docs/facts/azureml-wire.md and docs/facts/recorded-operations.md), and where that is silent it is a JSON object. Anything else is a
// fault of the network or the service: a read is retried, and of a write the outcome is unknown.
import type { HttpMethods } from "@azure/core-rest-pipeline";
import { TaskError, type TaskErrorOptions } from "../errors.ts";
import { isObject } from "../plain-objects.ts";
import { readJson } from "./json.ts";

/**
 * The required content of a 2xx answer.
 * - `object`: an object of JSON
 * - `resource`: an object with `properties`, whose id, where it has one, ends as the address asked for does
 * - `list`: an object whose `value` is a list
 * - `operation`: an object with a `status`, as the addresses of operations answer it
 * - `accepted`: nothing, `null` or an object; what is accepted may go on (cancel, PATCH, PUT of a workspace, import)
 * - `removal`: 202 that names its operation, or 204. A 200 with nothing is what other services answer too: it is looked up
 * - `anything`: the answer of a user's own program
 * - a function: an object of which it says whether the fields are there that identify it
 */
export type Promised =
  | "object"
  | "resource"
  | "list"
  | "operation"
  | "accepted"
  | "removal"
  | "anything"
  | ((body: Record<string, unknown>) => boolean);

export interface Answer<T> {
  readonly status: number;
  header(name: string): string | undefined;
  /** The JSON body; undefined where there is none (`null` too: docs/facts/azureml-wire.md shows it on 202). */
  readonly body: T | undefined;
  readonly text: string;
  readonly url: string;
}

/** The answer, or why there is none. */
export type Outcome = { readonly answer: Answer<unknown> } | { readonly failure: TaskError; readonly why: string };

/** A read that had no valid answer after all retries: a waiting caller may continue to wait. */
export class NoAnswer extends TaskError {
  constructor(message: string, options: TaskErrorOptions = {}) {
    super("service", message, { errorCode: "AML1107", ...options });
  }
}

/** Criteria of an answer. */
export interface Received {
  readonly method: HttpMethods;
  readonly url: URL;
  readonly status: number;
  header(name: string): string | undefined;
  readonly text: string;
}

/** The default promise. */
export function usuallyPromised(method: HttpMethods, onResourceManager: boolean): Promised {
  if (method === "DELETE") return "removal";
  if (method === "PATCH") return "accepted";
  if (method === "HEAD") return "anything";
  return onResourceManager && method === "PUT" ? "resource" : "object";
}

/** The reason why a 2xx (or 3xx) is invalid, as the end of "Azure answered with …"; undefined where it is one. */
export function faultOf(received: Received, promised: Promised): string | undefined {
  const { status, method } = received;
  if (promised === "anything" && status < 300) return undefined;
  if (status >= 300) return `status ${status}, a redirection`;
  const at = `status ${status} and `;
  if (promised === "removal") return removalFault(received);
  const isWrite = method !== "GET" && method !== "HEAD";
  // A 202 names the address of its operation and may have no body (registries, workspaces, cancel: docs/facts/azureml-wire.md#10, #12.6 and #15).
  if (isWrite && hasBegun(received)) return isEmpty(received.text) ? undefined : objectFault(received, at);
  if (promised === "accepted") return isEmpty(received.text) ? undefined : objectFault(received, at);
  if (isWrite && status === 202) return `${at}no operation to follow`;
  const fault = objectFault(received, at);
  if (fault !== undefined) return fault;
  const body = JSON.parse(received.text) as Record<string, unknown>;
  return holds(body, received, promised) ? undefined : `${at}an object that is not what was asked for`;
}

/** A 404 means "not there" only with a JSON error of the service; a page or an empty body may come from a proxy. */
export function isTold(received: Pick<Received, "text" | "header">, mayBeEmpty = false): boolean {
  // For a missing compute the front door sends a 404 without a body, with its own headers (docs/facts/azureml-wire.md#16, row 6).
  if (received.text === "") return mayBeEmpty && received.header("x-ms-response-type") !== undefined;
  const read = readJson(received.text);
  if (!("value" in read) || !isObject(read.value)) return false;
  const { error, error_code: code } = read.value;
  return typeof code === "string" || (isObject(error) && (typeof error["code"] === "string" || "message" in error));
}

function removalFault(received: Received): string | undefined {
  if (received.status === 204) return undefined;
  if (received.status === 202 && namesOperation(received) && isEmptyOrObject(received)) return undefined;
  return `status ${received.status} and no word of the removal`;
}

/** A `Location` beside 201 is the resource's own address. */
const hasBegun = (received: Received) =>
  received.header("Azure-AsyncOperation") !== undefined || (received.status === 202 && namesOperation(received));

const namesOperation = ({ header }: Received) =>
  header("Azure-AsyncOperation") !== undefined || header("Location") !== undefined;

const isEmpty = (text: string) => text.trim() === "" || text.trim() === "null";

function isEmptyOrObject(received: Received): boolean {
  return isEmpty(received.text) || objectFault(received, "") === undefined;
}

function objectFault({ text, header }: Received, at: string): string | undefined {
  const type = header("Content-Type");
  // A missing content type is accepted; another type than JSON means that something else answered.
  if (type !== undefined && !/^application\/([\w.-]+\+)?json\b/i.test(type.trim().slice(0, 200)))
    return text === "" ? `${at}nothing at all` : `${at}a body that is not called JSON`;
  const read = readJson(text);
  if ("fault" in read) return at + read.fault;
  return isObject(read.value) ? undefined : `${at}JSON that is no object`;
}

function holds(body: Record<string, unknown>, received: Received, promised: Promised): boolean {
  if (typeof promised === "function") return promised(body);
  switch (promised) {
    case "resource":
      return isObject(body["properties"]) && isAbout(body["id"], received.url);
    case "list": {
      const next = body["nextLink"];
      return Array.isArray(body["value"]) && (next === undefined || next === null || typeof next === "string");
    }
    case "operation":
      return typeof body["status"] === "string" && body["status"].trim() !== "";
    default:
      return true;
  }
}

/** Whether an id ends as the address does. Some answers have none (schedules, docs/facts/azureml-wire.md#14). */
function isAbout(id: unknown, url: URL): boolean {
  if (id === undefined || id === null) return true;
  if (typeof id !== "string") return false;
  return lastOf(id) === lastOf(url.pathname);
}

function lastOf(path: string): string {
  const trimmed = path.endsWith("/") ? path.slice(0, -1) : path;
  const last = trimmed.slice(trimmed.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(last).toLowerCase();
  } catch {
    return last.toLowerCase();
  }
}
