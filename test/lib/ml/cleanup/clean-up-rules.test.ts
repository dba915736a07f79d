// The rules of a clean-up as the inputs give them: name patterns, numbers, and what is refused before anything is asked.
import assert from "node:assert/strict";
import { rulesOf } from "./worlds.ts";

const matched = (patterns: string, names: readonly string[]) =>
  names.filter((name) => rulesOf({ modelPatterns: patterns }).models?.(name));

describe("the rules of a clean-up", () => {
  it("match names by patterns, of which a later one takes out again", () => {
    const names = ["pr-1", "pr-main", "PR-2", "prod", "p.r", "pr-1-x"];
    assert.deepEqual(matched("pr-*", names), ["pr-1", "pr-main", "pr-1-x"]);
    assert.deepEqual(matched("pr-*\n!pr-main\n", names), ["pr-1", "pr-1-x"]);
    assert.deepEqual(matched("pr-?", names), ["pr-1"]);
    assert.deepEqual(matched("  prod  \r\n# pr-1\n", names), ["prod"]);
    assert.deepEqual(matched("[pP][rR]-[0-9]", names), ["pr-1", "PR-2"]);
  });

  it("take endpoints in any case, as Azure does, and assets in theirs", () => {
    assert.equal(rulesOf({ endpointPatterns: "PR-*" }).endpoints?.("pr-1"), true);
    assert.equal(rulesOf({ modelPatterns: "Churn" }).models?.("churn"), false);
  });

  it("match nothing that is no name", () => {
    for (const name of ["", ".", "..", "/", "../pr-1"])
      assert.equal(rulesOf({ modelPatterns: "*" }).models?.(name), false);
  });

  it("keep no version for a label where they say none", () => {
    assert.deepEqual(rulesOf({ keepLabels: " None " }).keepLabels, []);
    assert.deepEqual(rulesOf({ keepLabels: "champion,stage=live\n production" }).keepLabels, [
      "champion",
      "stage=live",
      "production",
    ]);
  });

  for (const [what, inputs, message] of [
    ["no pattern at all", { endpointPatterns: " \n", modelPatterns: undefined, dataPatterns: undefined }, /are empty/],
    ["a slash", { endpointPatterns: "team/*" }, /Input endpointPatterns has the pattern "team\/\*"/],
    ["a backslash", { dataPatterns: "\\!x" }, /Input dataPatterns has the pattern/],
    ["exceptions alone", { modelPatterns: "!prod" }, /Input modelPatterns only takes names out/],
    ["no version that stays", { keepVersions: 0 }, /Input keepVersions is 0; it must be a whole number from 1/],
    ["no hours", { idleHours: 0 }, /Input idleHours is 0/],
    ["more hours than Azure Monitor shows", { idleHours: 721 }, /Input idleHours is 721.* from 1 to 720/],
    ["no days", { deploymentDays: 0 }, /Input deploymentDays is 0/],
    ["no days of versions", { versionDays: 0 }, /Input versionDays is 0/],
    ["no change at all", { maxChanges: 0 }, /Input maxChanges is 0/],
    [
      "no label among labels",
      { keepLabels: "none, champion" },
      /Input keepLabels is "none, champion": none stands for/,
    ],
    ["half an hour", { idleHours: 0.5 }, /Input idleHours is 0\.5/],
  ] as const) {
    it(`are refused: ${what}`, () => assert.throws(() => rulesOf(inputs), message));
  }
});
