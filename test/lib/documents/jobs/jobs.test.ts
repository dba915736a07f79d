// Jobs beside commands and pipelines: sweep, Spark, AutoML, fine-tuning and distillation; and which kind a file is.
import assert from "node:assert/strict";
import { type JobParseOptions, kindOf, parseJob, translateJob } from "../../../../lib/documents/index.ts";
import { planFile, planSource } from "../../../../scripts/plan/plan.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const SWEEP = `
type: sweep
trial: {code: ./src, command: "python train.py --lr \${{search_space.lr}}", environment: "azureml:e:1"}
compute: azureml:cpu
sampling_algorithm: {type: random, seed: 3, rule: sobol}
search_space: {lr: {type: loguniform, min_value: -6, max_value: -1}, opt: {type: choice, values: [a, b]}}
objective: {goal: maximize, primary_metric: auc}
early_termination: {type: bandit, slack_factor: 0.1, evaluation_interval: 2}
limits: {max_total_trials: 10, max_concurrent_trials: 2, timeout: 3600, trial_timeout: 60}
`;
const SPARK = `
type: spark
code: ./src
entry: {file: train.py}
conf: {spark.driver.cores: 1, spark.driver.memory: 2g, spark.executor.cores: 2, spark.executor.memory: 2g, spark.executor.instances: 2}
resources: {instance_type: standard_e4s_v3, runtime_version: "3.4"}
`;
const AUTOML = `
type: automl
task: forecasting
compute: azureml:cpu
primary_metric: normalized_root_mean_squared_error
target_column_name: y
training_data: {type: mltable, path: azureml:t:1}
forecasting: {time_column_name: d, forecast_horizon: 12}
limits: {timeout_minutes: 60, max_trials: 4}
`;
const DISTILLATION = `
type: distillation
teacher_model_endpoint_connection:
  name: big
  type: serverless
  endpoint: https://big.inference.ai.azure.com
  api_key: Zq8-very-secret-91
