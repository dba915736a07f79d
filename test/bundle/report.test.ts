// The packaged Report, with what SubmitJob and EvaluateMetrics tell the pull request of their run, in Azure Repos and on GitHub.
import assert from "node:assert/strict";
import { isDeleted, type PullRequest } from "../../local/devops/state/pull-requests.ts";
import { assertSucceeded, Bench, type RunOptions } from "../harness/bench.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const BOTH = { pullRequest: "comment, status" };

describe("reports on pull requests, as shipped", () => {
  let bench: Bench;
  let pull: PullRequest;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  beforeEach(() => {
    const { devops } = bench.cloud;
    devops.permissions.clear();
    const { repository } = bench.newBuild("pr").definition;
    pull = devops.repositories.openPullRequest({
      ...{ repository, title: "Better", createdBy: devops.person("Ada") },
      ...{ sourceRefName: "refs/heads/better", targetRefName: "refs/heads/main", lastMergeSourceCommit: COMMIT },
    });
  });
  const options = (more: RunOptions = {}): RunOptions => ({
    build: bench.newBuild("pr"),
    pullRequest: {
      ...{ id: pull.pullRequestId, sourceBranch: "refs/heads/better", targetBranch: "refs/heads/main" },
      sourceCommit: COMMIT,
    },
    ...more,
  });
  const ours = () => pull.threads.filter((one) => !isDeleted(one) && one.status !== undefined);
  const text = () => ours()[0]?.comments[0]?.content ?? "";
  const statuses = () => pull.shownStatuses.map(({ context, state }) => [context.name, state]);

  it("are one thread for all steps of a run, and a status for each question", async () => {
    const given = options();
    const train = await bench.run("SubmitJob", { jobFile: "azureml/job.yml", ...BOTH }, { ...given, step: "train" });
    assertSucceeded(train);
    assert.match(text(), /### ✅ Azure ML: pr passed/);
    assert.match(text(), /\| Job \| \[/);
    assert.equal(train.record?.pullRequest?.id, String(pull.pullRequestId));
    const rules = "metrics.auc >= 0.5";
    const jobName = train.outputs["jobName"];
    assertSucceeded(await bench.run("EvaluateMetrics", { jobName, rules, ...BOTH }, { ...given, step: "judge" }));
    assert.match(text(), /\| auc \| [\d.]+ \|/);
    assert.match(text(), /\| Job \| \[/, "the record of the training is there as well");
    const report = await bench.run("Report", {}, { ...given, step: "report" });
    assertSucceeded(report);
    const { evidence, ...outputs } = report.outputs;
    assert.deepEqual(outputs, { passed: "true", pullRequestId: String(pull.pullRequestId) });
    assert.match(evidence ?? "", /the gate is open[\s\S]*- auc: [\d.]+[\s\S]*Cost:\n- \S.* node-hours/);
    assert.match(report.log, /2 records of this run: passed\. Gate open: 1 rule passed/);
    assert.ok(report.summaries.some((page) => page.includes("Azure ML: pr passed")));
    assert.equal(ours().length, 1);
    assert.deepEqual(statuses(), [
      ["pr/job", "succeeded"],
      ["pr/gate", "succeeded"],
      ["pr", "succeeded"],
    ]);
    assert.deepEqual(
      pull.statuses.map(({ state }) => state),
      ["pending", "succeeded", "succeeded", "succeeded"],
    );
  });

  it("say what failed, and are no success where nothing is known", async () => {
    const given = options();
    const failed = await bench.run(
      "EvaluateMetrics",
      { jobName: "none", rules: "1 == 1" },
      { ...given, step: "judge" },
    );
    assert.equal(failed.result, "Failed");
    const report = await bench.run("Report", {}, { ...given, step: "report" });
    assertSucceeded(report);
    assert.equal(report.outputs["passed"], "false");
    assert.match(text(), /\*\*judge failed\*\*/);
    assert.equal(ours()[0]?.status, "active");
    assert.deepEqual(statuses(), [["pr", "failed"]]);
    const alone = await bench.run("Report", { pullRequestName: "alone" }, { ...options(), step: "report" });
    assertSucceeded(alone);
    assert.equal(alone.outputs["passed"], "false");
    assert.deepEqual(statuses().at(-1), ["alone", "error"]);
  });

  it("end in one warning where the pull request refuses them", async () => {
    bench.cloud.devops.permissions.deny("git", "PullRequestContribute");
    const report = await bench.run("Report", {}, options());
    assert.equal(report.result, "Succeeded");
    assert.equal(report.warnings.length, 1, report.log);
    assert.match(
      report.warnings[0] ?? "",
      /It takes the permission Contribute to pull requests on the repository bundle/,
    );
    const { pullRequest } = options();
    const fork = await bench.run("Report", {}, options({ pullRequest: { ...pullRequest!, isFork: true } }));
    assert.equal(fork.result, "Succeeded");
    assert.deepEqual([fork.warnings.length, ours().length], [1, 0]);
  });

  it("go to GitHub by its connection, whose token stands nowhere", async () => {
    const { gitHub, urls } = bench.cloud;
    const repository = gitHub.add("contoso", "model");
    const change = gitHub.openPullRequest(repository, "Better", COMMIT);
    const token = gitHub.issueToken("contoso-bot");
    bench.recorder.keep("GitHub token", token);
    const connection = {
      ...bench.cloud.connections["azure-ml"],
      ...{ id: "5e4e6ce0-0000-4000-8000-00000000c0de", name: "github", url: urls.gitHub },
      ...{ scheme: "PersonalAccessToken" as "None", parameters: { accessToken: token }, data: {} },
    };
    const given = options({
      others: [connection],
      repository: { id: "x", name: "contoso/model", provider: "GitHubEnterprise", uri: `${urls.gitHub}/contoso/model` },
      pullRequest: { ...options().pullRequest!, id: 98_765, number: change.number },
    });
    const report = await bench.run("Report", { gitHubConnection: connection.id }, given);
    assertSucceeded(report);
    assert.deepEqual(report.warnings, []);
    assert.equal(change.comments.length, 1);
    assert.deepEqual(
      gitHub.shownStatuses(repository, COMMIT).map(({ context, state }) => [context, state]),
      [["azureml/pr", "error"]],
    );
    const without = await bench.run("Report", {}, given);
    assert.equal(without.result, "Succeeded");
    assert.match(without.warnings[0] ?? "", /Input gitHubConnection is empty, and the code of this run lies on GitHub/);
  });
});
