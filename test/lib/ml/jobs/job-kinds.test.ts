// Jobs of every kind: what they name is looked for once, each is submitted as Azure's contract has it, and no key is told.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import { namedIn } from "../../../../lib/ml/assets/named-things.ts";
import { cancelJob, getJob } from "../../../../lib/ml/jobs/jobs.ts";
import { specificationHash, submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import SubmitJob from "../../../../tasks/SubmitJob/index.ts";
import { runStory } from "../../../tasks/context.ts";
import { AUTOML, SWEEP } from "../job-samples.ts";
import { project } from "../projects.ts";
import { openLocal, provenance } from "../world.ts";

const command = (line: string, more: object = {}) => ({
  type: "command",
  command: line,
  environment: { image: "ubuntu" },
  ...more,
});
const KEY = "teacher-key-5f2c90d1e7";

const KINDS: Record<string, object> = {
  Command: { ...command("echo ${{inputs.x}}"), compute: "azureml:cpu-cluster", inputs: { x: 1 } },
  Sweep: SWEEP,
  Pipeline: {
    type: "pipeline",
    settings: { default_compute: "azureml:cpu-cluster" },
    jobs: { one: command("echo one"), two: command("echo two", { compute: "azureml:cpu-cluster" }) },
  },
  Spark: {
    type: "spark",
    code: "src",
    entry: { file: "main.py" },
    conf: {
      "spark.driver.cores": 1,
      "spark.driver.memory": "2g",
      "spark.executor.cores": 2,
      "spark.executor.memory": "2g",
      "spark.executor.instances": 1,
    },
    resources: { instance_type: "standard_e8s_v3", runtime_version: "3.4" },
  },
  AutoML: AUTOML,
  FineTuning: {
    type: "finetuning",
    task: "chat_completion",
    model_provider: "custom",
    model: { type: "mlflow_model", path: "azureml://registries/azureml/models/small/versions/1" },
    training_data: "azureml://datastores/workspaceblobstore/paths/chat.jsonl",
    outputs: { registered_model: { type: "mlflow_model", name: "tuned" } },
  },
  Distillation: {
    type: "distillation",
    data_generation_type: "label_generation",
    data_generation_task_type: "NLI",
    teacher_model_endpoint_connection: {
      type: "serverless",
      name: "teacher",
      endpoint: "https://teacher.example.com",
      api_key: KEY,
    },
    student_model: { type: "mlflow_model", path: "azureml://registries/azureml/models/small/versions/1" },
    training_data: { type: "uri_file", path: "azureml://datastores/workspaceblobstore/paths/chat.jsonl" },
    validation_data: { type: "uri_file", path: "azureml://datastores/workspaceblobstore/paths/held-back.jsonl" },
    outputs: { registered_model: { type: "mlflow_model", name: "student" } },
  },
};

function written(job: object) {
  const folder = project({ "job.yml": JSON.stringify(job), "src/main.py": "print('hello')\n" });
  const file = path.join(folder, "job.yml");
  return { folder, file, document: parseJob(readSource(file, { root: folder })) };
}

describe("jobs of every kind", () => {
  for (const [kind, job] of Object.entries(KINDS)) {
    it(`submits ${kind}`, async () => {
      const { folder, file } = written(job);
      const ran = await runStory(SubmitJob, { jobFile: file, wait: "false", tags: "a=b" }, folder);
      assert.equal(ran.error, undefined);
      const workspace = await openLocal();
      const there = await getJob(workspace, ran.outputs?.jobName ?? "");
      assert.equal(there.properties?.jobType, kind === "Distillation" ? "FineTuning" : kind);
      assert.equal(there.properties?.tags?.["a"], "b");
    });
  }

  it("lays overrides over the steps of a pipeline and the trial of a sweep", async () => {
    const workspace = await openLocal();
    const { folder, file } = written(KINDS["Pipeline"] ?? {});
    const overrides = "jobs: { two: { display_name: other } }\ndescription: mine";
    const ran = await runStory(SubmitJob, { jobFile: file, overrides, wait: "false" }, folder);
    const there = (await getJob(workspace, ran.outputs?.jobName ?? "")).properties;
    assert.equal(there?.["description"], "mine");
    assert.equal(
      (there?.["jobs"] as Record<string, { display_name?: string }> | undefined)?.["two"]?.display_name,
      "other",
    );
    const sweep = written(KINDS["Sweep"] ?? {});
    const given = { jobFile: sweep.file, overrides: "limits: { max_total_trials: 1 }", environmentVariables: "A=b" };
    const swept = await runStory(SubmitJob, { ...given, wait: "false" }, sweep.folder);
    const body = (await getJob(workspace, swept.outputs?.jobName ?? "")).properties;
    assert.equal((body?.["limits"] as { maxTotalTrials?: number } | undefined)?.maxTotalTrials, 1);
    const trial = body?.["trial"] as { environmentVariables?: Record<string, string> } | undefined;
    assert.equal(trial?.environmentVariables?.["A"], "b");
  });

  it("refuses environment variables where there is no one command", async () => {
    const { folder, file } = written(KINDS["Pipeline"] ?? {});
    const ran = await runStory(SubmitJob, { jobFile: file, environmentVariables: "A=b" }, folder);
    assert.match(ran.error?.message ?? "", /command job or a sweep job, and this is a pipeline job/);
  });

  it("asks for the teacher's key to be hidden, and tells it nowhere", async () => {
    const { folder, file } = written(KINDS["Distillation"] ?? {});
    const ran = await runStory(SubmitJob, { jobFile: file, wait: "false" }, folder, { stepIdentity: randomUUID() });
    assert.equal(ran.error, undefined);
    assert.deepEqual(ran.hidden, [KEY]);
    for (const told of [ran.log, JSON.stringify(ran.record), JSON.stringify(ran.outputs), JSON.stringify(ran.set)]) {
      assert.ok(!told.includes(KEY));
    }
  });

  it("compares distillations by what they do, and not by the key", () => {
    const of = (properties: Record<string, string>) =>
      specificationHash({ jobType: "FineTuning", properties }, { codeHashes: new Map() });
    const one = { "azureml.enable_distillation": "True", "azureml.connection_information": "a", BuildId: "1" };
    assert.equal(of(one), of({ ...one, "azureml.connection_information": "b", "azureml.git.dirty": "False" }));
    assert.notEqual(of(one), of({ ...one, "azureml.data_generation_type": "label_generation" }));
  });

  it("looks for what three hundred steps name once each, side by side, before anything is created", async () => {
    const step = command("echo", { compute: "azureml:no-such-cluster", environment: "azureml:nothing:1" });
    const jobs = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`s${index}`, step]));
    const { folder, document } = written({
      type: "pipeline",
      settings: { default_compute: "azureml:cpu-cluster" },
      jobs,
    });
    const { computes, assets } = namedIn(document);
    assert.deepEqual([[...computes].sort(), assets.length], [["cpu-cluster", "no-such-cluster"], 1]);
    const requests: string[] = [];
    const workspace = await openLocal({
      onRequest: (method, url) => requests.push(`${method} ${new URL(url).pathname}`),
    });
    requests.length = 0;
    await assert.rejects(submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder }), {
      kind: "notFound",
      message: /no compute "no-such-cluster"|no environment "nothing"/,
    });
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.deepEqual(
      requests.filter((one) => !one.startsWith("GET")),
      [],
    );
    assert.ok(requests.length < 12, requests.join("\n"));
  });

  it("cancels the job of an older run with the same key first, and no other", async () => {
    const concurrencyKey = `key/${randomUUID()}`;
    const { folder, file } = written({ ...command("sleep 600"), compute: "azureml:cpu-cluster" });
    const submit = (given: Record<string, string>, stepIdentity: string, runId = "12") =>
      runStory(SubmitJob, { jobFile: file, wait: "false", ...given }, folder, {
        stepIdentity,
        provenance: { ...provenance, runId },
      });
    const old = await submit({ concurrencyKey }, randomUUID(), "7");
    const other = await submit({ concurrencyKey: "another" }, randomUUID());
    const step = randomUUID();
    const fresh = await submit({ concurrencyKey }, step);
    assert.match(fresh.log, new RegExp(`Cancelling the job ${old.outputs?.jobName}, `));
    assert.ok(!fresh.log.includes(other.outputs?.jobName ?? "?"));
    const again = await submit({ concurrencyKey }, step);
    assert.equal(again.outputs?.jobName, fresh.outputs?.jobName, "an attempt joins what it would otherwise cancel");
    const workspace = await openLocal();
    const status = async (name = "") => (await getJob(workspace, name)).properties?.status ?? "";
    assert.match(await status(old.outputs?.jobName), /^Cancel/);
    assert.doesNotMatch(await status(fresh.outputs?.jobName), /^Cancel/);
    for (const { outputs } of [other, fresh]) await cancelJob(workspace, outputs?.jobName ?? "");
    const bad = await submit({ concurrencyKey: "a b" }, randomUUID());
    assert.match(bad.error?.message ?? "", /concurrencyKey is "a b", which is no key/);
  });

  it("takes no word of the user's own for a name", () => {
    const { document } = written({
      type: "pipeline",
      tags: { compute: "x" },
      properties: { compute: "y" },
      inputs: { compute: "z", c: "w" },
      settings: { default_compute: "azureml:cpu-cluster" },
      jobs: {
        a: command("echo", {
          environment: { image: "i" },
          compute: "${{parent.inputs.c}}",
          tags: { environment: "azureml:e:1" },
        }),
      },
    });
    const { computes, assets } = namedIn(document);
    assert.deepEqual([[...computes], assets], [["cpu-cluster"], []]);
  });
});
