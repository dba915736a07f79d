// Pipeline jobs: steps, bindings, and what joins them.
import assert from "node:assert/strict";
import { parseJob, translateJob } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const STEP = 'command: "echo ${{inputs.x}}", environment: "azureml:e:1"';
const COMPONENT = `
name: train
version: 1
type: command
command: python train.py --lr \${{inputs.lr}} $[[--n \${{inputs.n}}]]
environment: azureml:e:1
inputs:
  data: {type: uri_folder}
  lr: {type: number, default: 0.1}
  n: {type: integer, optional: true}
outputs: {model: {type: mlflow_model}}
`;

describe("spec pipeline", () => {
  let files: Project;
  beforeEach(() => {
    files = project({ "train.yml": COMPONENT, "data/a.csv": "1" });
  });
  afterEach(() => files.remove());

  const translate = async (yaml: string) => {
    const resolver = offline();
    const job = parseJob(files.yaml(`type: pipeline\n${yaml}`), { kinds: ["pipeline"] });
    const write = await translateJob(job, resolver, { name: "p1", experimentName: "e" });
    const properties = write.body["properties"] as Record<string, Record<string, Record<string, unknown>>>;
    return { properties, puts: resolver.writes };
  };
  const specOf = (put: { body: object } | undefined) =>
    (put?.body as { properties?: { componentSpec?: Record<string, unknown> } } | undefined)?.properties?.componentSpec;
  const refused = (yaml: string) =>
    faultsOf(() => parseJob(files.yaml(`type: pipeline\n${yaml}`)))
      .map(({ message, hint }) => `${message} ${hint ?? ""}`)
      .join("\n");

  it("takes numbers and booleans as tags of a step over a component, as Azure's client does", async () => {
    const { properties } = await translate(`
compute: cpu
jobs:
  a: {type: command, component: "azureml:c:1", tags: {release: 2, rate: 1.0, final: true, none: }}
  b: {type: pipeline, component: "azureml:p:1", tags: {release: 3}}
`);
    const tagsOf = (step: string) => properties["jobs"]?.[step]?.["tags"];
    assert.deepEqual(tagsOf("a"), { release: "2", rate: "1.0", final: "True" });
    assert.deepEqual(tagsOf("b"), { release: "3" });
    assert.match(
      refused(`jobs:\n  a: {type: command, ${STEP}, inputs: {x: 1}, compute: cpu, tags: {release: 2}}\n`),
      /text/,
    );
  });

  it("takes what a job says of itself in a step, and sends none of it, as Azure's client does", async () => {
    const steps = {
      a: `type: command, component: "azureml:c:1"`,
      b: `type: parallel, component: "azureml:c:1"`,
      c: `type: spark, component: "azureml:c:1", resources: {instance_type: standard_e4s_v3, runtime_version: "3.3"}`,
      d: `type: pipeline, component: "azureml:c:1"`,
      e: `type: sweep, trial: "azureml:c:1", objective: {goal: maximize, primary_metric: m}, limits: {max_total_trials: 1}`,
      f: `type: data_transfer, task: copy_data, component: "azureml:c:1"`,
      g: `type: import, component: "azureml:c:1"`,
      h: `type: parallel, mini_batch_size: "1", task: {type: model, environment: "azureml:e:1"}`,
      i: `type: data_transfer, task: copy_data, outputs: {o: {type: uri_folder}}`,
      j: `type: command, command: ls, environment: "azureml:e:1"`,
    };
    const job = (more: string) =>
      `compute: cpu\njobs:\n${Object.entries(steps)
        .map(([name, step]) => `  ${name}: {${step}${more}}\n`)
        .join("")}`;
    const said =
      ", experiment_name: x, id: /s, status: Completed, log_files: {a: b}, creation_context: {created_by: me}";
    await assert.doesNotReject(translate(job(said)));
    assert.deepEqual(await translate(job(said)), await translate(job("")));
  });

  const BOUND_NUMBERS = [
    ["resources", "instance_count", "instance_type: F4, shm_size: 2g"],
    ["resources", "max_instance_count", "instance_type: F4"],
    ["distribution", "process_count_per_instance", "type: pytorch"],
    ["distribution", "process_count_per_instance", "type: mpi"],
    ["distribution", "worker_count", "type: tensorflow"],
    ["distribution", "parameter_server_count", "type: tensorflow"],
    ["distribution", "port", "type: ray"],
    ["distribution", "include_dashboard", "type: ray"],
  ] as const;

  it("keeps a number that is bound to an input of the pipeline in the step, out of its component", async () => {
    for (const [field, name, more] of BOUND_NUMBERS) {
      const step = (rest: string) =>
        `compute: cpu\ninputs: {n: 2}\njobs: {a: {${STEP}, inputs: {x: 1}, ${field}: {${more}${rest}}}}\n`;
      const [bound, plain] = [
        await translate(step(`, ${name}: "\${{parent.inputs.n}}"`)),
        await translate(step(field === "distribution" && name === "parameter_server_count" ? `, ${name}: 0` : "")),
      ];
      assert.deepEqual(bound.puts, plain.puts, `${field}.${name} (${more})`);
      const sent = bound.properties["jobs"]?.["a"]?.[field] as Record<string, unknown>;
      assert.equal(sent[name], "${{parent.inputs.n}}", `${field}.${name} (${more})`);
    }
  });

  it("sends texts that are bound to an input of the pipeline with the component too, as Azure's client does", async () => {
    const resources =
      'resources: {instance_type: "${{parent.inputs.t}}", shm_size: "${{parent.inputs.t}}", instance_count: 2}';
    const { puts, properties } = await translate(
      `compute: cpu\ninputs: {t: F4}\njobs: {a: {${STEP}, inputs: {x: 1}, ${resources}}}\n`,
    );
    const said = { instance_count: 2, instance_type: "${{parent.inputs.t}}", shm_size: "${{parent.inputs.t}}" };
    const spec = specOf(puts[0]);
    assert.deepEqual([spec?.["resources"], properties["jobs"]?.["a"]?.["resources"]], [said, said]);
  });

  it("sends a Spark setting and an input's value that are bound to an input of the pipeline", async () => {
    const job = (executors: string) => `
inputs: {n: 2}
jobs:
  spark:
    type: spark
    code: ./data
    entry: {file: a.csv}
    conf: {driver_cores: "\${{parent.inputs.n}}", driver_memory: 2g, executor_cores: 2, executor_memory: 2g, ${executors}}
    resources: {instance_type: Standard_E8S_V3, runtime_version: "3.4"}
  command: {${STEP}, compute: cpu, inputs: {x: {value: "\${{parent.inputs.n}}"}}}
`;
    const { properties, puts } = await translate(job("executor_instances: 2"));
    const jobs = properties["jobs"] ?? {};
    const inComponent = puts.map(specOf).find((spec) => spec?.["conf"] !== undefined)?.["conf"];
    const confs = [jobs["spark"]?.["conf"], inComponent] as Record<string, unknown>[];
    for (const conf of confs) assert.equal(conf["spark.driver.cores"], "${{parent.inputs.n}}");
    assert.deepEqual(jobs["command"]?.["inputs"], {
      x: { job_input_type: "literal", value: "${{parent.inputs.n}}" },
    });
    const most = 'dynamic_allocation_max_executors: "${{parent.inputs.n}}"';
    const dynamic = `dynamic_allocation_enabled: true, dynamic_allocation_min_executors: 1, ${most}`;
    assert.equal(refused(job(dynamic)), "");
  });

  it("refuses an expression where a word stands for another value, with file, line and column", () => {
    const settings = [
      ['queue_settings: {job_tier: "${{parent.inputs.t}}"}', "queue_settings.job_tier", 32],
      ['queue_settings: {priority: "${{parent.inputs.t}}"}', "queue_settings.priority", 32],
      ['services: {s: {type: ssh, nodes: "${{parent.inputs.t}}"}}', "services.s.nodes", 38],
    ] as const;
    for (const [setting, name, column] of settings) {
      for (const rest of [`{${STEP}, inputs: {x: 1}}`, "{component: azureml:c:1}"]) {
        const step = rest.slice(1, -1).replaceAll(", ", ",\n    ");
        const text = `type: pipeline\ncompute: c\ninputs: {t: high}\njobs:\n  a: {\n    ${setting},\n    ${step}}\n`;
        const [fault, ...others] = faultsOf(() => parseJob(files.yaml(text)));
        assert.match(fault?.message ?? "", new RegExp(`"jobs\\.a\\.${name.replaceAll(".", "\\.")}" is`));
        assert.match(fault?.hint ?? "", /write the word itself/i);
        assert.deepEqual([fault?.where?.line, fault?.where?.column, others.length], [6, column, 0]);
      }
    }
    // Azure's client sends the word of a sweep or an AutoML step.
    const taken = `compute: c\ninputs: {t: high}\njobs: {a: {type: sweep, trial: "azureml:c:1", objective: {goal: maximize, primary_metric: m}, limits: {max_total_trials: 1}, queue_settings: {job_tier: "\${{parent.inputs.t}}"}}}\n`;
    assert.equal(refused(taken), "");
  });

  it("binds inputs and outputs of steps, of the pipeline and of each other", async () => {
    const { properties } = await translate(`
inputs: {data: {type: uri_folder, path: azureml:d:1}, rate: 0.5}
outputs: {model: {type: mlflow_model}}
settings: {default_compute: azureml:cpu, default_datastore: azureml:ds, continue_on_step_failure: false}
jobs:
  train:
    component: ./train.yml
    inputs: {data: "\${{parent.inputs.data}}", lr: "\${{parent.inputs.rate}}"}
    outputs: {model: "\${{parent.outputs.model}}"}
  look:
    ${STEP.replace(", ", "\n    ")}
    compute: azureml:gpu
    inputs: {x: "\${{parent.jobs.train.outputs.model}}"}
`);
    const { train, look } = properties["jobs"] ?? {};
    assert.deepEqual(train?.["inputs"], {
      data: { job_input_type: "literal", value: "${{parent.inputs.data}}" },
      lr: { job_input_type: "literal", value: "${{parent.inputs.rate}}" },
    });
    assert.deepEqual(train?.["outputs"], { model: { type: "literal", value: "${{parent.outputs.model}}" } });
    assert.equal(train?.["_source"], "YAML.COMPONENT");
    assert.equal(look?.["_source"], "YAML.JOB");
    assert.equal(look?.["computeId"], `${WORKSPACE}/computes/gpu`);
    assert.deepEqual(properties["settings"], {
      default_compute: `${WORKSPACE}/computes/cpu`,
      default_datastore: `${WORKSPACE}/datastores/ds`,
      continue_on_step_failure: false,
      _source: "YAML.JOB",
    });
    assert.deepEqual(properties["inputs"]?.["rate"], { jobInputType: "literal", value: "0.5" });
  });

  it("registers a component that is used twice under one version", async () => {
    const { puts } = await translate(`
compute: azureml:cpu
jobs:
  one: {component: train.yml, inputs: {data: {type: uri_folder, path: ./data}}}
  two: {component: train.yml, inputs: {data: {type: uri_folder, path: ./data}}}
`);
    const components = puts.map(({ path }) => path).filter((path) => path.includes("/components/"));
    assert.equal(components.length, 2);
    assert.equal(new Set(components).size, 1);
  });

  it("keeps optional parts of a command as they are written", async () => {
    const { puts } = await translate(
      "compute: c\njobs: {one: {component: train.yml, inputs: {data: {path: ./data}}}}\n",
    );
    assert.match(JSON.stringify(puts), /\$\[\[--n \$\{\{inputs\.n\}\}\]\]/);
  });

  it("reads registered components and steps of all types", async () => {
    const { properties } = await translate(`
compute: azureml:cpu
jobs:
  registered: {component: "azureml:train:3", type: command}
  latest: {component: "azureml:train@latest", type: command}
  shared: {component: "azureml://registries/r/components/train/versions/1", type: command}
  sweep:
    type: sweep
    trial: train.yml
    objective: {goal: maximize, primary_metric: auc}
    sampling_algorithm: random
    search_space: {lr: {type: uniform, min_value: 0.1, max_value: 0.9}}
    limits: {max_total_trials: 4}
    inputs: {data: {path: ./data}}
  spark:
    type: spark
    code: ./data
    entry: {file: a.csv}
    environment: azureml:e:1
    conf: {spark.driver.cores: 1, spark.driver.memory: 2g, spark.executor.cores: 2, spark.executor.memory: 2g, spark.executor.instances: 2}
    resources: {instance_type: Standard_E8S_V3, runtime_version: "3.4"}
  automl:
    type: automl
    task: classification
    primary_metric: accuracy
    target_column_name: y
    training_data: {type: mltable, path: azureml:t:1}
  parallel:
    type: parallel
    mini_batch_size: "10"
    inputs: {x: {type: uri_folder, path: azureml:d:1}}
    input_data: "\${{inputs.x}}"
    task: {type: run_function, code: ./data, entry_script: a.csv, environment: "azureml:e:1"}
`);
    const types = Object.fromEntries(
      Object.entries(properties["jobs"] ?? {}).map(([name, job]) => [name, job["type"]]),
    );
    assert.deepEqual(types, {
      registered: "command",
      latest: "command",
      shared: "command",
      sweep: "sweep",
      spark: "spark",
      automl: "automl",
      parallel: "parallel",
    });
    const { latest, shared, sweep } = properties["jobs"] ?? {};
    assert.equal(latest?.["componentId"], `${WORKSPACE}/components/train/versions/7`);
    assert.equal(shared?.["_source"], "REMOTE.REGISTRY");
    assert.deepEqual(sweep?.["search_space"], { lr: { type: "uniform", min_value: 0.1, max_value: 0.9 } });
  });

  it("reads a pipeline component in a pipeline", async () => {
    files.write(
      "inner.yml",
      'type: pipeline\ninputs: {x: {type: string}}\njobs: {one: {command: "echo ${{inputs.x}}", environment: "azureml:e:1", inputs: {x: "${{parent.inputs.x}}"}}}\n',
    );
    const { properties, puts } = await translate(
      "compute: c\njobs: {in: {type: pipeline, component: inner.yml, inputs: {x: hi}}}\n",
    );
    assert.match(String(properties["jobs"]?.["in"]?.["componentId"]), /azureml_anonymous/);
    assert.equal(puts.filter(({ path }) => path.includes("/components/")).length, 2);
  });

  const REFUSED: readonly [string, string, RegExp][] = [
    ["no steps", "compute: c\n", /needs the field "jobs"/],
    [
      "an unknown input of the pipeline",
      `compute: c\ninputs: {data: 1}\njobs: {a: {${STEP}, inputs: {x: "\${{parent.inputs.dat}}"}}}\n`,
      /data/,
    ],
    ["an unknown step", `compute: c\njobs: {a: {${STEP}, inputs: {x: "\${{parent.jobs.b.outputs.o}}"}}}\n`, /"?b"?/],
    [
      "a step without a compute",
      `jobs: {a: {${STEP}, inputs: {x: 1}}}\n`,
      /the step "a" has no compute.*azureml:serverless/s,
    ],
    [
      "a misspelt setting",
      `settings: {default_datestore: d, default_compute: c}\njobs: {a: {${STEP}, inputs: {x: 1}}}\n`,
      /Did you mean default_datastore/,
    ],
    ["an unknown type of step", "compute: c\njobs: {a: {type: comand}}\n", /command/],
    ["a missing component file", "compute: c\njobs: {a: {component: ./gone.yml}}\n", /gone\.yml/],
    ["a required input that is not given", "compute: c\njobs: {a: {component: train.yml}}\n", /data/],
  ];
  for (const [what, yaml, pattern] of REFUSED) it(`refuses ${what}`, () => assert.match(refused(yaml), pattern));

  it("refuses a component that includes itself", () => {
    files.write("loop.yml", "type: pipeline\njobs: {again: {type: pipeline, component: loop.yml}}\n");
    assert.match(refused("compute: c\njobs: {a: {type: pipeline, component: loop.yml}}\n"), /includes itself/);
  });

  it("gathers the faults of all steps and of the components' own files", () => {
    files.write("train.yml", `${COMPONENT}comand: x\n`);
    const text = refused(
      `compute: c\njobs: {a: {component: train.yml, inputs: {data: {path: ./data}}}, b: {${STEP}, inptus: {x: 1}}}\n`,
    );
    assert.match(text, /train\.yml:\d+:1: .*"jobs\.a\.component\.comand"|train\.yml/);
    assert.match(text, /Did you mean inputs/);
  });
});
