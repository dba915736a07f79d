// When to ask again, and after how long: one strategy for every request to Azure.
import type { RetryInformation, RetryModifiers, RetryStrategy } from "@azure/core-rest-pipeline";

/** 501 is not among them: it says that asking again will not help. */
const PASSING = new Set([408, 429, 500, 502, 503, 504]);
const DROPPED = new Set([
  "ECONNRESET",
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "EPIPE",
  "ECONNREFUSED",
  "EAI_AGAIN",
  "ENETUNREACH",
]);

/** Longest pause in milliseconds, whatever Retry-After says: past it, the caller's own deadline should decide. */
const LONGEST = 120_000;

/**
 * Asks again on 408, 429 and 5xx and on dropped connections. Waits what Retry-After says (seconds or a date),
 * else half a second doubled each time, with up to a quarter of it taken off by chance.
 * Every request that goes through here may be sent twice: ours are reads, PUTs of a whole, and actions that repeat.
 */
export function patience(random: () => number = Math.random): RetryStrategy {
  return {
    name: "patience",
    retry({ retryCount, response, responseError }: RetryInformation): RetryModifiers {
      if (responseError && !response) {
        if (!DROPPED.has(responseError.code ?? "")) return { errorToThrow: responseError };
      } else if (!response || !PASSING.has(response.status)) {
        return { skipStrategy: true };
      }
      const told = response ? retryAfter(response.headers.get("Retry-After"), Date.now()) : undefined;
      const grown = 500 * 2 ** retryCount * (1 - random() / 4);
      return { retryAfterInMs: Math.min(told ?? grown, LONGEST) };
    },
  };
}

/** Milliseconds that a Retry-After header asks for; undefined where it says nothing of use. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  if (!header) return undefined;
  if (/^\d+(\.\d+)?$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
