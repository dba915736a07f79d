// Requests of a task to Azure DevOps: errors become sentences, and idempotent requests are retried where the outcome is not known.
// Tests: test/lib/agent/release-service.test.ts
import { TaskError } from "../errors.ts";
import { PASSING_STATUSES } from "../passing-statuses.ts";
import type { Clock } from "../poll.ts";

/** Requests for one thing, and the pause after the first in milliseconds; the next is longer. */
export const ATTEMPTS = 3;
export const PAUSE = 1_000;

/** The error for an answer that is none: the outcome is not known. */
export const unreadableAnswer = (doing: string) =>
  new TaskError("service", `Azure DevOps was asked to ${doing} and did not report the outcome.`, {
    errorCode: "AML1902",
  });

/** Whether the request may have been processed: no answer, one that cannot be read, or a failure of the service's own. */
export function isUnknown(error: unknown): boolean {
  if (!(error instanceof TaskError) || error.kind !== "service") return false;
  const { status } = error;
  return status === undefined || (status < 300 && status !== 203) || PASSING_STATUSES.has(status);
}

/**
 * @param doing completes "Azure DevOps could not"
 * @param right the right that it takes, and on what, as the user interface calls it (which right a request really takes is not verified)
 */
export async function say<T>(doing: string, right: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof TaskError) throw cause;
    const { statusCode, message } = (cause ?? {}) as { statusCode?: number; message?: string };
    const forbidden = statusCode === 401 || statusCode === 403;
    throw new TaskError(
      forbidden ? "forbidden" : "service",
      `Azure DevOps could not ${doing} (${statusCode ?? "no answer"}): ${message ?? String(cause)}`,
      {
        errorCode: "AML1901",
        ...(forbidden
          ? {
              hint: `Give the project's build service the right ${right}. docs/triggers.md says which others it needs.`,
            }
          : {}),
        ...(statusCode === undefined ? {} : { status: statusCode }),
        cause,
      },
    );
  }
}

/** For idempotent requests. The client itself repeats reads only. */
export async function again<T>(clock: Clock, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= ATTEMPTS || !isUnknown(error)) throw error;
      await clock.sleep(PAUSE * attempt);
    }
  }
}
