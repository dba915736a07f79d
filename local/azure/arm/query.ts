// Query parameters: each route declares those that it reads. Any other, and any value that it cannot read, is refused: a filter
// that is ignored would give everything, and a gate that trusts it would open.
import type { Request, RequestHandler } from "express";
import { invalidRequest, notImplemented } from "./errors.ts";

/** Read before any route. */
const always = ["api-version"];

/** How every list of ours is paged; which of them an operation publishes differs, and makes no difference to what it answers. */
export const paged: readonly string[] = ["$skip", "$top", "count"];

/** Rejects query parameters that the route does not declare, and normalises the names of the others. */
export function knows(names: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    requireKnown(request, names);
    next();
  };
}

/**
 * Names are compared without case, as the service does. An empty value is no value.
 * @throws ArmError 501 for a parameter that nobody reads, 400 for one that is given twice
 */
export function requireKnown(request: Request, names: readonly string[]): void {
  const known = [...always, ...names];
  const read: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.query)) {
    const found = known.find((each) => each.toLowerCase() === name.toLowerCase());
    if (found === undefined) {
      const there = names.length === 0 ? "it reads none" : `it reads ${names.join(", ")}`;
      throw notImplemented(
        `the query parameter '${name}' of ${request.method} ${request.originalUrl.split("?")[0]}; ${there}`,
      );
    }
    if (typeof value !== "string" || found in read) {
      throw invalidRequest("BadRequest", `The query parameter '${found}' is given more than once.`);
    }
    if (value !== "") read[found] = value;
  }
  // Express computes it anew at each look; what is read is what was looked through.
  Object.defineProperty(request, "query", { value: read, configurable: true, enumerable: true });
}

/** A parameter's text; undefined where there is none. */
export function text(query: Request["query"], name: string): string | undefined {
  const value = query[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A whole number. @throws ArmError 400 for anything else */
export function whole(query: Request["query"], name: string): number | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) {
    throw invalidRequest("BadRequest", `The query parameter '${name}' must be a whole number, and is '${value}'.`);
  }
  return Number(value);
}

/** `true` or `false`. @throws ArmError 400 for anything else */
export function flag(query: Request["query"], name: string): boolean | undefined {
  const value = choice(query, name, ["true", "false"]);
  return value === undefined ? undefined : value === "true";
}

/** One of `values`, compared without case, as `values` has it. @throws ArmError 400 for anything else */
export function choice<T extends string>(query: Request["query"], name: string, values: readonly T[]): T | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  const found = values.find((each) => each.toLowerCase() === value.toLowerCase());
  if (found === undefined) {
    throw invalidRequest(
      "BadRequest",
      `The query parameter '${name}' must be one of ${values.join(", ")}, and is '${value}'.`,
    );
  }
  return found;
}

/**
 * `createdtime asc` or `createdtime desc`, the one order that is built.
 * @returns whether the oldest comes first; undefined where no order is asked for
 * @throws ArmError 501 for another order
 */
export function oldestFirst(query: Request["query"], name = "$orderBy"): boolean | undefined {
  const value = text(query, name);
  if (value === undefined) return undefined;
  const found = /^createdtime\s+(asc|desc)$/i.exec(value.trim());
  if (found === null) {
    throw notImplemented(`the order '${value}' of ${name}; there is 'createdtime asc' and 'createdtime desc'`);
  }
  return found[1]?.toLowerCase() === "asc";
}

/**
 * Whether a map holds every pair of a comma list of `key` or `key=value`; no list is held by all.
 * @param held the map of an item: its tags, or its properties
 */
export function holds(held: unknown, wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === "") return true;
  const map = (held ?? {}) as Record<string, unknown>;
  return wanted.split(",").every((pair) => {
    const equals = pair.indexOf("=");
    const key = (equals < 0 ? pair : pair.slice(0, equals)).trim();
    return key in map && (equals < 0 || String(map[key]) === pair.slice(equals + 1).trim());
  });
}
