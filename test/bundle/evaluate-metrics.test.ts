// Evaluate metrics, as shipped: rules, champions, each rule a test on the run, and what a failed gate does to the step.
import assert from "node:assert/strict";
import { jobService } from "../../local/azure/jobs/service.ts";
import { assertSucceeded, Bench, NODES, needsNode, type TaskRun } from "../harness/bench.ts";

describe("AzureMLEvaluateMetrics as shipped", () => {
  let bench: Bench;
  let good: string;
  let better: string;
  before(async () => {
    bench = await Bench.open();
    const submit = async (auc: number) => {
      const run = await bench.run("SubmitJob", {
        jobFile: "azureml/job.yml",
        overrides: `inputs.auc: ${auc}`,
        wait: "false",
      });
      assertSucceeded(run);
      return run.outputs["jobName"]!;
    };
    good = await submit(0.9);
    better = await submit(0.95);
    await Promise.all([good, better].map((name) => jobService(bench.cloud.azure).ended(name)));
  });
  after(() => bench?.close());

  /** What the pipeline run shows as tests. */
  const tests = ({ build }: TaskRun) =>
    bench.cloud.devops.testRuns.ofBuild(build.id).map(({ name, state, results }) => ({
      name,
      state,
      results: results.map(({ values }) => [values["testCaseTitle"], values["outcome"]]),
    }));

  for (const node of NODES) {
    it(`passes, and every rule is a test of the run (Node ${node})`, async function () {
      needsNode(this, node);
      const rules = "metrics.auc >= 0.9\n# of the history\nhistory.loss[0] > history.loss[2]";
      const run = await bench.run("EvaluateMetrics", { jobName: good, rules, testRunTitle: "Gate" }, { node });
      assertSucceeded(run);
      const { evidence, ...outputs } = run.outputs;
      assert.deepEqual(outputs, { passed: "true", champion: "" });
      assert.match(evidence ?? "", /the gate is open\*\*\n\nMetrics of /);
      assert.deepEqual(tests(run), [
        {
          name: "Gate",
          state: "Completed",
          results: [
            ["metrics.auc >= 0.9", "Passed"],
            ["history.loss[0] > history.loss[2]", "Passed"],
          ],
        },
      ]);
      assert.equal(run.record?.gate?.passed, true);
      assert.match(run.summaries[0]!, /metrics\.auc/);
    });
  }

  describe("where a rule does not hold", () => {
    const rules = "metrics.auc >= 0.5\nmetrics.auc > champion.auc";
    const inputs = () => ({ jobName: good, rules, champion: `job:${better}` });
    const sentence = () =>
      new RegExp(`metrics\\.auc = 0\\.9 is not more than champion\\.auc = 0\\.95 \\(of the champion ${better}`);
    const outcomes = [
      ["metrics.auc >= 0.5", "Passed"],
      ["metrics.auc > champion.auc", "Failed"],
    ];

    for (const node of NODES) {
      it(`onFail: fail fails the step, with the sentence and with its outputs (Node ${node})`, async function () {
        needsNode(this, node);
        const run = await bench.run("EvaluateMetrics", { ...inputs(), onFail: "fail" }, { node });
        assert.deepEqual([run.result, run.exitCode, run.jobResult], ["Failed", 0, "Failed"]);
        assert.equal(run.errors.length, 1);
        assert.match(run.errors[0]!, sentence());
        const { evidence, ...outputs } = run.outputs;
        assert.deepEqual(outputs, { passed: "false", champion: better });
        assert.match(evidence ?? "", /: the gate is closed\*\*/);
        assert.deepEqual(tests(run)[0]?.results, outcomes);
        assert.equal(run.record?.gate?.passed, false);
        assert.match(run.record?.error?.message ?? "", sentence());
      });
    }

    it("onFail: warn makes the step succeed with issues", async () => {
      const run = await bench.run("EvaluateMetrics", { ...inputs(), onFail: "warn" });
      assert.deepEqual([run.result, run.jobResult], ["SucceededWithIssues", "SucceededWithIssues"]);
      assert.deepEqual(run.errors, []);
      assert.match(run.warnings.join(), sentence());
      assert.equal(run.outputs["passed"], "false");
      assert.deepEqual(tests(run)[0]?.results, outcomes);
    });

    it("onFail: continue succeeds, and says so in the output alone", async () => {
      const run = await bench.run("EvaluateMetrics", { ...inputs(), onFail: "continue" });
      assertSucceeded(run);
      assert.equal(run.outputs["passed"], "false");
      assert.deepEqual(tests(run)[0]?.results, outcomes);
    });
  });

  it("measures against a registered model by the job that made it", async () => {
    assertSucceeded(await bench.run("RegisterModel", { name: "measured", jobName: better, outputName: "model" }));
    const run = await bench.run("EvaluateMetrics", {
      jobName: good,
      rules: "metrics.auc >= champion.auc - 0.1",
      champion: "model:measured@latest",
    });
    assertSucceeded(run);
    assert.equal(run.outputs["champion"], "measured:1");
  });

  it("fails closed where there is no champion, unless told to skip", async () => {
    const inputs = { jobName: good, rules: "metrics.auc > champion.auc", champion: "endpoint:nowhere" };
    const closed = await bench.run("EvaluateMetrics", inputs);
    assert.equal(closed.result, "Failed");
    assert.match(closed.errors.join(), /There is no champion: there is no endpoint nowhere/);
    const skipped = await bench.run("EvaluateMetrics", { ...inputs, missingChampion: "skip" });
    assertSucceeded(skipped);
    assert.deepEqual(tests(skipped)[0]?.results, [["metrics.auc > champion.auc", "NotExecuted"]]);
  });

  it("waits for metrics that are late", async () => {
    const { settings } = bench.cloud.azure;
    // As late as it takes for the task to say that it waits.
    settings.metricDelay = 600_000;
    try {
      const inputs = { jobFile: "azureml/job.yml", overrides: "inputs.auc: 0.85", wait: "false" };
      const { outputs } = await bench.run("SubmitJob", inputs);
      await jobService(bench.cloud.azure).ended(outputs["jobName"]!);
      const run = await bench.run(
        "EvaluateMetrics",
        { jobName: outputs["jobName"], rules: "metrics.auc > 0.8" },
        {
          onLine: (line) => {
            if (!line.startsWith("Waiting for the metrics")) return;
            const logged = jobService(bench.cloud.azure).tracking.runs.get(outputs["jobName"]!)!.metrics;
            for (const metric of logged) Object.assign(metric, { visibleAt: 0 });
          },
        },
      );
      assertSucceeded(run);
      assert.match(run.log, /Waiting for the metrics auc of /);
    } finally {
      settings.metricDelay = 0;
    }
  });
});
