// Mocha's spec reporter, and at the end why tests were skipped, and in plain words how many passed and failed.
"use strict";
const { reporters, Runner } = require("mocha");

/** What test/harness/needs.ts leaves in a test that it skips. */
const NEEDS = /^needs (.+)$/;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const skipped = new Map();
    runner.on(Runner.constants.EVENT_TEST_PENDING, ({ body }) => {
      const need = NEEDS.exec(body ?? "")?.[1] ?? "something that they do not say";
      skipped.set(need, (skipped.get(need) ?? 0) + 1);
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      process.on("exit", () => {
        for (const [need, count] of skipped)
          console.log(count === 1 ? `skipped: 1 test needs ${need}` : `skipped: ${count} tests need ${need}`);
        console.log(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ""}`);
      });
    });
  }
};
