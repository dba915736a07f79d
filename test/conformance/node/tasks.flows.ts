// Our own tasks, as packaged, over a document of every kind: beside the official clients, on the same cloud, under the same eyes.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { jobService } from "../../../local/azure/jobs/service.ts";
import type { LocalCloud } from "../../../local/cloud.ts";
import { assertSucceeded, Bench } from "../../harness/bench.ts";
import type { SecretRecorder } from "../../harness/secrets.ts";

const documents = path.resolve(import.meta.dirname, "../documents");

/** What the service calls the kind of each file in `documents/jobs`. */
const kinds: Readonly<Record<string, string>> = {
  "automl-classification": "AutoML",
  "automl-image": "AutoML",
  "automl-text": "AutoML",
  command: "Command",
  distillation: "FineTuning",
  finetuning: "FineTuning",
  pipeline: "Pipeline",
  spark: "Spark",
  sweep: "Sweep",
};

/** Runs `work` with the agent and the documents as its repository. */
async function onAgent(cloud: LocalCloud, work: (bench: Bench, run: typeof runTask) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "conformance-tasks-"));
  try {
    await work(new Bench(cloud, cloud.har as SecretRecorder, folder), runTask);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the documents name "every" has another name at every attempt. */
let attempts = 0;

async function runTask(bench: Bench, task: Parameters<Bench["run"]>[0], inputs: Record<string, string>) {
  const prepare = (sources: string) => {
    cpSync(documents, sources, { recursive: true });
    for (const file of readdirSync(path.join(sources, "resources")).filter((one) => one.endsWith(".yml"))) {
      const place = path.join(sources, "resources", file);
      writeFileSync(place, readFileSync(place, "utf8").replaceAll(/\bevery(?=[-_r])/g, `every${attempts}`));
    }
  };
  const run = await bench.run(task, inputs, { prepare });
  assertSucceeded(run);
  return run;
}

/** A job of each kind, followed to its end. */
function jobFlows(): Record<string, (cloud: LocalCloud) => Promise<void>> {
  const files = readdirSync(path.join(documents, "jobs")).filter((file) => file.endsWith(".yml"));
  const flowOf = (name: string) => (cloud: LocalCloud) =>
    onAgent(cloud, async (bench, run) => {
      const { outputs } = await run(bench, "SubmitJob", { jobFile: `jobs/${name}.yml`, tags: "made-for=conformance" });
      assert.equal(outputs["jobStatus"], "Completed");
      const job = jobService(cloud.azure).get(outputs["jobName"] ?? "");
      assert.deepEqual([job?.body.jobType, job?.tags["made-for"]], [kinds[name], "conformance"]);
    });
  return Object.fromEntries(
    files.map((file) => {
      const name = path.basename(file, ".yml");
      return [`Submit job: ${name}`, flowOf(name)];
    }),
  );
}

export const flows: Readonly<Record<string, (cloud: LocalCloud) => Promise<void>>> = {
  ...jobFlows(),

  "Apply: a document of every kind, and nothing left to do the second time": (cloud) =>
    onAgent(cloud, async (bench, run) => {
      attempts += 1;
      const first = await run(bench, "Apply", { file: "resources" });
      const count = readdirSync(path.join(documents, "resources")).filter((file) => file.endsWith(".yml")).length;
      assert.equal(Object.keys(JSON.parse(first.outputs["ids"] ?? "{}")).length, count, first.log);
      assert.equal(first.outputs["changed"], "true");
      const second = await run(bench, "Apply", { file: "resources" });
      assert.equal(second.outputs["changed"], "false", second.log);
    }),

  "register data, train, judge, register the model, deploy, ask, download": (cloud) =>
    onAgent(cloud, async (bench, run) => {
      const data = await run(bench, "RegisterData", { source: "file", dataFile: "azureml/data.yml" });
      assert.ok(data.outputs["version"]);
      const { outputs } = await run(bench, "SubmitJob", { jobFile: "azureml/job.yml" });
      const jobName = outputs["jobName"] ?? "";
      const judged = await run(bench, "EvaluateMetrics", { jobName, rules: "metrics.auc >= 0.5" });
      assert.equal(judged.outputs["passed"], "true");
      const model = await run(bench, "RegisterModel", { source: "job", jobName, outputName: "model", name: "learned" });
      const version = model.outputs["version"] ?? "";
      await run(bench, "DownloadModel", { modelName: "learned", versionOrLabel: version, downloadPath: "downloaded" });
      const files = { endpointFile: "azureml/endpoint.yml", deploymentFile: "azureml/deployment.yml" };
      const requestFile = "requests/ada.json";
      const deployed = await run(bench, "DeployEndpoint", { ...files, requestFile, trafficPercent: "100" });
      assert.match(deployed.outputs["scoringUri"] ?? "", /\/score$/);
      await run(bench, "InvokeEndpoint", { endpointName: "greeter", requestFile });
    }),
};
