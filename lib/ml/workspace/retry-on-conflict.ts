// Retries writes on conflict: Azure ML refuses them while another operation runs on the same resource.
// Tests: test/tasks/secondary-writes.test.ts
import { OutcomeUnknown, PASSING_STATUSES, pauseBefore } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { poll, systemClock } from "../../poll.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds without a deadline of the caller's: operations on endpoints and deployments have half an hour (docs/facts/azureml-services.md#4.3). */
const PATIENCE = 30 * 60_000;

/**
 * Tests whether a write was refused because of a running operation (conflict). 409 is inferred (docs/facts/azureml-wire.md#16);
 * public reports have the words about the provisioning state, and do not say with which status.
 */
function isBusy(error: unknown): error is TaskError {
  if (!(error instanceof TaskError)) return false;
  if (error.status === 409) return true;
  return error.status === 400 && /\b(creating|updating|deleting|scaling) provisioning state\b/i.test(error.message);
}

/** The number of attempts of a write whose outcome stays unknown. */
const MOST_ANEW = 5;

/**
 * Read-modify-write with retry: `write` reads, then sends the whole resource; when the outcome is unknown, both are repeated. The
 * same body is never sent twice: it would undo what others have written meanwhile. Whatever `write` sends therefore has `again:
 * false`.
 */
export async function readModifyWrite<T>(
  { signal, log }: Pick<Workspace, "signal" | "log">,
  write: () => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await write();
    } catch (error) {
      const unclear =
        error instanceof OutcomeUnknown || (error instanceof TaskError && PASSING_STATUSES.has(error.status ?? 0));
      if (!unclear || signal.aborted || tries >= MOST_ANEW) throw error;
      log.debug(`Retried from a fresh read: ${error.message}`);
      await systemClock.sleep(pauseBefore(tries), signal);
    }
  }
}

/**
 * Retries `write` while it is refused because of a running operation on `what` ("the endpoint fraud"), with back-off.
 * `write` is told which try it is, from 1: what it sends must be made of what is there then.
 * @param deadline milliseconds from now
 * @throws TaskError `timeout` with the service's last words at the deadline; whatever else `write` throws
 */
export async function retryOnConflict<T>(
  { log, signal }: Pick<Workspace, "log" | "signal">,
  what: string,
  deadline: number | undefined,
  write: (attempt: number) => Promise<T>,
): Promise<T> {
  const patience = deadline ?? PATIENCE;
  const started = Date.now();
  let attempt = 0;
  return poll(
    async () => {
      attempt += 1;
      try {
        return { done: true, value: await write(attempt) };
      } catch (error) {
        if (!isBusy(error)) throw error;
        if (Date.now() - started >= patience) {
          throw new TaskError(
            "timeout",
            `Waited ${Math.round(patience / 1000)} seconds for another operation on ${what} to end: ${error.message}`,
            {
              errorCode: "AML1601",
              hint: "See in the studio what is under way there; let pipelines that change the same endpoint run one after the other.",
              cause: error,
              ...(error.status === undefined ? {} : { status: error.status }),
              ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
            },
          );
        }
        if (attempt === 1) log.info(`Another operation is under way on ${what}; waiting for its end.`);
        log.debug(error.message);
        return { done: false };
      }
    },
    { what: `${what} to be free`, signal, initial: 1_000, maximum: 15_000, deadline: patience },
  );
}
