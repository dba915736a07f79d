// Evaluate metrics, as shipped, by more than chance: predictions of rows, scores of folds and reports that jobs wrote, read where they are.
import assert from "node:assert/strict";
import { jobService } from "../../local/azure/jobs/service.ts";
import { assertSucceeded, Bench } from "../harness/bench.ts";
import { logging } from "../harness/logging.ts";

type Document = Readonly<Record<string, unknown>>;

/** A command that writes files below outputs/ and logs metrics. */
function writing(files: Readonly<Record<string, string>>, metrics: Readonly<Record<string, number | string>>): string {
  const written = Object.entries(files).map(
    ([name, text]) => `echo ${Buffer.from(text).toString("base64")} | base64 -d > outputs/${name}`,
  );
  return ["mkdir -p outputs", ...written, logging(metrics)].join(" && ");
}
const command = (text: string): Document => ({
  ...{ type: "command", command: text, environment: { image: "ubuntu" }, compute: "azureml:cpu-cluster" },
});

/** Scores of 300 rows: those of a better model tell positive rows further from the others. */
function predictions(gap: number): string {
  const rows = Array.from({ length: 300 }, (_, at) => {
    const label = at % 2;
    const score = label * gap + ((at * 7919) % 300) / 300;
    return `${at},${label},${score.toFixed(6)}`;
  });
  return `id,y,p\n${rows.join("\n")}\n`;
}

const RESULTS = "auc: outputs/predictions.csv label=y score=p key=id";
const IMPROVES = "improves(metrics.auc, champion.auc, 0.95)";

describe("AzureMLEvaluateMetrics judges by more than chance", () => {
  let bench: Bench;
  let champion: string;
  let better: string;
  before(async () => {
    bench = await Bench.open();
    champion = await submitted(
      command(writing({ "predictions.csv": predictions(0.3) }, { auc: 0.8, f1: "0.70 f1=0.71 f1=0.69" })),
    );
    better = await submitted(
      command(
        writing(
          {
            "predictions.csv": predictions(0.6),
            "evidently.json": JSON.stringify({
              metrics: [{ metric: "DatasetDriftMetric", result: { drift_share: 0.1 } }],
            }),
            "junit.xml": '<testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite>',
          },
          { auc: 0.9, f1: "0.75 f1=0.77 f1=0.74", "auc/north": 0.88, "auc/south": 0.91, "rows/north": 120 },
        ),
      ),
    );
  });
  after(() => bench?.close());

  async function submitted(job: Document): Promise<string> {
    const run = await bench.run(
      "SubmitJob",
      { jobFile: "job.yml", wait: "false" },
      { files: { "job.yml": JSON.stringify(job) } },
    );
    assertSucceeded(run);
    const name = run.outputs["jobName"]!;
    await jobService(bench.cloud.azure).ended(name);
    return name;
  }
  const gate = (jobName: string, rules: string, more: Document = {}) =>
    bench.run("EvaluateMetrics", {
      ...{ jobName, rules, metricsTimeoutInSeconds: "1", champion: `job:${champion}`, results: RESULTS },
      ...more,
    });

  it("of rows: a better model passes, and the sentence has the difference, its interval and the test", async () => {
    const run = await gate(better, IMPROVES);
    assertSucceeded(run);
    assert.match(
      run.record?.gate?.rules[0]?.detail ?? "",
      /^auc is 0\.\d+ against 0\.\d+ of the champion .*: better by 0\.\d+, with 95 % confidence by more than 0 \(90 % interval .*; DeLong's test over 300 rows; p = /,
    );
  });

  it("of rows: the same model twice does not pass", async () => {
    const run = await gate(champion, IMPROVES);
    assert.equal(run.result, "Failed");
    assert.match(run.record?.gate?.rules[0]?.detail ?? "", /no difference, which is no improvement/);
    assertSucceeded(await gate(champion, "notWorse(metrics.auc, champion.auc, 0.01, 0.95)"));
  });

  it("of folds in the history of a metric", async () => {
    const results = "f1: history by=folds ratio=0.5";
    const run = await gate(better, "improves(metrics.f1, champion.f1, 0.9)", { results });
    assertSucceeded(run);
    assert.match(run.record?.gate?.rules[0]?.detail ?? "", /corrected resampled t-test over 3 folds/);
  });

  it("and says where there is not enough data, as an outcome of its own", async () => {
    const single = await submitted(command(writing({ "scores.json": "[0.9, 0.91]" }, { auc: 0.9 })));
    const run = await gate(single, IMPROVES, {
      champion: `job:${single}`,
      results: "auc: outputs/scores.json by=seeds",
    });
    assert.equal(run.result, "Failed");
    const [rule] = run.record?.gate?.rules ?? [];
    assert.deepEqual([rule?.outcome, rule?.undecided], ["failed", true]);
    assert.match(rule?.detail ?? "", /^Not enough data: there are 2 seeds, and 3 are needed\./);
  });

  it("and names the job and the file where one of them has none", async () => {
    const run = await gate(better, IMPROVES, { results: "auc: outputs/other.csv label=y score=p" });
    assert.equal(run.result, "Failed");
    assert.match(run.record?.gate?.rules[0]?.detail ?? "", /has no file outputs\/other\.csv among its artifacts\.$/);
  });

  it("and refuses a rule whose results no input names, before any request", async () => {
    const run = await gate(better, IMPROVES, { results: "" });
    assert.equal(run.result, "Failed");
    assert.match(
      run.log,
      /Input rules, line 1: the rule asks whether auc is better beyond chance, and the input results/,
    );
  });

  it("reads the job's reports", async () => {
    const reports = "drift=outputs/evidently.json\ntests=outputs/junit.xml";
    const rules = "reports.drift.DatasetDriftMetric.drift_share < 0.3\nreports.tests.failures == 0";
    const run = await gate(better, rules, { reports });
    assert.equal(run.result, "Failed");
    assert.deepEqual(
      run.record?.gate?.rules.map(({ outcome, detail }) => [outcome, detail]),
      [
        ["passed", "reports.drift.DatasetDriftMetric.drift_share is 0.1. 0.1 is less than 0.3."],
        ["failed", "reports.tests.failures is 1.0. 1 is not equal to 0."],
      ],
    );
  });

  it("judges the worst slice, and waits for slices that are late", async () => {
    const run = await gate(better, "slices('auc/', 2).worst >= 0.85");
    assertSucceeded(run);
    assert.match(
      run.record?.gate?.rules[0]?.detail ?? "",
      /^The worst of 2 slices is auc\/north with 0\.88 over 120 rows/,
    );
    const late = await gate(better, "slices('auc/', 3).worst >= 0.85");
    assert.equal(late.result, "Failed");
    assert.match(late.log, /Waiting for the metrics auc\/\* of /);
  });
});
