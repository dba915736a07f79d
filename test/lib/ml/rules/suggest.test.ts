// Suggestions for wrong rules: each slip with the rule that was meant, and none where nothing fits.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import { parseRules } from "../../../../lib/ml/gate/rules.ts";

function hintOf(text: string): string {
  try {
    parseRules(text);
  } catch (error) {
    assert.ok(error instanceof TaskError);
    assert.equal(error.kind, "input");
    return error.hint ?? "";
  }
  return assert.fail(`${text} is a rule`);
}

describe("a wrong rule is answered by the one that was meant", () => {
  const table: [string, string][] = [
    ["metrics.accuracy => 0.9", "metrics.accuracy >= 0.9"],
    ["metrics.accuracy = 1.0", "metrics.accuracy == 1.0"],
    ["metrics.accuracy ≥ 0.9", "metrics.accuracy >= 0.9"],
    ["r2 > 0.9", "metrics.r2 > 0.9"],
    ["metric.r2 > 0.9", "metrics.r2 > 0.9"],
    ["metrics.auc >= champoin.auc", "metrics.auc >= champion.auc"],
    ['metrics.accuracy >= "0.9"', "metrics.accuracy >= 0.9"],
    ["metrics.accuracy >= 90%", "metrics.accuracy >= 0.9"],
    ["metrics.accuracy >= 0,9", "metrics.accuracy >= 0.9"],
    ["metrics.auc > 0.9 and metrics.f1 > 0.8", "metrics.auc > 0.9 && metrics.f1 > 0.8"],
    ["metrics.auc > 0.9 or metrics.f1 > 0.8", "metrics.auc > 0.9 || metrics.f1 > 0.8"],
    ["not has(metrics.auc)", "!has(metrics.auc)"],
    ["0.8 < metrics.auc < 0.9", "0.8 < metrics.auc && metrics.auc < 0.9"],
    ["metrics.f1-score > 0.9", "metrics['f1-score'] > 0.9"],
    ["metrics.val/auc > 0.9", "metrics['val/auc'] > 0.9"],
    ["metrics.f1 score > 0.9", "metrics['f1 score'] > 0.9"],
    ["metrics[auc] > 0.9", "metrics['auc'] > 0.9"],
    ["metrics.auc > 0.9;", "metrics.auc > 0.9"],
    ["auc => 0.9 and f1 => 0.8", "metrics.auc >= 0.9 && metrics.f1 >= 0.8"],
    ["metrics[“auc”] > 0.9", 'metrics["auc"] > 0.9'],
  ];
  const others: [string, string][] = [
    ["metrics.accuracy above 0.9", "metrics.accuracy > 0.9"],
    ["metrics.auc is at least 0.9", "metrics.auc >= 0.9"],
    ["metrics.auc between 0.8 and 0.9", "metrics.auc >= 0.8 && metrics.auc <= 0.9"],
    ["if metrics.auc > 0.9", "metrics.auc > 0.9"],
    ["metrics.auc >== 0.9", "metrics.auc >= 0.9"],
    ["metrics.auc > champion", "metrics.auc > champion.auc"],
    ["metrics->auc > 0.9", "metrics.auc > 0.9"],
    ["metrics(auc) > 0.9", "metrics['auc'] > 0.9"],
    ["metrics.'val/auc' > 0.9", "metrics['val/auc'] > 0.9"],
    ["metrics.auc > 0.9 # good", "metrics.auc > 0.9"],
    ["${{ metrics.auc }} > 0.9", "metrics.auc > 0.9"],
    ["metrics.auc >= 0.9, metrics.f1 >= 0.8", "metrics.auc >= 0.9 && metrics.f1 >= 0.8"],
    ["metrics.n in [3, 4]", "metrics.n in [3.0, 4.0]"],
    ["len(history.loss) > 3", "size(history.loss) > 3"],
    ["not metrics.auc < 0.5", "!(metrics.auc < 0.5)"],
    ["(metrics.auc > 0.9", "(metrics.auc > 0.9)"],
    ["metrics.auc > 0.9 &&", "metrics.auc > 0.9"],
    ["metrics.auc is not None", "has(metrics.auc)"],
    ["improves(metrics.auc, 0.95)", "improves(metrics.auc, champion.auc, 0.95)"],
    ["slices(f1).worst > 0.7", "slices('f1/').worst > 0.7"],
    ["comparisons.passed", "comparison.passed"],
    ["report.drift.share < 0.3", "reports.drift.share < 0.3"],
    ["metrics.auc > 1/2", "metrics.auc > 1.0/2"],
  ];
  for (const [wrong, meant] of [...table, ...others])
    it(wrong, () => {
      assert.ok(hintOf(wrong).startsWith(`Did you mean ${meant} ? Rules look like `), hintOf(wrong));
      assert.equal(parseRules(meant).length, 1);
    });

  it("where a division of whole numbers would lose its rest without a word", () => {
    assert.throws(
      () => parseRules("metrics.auc > (1 + 1) / 4"),
      /the rule .* divides whole numbers, which leaves the rest out: \(1 \+ 1\) \/ 4/,
    );
    for (const rule of [
      "metrics.auc > 1.0 / 2",
      "metrics.auc > 1 / 2.0",
      "metrics.n > 4 / 2",
      "size(history.loss) / 2 > 1",
    ])
      assert.equal(parseRules(rule).length, 1, rule);
  });

  it("and by how rules look, where no correction makes a rule of it", () => {
    for (const wrong of ["the model is good", "metrics.auc >", "(((", "[1]", "metrics.auc + ", "'=>'"])
      assert.doesNotMatch(hintOf(wrong), /Did you mean/, wrong);
  });

  it("without a change in a text in quotes", () => {
    assert.match(hintOf("metrics['a => b'] => 0.9"), /^Did you mean metrics\['a => b'\] >= 0\.9 \?/);
  });
});
