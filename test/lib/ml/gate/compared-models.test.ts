// Rules over the comparison that an earlier step made: which one counts, and the sentence where none does.
import assert from "node:assert/strict";
import { TaskError } from "../../../../lib/errors.ts";
import type { ComparedModels, ComparisonsOfRun } from "../../../../lib/ml/gate/compared-models.ts";
import { judge, parseRules } from "../../../../lib/ml/gate/rules.ts";

const compared: ComparedModels = {
  ...{ passed: true, outcome: "better", challenger: "the output model of the job train", challengerJob: "train" },
  ...{ champion: "house:3", championJob: "old", data: "holdout:1", metric: "auc", confidence: 0.95, rows: 400 },
  ...{ championValue: 0.8, challengerValue: 0.85, difference: 0.05, low: 0.02, high: 0.08, pValue: 0.001 },
  detail: "The challenger is better. AUC 0.85 against 0.8.",
};
const run = (more: Partial<ComparisonsOfRun> = {}): ComparisonsOfRun => ({
  ...{ comparisons: [compared], unread: [], jobName: "train", ...more },
});
function judged(text: string, comparisons: ComparisonsOfRun | null = run()) {
  const [rule] = parseRules(text);
  assert.ok(rule);
  return judge(rule, { metrics: {}, history: {}, ...(comparisons ? { comparisons } : {}) });
}

describe("a rule over the comparison of an earlier step", () => {
  const worse: ComparedModels = { ...compared, passed: false, outcome: "worse", difference: -0.05, low: -0.08 };
  const { challengerJob: _job, ...unmade } = compared;
  const { championJob: _old, ...unstated } = compared;
  const shared: ComparedModels = { ...unstated, champion: "shared/house:3" };
  const house = { name: "house:3", jobName: undefined };
  const table: [string, ComparisonsOfRun | null, "passed" | "failed", RegExp][] = [
    [
      "comparison.passed",
      run(),
      "passed",
      /^The comparison by auc on holdout:1 \(better\): The challenger is better\./,
    ],
    ["comparison.auc.low > 0.01 && comparison.outcome == 'better'", run(), "passed", /is more than 0\.01/],
    ["comparison.rows >= 400 && comparison.data == 'holdout:1'", run(), "passed", /at least 400/],
    ["!comparison.passed", run(), "failed", /^The comparison by auc/],
    ["comparison.passed", run({ comparisons: [worse] }), "failed", /\(worse\)/],
    ["comparison.passed", run({ comparisons: [worse, compared] }), "passed", /\(better\)/],
    ["comparison.passed", run({ comparisons: [compared, worse] }), "failed", /\(worse\)/],
    ["comparison.passed", run({ comparisons: [] }), "failed", /No earlier step of this run has compared models/],
    ["comparison.mse.passed", run(), "failed", /No earlier step of this run has compared models by mse/],
    ["comparison.passed || 1 == 1", run({ comparisons: [] }), "failed", /No earlier step/],
    ["comparison.passed", run({ jobName: "other" }), "failed", /is of the job other; there is .*made by the job train/],
    ["comparison.passed", run({ comparisons: [unmade] }), "failed", /which job made it is not known/],
    [
      "comparison.passed",
      run({ unread: ["No record arrived of Compare."] }),
      "failed",
      /is not known\. No record arrived of Compare\./,
    ],
    ["comparison.passed", run({ champion: { name: "house:3", jobName: undefined } }), "passed", /better/],
    ["comparison.passed", run({ champion: { name: "old", jobName: "old" } }), "passed", /better/],
    [
      "comparison.passed",
      run({ champion: { name: "house:4", jobName: "new" } }),
      "failed",
      /was with house:3, and the champion is house:4/,
    ],
    [
      "comparison.passed",
      run({ comparisons: [shared], champion: { ...house, registry: "shared" } }),
      "passed",
      /better/,
    ],
    [
      "comparison.passed",
      run({ comparisons: [shared], champion: { ...house, registry: "SHARED" } }),
      "passed",
      /better/,
    ],
    [
      "comparison.passed",
      run({ comparisons: [shared], champion: house }),
      "failed",
      /was with shared\/house:3, and the champion is house:3/,
    ],
    [
      "comparison.passed",
      run({ comparisons: [shared], champion: { ...house, registry: "other" } }),
      "failed",
      /was with shared\/house:3, and the champion is other\/house:3/,
    ],
    [
      "comparison.passed",
      run({ champion: { ...house, registry: "shared" } }),
      "failed",
      /was with house:3, and the champion is shared\/house:3/,
    ],
    [
      "comparison.passed",
      run({ champion: { name: "house:3", jobName: "old", workspace: "staging" } }),
      "failed",
      /was with house:3, and the champion is house:3 of the workspace staging/,
    ],
    [
      "comparison.passed",
      run({ comparisons: [compared, { ...compared, metric: "brier" }] }),
      "failed",
      /several times: by auc on holdout:1, by brier on holdout:1\. Name the metric: comparison\.auc\.passed\./,
    ],
    ["comparison.auc.passed", run({ comparisons: [compared, { ...compared, metric: "brier" }] }), "passed", /by auc/],
    [
      "comparison.auc.passed",
      run({ comparisons: [compared, { ...compared, data: "holdout:2" }] }),
      "failed",
      /several times: by auc on holdout:1, by auc on holdout:2, and which one counts is not known/,
    ],
    ["comparison.passed", null, "failed", /^No comparison of models could be looked for\.$/],
  ];
  for (const [text, given, outcome, says] of table)
    it(`${text}: ${says.source.slice(0, 50)}`, () => {
      const found = judged(text, given);
      assert.equal(found.outcome, outcome, found.detail);
      assert.match(found.detail, says);
    });

  it("has no numbers where there was not enough data, and passes by none", () => {
    const { difference: _, low: _low, ...rest } = compared;
    const few = run({ comparisons: [{ ...rest, passed: false, outcome: "notEnoughData", detail: "20 rows." }] });
    assert.deepEqual(
      [judged("comparison.low > -1.0", few).outcome, judged("comparison.low > -1.0", few).undecided],
      ["failed", true],
    );
    assert.equal(judged("comparison.outcome == 'notEnoughData'", few).outcome, "failed");
    assert.equal(judged("!comparison.passed", few).outcome, "failed");
  });

  for (const [text, says] of [
    ["comparison.better == true", /a comparison has no better/],
    ["comparison.auroc.passed", /a comparison has no auroc\.passed/],
    ["size(comparison) > 0", /comparison is no value by itself/],
    ["has(comparison.passed)", /has\(\) asks after metrics, and a run without a comparison fails its rule/],
  ] as const)
    it(`refuses ${text}`, () => {
      assert.throws(
        () => parseRules(text),
        (error) => error instanceof TaskError && error.errorCode === "AML1505" && says.test(error.message),
      );
    });
});
