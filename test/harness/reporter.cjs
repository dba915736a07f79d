// Mocha's spec reporter, and a last line that says in plain words how many tests passed and failed. A test that passed only
// when it was tried again is named before it: such a test is a fault too, even though it stops nobody.
"use strict";
const { reporters, Runner } = require("mocha");

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const again = [];
    runner.on(Runner.constants.EVENT_TEST_RETRY, (test, error) => {
      again.push(`${test.fullTitle()}: ${error?.message?.split("\n")[0] ?? "no message"}`);
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      process.on("exit", () => {
        for (const each of again) console.log(`tried again: ${each}`);
        console.log(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ""}`);
      });
    });
  }
};
