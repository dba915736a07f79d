// Evaluate metrics, as shipped, on jobs of every shape and without an option: pipelines, sweeps, nested ones and AutoML.
import assert from "node:assert/strict";
import { jobService } from "../../local/azure/jobs/service.ts";
import { parseScenarios } from "../../local/azure/scenarios/document.ts";
import { assertSucceeded, Bench, type RunOptions } from "../harness/bench.ts";
import { logging } from "../harness/logging.ts";

type Metrics = Readonly<Record<string, number>>;
type Document = Readonly<Record<string, unknown>>;

const step = (metrics: Metrics, more: Document = {}) => ({
  type: "command",
  command: logging(metrics),
  environment: { image: "ubuntu" },
  ...more,
});
const pipeline = (jobs: Document, more: Document = {}) => ({
  type: "pipeline",
  settings: { default_compute: "azureml:cpu-cluster", ...more },
  jobs,
});
/** Trials that log `auc`, each the value that was drawn. */
const sweep = (values: readonly number[], more: Document = {}) => ({
  type: "sweep",
  trial: { command: logging({ auc: "${{search_space.auc}}" }), environment: { image: "ubuntu" } },
  search_space: { auc: { type: "choice", values } },
  sampling_algorithm: "grid",
  objective: { goal: "maximize", primary_metric: "auc" },
  limits: { max_total_trials: values.length, max_concurrent_trials: 2 },
  ...more,
});
const AUTOML = {
  type: "automl",
  task: "classification",
  primary_metric: "accuracy",
  target_column_name: "y",
  training_data: { type: "mltable", path: "azureml://datastores/workspaceblobstore/paths/table/" },
  limits: { max_trials: 2 },
};

