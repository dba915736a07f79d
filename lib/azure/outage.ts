// Waiting through an outage: what runs in Azure goes on while nobody there answers, so a wait that has begun does not end
// with the first look that fails.
import { TaskError } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Clock, type Look, systemClock } from "../poll.ts";
import { NoAnswer } from "./answers.ts";
import { PASSING_STATUSES } from "./retry.ts";

/** Milliseconds since the last look that was answered; each failed look has been tried several times by itself. */
const LONGEST = 10 * 60_000;

export interface OutageOptions {
  /** The awaited event: "the job amber_fox to end". */
  readonly what: string;
  readonly log: Log;
  readonly clock?: Clock | undefined;
  /** True once the service has answered; absent: the first look must succeed. */
  readonly begun?: boolean;
}

/** The same look, which returns "not yet" during an outage. */
export function throughOutages<T>(look: () => Promise<Look<T>>, options: OutageOptions): () => Promise<Look<T>> {
  const { what, log } = options;
  const { now } = options.clock ?? systemClock;
  let answered = options.begun ? now() : undefined;
  let isOut = false;
  return async () => {
    try {
      const seen = await look();
      answered = now();
      if (isOut) log.info(`Azure answers again; waiting for ${what}.`);
      isOut = false;
      return seen;
    } catch (error) {
      if (answered === undefined || !mayPass(error) || now() - answered >= LONGEST) throw error;
      if (!isOut) log.warn(`Azure cannot be asked at the moment. Still waiting for ${what}. ${error.message}`);
      isOut = true;
      return { done: false };
    }
  };
}

/** An outage: no answer, an answer that is none, or a status that passes. A refusal of Entra has a code and no status. */
function mayPass(error: unknown): error is TaskError {
  if (!(error instanceof TaskError)) return false;
  if (error instanceof NoAnswer) return true;
  if (error.status !== undefined) return PASSING_STATUSES.has(error.status);
  return error.kind === "connection" && error.code === undefined;
}
