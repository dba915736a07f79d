// Retries a write that lost a race for a version number: it lists the versions again and takes the next number, until a deadline.
// Tests: test/tasks/registry.test.ts
import { TaskError } from "../../errors.ts";
import { type Clock, systemClock } from "../../poll.ts";

/** Milliseconds after which somebody who never gets a number is told so. */
const PATIENCE = 5 * 60_000;
const LONGEST_PAUSE = 5_000;

/** Code of an error of ours: wrong evidence stands on a version that was there. No other number helps against that. */
export const EVIDENCE_STANDS = "EvidenceStands";

/**
 * Tests whether the service refuses a version because it exists with other content (docs/facts/azureml-wire.md#16,
 * docs/facts/operations.md#C.3).
 */
function isTaken(error: unknown): boolean {
  if (!(error instanceof TaskError) || error.code === "ScopeLocked" || error.code === EVIDENCE_STANDS) return false;
  return error.status === 409 || /cannot be updated|immutable/i.test(error.message);
}

/**
 * Tries until a number was free. Each try reads again what is there and which number is free.
 * @param what for the sentence: "a version of the model credit"
 * @throws TaskError `conflict` after five minutes; whatever else a try throws at once
 */
export async function untilFree<T>(
  what: string,
  attempt: () => Promise<T>,
  { signal, clock = systemClock }: { readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<T> {
  const end = clock.now() + PATIENCE;
  for (let tries = 1, pause = 100; ; tries++, pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isTaken(error)) throw error;
      if (clock.now() >= end) {
        throw new TaskError(
          "conflict",
          `Other runs took every number for ${what} that was tried for, ${tries} times in ${PATIENCE / 60_000} minutes: ${(error as Error).message}`,
          { errorCode: "AML1701", hint: "Run again, or let fewer runs register at once.", cause: error },
        );
      }
      // Jitter: runs that lost at the same time do not retry at the same time.
      await clock.sleep(pause * (0.5 + Math.random() / 2), signal);
    }
  }
}
