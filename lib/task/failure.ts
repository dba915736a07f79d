// A failed step's issue and log lines: one sentence, the remedy, the place in the file, and the request id for support.
// Tests: test/tasks/stories.test.ts
import type { Agent } from "../agent/index.ts";
import { formatLocation, TaskError, TaskErrors } from "../errors.ts";
import { redact } from "../record/index.ts";

export interface Failure {
  message: string;
  hint?: string;
  requestId?: string;
  /** Stable code of the first fault, `AML1301` (docs/troubleshooting.md). */
  code?: string;
}

/** The log and the issues that a failure is reported to. */
type Told = Pick<Agent, "log" | "issue">;

/** Reports `error` as issues of the run and returns what the record keeps of it. */
export function reportFailure(agent: Told, error: unknown): Failure {
  const faults = faultsOf(error);
  for (const fault of faults) {
    const { where, errorCode } = fault instanceof TaskError ? fault : {};
    // Errors quote logs of others, which may hold signatures and tokens.
    agent.issue("error", redact(withoutPlace(fault)), where, errorCode);
  }
  const codes = new Set(faults.flatMap((fault) => (fault instanceof TaskError ? (fault.errorCode ?? []) : [])));
  if (codes.size > 0) agent.log.info(`What to do about ${[...codes].join(", ")}: docs/troubleshooting.md`);
  return kept(agent, error);
}

/** A cancel is not an error: it is printed as plain text, with what failed during the clean-up, if anything did. */
export function reportCancel(agent: Told, reason: unknown, error: unknown): Failure {
  const { log } = agent;
  log.info(sentence(reason));
  if (error !== reason && error instanceof TaskError && error.kind !== "canceled") log.info(sentence(error));
  return kept(agent, reason);
}

function kept({ log }: Told, error: unknown): Failure {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    log.debug(cause.stack ?? String(cause));
  }
  return failureOf(error);
}

/** The part of an error that a record keeps. */
export function failureOf(error: unknown): Failure {
  const faults = faultsOf(error);
  const first = faults[0];
  return {
    message: redact(faults.map((fault) => (fault instanceof TaskError ? fault.message : sentence(fault))).join("\n")),
    ...(first instanceof TaskError && first.hint !== undefined ? { hint: redact(first.hint) } : {}),
    ...(first instanceof TaskError && first.requestId !== undefined ? { requestId: first.requestId } : {}),
    ...(first instanceof TaskError && first.errorCode !== undefined ? { code: first.errorCode } : {}),
  };
}

const faultsOf = (error: unknown): readonly unknown[] => (error instanceof TaskErrors ? error.errors : [error]);

/** The text of an issue. The agent prints file and line itself, so they are cut from the sentence. */
function withoutPlace(fault: unknown): string {
  const text = sentence(fault);
  const { where } = fault instanceof TaskError ? fault : {};
  if (where?.line === undefined) return text;
  const place = `${formatLocation(where)}: `;
  return text.startsWith(place) ? text.slice(place.length) : text;
}

/** Most characters of an error's message: parts of it may be text of others. */
const LONGEST = 14_000;
const cut = (text: string) => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST)} … (cut)`);

/** Message, hint and request id as one text. */
function sentence(error: unknown): string {
  if (!(error instanceof TaskError)) {
    const message = error instanceof Error ? error.message : String(error);
    return `Unexpected: ${cut(message)} This is a fault of the task; run the pipeline with system.debug=true and report the log.`;
  }
  const parts = [cut(error.message)];
  if (error.hint !== undefined) parts.push(error.hint);
  if (error.requestId !== undefined) parts.push(`(request id ${error.requestId})`);
  // A message of several lines ends with a log of others, so the hint stands before it.
  return parts.join(error.message.includes("\n") ? "\n" : " ");
}
