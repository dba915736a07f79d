// Documents and overrides that nobody thought of: sound ones are translated, all others are refused with faults and never otherwise.
import assert from "node:assert/strict";
import fc from "fast-check";
import YAML from "yaml";
import { TaskError } from "../../../lib/errors.ts";
import { planFile } from "../../../scripts/plan/plan.ts";
import { type Project, project } from "./project.ts";

type Tree = Record<string, unknown>;
const SECRET = "Zq8-very-secret-91";

/** One sound document of each kind. */
const SAMPLES: Readonly<Record<string, Tree>> = {
  data: { name: "d", type: "uri_folder", path: "./src", tags: { a: "b" } },
  model: { name: "m", type: "mlflow_model", path: "./src", flavors: { python_function: { loader_module: "x" } } },
  environment: { name: "e", image: "i", conda_file: { dependencies: ["python=3.8", { pip: ["x"] }] } },
  command: {
    command: "echo ${{inputs.a}}",
    code: "./src",
    environment: "azureml:e:1",
    compute: "azureml:c",
    inputs: { a: 1, b: { type: "uri_folder", path: "azureml:d:1" } },
    outputs: { o: { type: "uri_folder", mode: "upload" } },
    limits: { timeout: 60 },
    distribution: { type: "pytorch", process_count_per_instance: 2 },
    resources: { instance_count: 2 },
    services: { s: { type: "ssh", ssh_public_keys: "k" } },
  },
  sweep: {
    type: "sweep",
    trial: { command: "echo ${{search_space.l}}", environment: "azureml:e:1" },
    compute: "c",
    sampling_algorithm: "random",
    search_space: { l: { type: "uniform", min_value: 0, max_value: 1 } },
    objective: { goal: "maximize", primary_metric: "m" },
    limits: { max_total_trials: 3 },
  },
  pipeline: {
    type: "pipeline",
    settings: { default_compute: "azureml:c" },
    inputs: { x: 1 },
    jobs: {
      a: { command: "echo ${{inputs.y}}", environment: "azureml:e:1", inputs: { y: "${{parent.inputs.x}}" } },
      b: { component: "azureml:c:1", type: "command", inputs: { z: { type: "uri_file", path: "azureml:d:1" } } },
    },
  },
  automl: {
    type: "automl",
    task: "classification",
    compute: "c",
    primary_metric: "accuracy",
    target_column_name: "y",
    training_data: { type: "mltable", path: "azureml:t:1" },
    limits: { max_trials: 3 },
    featurization: { mode: "custom", blocked_transformers: ["WordEmbedding"] },
  },
  spark: {
    type: "spark",
    code: "./src",
    entry: { file: "score.py" },
    conf: {
      "spark.driver.cores": 1,
      "spark.driver.memory": "2g",
      "spark.executor.cores": 2,
      "spark.executor.memory": "2g",
      "spark.executor.instances": 2,
    },
    resources: { instance_type: "standard_e4s_v3", runtime_version: "3.4" },
  },
  component: {
    name: "c",
    version: 1,
    type: "command",
    command: "echo ${{inputs.a}}",
    environment: "azureml:e:1",
    inputs: { a: { type: "integer", default: 1, optional: true } },
  },
  endpoint: { name: "end", auth_mode: "key", traffic: { a: 100 }, identity: { type: "system_assigned" } },
  deployment: {
    name: "blue",
    endpoint_name: "end",
    model: "azureml:m:1",
    code_configuration: { code: "./src", scoring_script: "score.py" },
    environment: "azureml:e:1",
    instance_type: "x",
    instance_count: 1,
    liveness_probe: { period: 10 },
    data_collector: { collections: { model_inputs: { enabled: "true" } } },
  },
  batch: {
    name: "blue",
    endpoint_name: "end",
    type: "model",
    model: "azureml:m:1",
    compute: "c",
    settings: { mini_batch_size: 3, retry_settings: { timeout: 3 } },
  },
  schedule: {
    name: "s",
    trigger: { type: "recurrence", frequency: "day", interval: 1, schedule: { hours: 1, minutes: [2] } },
    create_job: { type: "pipeline", job: "azureml:j", inputs: { a: 1 } },
  },
  monitor: {
    name: "s",
    trigger: { type: "cron", expression: "0 0 * * *" },
    create_monitor: {
      compute: { instance_type: "x", runtime_version: "3.4" },
      monitoring_target: { ml_task: "classification", endpoint_deployment_id: "azureml:e:d" },
      monitoring_signals: {
        a: { type: "data_drift", features: ["x"], metric_thresholds: { numerical: { jensen_shannon_distance: 0.1 } } },
      },
    },
  },
  datastore: {
    name: "d",
    type: "azure_blob",
    account_name: "a",
    container_name: "c",
    credentials: { account_key: SECRET },
  },
  connection: { name: "c", type: "git", target: "t", credentials: { type: "pat", pat: SECRET } },
  cluster: {
    name: "c",
    type: "amlcompute",
    ssh_settings: { admin_username: "u", admin_password: SECRET },
    identity: { type: "system_assigned" },
  },
  registry: { name: "r", location: "l", replication_locations: [{ location: "l", storage_config: {} }] },
};

