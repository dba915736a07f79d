// Findings of a preflight: one line for each thing that was looked at, in the log, in the record and in the error.
// Tests: test/lib/ml/preflight/quota.test.ts, test/bundle/preflight.test.ts
import { TaskError, TaskErrors } from "../../errors.ts";
import type { Log } from "../../log.ts";

/**
 * - `passed`: as it should be
 * - `failed`: the service is certain to refuse it, or it can never begin
 * - `warned`: likely to fail, or to wait
 * - `notAsked`: could not be looked at; the run goes on
 */
type FindingOutcome = "passed" | "failed" | "warned" | "notAsked";

export interface Finding {
  /** The same in every run: `quota blue`, `compute cpu-cluster`. */
  readonly id: string;
  readonly outcome: FindingOutcome;
  readonly answered: string;
  readonly remedy?: string;
}

const WORDS: Readonly<Record<FindingOutcome, string>> = {
  passed: "ok",
  failed: "FAILED",
  warned: "warning",
  notAsked: "not checked",
};

/** A line each in the log; what is likely to go wrong is a warning of the step. */
export function sayFindings(log: Log, findings: readonly Finding[], milliseconds: number): void {
  for (const { id, outcome, answered, remedy } of findings) {
    const next = remedy === undefined || outcome === "passed" ? "" : ` ${remedy}`;
    if (outcome === "warned") log.warn(`Preflight, ${id}: ${answered}${next}`);
    else log.remote(`Preflight: ${WORDS[outcome].padEnd(11)} ${id}: ${answered}${next}`);
  }
  log.debug(`Preflight: ${findings.length} checks in ${Math.round(milliseconds)} ms.`);
}

/**
 * @param stands what there is now, as a sentence: "The job was not begun, and nothing was changed."
 * @throws TaskErrors with an error for each finding that failed
 */
export function requireNoFailure(findings: readonly Finding[], stands: string): void {
  const errors = findings
    .filter(({ outcome }) => outcome === "failed")
    .map(
      ({ id, answered, remedy = "" }) =>
        new TaskError("conflict", `${id}: ${answered}`, {
          errorCode: "AML1213",
          hint: `${remedy} ${stands} The input preflight: off leaves these checks out.`.trim(),
        }),
    );
  if (errors.length === 1 && errors[0]) throw errors[0];
  if (errors.length > 1) throw new TaskErrors(errors);
}
