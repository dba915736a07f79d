// Time to live of an endpoint: read from an input, and written as the tag of a new endpoint that AzureMLCleanUp goes by.
// Tests: test/lib/ml/endpoints/time-to-live.test.ts
import { TaskError } from "../../errors.ts";
import { EXPIRES } from "./endpoint-tags.ts";

const UNITS = { h: 3_600_000, d: 24 * 3_600_000 } as const;
/** Ten years in milliseconds. */
const LONGEST = 3_650 * UNITS.d;

/** @throws TaskError kind `input` for a text that is no number of hours or days */
export function parseTimeToLive(text: string): number {
  const [, number, unit] = /^(\d{1,6})\s*([hd])$/i.exec(text.trim()) ?? [];
  const milliseconds = Number(number) * UNITS[(unit ?? "h").toLowerCase() as keyof typeof UNITS];
  if (milliseconds > 0 && milliseconds <= LONGEST) return milliseconds;
  throw new TaskError("input", `Input endpointTimeToLive is "${text}", which is no time to live.`, {
    errorCode: "AML1313",
    hint: "Write a number of hours or days, as in 12h or 7d.",
  });
}

/** The tag of an endpoint that is made now. @param timeToLive in milliseconds */
export const expiresTag = (timeToLive: number, now: number): Record<string, string> => ({
  [EXPIRES]: new Date(now + timeToLive).toISOString(),
});