student_model: azureml://registries/azureml-meta/models/m/versions/1
data_generation_type: label_generation
data_generation_task_type: nli
training_data: ./src/train.jsonl
validation_data: ./src/train.jsonl
outputs: {registered_model: {type: mlflow_model, name: m}}
`;

describe("spec jobs", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "src/train.py": "print()", "src/train.jsonl": "{}" });
  });
  afterEach(() => files.remove());

  const translate = async (yaml: string) => {
    const write = await translateJob(parseJob(files.yaml(yaml)), offline(), { name: "j", experimentName: "e" });
    return { write, properties: write.body["properties"] as Record<string, Record<string, unknown>> };
  };
  const refused = (yaml: string, options: JobParseOptions = {}) =>
    faultsOf(() => parseJob(files.yaml(yaml), options))
      .map(({ message }) => message)
      .join("\n");

  it("writes a sweep", async () => {
    const { write, properties } = await translate(SWEEP);
    assert.equal(write.apiVersion, "2024-01-01-preview");
    assert.equal(properties["jobType"], "Sweep");
    assert.deepEqual(properties["objective"], { goal: "maximize", primaryMetric: "auc" });
    assert.deepEqual(properties["searchSpace"], { lr: ["loguniform", [-6, -1]], opt: ["choice", [["a", "b"]]] });
    assert.deepEqual(properties["limits"], {
      jobLimitsType: "Sweep",
      maxTotalTrials: 10,
      maxConcurrentTrials: 2,
      timeout: "PT1H",
      trialTimeout: "PT1M",
    });
    assert.equal(properties["earlyTermination"]?.["policyType"], "Bandit");
    assert.equal(properties["trial"]?.["environmentId"], `${WORKSPACE}/environments/e/versions/1`);
  });

  it("writes a Spark job, its settings as text", async () => {
    const { properties } = await translate(SPARK);
    assert.equal(properties["jobType"], "Spark");
    assert.equal(properties["conf"]?.["spark.driver.cores"], "1");
    assert.deepEqual(properties["resources"], { instanceType: "standard_e4s_v3", runtimeVersion: "3.4" });
    assert.deepEqual(properties["entry"], { sparkJobEntryType: "SparkJobPythonEntry", file: "train.py" });
  });

  it("writes an AutoML job, its minutes as a span", async () => {
    const { properties } = await translate(AUTOML);
    const details = properties["taskDetails"] as Record<string, Record<string, unknown>>;
    assert.equal(details["taskType"], "Forecasting");
    assert.equal(details["primaryMetric"], "NormalizedRootMeanSquaredError");
    assert.equal(details["limitSettings"]?.["timeout"], "PT1H");
    assert.deepEqual(details["forecastingSettings"]?.["forecastHorizon"], { mode: "Custom", value: 12 });
  });

  it("keeps the teacher's key out of the plan and out of faults", async () => {
    const { writes } = await planFile(files.write("distil.yml", DISTILLATION));
    assert.match(JSON.stringify(writes), /\*\*\*/);
    assert.doesNotMatch(JSON.stringify(writes), /very-secret/);
    const text = refused(DISTILLATION.replace("label_generation", "labels"));
    assert.match(text, /data_generation_type/);
    assert.doesNotMatch(text, /very-secret/);
    const file = files.yaml(DISTILLATION);
    parseJob(file);
    assert.deepEqual([...file.secrets], ["Zq8-very-secret-91"]);
  });

  it("refuses a variable that nobody has filled in for the teacher's key, unless it is only planned", async () => {
    for (const text of ["$(key)", "${KEY}", "{{ key }}", "#{key}#", "__KEY__", "<api key>"]) {
      const yaml = DISTILLATION.replace("Zq8-very-secret-91", JSON.stringify(text));
      const [fault] = faultsOf(() => parseJob(files.yaml(yaml)));
      assert.match(fault?.message ?? "", /doc\.yml:7:12: "teacher_model_endpoint_connection\.api_key" is still /, text);
      assert.equal(fault?.errorCode, "AML1802");
      assert.ok(!`${fault?.message} ${fault?.hint}`.includes(text), `${fault?.message} quotes ${text}`);
      assert.equal((await planSource(files.yaml(yaml))).writes.length, 1);
      const given = { set: ["teacher_model_endpoint_connection.api_key=Zq8-very-secret-91"] };
      assert.doesNotThrow(() => parseJob(files.yaml(yaml), { overrides: given }));
    }
    const other = DISTILLATION.replace("api_key: Zq8-very-secret-91", "credentials: {type: api_key, key: $(key)}");
    assert.match(refused(other), /credentials\.key" is still a variable of the form \$\(\.\.\.\)/);
  });

  it("takes a secret that looks like a variable where its first character is escaped, and masks it either way", async () => {
    for (const secret of ["<abc-defgh>", "__abcdefgh__", "$(abcdefgh)", "#{abcdefgh}#"]) {
      const code = secret.charCodeAt(0).toString(16);
      const escaped = DISTILLATION.replace("Zq8-very-secret-91", `"\\x${code}${secret.slice(1)}"`);
      const file = files.yaml(escaped);
      assert.deepEqual(
        faultsOf(() => parseJob(file)).map(({ message }) => message),
        [],
      );
      assert.deepEqual([...file.secrets], [secret]);
      const { properties } = await translate(escaped);
      assert.ok(JSON.stringify(properties["properties"]).includes(secret), secret);
      const [fault] = faultsOf(() => parseJob(files.yaml(DISTILLATION.replace("Zq8-very-secret-91", `"${secret}"`))));
      assert.ok(fault?.hint?.includes(`"\\x${code}..."`), fault?.hint);
      const plain = files.yaml(DISTILLATION.replace("Zq8-very-secret-91", `"${secret}"`));
      assert.ok(!JSON.stringify((await planSource(plain)).writes).includes(secret), secret);
    }
  });

  it("takes a distillation that makes its own data without any", async () => {
    const made = DISTILLATION.replace("label_generation", "data_generation").replace(
      /^(training|validation)_data.*\n/gm,
      "",
    );
    const { properties } = await translate(made);
    assert.deepEqual(Object.keys(properties["fineTuningDetails"] as object), ["modelProvider", "taskType", "model"]);
  });

  const REFUSED: readonly [string, string, RegExp][] = [
    ["a sweep without a goal", SWEEP.replace("goal: maximize, ", ""), /objective\.goal/],
    ["an unknown distribution", SWEEP.replace("loguniform", "logunifrom"), /Allowed here: .*loguniform/],
    ["a Spark job without memory", SPARK.replace("spark.driver.memory: 2g, ", ""), /spark\.driver\.memory/],
    ["an entry that is not there", SPARK.replace("train.py", "trian.py"), /trian\.py/],
    ["an unknown metric", AUTOML.replace("normalized_root_mean_squared_error", "accuracy"), /primary_metric/],
    ["an unknown task", AUTOML.replace("forecasting\n", "forcasting\n"), /forecasting/],
    ["labels for no rows", DISTILLATION.replace(/^training_data.*\n/m, ""), /label_generation needs .*"training_data"/],
    [
      "labels without validation",
      DISTILLATION.replace(/^validation_data.*\n/m, ""),
      /label_generation needs .*"validation_data"/,
    ],
  ];
  for (const [what, yaml, pattern] of REFUSED) it(`refuses ${what}`, () => assert.match(refused(yaml), pattern));

  const KINDS: readonly [string, string][] = [
    [SWEEP, "sweep job"],
    [SPARK, "spark job"],
    [AUTOML, "automl job"],
    [DISTILLATION, "distillation job"],
    ["command: echo\nenvironment: azureml:e:1\n", "command job"],
    ["jobs: {}\n", "pipeline job"],
    ["name: c\nversion: 1\ntype: command\ncommand: echo\n", "component"],
    ["name: d\ntype: uri_file\npath: x\n", "data asset"],
    ["name: d\ntype: mltable\npath: x\nsource: {connection: c}\n", "data import"],
    ["name: m\ntype: mlflow_model\npath: x\n", "model"],
    ["name: e\nimage: x\n", "environment"],
    ["name: e\nauth_mode: key\n", "online endpoint"],
    ["name: d\nendpoint_name: e\ninstance_type: x\n", "online deployment"],
    ["name: d\nendpoint_name: e\ntype: model\n", "batch deployment"],
    ["name: s\ntrigger: {}\n", "schedule"],
    ["name: d\ntype: azure_blob\n", "datastore"],
    ["name: c\ntype: azure_blob\nurl: u\n", "connection"],
    ["name: c\ntype: AmlCompute\n", "compute"],
    ["name: r\nreplication_locations: []\n", "registry"],
    ["channels: []\ndependencies: []\n", "conda environment"],
    ["$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\nname: e\n", "batch endpoint"],
    ["a: 1\n", "document of an unknown kind"],
  ];
  for (const [yaml, kind] of KINDS) it(`knows a ${kind}`, () => assert.equal(kindOf(files.yaml(yaml)), kind));

  it("refuses a job of another kind, and what is no job, by name", () => {
    assert.throws(
      () => parseJob(files.yaml(SWEEP, "job.yml"), { kinds: ["command"] }),
      /job\.yml describes a sweep job; only a command job/,
    );
    assert.throws(() => parseJob(files.yaml("name: e\nimage: x\n", "env.yml")), /env\.yml describes an environment/);
  });
});
