// How a failure is told: one sentence, what to do about it, where, and whom to ask.
import { logIssue } from "../agent/index.ts";
import { TaskError, TaskErrors } from "../errors.ts";
import type { Log } from "../log.ts";

export interface Failure {
  message: string;
  hint?: string;
  requestId?: string;
}

/** Reports `error` as issues of the run (or, for a cancel, as plain text) and returns what the record keeps of it. */
export function reportFailure(log: Log, error: unknown, quiet = false): Failure {
  const faults = error instanceof TaskErrors ? error.errors : [error];
  for (const fault of faults) {
    if (quiet) log.info(sentence(fault));
    else logIssue("error", sentence(fault), fault instanceof TaskError ? fault.where : undefined);
  }
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) log.debug(cause.stack ?? String(cause));
  const first = faults[0];
  return {
    message: faults.map((fault) => (fault instanceof TaskError ? fault.message : sentence(fault))).join("\n"),
    ...(first instanceof TaskError && first.hint !== undefined ? { hint: first.hint } : {}),
    ...(first instanceof TaskError && first.requestId !== undefined ? { requestId: first.requestId } : {}),
  };
}

/** Message, hint and request id as one text. */
export function sentence(error: unknown): string {
  if (!(error instanceof TaskError)) {
    const message = error instanceof Error ? error.message : String(error);
    return `Unexpected: ${message} This is a fault of the task; run the pipeline with system.debug=true and report the log.`;
  }
  const parts = [error.message];
  if (error.hint !== undefined) parts.push(error.hint);
  if (error.requestId !== undefined) parts.push(`(request id ${error.requestId})`);
  // A message of several lines ends with somebody's log: the hint would drown at its end.
  return parts.join(error.message.includes("\n") ? "\n" : " ");
}
