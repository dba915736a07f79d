// Logs of a plan, as long as a step makes them.
import assert from "node:assert/strict";
import { Plan } from "../../../../local/devops/state/plans.ts";

describe("a plan's log", () => {
  it("takes a million lines at once, in their order", () => {
    const plan = new Plan("build", () => 0);
    const log = plan.createLog("logs\\step");
    const text = Array.from({ length: 1_000_000 }, (_, index) => `line ${index}`).join("\r\n");
    plan.appendLog(log, `${text}\r\n`);
    plan.appendLog(log, "the last one");
    assert.equal(log.lines.length, 1_000_001);
    assert.equal(log.lines[999_999], "line 999999");
    assert.equal(log.lines[1_000_000], "the last one");
  });
});