describe("AzureMLEvaluateMetrics finds the metrics", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  afterEach(() => bench.cloud.azure.scenarios.clear());

  /** Submits a job and waits until it has ended. */
  async function submitted(job: Document, files: Readonly<Record<string, string>> = {}): Promise<string> {
    const run = await bench.run(
      "SubmitJob",
      { jobFile: "job.yml", wait: "false" },
      { files: { "job.yml": JSON.stringify(job), ...files } },
    );
    assertSucceeded(run);
    const name = run.outputs["jobName"]!;
    await jobService(bench.cloud.azure).ended(name);
    return name;
  }
  const gate = (jobName: string, rules: string, more: Document = {}, options: RunOptions = {}) =>
    bench.run("EvaluateMetrics", { jobName, rules, metricsTimeoutInSeconds: "1", ...more }, options);
  const children = (name: string) => jobService(bench.cloud.azure).children(name);

  it("of a pipeline on the one step that has them, and says which", async () => {
    const job = await submitted(pipeline({ prep: step({ rows: 3 }), evaluate: step({ auc: 0.8 }) }));
    const run = await gate(job, "metrics.auc >= 0.8\nmetrics.rows == 3");
    assertSucceeded(run);
    const { runs } = { runs: run.record?.gate?.metricRuns };
    assert.match(runs?.["auc"] ?? "", /^the step evaluate \(run /);
    assert.match(runs?.["rows"] ?? "", /^the step prep \(run /);
    assert.match(run.log, /The metric auc is that of the step evaluate \(run /);
    assert.deepEqual(run.record?.gate?.metrics, { auc: 0.8, rows: 3 });
  });

  it("of no step where parallel ones have the same: the error names them, and metricsFrom chooses", async () => {
    const job = await submitted(pipeline({ small: step({ auc: 0.7 }), large: step({ auc: 0.9 }) }));
    const unclear = await gate(job, "metrics.auc >= 0.5");
    assert.equal(unclear.result, "Failed");
    assert.match(
      unclear.errors.join(),
      /The metric "auc" is on 2 runs of the job: the step \w+ \(run \S+\), the step \w+ \(run \S+\)\. Name the step .* metricsFrom/,
    );
    assertSucceeded(await gate(job, "metrics.auc >= 0.9", { metricsFrom: "large" }));
    const closed = await gate(job, "metrics.auc >= 0.9", { metricsFrom: "small" });
    assert.match(closed.errors.join(), /metrics\.auc = 0\.7 is not at least 0\.9/);
    const unknown = await gate(job, "metrics.auc >= 0.9", { metricsFrom: "medium" });
    assert.match(
      unknown.errors.join(),
      /metricsFrom is "medium", and the job \S+ has no step of that name; it has (small, large|large, small)/,
    );
  });

  it("of no step where a rule only asks after what several have", async () => {
    const job = await submitted(pipeline({ small: step({ auc: 0.7 }), large: step({ auc: 0.9 }) }));
    const run = await gate(job, "!has(metrics.auc)");
    assert.equal(run.result, "Failed");
    assert.match(run.errors.join(), /The metric "auc" is on 2 runs/);
  });

  it("of a sweep on its best trial, not the first and not the last", async () => {
    const job = await submitted(sweep([0.6, 0.9, 0.7], { compute: "azureml:cpu-cluster" }));
    const run = await gate(job, "metrics.auc >= 0.9 && metrics.auc < 1\nsize(history.auc) == 1");
    assertSucceeded(run);
    const best = children(job).find(({ properties }) => /0\.9/.test(properties["hyperparameters"] ?? ""))?.name;
    assert.equal(run.record?.gate?.metricRuns?.["auc"], `the best trial ${best}`);
  });

  it("of a sweep on no trial where the best has failed", async () => {
    const job = await submitted(sweep([0.6, 0.9, 0.7], { compute: "azureml:cpu-cluster" }));
    const service = jobService(bench.cloud.azure);
    const best = service.get(service.get(job)!.properties["best_child_run_id"]!)!;
    best.status = "Failed";
    const run = await gate(job, "metrics.auc >= 0.5");
    assert.match(
      run.errors.join(),
      new RegExp(
        `"auc" is only on the best trial ${best.name}, which is Failed, and the metrics of a run that has not completed`,
      ),
    );
  });

  it("of a pipeline whose step is a sweep on the best trial of that step", async () => {
    const job = await submitted(pipeline({ prep: step({ rows: 3 }), tune: sweep([0.6, 0.9]) }));
    const run = await gate(job, "metrics.auc == 0.9");
    assertSucceeded(run);
    assert.match(run.record?.gate?.metricRuns?.["auc"] ?? "", /^the best trial /);
  });

  it("of a pipeline in a pipeline, whose steps nobody listed", async () => {
    const inner = {
      $schema: "https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json",
      type: "pipeline",
      name: "inner",
      jobs: { train: step({ loss: 0.2 }), score: step({ auc: 0.85 }) },
    };
    const job = await submitted(pipeline({ outer: { type: "pipeline", component: "./inner.yml" } }), {
      "inner.yml": JSON.stringify(inner),
    });
    const run = await gate(job, "metrics.auc == 0.85 && metrics.loss < 1");
    assertSucceeded(run);
    assert.match(run.record?.gate?.metricRuns?.["auc"] ?? "", /^the step outer\/score \(run /);
    assertSucceeded(await gate(job, "metrics.auc == 0.85", { metricsFrom: "outer/score" }));
    assertSucceeded(await gate(job, "metrics.auc == 0.85", { metricsFrom: "score" }));
  });

  it("of a step that reused an earlier run on the run that did the work", async () => {
    const metrics = { auc: 0.77 };
    const first = await submitted(pipeline({ train: step(metrics) }));
    const second = await submitted(pipeline({ train: step(metrics), more: step({ rows: 1 }) }));
    const reused = children(second).find(({ properties }) => properties["azureml.isreused"] === "true");
    assert.equal(reused?.properties["azureml.reusedrunid"], children(first)[0]?.name, "the step was reused");
    const run = await gate(second, "metrics.auc == 0.77");
    assertSucceeded(run);
    assert.match(run.record?.gate?.metricRuns?.["auc"] ?? "", /^the step train \(run \S+\), which reused the run /);
  });

  it("of a job whose code logs in an MLflow run of its own below it", async () => {
    const job = await submitted({ ...step({ rows: 3 }), compute: "azureml:cpu-cluster" });
    const { tracking } = jobService(bench.cloud.azure);
    const { experimentId } = tracking.runs.get(job)!;
    const tags = { "mlflow.parentRunId": job, "mlflow.rootRunId": job };
    const nested = tracking.addRun({ experimentId, name: "nested", status: "FINISHED", tags });
    tracking.logMetric(nested, { key: "auc", value: 0.9, timestamp: 1, step: 0 });
    assertSucceeded(await gate(job, "metrics.auc == 0.9 && metrics.rows == 3"));
  });

  it("of AutoML on the best trial that the service names, and on no other", async () => {
    bench.cloud.azure.scenarios.add(
      parseScenarios(
        "rules: [{ job: { type: automl }, then: { trials: [{ accuracy: 0.8 }, { accuracy: 0.93 }, { accuracy: 0.9 }] } }]",
      ).rules,
    );
    const job = await submitted({ ...AUTOML, compute: "azureml:cpu-cluster" });
    const run = await gate(job, "metrics.accuracy == 0.93");
    assertSucceeded(run);
    assert.equal(run.record?.gate?.metricRuns?.["accuracy"], `the best trial ${job}_1`);
    // Whoever may write tags may not choose another job's metrics.
    const service = jobService(bench.cloud.azure);
    const other = await submitted({ ...step({ accuracy: 1 }), compute: "azureml:cpu-cluster" });
    service.get(job)!.tags["automl_best_child_run_id"] = other;
    const forged = await gate(job, "metrics.accuracy == 1");
    assert.match(forged.errors.join(), /names a best trial that is no run of its own, so it does not count/);
  });

  it("of AutoML on nothing where the service names no best trial", async () => {
    const job = await submitted({ ...AUTOML, compute: "azureml:cpu-cluster" });
    const run = await gate(job, "metrics.accuracy > 0");
    assert.match(run.errors.join(), new RegExp(`The service names no best trial of the job ${job}`));
  });

  it("of a champion in the same way: a pipeline against a pipeline", async () => {
    const [old, fresh] = await Promise.all([
      submitted(pipeline({ a: step({ rows: 1 }), evaluate: step({ auc: 0.7 }) })),
      submitted(pipeline({ a: step({ rows: 2 }), evaluate: step({ auc: 0.75 }) })),
    ]);
    const run = await gate(fresh, "metrics.auc > champion.auc", { champion: `job:${old}` });
    assertSucceeded(run);
    assert.match(run.log, /The champion's metric auc is that of the step evaluate/);
    const unclear = await submitted(pipeline({ x: step({ auc: 0.1 }), y: step({ auc: 0.2 }) }));
    const refused = await gate(fresh, "metrics.auc > champion.auc", { champion: `job:${unclear}` });
    assert.match(refused.errors.join(), /Of the champion \S+: The metric "auc" is on 2 runs/);
  });

  it("of a trial that is not the best on that trial alone", async () => {
    const swept = await submitted(sweep([0.6, 0.9], { compute: "azureml:cpu-cluster" }));
    const { tracking } = jobService(bench.cloud.azure);
    const best = jobService(bench.cloud.azure).get(swept)!.properties["best_child_run_id"]!;
    const other = children(swept).find(({ name }) => name !== best)!.name;
    tracking.logMetric(tracking.runs.get(best)!, { key: "f1", value: 0.5, timestamp: 1, step: 0 });
    const fresh = await submitted({ ...step({ f1: 0.9 }), compute: "azureml:cpu-cluster" });
    assertSucceeded(await gate(fresh, "metrics.f1 > champion.f1", { champion: `job:${best}` }));
    const run = await gate(fresh, "metrics.f1 > champion.f1", { champion: `job:${other}` });
    assert.match(run.errors.join(), /has no metric "f1"; it has auc/);
  });

  it("of a model whose files are one step's on the step of that pipeline that has them", async () => {
    const outputs = (more: Document) => ({ outputs: { model: { type: "custom_model", mode: "upload", ...more } } });
    const train = step({ loss: 0.1 }, outputs({ path: "${{parent.outputs.model}}" }));
    const jobs = {
      train: { ...train, command: `${train.command} && echo m > \${{outputs.model}}/m` },
      evaluate: step({ auc: 0.7 }),
    };
    const job = await submitted({ ...pipeline(jobs), ...outputs({}) });
    assertSucceeded(await bench.run("RegisterModel", { name: "of-a-step", jobName: job, outputName: "model" }));
    const fresh = await submitted({ ...step({ auc: 0.9 }), compute: "azureml:cpu-cluster" });
    const run = await gate(fresh, "metrics.auc > champion.auc", { champion: "model:of-a-step@latest" });
    assertSucceeded(run);
    assert.match(run.log, /The champion's metric auc is that of the step evaluate/);
  });
});
