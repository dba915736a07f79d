// The kinds of faults that a request can meet: what each does, and where it makes sense.
import type { Plane } from "../azure/scenarios/rules.ts";

/** The moment of a fault: before the request is processed, between processing and answer, or after the answer. */
export type Moment = "before" | "processed" | "answered";

/** Forms of Retry-After in a made-up refusal. */
export type RetryAfter = "seconds" | "date" | "zero" | "past" | "garbage" | "absurd";

/** The effect of a fault. `processed`: the service processes the request first. */
export type Effect = { readonly processed: boolean } & (
  | { readonly does: "close" | "reset" | "half" }
  | { readonly does: "refuse"; readonly status: number; readonly retryAfter?: RetryAfter; readonly challenge?: boolean }
  | { readonly does: "replace"; readonly by: "nothing" | "page" | "part" | "allButOneByte" | "plainText" }
  | { readonly does: "repeat"; readonly answer: "first" | "last" }
  | { readonly does: "wait"; readonly milliseconds: number }
);

const refuse = (status: number, more: { retryAfter?: RetryAfter; challenge?: boolean; processed?: boolean } = {}) =>
  ({ does: "refuse", status, processed: false, ...more }) as const;
const replace = (by: "nothing" | "page" | "part" | "allButOneByte" | "plainText", processed: boolean) =>
  ({ does: "replace", by, processed }) as const;

/** Each kind by its name, which schedules and reports use. */
export const kinds = {
  "closed before it was read": { does: "close", processed: false },
  "reset before it was read": { does: "reset", processed: false },
  "answer lost": { does: "close", processed: true },
  "reset in place of the answer": { does: "reset", processed: true },
  "half an answer": { does: "half", processed: true },
  "delivered twice, first answer": { does: "repeat", answer: "first", processed: true },
  "delivered twice, last answer": { does: "repeat", answer: "last", processed: true },
  slow: { does: "wait", milliseconds: 400, processed: true },
  // Longer than any client of ours waits, whose clock runs twenty times as fast as this one.
  "no answer in time": { does: "wait", milliseconds: 6_000, processed: true },
  "401 with challenge": refuse(401, { challenge: true }),
  "401 without challenge": refuse(401),
  "403": refuse(403),
  "404": refuse(404),
  "408": refuse(408),
  "409": refuse(409),
  "429, seconds": refuse(429, { retryAfter: "seconds" }),
  "429, date": refuse(429, { retryAfter: "date" }),
  "429, zero": refuse(429, { retryAfter: "zero" }),
  "429, date in the past": refuse(429, { retryAfter: "past" }),
  "429, garbage": refuse(429, { retryAfter: "garbage" }),
  "429, absurd": refuse(429, { retryAfter: "absurd" }),
  "500": refuse(500),
  "502": refuse(502),
  "503": refuse(503),
  "504": refuse(504),
  "500, processed": refuse(500, { processed: true }),
  "502, processed": refuse(502, { processed: true }),
  "503, processed": refuse(503, { processed: true }),
  "504, processed": refuse(504, { processed: true }),
  "empty 200": replace("nothing", false),
  "empty 200, processed": replace("nothing", true),
  "HTML 200": replace("page", false),
  "HTML 200, processed": replace("page", true),
  "JSON cut in half": replace("part", true),
  "JSON without its last byte": replace("allButOneByte", true),
  "sent as text/plain": replace("plainText", true),
} as const satisfies Record<string, Effect>;

export type FaultName = keyof typeof kinds;

/** Whether a kind can be met there: nobody refuses a read because of a conflict, and Entra asks nobody for a token. */
export function fits(name: FaultName, plane: Plane | "any", write: boolean): boolean {
  const effect: Effect = kinds[name];
  if (effect.does === "refuse") {
    if (effect.status === 409) return write;
    if (effect.status === 401) return plane !== "login" && plane !== "identity";
    if (effect.status === 404) return plane !== "login" && plane !== "scoring";
  }
  return true;
}

/** POSTs that change nothing: questions whose arguments are bodies, and credentials that are shown. */
const QUESTION = /\/(list[A-Za-z]*|token|rundata|batchGet[A-Za-z]*|search|query|get-[a-z-]+|getLogs|contentinfo)$/i;

/** Whether a request changes something where it goes. @param path without the query */
export function isWrite(plane: Plane, method: string, path: string): boolean {
  if (plane === "login" || plane === "identity" || plane === "scoring") return false;
  if (/^(GET|HEAD|OPTIONS)$/.test(method)) return false;
  return method !== "POST" || !QUESTION.test(path);
}
