// Strategies read from the task's inputs: shares that rise, a mirror that Azure takes, names of alert rules.
import assert from "node:assert/strict";
import { readSteps, readStrategy } from "../../../../lib/ml/rollout/strategy.ts";

const inputs = {
  strategy: "canary" as const,
  steps: "10, 50, 100",
  bakeMinutes: 10,
  canaryRules: undefined,
  minimumRequests: 100,
  failureLimit: 0,
  alertRules: undefined,
  onInconclusive: "wait" as const,
  advance: "all" as const,
  mirrorPercent: 10,
};

describe("a strategy", () => {
  it("is read with its shares, minutes and alert rules", () => {
    const canary = readStrategy({ ...inputs, alertRules: "errors\n slow , errors" });
    assert.ok(canary.kind === "canary");
    assert.deepEqual([canary.steps, canary.bake, canary.alerts], [[10, 50, 100], 600_000, ["errors", "slow"]]);
    assert.deepEqual(readStrategy({ ...inputs, strategy: "blueGreen" }), { kind: "blueGreen" });
    const shadow = readStrategy({ ...inputs, strategy: "shadow", mirrorPercent: 50 });
    assert.ok(shadow.kind === "shadow" && shadow.percent === 50);
  });

  it("takes shares as people write them", () => {
    for (const text of ["10,50,100", "10 50 100", "10%; 50% ;100%", "\n10\n50\n100\n"]) {
      assert.deepEqual(readSteps(text), [10, 50, 100]);
    }
  });

  it("refuses shares that are none, do not rise or are too many, and says what to write", () => {
    const cases: readonly [string, RegExp][] = [
      ["", /is empty/],
      ["0, 50", /"0", which is no share/],
      ["10, 101", /"101"/],
      ["10, -5", /"-5"/],
      ["10, 5.5", /"5\.5"/],
      ["10, ten", /"ten"/],
      ["10, 10", /goes from 10 to 10 %/],
      ["50, 10", /goes from 50 to 10 %/],
      [Array.from({ length: 11 }, (_, at) => at + 1).join(), /has 11 shares/],
    ];
    for (const [text, words] of cases) assert.throws(() => readSteps(text), words);
  });

  it("refuses a mirror that Azure refuses, only where one is wanted", () => {
    for (const mirrorPercent of [0, 51, 2.5]) {
      assert.throws(() => readStrategy({ ...inputs, strategy: "shadow", mirrorPercent }), /mirrors 1 to 50 %/);
    }
  });
});
