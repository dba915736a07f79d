// Every form of a reference in every position that takes one: by each of them the same thing is sent.
import assert from "node:assert/strict";
import { planText } from "../plan-text.ts";
import { type Project, project, WORKSPACE } from "../project.ts";

type Tree = Readonly<Record<string, unknown>>;

const command = (more: Tree = {}): Tree => ({
  type: "command",
  command: "ls",
  environment: "azureml:e:1",
  compute: "azureml:c",
  ...more,
});
const pipeline = (step: Tree, more: Tree = {}): Tree => ({
  type: "pipeline",
  settings: { default_compute: "azureml:c" },
  jobs: { a: step },
  ...more,
});
const step = (more: Tree = {}): Tree => ({ type: "command", command: "ls", environment: "azureml:e:1", ...more });
const sweep = (trial: Tree = {}, more: Tree = {}): Tree => ({
  type: "sweep",
  trial: { command: "echo ${{search_space.l}}", environment: "azureml:e:1", ...trial },
  compute: "azureml:c",
  sampling_algorithm: "random",
  search_space: { l: { type: "uniform", min_value: 0, max_value: 1 } },
  objective: { goal: "maximize", primary_metric: "m" },
  limits: { max_total_trials: 3 },
  ...more,
});
const conf: Tree = {
  "spark.driver.cores": 1,
  "spark.driver.memory": "2g",
  "spark.executor.cores": 2,
  "spark.executor.memory": "2g",
  "spark.executor.instances": 2,
};
const spark = (more: Tree = {}): Tree => ({
  type: "spark",
  code: "./src",
  entry: { file: "main.py" },
  conf,
  resources: { instance_type: "standard_e4s_v3", runtime_version: "3.4" },
  ...more,
});
const parallel = (task: Tree = {}): Tree => ({
  type: "parallel",
  inputs: { rows: { type: "uri_folder", path: "azureml:d:1" } },
  outputs: { o: { type: "uri_folder" } },
  input_data: "${{inputs.rows}}",
  mini_batch_size: "10",
  resources: { instance_count: 1 },
  task: { type: "run_function", code: "./src", entry_script: "main.py", environment: "azureml:e:1", ...task },
});
const automl = (more: Tree = {}): Tree => ({
  type: "automl",
  task: "classification",
  compute: "azureml:c",
  primary_metric: "accuracy",
  target_column_name: "y",
  training_data: { type: "mltable", path: "azureml:t:1" },
  limits: { max_trials: 3 },
  ...more,
});
const component = (more: Tree = {}): Tree => ({
  type: "command",
  name: "c",
  version: 1,
  command: "ls",
  environment: "azureml:e:1",
  ...more,
});
const serving: Tree = { name: "blue", endpoint_name: "ep-one" };
const online = (more: Tree = {}): Tree => ({
  ...serving,
  model: "azureml:m:1",
  environment: "azureml:e:1",
  instance_type: "Standard_DS3_v2",
  instance_count: 1,
  ...more,
});
const batch = (more: Tree = {}): Tree => ({
  ...serving,
  type: "model",
  model: "azureml:m:1",
  environment: "azureml:e:1",
  compute: "azureml:c",
  ...more,
});
const schedule = (more: Tree): Tree => ({
  name: "s",
  trigger: { type: "recurrence", frequency: "day", interval: 1 },
  create_job: { type: "pipeline", job: "azureml:j", ...more },
});
const data = (more: Tree = {}): Tree => ({ name: "d", version: 1, type: "uri_file", path: "./rows.csv", ...more });
const model = (more: Tree = {}): Tree => ({ name: "m", version: 1, type: "custom_model", path: "./rows.csv", ...more });

/** Versions and labels of an asset: each form, and what is sent for it. */
const versioned = (kind: string): Readonly<Record<string, string>> => ({
  "azureml:thing:3": `${WORKSPACE}/${kind}/thing/versions/3`,
  "azureml:thing@latest": `${WORKSPACE}/${kind}/thing/versions/7`,
  [`${WORKSPACE}/${kind}/thing/versions/3`]: `${WORKSPACE}/${kind}/thing/versions/3`,
  [`azureml:${WORKSPACE}/${kind}/thing/versions/3`]: `${WORKSPACE}/${kind}/thing/versions/3`,
  [`azureml:${WORKSPACE}/${kind}/thing/labels/latest`]: `${WORKSPACE}/${kind}/thing/versions/7`,
  [`azureml://registries/r/${kind}/thing/versions/3`]: `azureml://registries/r/${kind}/thing/versions/3`,
});
const [, SUBSCRIPTION, GROUP] = /subscriptions\/([^/]+)\/resourceGroups\/([^/]+)/.exec(WORKSPACE) ?? [];
const LONG = `azureml://subscriptions/${SUBSCRIPTION}/resourcegroups/${GROUP}/workspaces/ws1/datastores`;
const short = "azureml://datastores/other/paths/a/b";

