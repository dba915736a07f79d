// Faults of links: the permission that each takes, kept until the end of the step, where all are said in one warning.
// Tests: test/tasks/links.test.ts
import { TaskError } from "../../errors.ts";

/** The outcome of a read before the end, or its fault, which is said with those of the writes. */
export type Found<T> = { readonly value: T } | { readonly fault: Error };

/** A refused link, and the permission that it takes. */
export class LinkFault extends Error {
  readonly right: string;

  constructor(right: string, cause: Error) {
    super(cause.message, { cause });
    this.right = right;
  }
}

/** The status of the refusal; undefined where there was no answer. */
export function statusOf(error: unknown): number | undefined {
  const cause = error instanceof LinkFault ? error.cause : error;
  return cause instanceof TaskError ? cause.status : undefined;
}

/** Waits for work, and keeps its fault as a value. Never rejects. */
export const attempt = <T>(work: Promise<T>): Promise<Found<T>> =>
  work.then(
    (value) => ({ value }),
    (fault: Error) => ({ fault }),
  );