const scalar = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(
    "azureml:x:1",
    "azureml:x@latest",
    "./src",
    "file:src",
    "${{inputs.a}}",
    "-1",
    "2024-01-01",
    "all_features",
  ),
);
const value = fc.oneof(
  { weight: 4, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 8 }), scalar, { maxKeys: 3 }),
);

type Change = {
  readonly at: number;
  readonly what: "replace" | "remove" | "add";
  readonly key: string;
  readonly value: unknown;
};
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  what: fc.constantFrom("replace" as const, "remove" as const, "add" as const),
  key: fc.oneof(
    fc.string({ maxLength: 8 }),
    fc.constantFrom("type", "name", "path", "inputs", "job", "__proto__", "constructor"),
  ),
  value,
});

/** Every place in a tree: the mapping or list that holds it, and its key there. */
function places(tree: unknown): { readonly holder: Tree; readonly key: string }[] {
  if (typeof tree !== "object" || tree === null) return [];
  const holder = tree as Tree;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...places(holder[key])]);
}

function changed(sample: Tree, changes: readonly Change[]): Tree {
  const tree = structuredClone(sample);
  for (const { at, what, key, value: next } of changes) {
    const all = places(tree);
    const place = all[at % Math.max(all.length, 1)];
    if (place === undefined) continue;
    if (what === "remove" && !Array.isArray(place.holder)) delete place.holder[place.key];
    else if (what === "replace") place.holder[place.key] = structuredClone(next);
    else if (!Array.isArray(place.holder))
      Object.defineProperty(place.holder, key, {
        value: structuredClone(next),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  return tree;
}

describe("spec random", () => {
  let files: Project;
  before(() => {
    files = project({ "src/score.py": "def init(): pass" });
  });
  after(() => files.remove());

  /** As a task, it keeps to its root: a random `/` must not be read. The plan of a document, or the faults for which it is refused. Anything else that is thrown fails the test. */
  const plan = async (document: unknown, set: readonly string[] = []) => {
    const file = files.write("doc.yml", typeof document === "string" ? document : YAML.stringify(document));
    try {
      return { text: JSON.stringify((await planFile(file, { set, root: files.folder })).writes), isRefused: false };
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      assert.notEqual(error.message, "");
      return { text: `${error.message} ${error.hint ?? ""}`, isRefused: true };
    }
  };

  for (const [kind, sample] of Object.entries(SAMPLES)) {
    it(`translates a sound ${kind}`, async () => {
      const { text, isRefused } = await plan(sample);
      assert.equal(isRefused, false, text);
      assert.doesNotMatch(text, new RegExp(SECRET));
    });

    it(`refuses a ${kind} with any change or translates it`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
          await plan(changed(sample, changes));
        }),
        { numRuns: 60 },
      );
    }).timeout(60_000);

    it(`takes any override of a ${kind} or refuses it`, async () => {
      const paths = places(sample).map(({ key }) => key);
      const step = fc.oneof(fc.constantFrom(...paths), fc.string({ maxLength: 6 }), fc.constant("[0]"));
      const path = fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => steps.join("."));
      const item = fc.tuple(path, fc.string({ maxLength: 10 })).map(([name, text]) => `${name}=${text}`);
      await fc.assert(
        fc.asyncProperty(fc.array(item, { maxLength: 3 }), async (set) => {
          await plan(sample, set);
        }),
        { numRuns: 40 },
      );
    }).timeout(60_000);
  }

  it("reads any text as YAML or says where it is none", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 80 }), async (text) => {
        await plan(text);
      }),
      { numRuns: 300 },
    );
  }).timeout(60_000);

  it("keeps what random command jobs say", async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
    const literals = fc.dictionary(name, fc.oneof(fc.integer(), fc.boolean(), fc.stringMatching(/^[a-z ]{1,10}$/)), {
      maxKeys: 4,
    });
    await fc.assert(
      fc.asyncProperty(literals, fc.dictionary(name, fc.stringMatching(/^\w{1,8}$/)), async (inputs, tags) => {
        const { text, isRefused } = await plan(
          // Quoted: YAML 1.1 takes a bare `no` or `on` for a boolean.
          YAML.stringify(
            { command: "echo", environment: "azureml:e:1", compute: "c", inputs, tags },
            { defaultStringType: "QUOTE_DOUBLE" },
          ),
        );
        assert.equal(isRefused, false, text);
        const { properties } = JSON.parse(text).at(-1).body;
        assert.deepEqual(Object.keys(properties.inputs).sort(), Object.keys(inputs).sort());
        for (const [key, input] of Object.entries(inputs)) {
          const python = typeof input === "boolean" ? (input ? "True" : "False") : String(input);
          assert.equal(properties.inputs[key].value, python);
        }
        assert.deepEqual(properties.tags, { ...tags });
      }),
      { numRuns: 60 },
    );
  }).timeout(60_000);
});
