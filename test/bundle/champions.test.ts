// Evaluate metrics, as shipped: the champion that the last green run of a branch passed.
import assert from "node:assert/strict";
import { jobService } from "../../local/azure/jobs/service.ts";
import type { Build, BuildResult } from "../../local/devops/state/builds.ts";
import { assertSucceeded, Bench, type RunOptions } from "../harness/bench.ts";

describe("AzureMLEvaluateMetrics against a branch", () => {
  let bench: Bench;
  const jobs = new Map<number, string>();
  before(async () => {
    bench = await Bench.open();
    for (const auc of [0.8, 0.85, 0.9, 0.95]) {
      const given = { jobFile: "azureml/job.yml", overrides: `inputs.auc: ${auc}`, wait: "false" };
      const run = await bench.run("SubmitJob", given);
      assertSucceeded(run);
      jobs.set(auc, run.outputs["jobName"]!);
    }
    await Promise.all([...jobs.values()].map((name) => jobService(bench.cloud.azure).ended(name)));
  });
  after(() => bench?.close());

  /** A run of the pipeline on a branch. */
  function begun(pipeline: string, branch: string): Build {
    const build = bench.cloud.devops.createBuild(pipeline, {
      ...{ branch, commit: "0123456789abcdef0123456789abcdef01234567" },
      ...{ requestedFor: "Ada Example", repository: "bundle" },
    });
    bench.cloud.devops.startBuild(build);
    return build;
  }
  /** A run that judges the job of this metric, and ends so. */
  async function judged(pipeline: string, branch: string, auc: number, result: BuildResult, rules = "metrics.auc > 0") {
    const build = begun(pipeline, branch);
    await bench.run("EvaluateMetrics", { jobName: jobs.get(auc), rules, onFail: "continue" }, { build });
    bench.cloud.devops.finishBuild(build, result);
  }
  const RULES = "metrics.auc > champion.auc";
  const gate = (pipeline: string, champion: string, auc: number, more: RunOptions = {}) =>
    bench.run(
      "EvaluateMetrics",
      { jobName: jobs.get(auc), rules: RULES, champion, sameData: "ignore" },
      { build: begun(pipeline, "refs/heads/feature"), ...more },
    );

  it("is the job that its last green run passed, and no other branch's, no failed run's and no job that did not pass", async () => {
    await judged("one", "refs/heads/main", 0.8, "succeeded");
    await judged("one", "refs/heads/main", 0.85, "succeeded");
    await judged("one", "refs/heads/main", 0.95, "failed");
    await judged("one", "refs/heads/main", 0.95, "partiallySucceeded");
    await judged("one", "refs/heads/main", 0.95, "succeeded", "metrics.auc > 1");
    await judged("one", "refs/heads/other", 0.95, "succeeded");
    await judged("another", "refs/heads/main", 0.95, "succeeded");
    const run = await gate("one", "branch:main", 0.9);
    assertSucceeded(run);
    assert.equal(run.outputs["champion"], jobs.get(0.85));
    assert.match(run.log, /the last green run of main passed it \(https:\/\/\S+buildId=\d+\)/);
    const lost = await gate("one", "branch:main", 0.8);
    assert.match(lost.errors.join(), /metrics\.auc = 0\.8 is not more than champion\.auc = 0\.85/);
  });

  it("is that of the target branch in a pull request", async () => {
    await judged("two", "refs/heads/release/1", 0.8, "succeeded");
    await judged("two", "refs/heads/feature", 0.95, "succeeded");
    const pullRequest = { id: 7, sourceBranch: "refs/heads/feature", targetBranch: "refs/heads/release/1" };
    const run = await gate("two", "targetBranch", 0.9, { pullRequest });
    assertSucceeded(run);
    assert.equal(run.outputs["champion"], jobs.get(0.8));
    const own = await gate("two", "targetBranch", 0.9);
    assert.match(own.errors.join(), /is not more than champion\.auc = 0\.95/);
  });

  it("is none where no green run has judged: fails, or is skipped", async () => {
    bench.cloud.devops.finishBuild(begun("three", "refs/heads/main"), "succeeded");
    const inputs = { jobName: jobs.get(0.9), rules: RULES, champion: "branch:main" };
    const closed = await bench.run("EvaluateMetrics", inputs, { build: begun("three", "refs/heads/feature") });
    assert.match(
      closed.errors.join(),
      /There is no champion: none of the last 10 green runs of this pipeline on main has judged a job/,
    );
    const skipped = { ...inputs, missingChampion: "skip" };
    assertSucceeded(await bench.run("EvaluateMetrics", skipped, { build: begun("three", "refs/heads/feature") }));
  });

  it("is none of several that one run passed", async () => {
    const build = begun("four", "refs/heads/main");
    for (const auc of [0.8, 0.85])
      await bench.run(
        "EvaluateMetrics",
        { jobName: jobs.get(auc), rules: "metrics.auc > 0" },
        { build, step: `judge${auc * 100}` },
      );
    bench.cloud.devops.finishBuild(build, "succeeded");
    const run = await gate("four", "branch:main", 0.9);
    assert.match(run.errors.join(), /The last green run of main \(\S+\) passed several jobs: /);
  });
});
