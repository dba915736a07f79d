// The retry policy of every request to Azure: which failures are retried, after which back-off, how often.
import type { RetryInformation, RetryModifiers, RetryStrategy } from "@azure/core-rest-pipeline";
import { PASSING_STATUSES } from "../passing-statuses.ts";

export { PASSING_STATUSES };

/** Connections that were never made, or that broke off. */
const DROPPED = new Set([
  "ECONNRESET",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "EPIPE",
  "ECONNREFUSED",
  "EAI_AGAIN",
  "ENETUNREACH",
]);

export const isDropped = (code: string | undefined): boolean => DROPPED.has(code ?? "");

/**
 * Codes of a connection that was never made, so that nothing can have been done over it. "Unreachable" (ENETUNREACH, EHOSTUNREACH) is none:
 * an open connection ends with it, too, where a router said so before the kernel gave up.
 */
const NEVER_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"]);

/** Whether the code of a network error says that no connection was made. */
export const neverConnected = (code: unknown): boolean => typeof code === "string" && NEVER_CONNECTED.has(code);

/** The maximum number of attempts of one request. */
export const MOST_TRIES = 6;

/** Longest pause in milliseconds, whatever Retry-After says: past it, the caller's own deadline should decide. */
const LONGEST = 120_000;

/**
 * Milliseconds before a request is sent again: half a second doubled each time, with up to a quarter of it taken off by
 * chance. What Retry-After says may lengthen the pause up to two minutes, and never shortens it.
 * @param tries how often it has been sent, from 1
 * @param asked milliseconds that the service asks for
 */
export function pauseBefore(tries: number, asked?: number, random: () => number = Math.random): number {
  const grown = 500 * 2 ** (tries - 1) * (1 - random() / 4);
  return Math.min(Math.max(asked ?? 0, grown), LONGEST);
}

/** The same as a strategy for pipelines of Azure's libraries. */
export function patience(random: () => number = Math.random): RetryStrategy {
  return {
    name: "patience",
    retry({ retryCount, response, responseError }: RetryInformation): RetryModifiers {
      if (responseError && !response) {
        if (!isDropped(responseError.code)) return { errorToThrow: responseError };
      } else if (!response || !PASSING_STATUSES.has(response.status)) {
        return { skipStrategy: true };
      }
      const asked = response ? retryAfter(response.headers.get("Retry-After"), Date.now()) : undefined;
      return { retryAfterInMs: pauseBefore(retryCount + 1, asked, random) };
    },
  };
}

/** Milliseconds that a Retry-After header asks for, seconds or a date; undefined where it says nothing of use. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (!header || header.length > 100) return undefined;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
