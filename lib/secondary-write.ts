// Writes beside a task's work: what informs people or other steps once the work is done. They never fail it.
// Tests: test/tasks/secondary-writes.test.ts
import { TaskError } from "./errors.ts";
import type { Log } from "./log.ts";

/** The warning if such a write is refused or not answered. */
export interface SecondaryWrite {
  /** A sentence without its full stop: "The tests could not be published on the run". */
  readonly failed: string;
  /** A sentence: what is not there now, and what counts all the same. */
  readonly missing: string;
  /** The permission or role that it takes, as Azure DevOps or Azure calls it. */
  readonly needs: string;
}

/** Where it happens. */
interface Place {
  readonly log: Pick<Log, "warn">;
  readonly signal: AbortSignal;
}

/**
 * Does the work; its failure does not fail the step but becomes a warning that says what is missing and which permission it
 * takes. The one exception is a caller that passes `orElse`: its refused write would leave a wrong "passed".
 * @param orElse is given the failure, and throws what the step is to fail with; where it returns, the warning is said
 * @returns whether the work was done
 * @throws the signal's reason where the step is cancelled; what `orElse` throws
 */
export async function secondaryWrite(
  { log, signal }: Place,
  { failed, missing, needs }: SecondaryWrite,
  work: () => unknown,
  orElse: (failure: Error) => void = () => {},
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    const failure = error instanceof Error ? error : new Error(String(error));
    orElse(failure);
    log.warn(`${failed}: ${sentence(failure.message)} ${missing} ${needsOf(failure, needs)}`);
    return false;
  }
}

const sentence = (text: string): string => (/[.!?)]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

/** A refusal is most likely a missing permission; after another failure the permission is worth a look. */
function needsOf(failure: Error, needs: string): string {
  const { status } = failure instanceof TaskError ? failure : { status: undefined };
  const statusCode = status ?? (failure as { statusCode?: number }).statusCode;
  return statusCode === 401 || statusCode === 403 ? `It takes ${needs}.` : `Writing it takes ${needs}.`;
}
