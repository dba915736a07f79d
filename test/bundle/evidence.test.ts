// Evidence on a model, as shipped: it comes from the record of a judgement in a run of Azure DevOps, and from nowhere else.
import assert from "node:assert/strict";
import { RECORD_TYPE } from "../../lib/record/index.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { registriesOf, registryAssets } from "../../local/azure/workspace/registries.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import { azureDevOpsTraffic, type Entry } from "../harness/azure-devops-traffic.ts";
import { assertSucceeded, Bench, type RunOptions } from "../harness/bench.ts";

const RULES = "metrics.auc >= 0.5";

describe("evidence of a judgement, as shipped", () => {
  let bench: Bench;
  let jobName: string;
  let count = 0;
  before(async () => {
    bench = await Bench.open();
    jobName = await newJob();
    const { azure } = bench.cloud;
    registriesOf(azure).set("shared", { name: "shared", id: "r", location: "eastus2", tags: {}, properties: {} });
  });
  after(() => bench?.close());

  async function newJob(auc = 0.9): Promise<string> {
    const job = await bench.run("SubmitJob", { jobFile: "azureml/job.yml", overrides: `inputs.auc: ${auc}` });
    assertSucceeded(job);
    return job.outputs["jobName"]!;
  }
  const newName = () => `judged-${++count}`;
  const judge = (build: Build, rules = RULES, of = jobName, step = "judge") =>
    bench.run("EvaluateMetrics", { jobName: of, rules, onFail: "continue" }, { build, step });
  const register = (name: string, build: Build, more: Record<string, string> = {}, options: RunOptions = {}) =>
    bench.run("RegisterModel", { name, jobName, outputName: "model", ...more }, { build, ...options });
  const version = (name: string, number = "1") => bench.cloud.azure.assets.models.version(name, number)!;
  const evidenceIn = (tags: unknown) =>
    Object.fromEntries(
      Object.entries((tags ?? {}) as Record<string, string>).filter(([tag]) => /^(evaluation|approval)/i.test(tag)),
    );
  const evidence = (name: string) => evidenceIn(version(name).properties["tags"]);
  const inRegistry = (name: string) =>
    evidenceIn(registryAssets(bench.cloud.azure, "shared")?.models.version(name, "1")?.properties["tags"]);
  const runUri = (build: Build) =>
    `${bench.cloud.devops.collectionUri}${bench.cloud.devops.project.name}/_build/results?buildId=${build.id}`;
  /** What a training script, or anybody else who may write to the workspace, says of its own job. */
  const claim = (tags: Record<string, string>, of = jobName) =>
    Object.assign(jobService(bench.cloud.azure).get(of)!.tags, tags);
  const forget = (of = jobName) => {
    const { tags } = jobService(bench.cloud.azure).get(of)!;
    for (const tag of Object.keys(tags)) if (/^evaluation/.test(tag)) delete tags[tag];
  };
  const PASSED = { evaluation: "passed", evaluationPipeline: "release-gate", evaluationRun: "https://x/" };

  it("is never what the job says of itself", async () => {
    claim({ ...PASSED, evaluationTime: "2026-01-01T00:00:00Z", approval: "approved" });
    const name = newName();
    assertSucceeded(await register(name, bench.newBuild()));
    forget();
    assert.deepEqual(evidence(name), {});
  });

  it("is what the run that registers has judged, whatever has become of the job's tags", async () => {
    const [build, name] = [bench.newBuild("gate"), newName()];
    assertSucceeded(await judge(build));
    forget();
    const run = await register(name, build);
    assertSucceeded(run);
    const { evaluationTime, ...rest } = evidence(name);
    assert.deepEqual(rest, { evaluation: "passed", evaluationPipeline: "gate", evaluationRun: runUri(build) });
    assert.ok(Math.abs(Date.parse(evaluationTime ?? "") - Date.now()) < 600_000, evaluationTime);
    assert.match(run.log, new RegExp(`${jobName}.*passed`));
  });

  it("is read through the official client of Azure DevOps alone, which says its name and ours", async () => {
    const [build, name] = [bench.newBuild("gate"), newName()];
    assertSucceeded(await judge(build));
    const from = bench.cloud.har.toHar() as { log: { entries: Entry[] } };
    assertSucceeded(await register(name, build));
    forget();
    const { log } = bench.cloud.har.toHar() as { log: { entries: Entry[] } };
    const entries = log.entries.slice(from.log.entries.length);
    const { areas, others } = azureDevOpsTraffic(entries);
    assert.deepEqual(others, []);
    for (const area of ["node-Build-api", "node-Pipelines-api"]) assert.ok((areas.get(area) ?? 0) > 0, area);
    const agents = entries.flatMap(({ request }) => request.headers.map(({ value }) => value));
    assert.ok(agents.some((agent) => /^node-Build-api azure-ml-pipelines\/\S+ AzureMLRegisterModel$/.test(agent)));
  });

  it("is the last judgement of the run, and a failed one takes the place of a passed one", async () => {
    const [build, name] = [bench.newBuild(), newName()];
    assertSucceeded(await judge(build));
    assertSucceeded(await register(name, build));
    assert.equal(evidence(name)["evaluation"], "passed");
    assertSucceeded(await judge(build, "metrics.auc > 2", jobName, "again"));
    claim({ evaluation: "passed" });
    assertSucceeded(await register(name, build));
    forget();
    assert.equal(evidence(name)["evaluation"], "failed");
    assert.equal(bench.cloud.azure.assets.models.container(name)?.versions.length, 1);
  });

  it("of a model stands no longer once its job is judged again and fails, in whatever run", async () => {
    const [build, name] = [bench.newBuild("gate"), newName()];
    assertSucceeded(await judge(build));
    assertSucceeded(await register(name, build));
    assert.equal(evidence(name)["evaluation"], "passed");
    const later = bench.newBuild("later");
    const planned = { jobName, rules: "metrics.auc > 2", onFail: "continue", plan: "true" };
    assertSucceeded(await bench.run("EvaluateMetrics", planned, { build: later }));
    assert.equal(evidence(name)["evaluation"], "passed", "a plan writes nothing");
    const failed = await bench.run("EvaluateMetrics", { jobName, rules: "metrics.auc > 2" }, { build: later });
    assert.equal(failed.result, "Failed");
    const { evaluation, evaluationRun } = evidence(name);
    assert.deepEqual([evaluation, evaluationRun], ["failed", runUri(later)]);
    assert.match(failed.log, new RegExp(`${name}:1 .*failed`));
  });

  it("is that of exactly this job, and of a judgement that was not a plan only", async () => {
    const build = bench.newBuild();
    const other = await newJob(0.8);
    assertSucceeded(await judge(build, RULES, other));
    assertSucceeded(
      await bench.run("EvaluateMetrics", { jobName, rules: RULES, plan: "true" }, { build, step: "plan" }),
    );
    claim({ evaluation: "passed" });
    const name = newName();
    assertSucceeded(await register(name, build));
    forget();
    assert.deepEqual(evidence(name), {});
  });

  it("is no record that another step of the run has attached, or that tells of another workspace", async () => {
    const judged = bench.newBuild();
    assertSucceeded(await judge(judged));
    const [genuine] = judged.plan.attachmentsOf(RECORD_TYPE);
    assert.ok(genuine);
    // A script prints the agent's command, and it is attached to the script's own step.
    const forged = bench.newBuild();
    const script = forged.plan.record({
      type: "Task",
      name: "Judge",
      state: "completed",
      result: "succeeded",
      task: { id: "d9bafed4-0b18-4f58-968d-86655b4d2ce9", name: "CmdLine", version: "2.0.0" },
    });
    forged.plan.attach(script.id, RECORD_TYPE, genuine.name, genuine.content);
    claim({ evaluation: "passed" });
    const first = newName();
    assertSucceeded(await register(first, forged));
    assert.deepEqual(evidence(first), {});
    const elsewhere = bench.newBuild();
    assertSucceeded(await judge(elsewhere));
    const [record] = elsewhere.plan.attachmentsOf(RECORD_TYPE);
    const told = JSON.parse(record!.content.toString("utf8"));
    const moved = { ...told, workspace: { ...told.workspace, name: "another" } };
    elsewhere.plan.attach(record!.recordId, RECORD_TYPE, record!.name, JSON.stringify(moved));
    const second = newName();
    assertSucceeded(await register(second, elsewhere));
    forget();
    assert.deepEqual(evidence(second), {});
  });

  it("in a record that is too long to be one of ours is told as missed, and not passed over", async () => {
    const build = bench.newBuild();
    assertSucceeded(await judge(build));
    const [record] = build.plan.attachmentsOf(RECORD_TYPE);
    build.plan.attach(record!.recordId, RECORD_TYPE, record!.name, Buffer.alloc(1_100_000, " "));
    forget();
    const name = newName();
    const run = await register(name, build);
    assert.equal(run.result, "Succeeded", run.log);
    assert.deepEqual(evidence(name), {});
    assert.ok(
      run.warnings.some((warning) => warning.includes("may have been missed")),
      run.log,
    );
  });

  it("is read from the run that stands for a pipeline resource", async () => {
    const [upstream, build, name] = [bench.newBuild("train"), bench.newBuild("release"), newName()];
    build.consumed.set("training", upstream);
    assertSucceeded(await judge(upstream));
    forget();
    assertSucceeded(await register(name, build));
    const { evaluation, evaluationPipeline, evaluationRun } = evidence(name);
    assert.deepEqual(
      { evaluation, evaluationPipeline, evaluationRun },
      { evaluation: "passed", evaluationPipeline: "train", evaluationRun: runUri(upstream) },
    );
  });

  it("is taken away again where somebody else wrote it, and stays where the run that it names confirms it", async () => {
    const [build, name] = [bench.newBuild("gate"), newName()];
    assertSucceeded(await register(name, build));
    for (const run of ["https://example.org/", runUri(build), "", `${runUri(build)}9999`]) {
      const forged = { ...PASSED, evaluationRun: run, approval: "approved" };
      Object.assign(version(name).properties["tags"] as object, forged);
      const again = await register(name, bench.newBuild());
      assert.equal(again.result, "Succeeded", again.log);
      assert.deepEqual(evidence(name), { approval: "approved" }, run);
      assert.match(again.warnings.join("\n"), new RegExp(`${name}:1 .*evaluation`), `${run}\n${again.log}`);
    }
    assertSucceeded(await judge(build));
    assertSucceeded(await register(name, build));
    forget();
    const judged = evidence(name);
    assert.equal(judged["evaluation"], "passed");
    assertSucceeded(await register(name, bench.newBuild()));
    assert.deepEqual(evidence(name), judged);
  });

  it("of a shared model is verified again, and what the workspace's version or its job claims stays there", async () => {
    const [build, name] = [bench.newBuild("gate"), newName()];
    const share = (run: Build) => register(name, run, { registry: "shared" });
    assertSucceeded(await register(name, build));
    Object.assign(version(name).properties["tags"] as object, { ...PASSED, approval: "approved" });
    claim({ ...PASSED, approval: "approved" });
    const first = await share(bench.newBuild());
    assert.equal(first.result, "Succeeded", first.log);
    assert.deepEqual(inRegistry(name), {});
    assertSucceeded(await judge(build));
    forget();
    assertSucceeded(await share(build));
    assert.equal(inRegistry(name)["evaluation"], "passed");
    assert.equal(inRegistry(name)["evaluationRun"], runUri(build));
    // Another run promotes it: the run that judged is asked again.
    assertSucceeded(await share(bench.newBuild()));
    assert.equal(inRegistry(name)["evaluation"], "passed");
    const copy = registryAssets(bench.cloud.azure, "shared")!.models.version(name, "1")!;
    Object.assign(copy.properties["tags"] as object, { evaluation: "passed", evaluationRun: "https://example.org/" });
    assertSucceeded(await judge(build, "metrics.auc > 2", jobName, "again"));
    assertSucceeded(await share(build));
    assert.equal(inRegistry(name)["evaluation"], "failed");
  });
});
