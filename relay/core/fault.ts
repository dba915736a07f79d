// Errors between an event and a run, by what happens next: retry, dead letter or stop.

import { PASSING_STATUSES } from "../../lib/passing-statuses.ts";

/**
 * - `temporary`: the same call may succeed later; nothing was started.
 * - `unknown`: the call may or may not have started something (the answer was lost); try again, looking first where that is possible.
 * - `permanent`: the same call will fail again until somebody changes something; it goes to the dead letters.
 */
export type FaultKind = "temporary" | "unknown" | "permanent";

export interface FaultOptions {
  /** The remedy, as a sentence. */
  readonly hint?: string;
  /** HTTP status of the answer, where there was one. */
  readonly status?: number;
  /** Milliseconds that the service asked us to wait. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** A failure with a whole sentence as its message. */
export class RelayFault extends Error {
  readonly kind: FaultKind;
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly retryAfter: number | undefined;

  constructor(kind: FaultKind, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RelayFault";
    this.kind = kind;
    this.hint = options.hint;
    this.status = options.status;
    this.retryAfter = options.retryAfter;
  }
}

/** Whether an answer of this status may be another one later. 501 and its like are not asked again at once, and are not given up. */
export const passes = (status: number): boolean => PASSING_STATUSES.has(status) || status >= 500;

/** The message and, where there is one, the hint. */
export function describeFault(error: unknown): string {
  if (error instanceof RelayFault) return error.hint === undefined ? error.message : `${error.message} ${error.hint}`;
  return error instanceof Error ? error.message : String(error);
}

/** Anything thrown, as a fault: an unexpected error is retried and not given up. */
export function asFault(error: unknown): RelayFault {
  if (error instanceof RelayFault) return error;
  return new RelayFault("unknown", describeFault(error), { cause: error });
}
