// Skips tests where the machine lacks something; the run's summary says what.

/** With this a skipped test's body begins, which is all of it that reaches the reporter from another process. */
const NEEDS = "needs ";

/** For `needs`: what tests on Node 24 need. */
export const NODE_24 = "Node 24, which npm brings to Linux on x64";

/**
 * Skips the test that runs unless the condition holds. No test is skipped otherwise.
 * @param what the test needs, as the summary says it after "need"
 */
export function needs(context: Mocha.Context, condition: unknown, what: string): asserts condition {
  if (condition) return;
  const test = context.test;
  if (test === undefined) throw new Error("Only a test can be skipped.");
  test.body = NEEDS + what;
  context.skip();
}
