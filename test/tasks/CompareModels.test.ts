// CompareModels on local Azure: the job of the comparison really runs, with this machine's Python.
// Tests: lib/ml/compare/compare-models.ts, lib/ml/compare/comparison-job.ts, lib/ml/compare/contenders.ts, lib/ml/compare/read-rows.ts, lib/ml/compare/score-once.ts, lib/ml/compare/judge-input.ts
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { TaskError } from "../../lib/errors.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import type { CommandBody, JobOutput } from "../../local/azure/records/job.ts";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import task from "../../tasks/CompareModels/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { until } from "../harness/until.ts";
import { addDeployment, addEndpoint } from "../lib/ml/cleanup/things.ts";
import { theCloud } from "../lib/ml/world.ts";
import { rowsOf, writeProject } from "./comparing.ts";
import { runStory, type StoryOptions } from "./context.ts";

/** Names in another case, which the program does not read. */
const inCapitals = (variables: CommandBody["environmentVariables"]) =>
  Object.fromEntries(
    Object.entries(variables ?? {}).map(([name, value]) => [
      name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase(),
      value,
    ]),
  );

describe("CompareModels", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "comparing-"));
  before(async () => {
    const models = {
      ...{
        weak: { weight: 0.4, other: 1 },
        strong: { weight: 2 },
        twin: { weight: 2 },
        near: { weight: 2, other: 0.02 },
      },
      ...{ labels: { weight: 2, labels: true }, broken: { weight: "none" as unknown as number } },
    };
    writeProject(folder, models, { "holdout.csv": rowsOf(400), "few.csv": rowsOf(20) });
    const registered = async (work: ReturnType<typeof runStory>) =>
      assert.equal((await work).error?.message, undefined);
    const story = registerModel as Parameters<typeof runStory>[0];
    for (const name of Object.keys(models)) {
      const given = { source: "folder", modelPath: path.join(folder, "models", name), type: "custom_model" };
      await registered(runStory(story, { ...given, name: `cmp-${name}` }, folder));
    }
    for (const name of ["holdout", "few"]) {
      const given = { source: "inline", type: "uri_file", path: `data/${name}.csv`, name: `cmp-${name}` };
      await registered(runStory(registerData as Parameters<typeof runStory>[0], given, folder));
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const compare = (given: Readonly<Record<string, string>> = {}, options: StoryOptions = {}) =>
    runStory(
      task,
      {
        ...{
          challengerModel: "model:cmp-strong:1",
          championModel: "model:cmp-weak:1",
          testData: "azureml:cmp-holdout:1",
        },
        ...{
          targetColumn: "y",
          idColumn: "id",
          scoreWith: "script",
          scoringScript: path.join(folder, "scoring/compare.py"),
        },
        ...{ jobEnvironment: "file:environment.yml", jobCompute: "cpu-cluster", compareBy: "auc", ...given },
      },
      folder,
      options,
    );
  const jobsPut = (requests: readonly string[]) => requests.filter((one) => /^PUT .*\/jobs\//.test(one));

  it("proves a real improvement on the same rows, and scores the same models on the same data once", async () => {
    const first = await compare();
    assert.equal(first.error?.message, undefined, first.log);
    assert.equal(first.set["passed"], "true");
    assert.equal(first.set["outcome"], "better");
    assert.equal(first.record.comparison?.rows, 400);
    assert.match(
      first.record.comparison?.detail ?? "",
      /^The challenger is better\. AUC 0\.8\d+ against 0\.\d+ of the champion on the same 400 rows: .* \(DeLong's test\)\.$/,
    );
    assert.equal(jobsPut(first.requests).length, 1);
    assert.equal(first.record.comparison?.isReused, undefined);
    assert.deepEqual(
      first.tests.map(({ title }) => title),
      ["Comparison of cmp-strong:1"],
    );

    const other = await compare({ compareBy: "logLoss" }, { stepIdentity: "another step of another run" });
    assert.equal(other.error?.message, undefined, other.log);
    assert.equal(other.set["jobName"], first.set["jobName"]);
    assert.deepEqual(jobsPut(other.requests), [], "another metric of the same scores needs no job");
    assert.match(other.log, /is Completed: its scores are used/);
    assert.deepEqual([other.record.comparison?.isReused, other.record.job?.joined], [true, false]);
    assert.match(other.record.comparison?.method ?? "", /paired bootstrap, 10,000 draws/);
  });

  it("never takes the same model for an improvement, under whatever name it stands", async () => {
    const same = await compare({ championModel: "model:cmp-strong@latest" });
    assert.match(same.error?.message ?? "", /The challenger is the champion cmp-strong:1, so nothing was scored/);
    assert.deepEqual(
      [same.set["outcome"], same.set["passed"], jobsPut(same.requests).length],
      ["sameModel", "false", 0],
    );
    const twin = await compare({ championModel: "model:cmp-twin:1" });
    assert.match(
      twin.error?.message ?? "",
      /^cmp-strong:1 did not pass its comparison\. It was to be better than the champion\. No difference is proven/,
    );
    assert.deepEqual([twin.set["outcome"], twin.set["difference"]], ["noDifference", "0"]);
    assert.equal(twin.record.comparison?.pValue, 1);
    assert.equal(twin.record.result, "failed");
  });

  it("passes a model that is no worse than the margin only where that was asked", async () => {
    const near = { challengerModel: "model:cmp-near:1", championModel: "model:cmp-strong:1" };
    const better = await compare({ ...near, ifNotPassed: "continue" });
    assert.deepEqual([better.error, better.set["passed"]], [undefined, "false"]);
    const notWorse = await compare({ ...near, challengerMust: "notWorse", margin: "0.05" });
    assert.equal(notWorse.error?.message, undefined, notWorse.log);
    assert.deepEqual([notWorse.set["passed"], notWorse.set["outcome"]], ["true", "notWorse"]);
    const worse = await compare({
      challengerModel: "model:cmp-weak:1",
      championModel: "model:cmp-strong:1",
      ifNotPassed: "warn",
    });
    assert.deepEqual([worse.set["outcome"], worse.record.result], ["worse", "succeededWithIssues"]);
  });

  it("gives no verdict on too few rows, nor without a champion", async () => {
    const few = await compare({ testData: "azureml:cmp-few@latest" });
    assert.match(
      few.error?.message ?? "",
      /There is not enough data for a verdict on AUC: 20 rows, and the input minimumRows asks for 100/,
    );
    assert.deepEqual([few.set["outcome"], few.set["data"]], ["notEnoughData", "cmp-few:1"]);
    for (const championModel of ["endpoint:nowhere", "model:nothing@production"]) {
      const none = await compare({ championModel });
      assert.match(
        none.error?.message ?? "",
        /There is no champion: there is no (endpoint nowhere|model nothing@production)/,
      );
      assert.deepEqual(jobsPut(none.requests), []);
      const skipped = await compare({ championModel, noChampion: "skip" });
      assert.deepEqual(
        [skipped.error, skipped.set["passed"], skipped.set["outcome"]],
        [undefined, "true", "noChampion"],
      );
    }
  });

  it("passes over no champion that is there and out of service", async () => {
    const { azure } = await theCloud();
    const at = azure.clock.now();
    addEndpoint(azure, "cmp-idle", { traffic: {} }, at);
    const given = { championModel: "endpoint:cmp-idle", noChampion: "skip", ifNotPassed: "continue" };
    assert.equal((await compare(given)).set["passed"], "true", "nothing was released yet");
    addDeployment(azure, "cmp-idle", "blue", { model: "cmp-weak:1" }, at);
    const idle = await compare(given);
    assert.equal(idle.error?.message, undefined, idle.log);
    assert.deepEqual([idle.set["passed"], idle.set["outcome"]], ["false", "noChampion"]);
    assert.match(idle.log, /has ready deployments \(blue\), and none of them gets traffic/);
  });

  it("refuses scores that do not fit the metric, and says which metric does", async () => {
    const labels = await compare({ compareBy: "accuracy" });
    assert.match(labels.error?.message ?? "", /Row 1 has 0\.\d+ as the champion's score, which is no label/);
    const probability = await compare({ challengerModel: "model:cmp-labels:1", positiveLabel: "2" });
    assert.match(
      probability.error?.message ?? "",
      /The target has 2 labels \(0, 1\), and a metric of probabilities needs two, one of them "2"/,
    );
  });

  it("fails with the script's own words, and scores again once that is mended", async () => {
    const given = { challengerModel: "model:cmp-broken:1" };
    const failed = await compare(given);
    assert.match(failed.error?.message ?? "", /can't multiply|the challenger could not be scored/);
    const again = await compare(given, { stepIdentity: "later" });
    assert.match(again.log, /for the same comparison is Failed: scoring again/);
    assert.equal(jobsPut(again.requests).length, 1);
    assert.match(jobsPut(again.requests)[0] ?? "", /-2\?/);
  });

  it("changes nothing for inputs that cannot be", async () => {
    const elsewhere =
      "/subscriptions/0f0f0f0f-0000-4000-8000-000000000000/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/elsewhere";
    const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ challengerModel: "cmp-strong" }, /The input challengerModel is "cmp-strong", which names no model/],
      [{ challengerModel: "model:cmp-strong:9" }, /There is no challenger to compare: there is no model cmp-strong:9/],
      [{ challengerModel: "model:../x:1" }, /names no model/],
      [
        { championModel: `${elsewhere}/models/cmp-weak/versions/1` },
        /The input championModel names a model of the workspace elsewhere, and the job runs in the workspace /,
      ],
      [
        { testData: `azureml:${elsewhere}/data/cmp-holdout/versions/1` },
        /The input testData names data of the workspace elsewhere, and the job runs in the workspace /,
      ],
      [{ testData: "cmp-holdout" }, /names no version of data/],
      [{ testData: "azureml:cmp-holdout:9" }, /The data asset cmp-holdout has no version 9\. It has the version 1\./],
      [{ challengerMust: "notWorse", margin: "0" }, /Input margin is "0"; it must be a number above 0/],
      [{ confidence: "95" }, /Input confidence is "95"; it must be a number from 0\.5 to 0\.9999/],
      [{ minimumRows: "2" }, /Input minimumRows is "2"; it must be a whole number from 10/],
      [{ jobCompute: "nowhere" }, /has no compute "nowhere"/],
      [{ jobEnvironment: "azureml:nothing:3" }, /has no environment "nothing"/],
      [{ targetColumn: "${{inputs.data}}" }, /would take for a binding/],
      [{ jobOverrides: "command: echo done" }, /The input jobOverrides changes command of the comparison's job/],
      [{ jobOverrides: "inputs: {champion: {path: 'azureml:cmp-twin:1'}}" }, /jobOverrides changes inputs/],
      [{ jobOverrides: "environment_variables: {SCORE_MODELS_SETTINGS: '{}'}" }, /jobOverrides changes settings/],
      [{ scoringScript: path.join(folder, "scoring/none.py") }, /There is no file .*none\.py/],
    ];
    for (const [given, says] of wrong) {
      const ran = await compare(given);
      assert.match(ran.error?.message ?? "passed", says);
      assert.deepEqual(
        ran.requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one)),
        [],
        says.source,
      );
    }
  });

  it("leaves a stranger's job alone that has the name of its own", async () => {
    const given = { championModel: "model:cmp-near:1", challengerMust: "notWorse", margin: "0.1" };
    const own = await compare(given);
    assert.equal(own.error?.message, undefined, own.log);
    const name = own.set["jobName"] ?? "";
    assert.match(name, /^compare-cmp-strong-1-cmp-near-1-[0-9a-f]{12}$/);
    const job = jobService((await theCloud()).azure).get(name)!;
    const { ownerId } = job;
    Object.assign(job, { ownerId: "00000000-0000-4000-8000-00000000beef" });
    const other = await compare(given);
    assert.equal(other.error?.message, undefined, other.log);
    assert.equal(other.set["jobName"], `${name}-2`);
    assert.match(
      other.log,
      /\[warning\] The job .* is left alone: another identity than this service connection's created it/,
    );
    Object.assign(job, { ownerId });
  });

  it("leaves a job of its own name alone that runs in other code, another environment, or writes elsewhere", async () => {
    const given = { championModel: "model:cmp-near:1", challengerMust: "notWorse", margin: "0.1" };
    const own = await compare(given);
    assert.equal(own.error?.message, undefined, own.log);
    const name = own.set["jobName"] ?? "";
    const job = jobService((await theCloud()).azure).get(name)!;
    const body = job.body as CommandBody;
    const elsewhere = "azureml://datastores/workspaceblobstore/paths/forged";
    const others: [Partial<CommandBody>, RegExp][] = [
      [{ environmentVariables: { ...body.environmentVariables, PYTHONPATH: "/tmp" } }, /its environment variables/],
      [{ environmentVariables: inCapitals(body.environmentVariables) }, /its environment variables/],
      [{ codeId: String(body.codeId).replace(/[^/]+\/versions/, "another/versions") }, /its code/],
      [{ environmentId: String(body.environmentId).replace(/[^/]+$/, "other") }, /its environment /],
      [{ resources: { instanceCount: 1, dockerArgs: "-e PYTHONPATH=/tmp" } }, /its container is started/],
      [{ outputs: { rows: { ...body.outputs?.["rows"], uri: elsewhere } as JobOutput } }, /its outputs/],
    ];
    for (const [other, why] of others) {
      const before = { resources: undefined, ...body };
      Object.assign(body, other);
      const again = await compare(given);
      Object.assign(body, before);
      assert.equal(again.error?.message, undefined, again.log);
      assert.notEqual(again.set["jobName"], name, String(why));
      assert.match(again.log.split("\n").find((line) => line.includes(`job ${name} has the name`)) ?? "", why);
    }
  });

  it("scores once for two steps at a time, and a step that is cancelled leaves the job of the other alone", async () => {
    const gate = path.join(folder, "gate");
    writeProject(folder, { slow: { weight: 1.5, until: gate } }, {});
    const slow = {
      source: "folder",
      modelPath: path.join(folder, "models/slow"),
      type: "custom_model",
      name: "cmp-slow",
    };
    const registering = runStory(registerModel as Parameters<typeof runStory>[0], slow, folder);
    assert.equal((await registering).error?.message, undefined);
    const given = { championModel: "model:cmp-slow:1", ifNotPassed: "continue" };
    const [first, second] = ["one", "other"].map((stepIdentity) => compare(given, { stepIdentity }));
    const board = jobService((await theCloud()).azure);
    await until("the job of the first two", () => board.all().find(({ name }) => name.includes("-cmp-slow-1-")));
    const cancel = new AbortController();
    const third = await compare(given, {
      ...{ stepIdentity: "cancelled", signal: cancel.signal },
      onLine: (line) =>
        /its scores are used/.test(line) && cancel.abort(new TaskError("canceled", "The step was cancelled.")),
    });
    assert.equal(third.result, "Canceled", third.log);
    assert.doesNotMatch(third.log, /Cancelling the job/);
    assert.deepEqual(
      third.requests.filter((one) => /\/cancel/.test(one)),
      [],
    );
    assert.ok(!third.left, "nothing is left to the post-job stage");
    writeFileSync(gate, "");
    const [one, other] = [await first!, await second!];
    assert.deepEqual([one.error?.message, other.error?.message], [undefined, undefined], one.log + other.log);
    assert.equal(one.set["jobName"], other.set["jobName"]);
  });

  it("refuses scores that were written after their job had ended", async () => {
    const given = { championModel: "model:cmp-weak:1", compareBy: "brier" };
    const known = await compare(given);
    assert.equal(known.error?.message, undefined, known.log);
    const job = jobService((await theCloud()).azure).get(known.set["jobName"] ?? "")!;
    const { ended } = job;
    Object.assign(job, { ended: (ended ?? 0) - 11 * 60_000 });
    const late = await compare(given);
    Object.assign(job, { ended });
    assert.match(
      late.error?.message ?? "passed",
      /rows\.jsonl of the job .* is not as the job of a comparison writes it: it was written at /,
    );
  });

  it("refuses another step's scores where nothing says when their job ended, and warns of its own", async () => {
    const given = { championModel: "model:cmp-weak:1", compareBy: "brier" };
    const known = await compare(given);
    assert.equal(known.error?.message, undefined, known.log);
    const job = jobService((await theCloud()).azure).get(known.set["jobName"] ?? "")!;
    const { ended } = job;
    Object.assign(job, { ended: undefined });
    const own = await compare(given);
    const other = await compare(given, { stepIdentity: "another step that found it" });
    Object.assign(job, { ended });
    assert.match(other.error?.message ?? "passed", /run history does not say when the job ended/);
    assert.equal(own.error?.message, undefined, own.log);
    assert.match(own.log, /\[warning\] Run history does not say when the job .* ended/);
  });

  it("takes a model of a registry, and columns of any name", async () => {
    const model = { source: "folder", modelPath: path.join(folder, "models/strong"), type: "custom_model" };
    const place = { name: "compared", id: "id-of-compared", location: "eastus2", tags: {}, properties: {} };
    registriesOf((await theCloud()).azure).set("compared", place);
    const shared = { ...model, name: "cmp-shared", registry: "compared" };
    const registering = runStory(registerModel as Parameters<typeof runStory>[0], shared, folder);
    assert.equal((await registering).error?.message, undefined);
    const target = `y "it's" $HOME \\ ü`;
    const renamed = rowsOf(150).replace("id,x,z,y", `id,x,z,"${target.replaceAll('"', '""')}"`);
    writeProject(folder, {}, { "odd/rows.csv": renamed, "odd/_about": "" });
    const data = { source: "inline", type: "uri_folder", path: "data/odd", name: "cmp-odd" };
    assert.equal((await runStory(registerData as Parameters<typeof runStory>[0], data, folder)).error, undefined);
    const ran = await compare({
      challengerModel: "azureml://registries/compared/models/cmp-shared/versions/1",
      ...{ testData: "azureml:cmp-odd:1", testFile: "rows.csv", targetColumn: target },
    });
    assert.equal(ran.error?.message, undefined, ran.log);
    assert.deepEqual([ran.set["challenger"], ran.set["outcome"]], ["compared/cmp-shared:1", "better"]);
  });

  it("cancels its own job with the step", async () => {
    writeProject(folder, { never: { weight: 1, until: path.join(folder, "nothing") } }, {});
    const never = {
      source: "folder",
      modelPath: path.join(folder, "models/never"),
      type: "custom_model",
      name: "cmp-never",
    };
    const registering = runStory(registerModel as Parameters<typeof runStory>[0], never, folder);
    assert.equal((await registering).error?.message, undefined);
    const cancel = new AbortController();
    const ran = await compare(
      { championModel: "model:cmp-never:1" },
      {
        signal: cancel.signal,
        onLine: (line) =>
          /: Running\.$/.test(line) && cancel.abort(new TaskError("canceled", "The step was cancelled.")),
      },
    );
    assert.equal(ran.result, "Canceled", ran.log);
    assert.match(ran.log, /Cancelling the job compare-/);
    assert.equal(ran.requests.filter((one) => /\/cancel\?/.test(one)).length, 1);
  });

  it("shows the job in a dry run, and submits nothing", async () => {
    const planned = await compare({ championModel: "model:cmp-broken:1", plan: "true" });
    assert.equal(planned.error?.message, undefined, planned.log);
    assert.deepEqual(
      planned.requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one)),
      [],
    );
    assert.match(planned.log, /score_models|SCORE_MODELS_SETTINGS/);
    assert.equal(planned.set["passed"], undefined);
  });
});
