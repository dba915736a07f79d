// The input results: what each line says, and the sentence for each that is incomplete.
import assert from "node:assert/strict";
import { TaskError, TaskErrors } from "../../../../lib/errors.ts";
import { betterOf, parseResults } from "../../../../lib/ml/gate/results-input.ts";

const one = (text: string) => {
  const [source] = parseResults(text);
  assert.ok(source);
  return source;
};

describe("the input results", () => {
  it("names files by row, and histories by fold and seed", () => {
    assert.deepEqual(
      parseResults("# remark\nauc: outputs/p.csv label=y score=p\n\nval_rmse: history by=folds ratio=1/9"),
      [
        {
          ...{
            metric: "auc",
            from: { file: "outputs/p.csv" },
            by: "rows",
            better: "higher",
            testToTrain: 0,
            test: "t",
          },
          ...{ rowMetric: "auc", columns: { label: "y", prediction: "p" } },
        },
        {
          ...{ metric: "val_rmse", from: "history", by: "folds", better: "lower", testToTrain: 1 / 9, test: "t" },
          ...{ rowMetric: "rmse", columns: {} },
        },
      ],
    );
    const quoted = one('f1: "outputs/my rows.csv" label=y prediction="the answer" positive=yes key=id');
    assert.deepEqual(quoted.from, { file: "outputs/my rows.csv" });
    assert.deepEqual(quoted.columns, { label: "y", prediction: "the answer", key: "id" });
    assert.equal(quoted.positive, "yes");
    assert.equal(one("pinball: l.csv value=loss key=id better=lower").rowMetric, "value");
    assert.equal(one("a/b c: history by=seeds better=higher test=wilcoxon").metric, "a/b c");
    assert.equal(one("quality: p.csv label=y prediction=p as=f1").better, "higher");
  });

  const faults: [string, RegExp][] = [
    ["auc", /^Input results, line 1: auc names no metric before a colon\.$/],
    ["auc: p.csv", /auc does not say what its values stand for: by=folds, by=seeds or by=rows/],
    ["auc: p.csv label=y", /auc by rows needs label= and score=, or value=/],
    ["f1: p.csv prediction=y by=rows", /f1 by rows needs label= and prediction=, or value=/],
    ["auc: history by=folds", /auc by folds needs the ratio of test rows to training rows: ratio=1\/9/],
    ["auc: history by=folds ratio=1/0", /needs the ratio/],
    ["auc: history by=rows", /a history has no rows/],
    ["auc: history by=runs", /by=runs is none of folds, seeds, rows/],
    ["auc: history by=folds ratio=0.25 test=wilcoxon", /Wilcoxon's test does not know of training sets that overlap/],
    ["auc: /etc/passwd by=seeds", /\/etc\/passwd is no path of a file among the job's artifacts/],
    ["auc: ../x.csv by=seeds", /is no path/],
    ["zeal: p.csv label=y prediction=p", /the name zeal does not say which metric it is/],
    ["zeal: history by=seeds", /nothing says whether a higher zeal is better; write better=higher or better=lower/],
    ["loss: p.csv value=l", /values of rows are paired by a column: write key=/],
    ["auc: history by=seeds ratio=1/9", /ratio= says nothing here: it belongs to by=folds/],
    ["auc: history by=seeds positive=yes", /positive= says nothing here: it belongs to rows with label=/],
    ["auc: p.csv by=folds ratio=1/9 key=id", /key= says nothing here: it belongs to rows/],
    ["auc: p.csv label=y score=p test=wilcoxon", /test= says nothing here: it belongs to by=seeds and by=folds/],
    ["loss: p.csv value=l key=id label=y", /label= says nothing here: it belongs to rows without value=/],
    ["auc: p.csv label=y score=p label=z", /it has label= twice/],
    ["auc: p.csv label=y score=p prediction=q", /score= and prediction= are two names of one column/],
    ["auc: p.csv lable=y", /lable=y is none of by=, ratio=, label=/],
    ["auc: history by=seeds\nauc: p.csv by=seeds", /it has two lines for the metric auc/],
  ];
  for (const [text, expected] of faults)
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parseResults(text),
        (error) => error instanceof TaskError && error.errorCode === "AML1511" && expected.test(error.message),
      );
    });

  it("names every line that is at fault", () => {
    assert.throws(() => parseResults("auc\nauc: p.csv"), TaskErrors);
  });

  it("knows directions by whole words of a name", () => {
    assert.deepEqual(
      ["auc", "val/auc", "test_log_loss", "RMSE", "glossary", "mAP", "f1-macro", "loss", "lossless"].map(betterOf),
      ["higher", "higher", "lower", "lower", undefined, "higher", "higher", "lower", undefined],
    );
  });

  it("knows no direction by a name that turns a metric round, or measures its spread", () => {
    for (const name of [
      ...["neg_log_loss", "neg_mean_squared_error", "val/negative_mae", "accuracy_gap", "auc_std", "accuracy_drop"],
      ...["f1_disparity", "fpr_at_95_recall", "loss_reduction", "recall_difference", "auc-variance", "drift_score"],
      ...["anomaly_score", "false_positive_error_improvement"],
    ])
      assert.equal(betterOf(name), undefined, name);
    assert.throws(() => parseResults("neg_log_loss: history by=seeds"), /write better=higher or better=lower/);
    assert.equal(one("neg_log_loss: history by=seeds better=higher").better, "higher");
    // The metric of rows is worked out from them, so it has the direction of what is worked out.
    assert.throws(
      () => parseResults("neg_log_loss: p.csv label=y score=p"),
      /does not say which metric it is; write as=/,
    );
    assert.equal(one("neg_log_loss: p.csv label=y score=p as=log_loss").better, "lower");
    assert.throws(
      () => parseResults("neg_log_loss: p.csv label=y score=p as=log_loss better=higher"),
      /a lower log_loss of rows is better, and better=higher says otherwise/,
    );
    assert.deepEqual(
      ["r2_score", "f1_score", "roc_auc_score", "brier_score", "average_precision_score", "score"].map(betterOf),
      ["higher", "higher", "higher", "lower", "higher", "higher"],
    );
  });
});
