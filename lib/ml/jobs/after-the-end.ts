// Secondary reads after the result is known: they only inform people, so they are retried, and their failure is a warning.
// Tests: test/lib/ml/jobs/follow-steps.test.ts
import { TaskError } from "../../errors.ts";
import { type Clock, systemClock } from "../../poll.ts";
import type { Workspace } from "../workspace/workspace.ts";

/** Milliseconds that a service which cannot answer is asked again. */
const LONGEST = 2 * 60_000;
const LONGEST_PAUSE = 15_000;
/** Attempts where a service has answered with a no. */
const MOST_REFUSALS = 3;

export interface Informing {
  readonly clock?: Clock | undefined;
  /** Milliseconds since the epoch after which nothing is asked again: the step's own deadline. */
  readonly until?: number | undefined;
}

/**
 * Does `work`, retries it where it fails, and warns in the end: the result stands in any case.
 * @param missing what people lack without it, as the beginning of the warning: "The metrics of the job j are missing"
 * @returns undefined where it failed to the end
 * @throws the signal's reason, and nothing else
 */
export async function informing<T>(
  workspace: Workspace,
  missing: string,
  work: () => Promise<T>,
  { clock = systemClock, until = Number.POSITIVE_INFINITY }: Informing = {},
): Promise<T | undefined> {
  const { signal, log } = workspace;
  const last = Math.min(clock.now() + LONGEST, until);
  for (let attempt = 1, pause = 1_000; ; attempt++, pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const refused = error instanceof TaskError && error.status !== undefined && /^4(?!08|29)/.test(`${error.status}`);
      if (clock.now() + pause > last || (refused && attempt >= MOST_REFUSALS)) {
        log.warn(`${missing}; the result stands. ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
      await clock.sleep(pause, signal);
    }
  }
}
