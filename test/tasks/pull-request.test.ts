// Reports of a step to the pull request of its run: after whatever end, beside records of the run's other steps, and at what cost in round trips.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { RECORD_TYPE, writeRecord } from "../../lib/record/index.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import { isDeleted, type PullRequest } from "../../local/devops/state/pull-requests.ts";
import evaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import report from "../../tasks/Report/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { until } from "../harness/until.ts";
import { record } from "../lib/evidence/pull-request/samples.ts";
import { Rounds } from "../lib/ml/rounds.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { runStory, type StoryOptions } from "./context.ts";
import { standBetween } from "./devops-between.ts";
import { JOB_ID, leaveStep, newBuild, newPullRequest, stepOf } from "./run-of-steps.ts";

describe("a step and the pull request of its run", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "pull-request-"));
  let cloud: LocalCloud;
  let jobs: JobClient;
  let jobName: string;
  let pull: PullRequest;
  before(async () => {
    cloud = await theCloud();
    jobs = new JobClient(cloud);
    await jobs.prepare();
    jobName = jobs.name();
    await jobs.arm("PUT", `/jobs/${jobName}`, jobs.properties("true"));
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${jobName}`)).body.properties.status),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(() => {
    cloud.devops.permissions.clear();
    pull = newPullRequest(cloud, newRun());
  });
  const newRun = () => newBuild(cloud);
  const optionsOf = (build: Build, collectionUri?: string) => stepOf(cloud, build, pull, collectionUri);
  const judge = (rules: string, options: StoryOptions, more: Record<string, string> = {}) =>
    runStory(evaluateMetrics, { jobName, rules, pullRequest: "comment, status", ...more }, folder, options);
  const ours = () => pull.threads.filter((one) => !isDeleted(one) && one.status !== undefined);
  const text = () => ours()[0]?.comments[0]?.content ?? "";

  it("shows the verdict, and what steps before it left, on one thread and one status", async () => {
    const build = newRun();
    const label = "estimate at list price";
    const trained = record({
      task: { name: "AzureMLSubmitJob", friendlyName: "Azure ML: Submit job", version: "1.0.0" },
      job: { name: jobName, status: "Completed", cost: { label, nodeHours: 0.5, amount: 0.4, currency: "USD" } },
    });
    leaveStep(build, "Train", trained);
    for (let time = 0; time < 2; time++) {
      const ran = await judge("1 == 1", optionsOf(build));
      assert.equal(ran.error, undefined, ran.error?.stack);
      assert.doesNotMatch(ran.log, /\[warning\]/);
    }
    assert.equal(ours().length, 1);
    assert.match(text(), /### ✅ Azure ML: train passed/);
    assert.match(text(), /\| Cost \| 0\.50 node-hours, 0\.40 USD/);
    assert.match(text(), /The gate of .* is open/);
    assert.deepEqual(
      pull.shownStatuses.map(({ state, context }) => [state, context.genre, context.name]),
      [["succeeded", "azureml", "train/gate"]],
    );
  });

  it("is told of a job that is not waited for who ends its status, before the job is submitted", async () => {
    const jobFile = path.join(folder, "job.yml");
    writeFileSync(jobFile, 'command: "true"\nenvironment: azureml:plain:1\ncompute: azureml:cpu-cluster\n');
    const told: number[] = [];
    let sent = 0;
    const between: StoryOptions["between"] = (request, send) => {
      sent += Number(request.method === "PUT" && /\/jobs\//.test(request.url));
      return send();
    };
    const onLine = (line: string) => {
      if (/ is pending until a later step of this run ends it: AzureMLEvaluateMetrics/.test(line)) told.push(sent);
    };
    const submitted = { jobFile, wait: "false", pullRequest: "status" };
    const ran = await runStory(submitJob, submitted, folder, { ...optionsOf(newRun()), between, onLine });
    assert.equal(ran.error, undefined, ran.error?.stack);
    assert.deepEqual([sent, told], [1, [0]], ran.log);
    assert.deepEqual(
      pull.shownStatuses.map(({ state }) => state),
      ["pending"],
    );
  });

  for (const result of ["canceled", "abandoned"] as const)
    it(`is not told that a run passed whose gate was ${result} before it left a record`, async () => {
      const build = newRun();
      const of = { parentId: JOB_ID, type: "Task", state: "completed", finishTime: Date.now() } as const;
      const task = (name: string) => ({ id: JOB_ID, name, version: "1.0.0" });
      const step = build.plan.record({ ...of, name: "Train", result: "succeeded", task: task("AzureMLSubmitJob") });
      build.plan.attach(step.id, RECORD_TYPE, "train.json", writeRecord(record({})));
      build.plan.record({ ...of, name: "Judge", result, task: task("AzureMLEvaluateMetrics") });
      const wish = { pullRequest: "comment, status", pullRequestThread: "closed" };
      const ran = await runStory(report, wish, folder, optionsOf(build));
      assert.equal(ran.error, undefined, ran.error?.stack);
      assert.deepEqual(
        pull.shownStatuses.map(({ state }) => state),
        ["error"],
      );
      assert.match(text(), /No record arrived of Judge\./);
    });

  for (const { title, of, state, said } of [
    {
      title: "whose script failed, so that the gate was skipped",
      of: { state: "completed", result: "failed" },
      state: "failed",
      said: /\*\*Prepare failed\*\*/,
    },
    {
      title: "while a step of another job still runs",
      of: { state: "inProgress", task: "AzureMLSubmitJob" },
      state: "error",
      said: /have not ended: Prepare/,
    },
  ] as const)
    it(`is not told that a run passed ${title}`, async () => {
      const build = newRun();
      leaveStep(build, "Train", record({}));
      const { task = "CmdLine", ...how } = { task: undefined, ...of };
      build.plan.record({
        ...{ parentId: "another-job", type: "Task", name: "Prepare", finishTime: Date.now(), ...how },
        task: { id: JOB_ID, name: task, version: "1.0.0" },
      });
      const skipped = { parentId: JOB_ID, type: "Task", state: "completed", result: "skipped", name: "Judge" } as const;
      build.plan.record({ ...skipped, task: { id: JOB_ID, name: "AzureMLEvaluateMetrics", version: "1.0.0" } });
      const ran = await runStory(report, { pullRequest: "comment, status" }, folder, optionsOf(build));
      assert.equal(ran.error, undefined, ran.error?.stack);
      assert.deepEqual(
        pull.shownStatuses.map((one) => one.state),
        [state],
      );
      assert.match(text(), said);
      assert.equal(ran.outputs?.passed, false);
    });

  for (const [task, state] of [
    ["AzureMLEvaluateMetrics", "error"],
    ["AzureMLCompareModels", "error"],
    ["AzureMLCheckData", "error"],
    ["AzureMLVerifyModel", "error"],
    ["AzureMLDownloadModel", "succeeded"],
  ] as const)
    it(`is told ${state} by the report of a run whose step with ${task} was skipped`, async () => {
      const build = newRun();
      leaveStep(build, "Train", record({}));
      const skipped = { parentId: JOB_ID, type: "Task", state: "completed", result: "skipped", name: "Judge" } as const;
      build.plan.record({ ...skipped, task: { id: JOB_ID, name: task, version: "1.0.0" } });
      const ran = await runStory(report, { pullRequest: "comment, status" }, folder, optionsOf(build));
      assert.equal(ran.error, undefined, ran.error?.stack);
      assert.deepEqual(
        pull.shownStatuses.map((one) => one.state),
        [state],
      );
      assert.equal(ran.outputs?.passed, state === "succeeded");
      if (state === "error") assert.match(text(), /The step Judge, which judges, was skipped/);
    });

  describe("that a job was left to by an earlier step", () => {
    const left = (name: string, by = "train/job") => {
      const build = newRun();
      const submitted = record({
        task: { name: "AzureMLSubmitJob", friendlyName: "Azure ML: Submit job", version: "1.0.0" },
        job: { name, status: "NotStarted" },
        pullRequest: { id: String(pull.pullRequestId), status: { name: `azureml/${by}`, state: "running" } },
      });
      leaveStep(build, "Train", submitted);
      return build;
    };
    const statuses = () => pull.shownStatuses.map(({ state, context }) => `${context.name} ${state}`).sort();

    it("is told by the gate how the job ended", async () => {
      assert.equal((await judge("1 == 1", optionsOf(left(jobName)))).error, undefined);
      assert.deepEqual(statuses(), ["train/gate succeeded", "train/job succeeded"]);
      const broken = jobs.name();
      await jobs.arm("PUT", `/jobs/${broken}`, jobs.properties("false"));
      await until("the job has failed", async () =>
        /^Failed$/.test((await jobs.arm("GET", `/jobs/${broken}`)).body.properties.status),
      );
      const ran = await judge("1 == 1", optionsOf(left(broken)), { jobName: broken });
      assert.match(ran.error?.message ?? "", /is Failed, not Completed/);
      assert.deepEqual(statuses(), ["train/gate failed", "train/job failed"]);
    });

    it("is told nothing by the gate of another job, and nothing of a name that is none of ours", async () => {
      assert.equal((await judge("1 == 1", optionsOf(left("another")))).error, undefined);
      assert.equal((await judge("1 == 1", optionsOf(left(jobName, "../x/job")))).error, undefined);
      assert.deepEqual(statuses(), ["train/gate succeeded"]);
    });

    it("is told by the report that nobody waited for the job, or that its gate saw it completed", async () => {
      const wish = { pullRequest: "status" };
      const build = left(jobName);
      assert.equal((await runStory(report, wish, folder, optionsOf(build))).error, undefined);
      assert.deepEqual(statuses(), ["train succeeded", "train/job error"]);
      leaveStep(build, "Judge", record({ gate: { passed: true, jobName, rules: [] } }));
      assert.equal((await runStory(report, wish, folder, optionsOf(build))).error, undefined);
      assert.deepEqual(statuses(), ["train succeeded", "train/job succeeded"]);
    });
  });

  it("shows a failed gate while the step fails as it does without it", async () => {
    const ran = await judge("1 == 2", optionsOf(newRun()), { pullRequestName: "churn" });
    assert.match(ran.error?.message ?? "", /1 == 2/);
    assert.match(text(), /### ❌ Azure ML: churn failed/);
    assert.equal(ours()[0]?.status, "active");
    assert.deepEqual(
      pull.shownStatuses.map(({ state, context }) => [state, context.name]),
      [["failed", "churn/gate"]],
    );
  });

  it("asks nothing where the user wants nothing, in a plan, and outside of a run", async () => {
    const build = newRun();
    const options = { ...optionsOf(build), pullRequest: () => assert.fail("It was asked for.") };
    assert.equal((await judge("1 == 1", options, { pullRequest: "none" })).error, undefined);
    assert.equal((await judge("1 == 1", options, { plan: "true" })).error, undefined);
    const alone = await judge("1 == 1", {});
    assert.equal(alone.error, undefined);
    assert.match(alone.log, /part of no run of a pipeline/);
    assert.deepEqual(ours(), []);
  });

  it("refuses a wish that is none before anything is judged", async () => {
    const ran = await judge("1 == 1", optionsOf(newRun()), { pullRequest: "coment" });
    assert.match(ran.error?.message ?? "", /^Input pullRequest is "coment"/);
    assert.deepEqual(ran.tests, []);
  });

  it("stays as it is where the pull request may not be written to: one warning", async () => {
    cloud.devops.permissions.deny("git", "PullRequestContribute");
    const ran = await judge("1 == 1", optionsOf(newRun()));
    assert.equal(ran.error, undefined);
    assert.equal(ran.outputs?.passed, true);
    const warnings = ran.log.split("\n").filter((line) => line.startsWith("[warning]"));
    assert.equal(warnings.length, 1, ran.log);
    assert.match(warnings[0] ?? "", /It takes the permission Contribute to pull requests on the repository model/);
  });

  it("costs at most one sequential round trip, also the first time", async () => {
    const count = async (pullRequest: string) => {
      const rounds = new Rounds();
      const between = await standBetween(cloud);
      between.hold = (request) => rounds.hold(request, async () => {});
      try {
        const options = { ...optionsOf(newRun(), between.collectionUri), between: rounds.between };
        const ran = await judge("1 == 1", options, { pullRequest });
        assert.equal(ran.error, undefined, ran.error?.stack);
        assert.doesNotMatch(ran.log, /\[warning\]/);
        return rounds.rounds;
      } finally {
        between.close();
      }
    };
    const [none, first, again] = [await count("none"), await count("comment, status"), await count("comment, status")];
    const shown = JSON.stringify([none, first, again], undefined, 1);
    assert.ok(first.length - none.length <= 1, shown);
    assert.ok(again.length - none.length <= 1, shown);
  });
});
