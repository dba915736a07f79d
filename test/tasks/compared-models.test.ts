// Tests: lib/task/comparisons-of-run.ts. EvaluateMetrics reads the verdict that CompareModels left in the same run: of this job, in this workspace.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import compareModels from "../../tasks/CompareModels/index.ts";
import evaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { until } from "../harness/until.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { rowsOf, writeProject } from "./comparing.ts";
import { runStory } from "./context.ts";
import { leaveStep, newBuild, newPullRequest, stepOf } from "./run-of-steps.ts";

describe("EvaluateMetrics over a comparison of the same run", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "compared-models-"));
  let cloud: LocalCloud;
  let jobName: string;
  before(async () => {
    cloud = await theCloud();
    writeProject(folder, { weak: { weight: 0.4, other: 1 } }, { "holdout.csv": rowsOf(400) });
    const register = async (ran: ReturnType<typeof runStory>) => assert.equal((await ran).error?.message, undefined);
    const model = { source: "folder", modelPath: path.join(folder, "models/weak"), type: "custom_model" };
    const story = registerModel as Parameters<typeof runStory>[0];
    await register(runStory(story, { ...model, name: "judged-weak" }, folder));
    const data = { source: "inline", type: "uri_file", path: "data/holdout.csv", name: "judged-holdout" };
    await register(runStory(registerData as Parameters<typeof runStory>[0], data, folder));
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    jobName = jobs.name();
    const write = `echo '{"weight": 2}' > \${{outputs.model}}/model.json`;
    const properties = jobs.properties(write, { outputs: { model: { jobOutputType: "uri_folder", mode: "Upload" } } });
    assert.equal((await jobs.arm("PUT", `/jobs/${jobName}`, properties)).status, 201);
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${jobName}`)).body.properties.status),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const compare = (challengerModel: string, build: Build) =>
    runStory(
      compareModels,
      {
        ...{ challengerModel, championModel: "model:judged-weak:1", testData: "azureml:judged-holdout:1" },
        ...{ targetColumn: "y", idColumn: "id", scoreWith: "script", compareBy: "auc", ifNotPassed: "continue" },
        ...{ scoringScript: path.join(folder, "scoring/compare.py"), jobEnvironment: "file:environment.yml" },
        jobCompute: "cpu-cluster",
      },
      folder,
      stepOf(cloud, build, newPullRequest(cloud, build)),
    );
  const judge = (rules: string, build: Build, more: Readonly<Record<string, string>> = {}) =>
    runStory(
      evaluateMetrics,
      { jobName, rules, onFail: "continue", ...more },
      folder,
      stepOf(cloud, build, newPullRequest(cloud, build)),
    );

  it("passes by its verdict and its numbers, and fails where the verdict is of another model or workspace", async () => {
    const build = newBuild(cloud);
    const before = await judge("comparison.passed", build);
    assert.equal(before.outputs?.passed, false);
    assert.match(before.log, /No earlier step of this run has compared models/);

    const compared = await compare(`job:${jobName}/model`, build);
    assert.equal(compared.error?.message, undefined, compared.log);
    assert.equal(compared.record.comparison?.challengerJob, jobName);
    leaveStep(build, "Compare", compared.record);
    const rules = "comparison.passed\ncomparison.auc.low > 0.0 && comparison.outcome == 'better'";
    const passed = await judge(rules, build);
    assert.equal(passed.outputs?.passed, true, passed.log);
    assert.match(passed.log, /PASSED {2}comparison\.passed {2}The comparison by auc on judged-holdout:1 \(better\)/);
    const other = await judge(rules, build, { champion: "model:judged-holdout:9", missingChampion: "skip" });
    assert.equal(other.outputs?.passed, true, "a champion that is not there is compared with nothing");

    const registered = newBuild(cloud);
    const model = { source: "job", jobName, outputName: "model", type: "custom_model", name: "judged-strong" };
    const made = await runStory(registerModel as Parameters<typeof runStory>[0], model, folder);
    assert.equal(made.error?.message, undefined, made.log);
    const again = await compare("model:judged-strong:1", registered);
    assert.equal(again.error?.message, undefined, again.log);
    leaveStep(registered, "Compare", again.record);
    const ofModel = await judge(rules, registered, { champion: "model:judged-weak:1", missingChampion: "fail" });
    assert.equal(ofModel.outputs?.passed, true, ofModel.log);
    const against = await judge(rules, registered, { champion: "model:judged-strong:1" });
    assert.match(against.log, /The comparison was with judged-weak:1, and the champion is judged-strong:1\./);

    const elsewhere = newBuild(cloud);
    const { workspace } = compared.record;
    assert.ok(workspace);
    leaveStep(elsewhere, "Compare", { ...compared.record, workspace: { ...workspace, name: "another" } });
    assert.equal((await judge("comparison.passed", elsewhere)).outputs?.passed, false);

    const own = newBuild(cloud);
    const same = await compare("model:judged-weak:1", own);
    leaveStep(own, "Compare", same.record);
    const unmade = await judge("comparison.passed", own);
    assert.equal(unmade.outputs?.passed, false);
    assert.match(unmade.log, /is of the job .*; there is judged-weak:1 \(which job made it is not known\)/);
  });
});
