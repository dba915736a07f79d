// The lines of a setup as the log tells them, and as the error that fails the step.
// Tests: test/bundle/check-setup.test.ts
import { TaskError, TaskErrors } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { CheckLine, CheckOutcome } from "./page.ts";

const WORDS: Readonly<Record<CheckOutcome, string>> = {
  passed: "ok",
  failed: "FAILED",
  warned: "warning",
  notAsked: "not asked",
  notNeeded: "not needed",
};

/** One line each: what is right shortly, what is not with what to do. */
export function sayChecks(log: Log, checks: readonly CheckLine[]): void {
  for (const { id, outcome, answered, remedy } of checks) {
    const next = remedy === undefined || outcome === "passed" ? "" : ` ${remedy}`;
    log.remote(`${WORDS[outcome].padEnd(10)} ${id}: ${answered}${next}`);
  }
  log.info("Nothing was changed. The whole table is on the run's Extensions tab.");
}

/** An error for each line that failed. */
export function failuresOf(checks: readonly CheckLine[]): TaskErrors {
  return new TaskErrors(
    checks
      .filter(({ outcome }) => outcome === "failed")
      .map(
        ({ id, answered, remedy }) =>
          new TaskError("failed", `${id}: ${answered}`, {
            errorCode: "AML1904",
            ...(remedy === undefined ? {} : { hint: remedy }),
          }),
      ),
  );
}