interface Kind {
  /** What is written -> what is sent. */
  readonly forms: Readonly<Record<string, string>>;
  readonly positions: Readonly<Record<string, (written: string) => Tree>>;
}

const uploaded = { type: "uri_file", path: "./rows.csv" };
const inputs = (type: string): Kind["positions"] => ({
  "a command job's input": (path) => command({ inputs: { i: { type, path } } }),
  "a sweep job's input": (path) => sweep({}, { inputs: { i: { type, path } } }),
  "a pipeline's input": (path) => pipeline(step(), { inputs: { i: { type, path } } }),
  "an inline step's input": (path) => pipeline(step({ inputs: { i: { type, path } } })),
  "the input of a step over a component": (path) =>
    pipeline({ type: "command", component: "azureml:c:1", inputs: { i: { type, path } } }),
  "a scheduled job's input": (path) => schedule({ inputs: { i: { type, path } } }),
});

const KINDS: Readonly<Record<string, Kind>> = {
  "a datastore to upload to": {
    forms: Object.fromEntries(
      ["other", "azureml:other", `${WORKSPACE}/datastores/other`, `azureml:${WORKSPACE}/datastores/other`].map(
        (form) => [form, "datastores/other/paths/LocalUpload/"],
      ),
    ),
    positions: {
      "a data asset": (datastore) => data({ datastore }),
      "a model": (datastore) => model({ datastore }),
      "a command job's input": (datastore) => command({ inputs: { i: { ...uploaded, datastore } } }),
      "a sweep job's input": (datastore) => sweep({}, { inputs: { i: { ...uploaded, datastore } } }),
      "a pipeline's input": (datastore) => pipeline(step(), { inputs: { i: { ...uploaded, datastore } } }),
      "a step's input": (datastore) => pipeline(step({ inputs: { i: { ...uploaded, datastore } } })),
      "a Spark job's input": (datastore) => spark({ inputs: { i: { ...uploaded, datastore, mode: "direct" } } }),
      "a deployment's own model": (datastore) => online({ model: { name: "m", path: "./rows.csv", datastore } }),
      "a batch deployment's own model": (datastore) => batch({ model: { name: "m", path: "./rows.csv", datastore } }),
    },
  },
  "a default datastore": {
    forms: Object.fromEntries(
      ["other", "azureml:other", `${WORKSPACE}/datastores/other`, `azureml:${WORKSPACE}/datastores/other`].map(
        (form) => [form, `"${WORKSPACE}/datastores/other"`],
      ),
    ),
    positions: {
      "a pipeline": (name) => pipeline(step(), { settings: { default_compute: "azureml:c", default_datastore: name } }),
      "a scheduled pipeline": (name) => schedule({ settings: { default_datastore: name } }),
    },
  },
  "a compute": {
    forms: Object.fromEntries(
      ["cc", "azureml:cc", `${WORKSPACE}/computes/cc`, `azureml:${WORKSPACE}/computes/cc`].map((form) => [
        form,
        `${WORKSPACE}/computes/cc"`,
      ]),
    ),
    positions: {
      "a command job": (compute) => command({ compute }),
      "a sweep job": (compute) => sweep({}, { compute }),
      "an AutoML job": (compute) => automl({ compute }),
      "a Spark job": (compute) => spark({ compute, resources: undefined }),
      "a pipeline's steps": (compute) => pipeline(step(), { settings: { default_compute: compute } }),
      "a pipeline": (compute) => pipeline(step(), { compute, settings: undefined }),
      "a step": (compute) => pipeline(step({ compute })),
      "a step over a component": (compute) => pipeline({ type: "command", component: "azureml:c:1", compute }),
      "an AutoML step": (compute) =>
        pipeline({ ...automl({ compute }), outputs: { best_model: { type: "mlflow_model" } } }),
      "a scheduled pipeline": (compute) => schedule({ settings: { default_compute: compute } }),
      "a batch deployment": (compute) => batch({ compute }),
    },
  },
  "an environment": {
    forms: versioned("environments"),
    positions: {
      "a command job": (environment) => command({ environment }),
      "a component": (environment) => component({ environment }),
      "a step": (environment) => pipeline(step({ environment })),
      "a sweep's trial": (environment) => sweep({ environment }),
      "a parallel step": (environment) => pipeline(parallel({ environment })),
      "a Spark job": (environment) => spark({ environment }),
      "a Spark step": (environment) => pipeline(spark({ environment })),
      "an online deployment": (environment) => online({ environment }),
      "a batch deployment": (environment) => batch({ environment }),
    },
  },
  "a component": {
    forms: versioned("components"),
    positions: {
      "a step": (name) => pipeline({ type: "command", component: name }),
      "a sweep step's trial": (trial) => pipeline({ ...sweep(), compute: undefined, trial }),
      "a pipeline step": (name) => pipeline({ type: "pipeline", component: name }),
      "a batch deployment": (name) => ({ ...serving, type: "pipeline", component: name }),
      "a pipeline job": (name) => ({ type: "pipeline", component: name, settings: { default_compute: "azureml:c" } }),
    },
  },
  "data to read": {
    forms: {
      ...versioned("data"),
      [short]: short,
      [`azureml:${short}`]: short,
      [`${LONG}/other/paths/a/b`]: `${LONG}/other/paths/a/b`,
      "azureml://jobs/j1/outputs/artifacts/paths/a": "azureml://jobs/j1/outputs/artifacts/paths/a",
      "https://x.example/a.csv": "https://x.example/a.csv",
      "./rows.csv": "datastores/workspaceblobstore/paths/LocalUpload/",
      "file:./rows.csv": "datastores/workspaceblobstore/paths/LocalUpload/",
    },
    positions: inputs("uri_file"),
  },
  "a model to read": {
    forms: { ...versioned("models"), [short]: short, "./rows.csv": "datastores/workspaceblobstore/paths/LocalUpload/" },
    positions: inputs("custom_model"),
  },
  "a model to serve": {
    forms: versioned("models"),
    positions: {
      "an online deployment": (name) => online({ model: name }),
      "a batch deployment": (name) => batch({ model: name }),
    },
  },
  "the files of a model": {
    forms: {
      [short]: `${LONG}/other/paths/a/b"`,
      [`azureml:${short}`]: `${LONG}/other/paths/a/b"`,
      "azureml://datastores/other/paths/a/b/": `${LONG}/other/paths/a/b/"`,
      [`${LONG}/other/paths/a/b`]: `${LONG}/other/paths/a/b"`,
      "azureml://jobs/j1/outputs/artifacts/paths/a": '"azureml://jobs/j1/outputs/artifacts/paths/a"',
      "runs:/j1/a": '"runs:/j1/a"',
      "./rows.csv": `${LONG}/workspaceblobstore/paths/LocalUpload/`,
    },
    positions: {
      "a model": (path) => model({ path }),
      "a deployment's own model": (path) => online({ model: { name: "m", path } }),
      "a deployment's own model without a name": (path) => online({ model: { path } }),
      "a batch deployment's own model": (path) => batch({ model: { name: "m", path } }),
    },
  },
  "the files of a data asset": {
    forms: {
      [short]: `"${short}"`,
      [`azureml:${short}`]: `"${short}"`,
      [`${LONG}/other/paths/a/b`]: `"${LONG}/other/paths/a/b"`,
      "azureml://jobs/j1/outputs/artifacts/paths/a": '"azureml://jobs/j1/outputs/artifacts/paths/a"',
      "https://x.example/a.csv": '"https://x.example/a.csv"',
      "./rows.csv": '"azureml://datastores/workspaceblobstore/paths/LocalUpload/',
    },
    positions: { "a data asset": (path) => data({ path }) },
  },
};

describe("spec references", () => {
  let files: Project;
  before(() => {
    files = project({ "rows.csv": "a\n", "src/main.py": "" });
  });
  after(() => files.remove());

  for (const [what, { forms, positions }] of Object.entries(KINDS))
    for (const [position, document] of Object.entries(positions))
      it(`sends the same for every form of ${what} in ${position}`, async () => {
        const wrong: string[] = [];
        for (const [written, expected] of Object.entries(forms)) {
          const sent = await planText(files, document(written)).catch((error: Error) => error.message);
          const stray = /^azureml:(?!\/)/.test(written) && !expected.includes(written) && sent.includes(`"${written}"`);
          if (!sent.includes(expected) || stray) wrong.push(`${written}\n  wanted ${expected}\n  sent ${sent}`);
        }
        assert.deepEqual(wrong, []);
      });
});
