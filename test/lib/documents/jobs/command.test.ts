// Command jobs: the body that Azure's client sends, and every fault at once.
import assert from "node:assert/strict";
import { parseJob, translateJob } from "../../../../lib/documents/index.ts";
import { TaskError } from "../../../../lib/errors.ts";
import { planSource } from "../../../../scripts/plan/plan.ts";
import { faultsOf, offline, type Project, project, WORKSPACE } from "../project.ts";

const JOB = `
$schema: https://azuremlschemas.azureedge.net/latest/commandJob.schema.json
type: command
command: >-
  python train.py --rate \${{inputs.rate}} --on \${{inputs.on}} --data \${{inputs.data}} --table \${{inputs.table}} --out \${{outputs.model}}
  $[[--more \${{inputs.more}}]]
code: ./src
environment: {image: "python:3.12", conda_file: conda.yml}
compute: azureml:cpu
inputs:
  rate: 0.1
  on: true
  data: {type: uri_folder, path: ./data}
  table: {type: mltable, path: azureml:table@latest, mode: eval_mount}
outputs:
  model: {type: mlflow_model, mode: rw_mount, name: m, version: 2}
environment_variables: {N: 1, FLAG: true}
distribution: {type: PyTorch, process_count_per_instance: 2}
resources: {instance_count: 2, shm_size: 1g}
limits: {timeout: 5400}
queue_settings: {job_tier: Spot, priority: High}
identity: {type: managed, client_id: abc}
services: {ssh: {type: ssh, ssh_public_keys: k, nodes: all}}
experiment_name: exp
tags: {a: b}
id: /subscriptions/x
status: Completed
`;

describe("spec command job", () => {
  let files: Project;
  beforeEach(() => {
    files = project({
      "src/train.py": "print()",
      "data/a.csv": "1",
      "conda.yml": "name: e\ndependencies: [python=3.12]\n",
    });
  });
  afterEach(() => files.remove());

  it("becomes the body that Azure's client sends", async () => {
    const resolver = offline();
    const write = await translateJob(parseJob(files.yaml(JOB)), resolver, {
      name: "job1",
      tags: { run: "7" },
      properties: { p: "q" },
    });
    assert.equal(write.path, "jobs/job1");
    const { properties } = write.body as { properties: Record<string, unknown> };
    const [code, environment] = resolver.writes;
    assert.match(code?.path ?? "", /\/codes\/[0-9a-f-]{36}\/versions\/1$/);
    assert.deepEqual(environment?.body, {
      properties: {
        isAnonymous: true,
        isArchived: false,
        image: "python:3.12",
        condaFile: "dependencies:\n- python=3.12\nname: e\n",
      },
    });
    const data = (properties["inputs"] as Record<string, { uri: string }>)["data"];
    assert.match(
      data?.uri ?? "",
      /^azureml:\/\/datastores\/workspaceblobstore\/paths\/LocalUpload\/[0-9a-f]{64}\/data\/$/,
    );
    assert.deepEqual(properties, {
      jobType: "Command",
      command:
        "python train.py --rate ${{inputs.rate}} --on ${{inputs.on}} --data ${{inputs.data}} --table ${{inputs.table}} --out ${{outputs.model}} $[[--more ${{inputs.more}}]]",
      codeId: code?.path,
      environmentId: environment?.path,
      environmentVariables: { N: "1", FLAG: "True" },
      inputs: {
        rate: { jobInputType: "literal", value: "0.1" },
        on: { jobInputType: "literal", value: "True" },
        data: { jobInputType: "uri_folder", uri: data?.uri },
        table: { jobInputType: "mltable", uri: `${WORKSPACE}/data/table/versions/7`, mode: "EvalMount" },
      },
      outputs: { model: { jobOutputType: "mlflow_model", mode: "ReadWriteMount", assetName: "m", assetVersion: "2" } },
      computeId: `${WORKSPACE}/computes/cpu`,
      distribution: { distributionType: "PyTorch", processCountPerInstance: 2 },
      resources: { instanceCount: 2, shmSize: "1g" },
      limits: { jobLimitsType: "Command", timeout: "PT1H30M" },
      queueSettings: { jobTier: "Spot", priority: 3 },
      identity: { identityType: "Managed", clientId: "abc" },
      services: {
        ssh: { jobServiceType: "SSH", properties: { sshPublicKeys: "k" }, nodes: { nodesValueType: "All" } },
      },
      displayName: "job1",
      experimentName: "exp",
      isArchived: false,
      tags: { a: "b", run: "7" },
      properties: { p: "q" },
    });
  });

  it("takes the type of a service in both spellings that Azure's client takes", async () => {
    const written = {
      jupyter_lab: "JupyterLab",
      JupyterLab: "JupyterLab",
      TensorBoard: "TensorBoard",
      VsCode: "VSCode",
    };
    for (const [type, sent] of Object.entries(written)) {
      const job = parseJob(files.yaml(`command: x\nenvironment: azureml:e:3\nservices: {lab: {type: ${type}}}\n`));
      const { properties } = (await translateJob(job, offline(), { name: "j" })).body as {
        properties: { services: { lab: { jobServiceType: string } } };
      };
      assert.equal(properties.services.lab.jobServiceType, sent, type);
    }
  });

  it("takes every form of reference to an environment", async () => {
    const forms: Record<string, string> = {
      "azureml:e:3": `${WORKSPACE}/environments/e/versions/3`,
      "azureml:e@latest": `${WORKSPACE}/environments/e/versions/7`,
      "azureml:AzureML-x@latest": "azureml:AzureML-x@latest",
      "azureml://registries/r/environments/e/versions/1": "azureml://registries/r/environments/e/versions/1",
      [`azureml:${WORKSPACE}/environments/e/versions/1`]: `${WORKSPACE}/environments/e/versions/1`,
    };
    for (const [written, expected] of Object.entries(forms)) {
      const job = parseJob(files.yaml(`command: x\nenvironment: ${written}\n`));
      const { properties } = (await translateJob(job, offline(), { name: "j" })).body as {
        properties: Record<string, unknown>;
      };
      assert.equal(properties["environmentId"], expected);
    }
  });

  it("leaves out a variable without a value, as Azure's client leaves it out of a step", async () => {
    const variables = "environment_variables: {EMPTY: , NONE: null, TEXT: '', N: 1}";
    const command = `command: ls\nenvironment: azureml:e:1\n${variables}\n`;
    const step = command.replaceAll("\n", "\n    ");
    const limits = "objective: {goal: maximize, primary_metric: m}\nlimits: {max_total_trials: 1}";
    const deployment = `name: dep1\nendpoint_name: end1\nmodel: azureml:m:1\nenvironment: azureml:e:1\n`;
    const documents = [
      `type: command\ncompute: azureml:cpu\n${command}`,
      `type: sweep\ncompute: azureml:cpu\nsearch_space: {a: {type: choice, values: [1]}}\n${limits}\ntrial:\n    ${step}`,
      `type: pipeline\ncompute: azureml:cpu\njobs:\n  a:\n    ${step}`,
      `type: pipeline\ncompute: azureml:cpu\njobs:\n  a:\n    component: azureml:c:1\n    ${variables}`,
      `$schema: managedOnlineDeployment.schema.json\ninstance_type: s\ninstance_count: 1\n${deployment}${variables}\n`,
      `$schema: batchDeployment.schema.json\ncompute: azureml:cpu\n${deployment}${variables}\n`,
    ];
    for (const yaml of documents) {
      const planned = planSource(files.yaml(yaml));
      await assert.doesNotReject(planned, yaml);
      const { writes } = await planned;
      const sent = JSON.stringify(writes).match(/"environment_?[vV]ariables":\{[^}]*\}/g);
      assert.match(String(sent), /^"environment_?[vV]ariables":\{"TEXT":"","N":("1"|1)\}$/, yaml);
    }
  });

  it("names every fault of a file at once, with its place, what is allowed and what is near", () => {
    const faults = faultsOf(() =>
      parseJob(
        files.yaml(`type: command
command: python train.py \${{inputs.rate}} \${{inputs.raet}}
enviroment: azureml:e:1
environment: azureml:e
compute: [a]
inputs:
  rate: 0.1
  data: {type: uri_fodler, path: ./data}
  gone: {path: ./dta}
limits: {timeout: soon}
tags: {count: 3}
description:
distribution: {type: horovod}
`),
      ),
    );
    const by = (path: string) => {
      const fault = faults.find((one) => one.path === path);
      assert.ok(fault, `no fault at ${path}; there are ${faults.map((one) => one.path).join(", ")}`);
      return fault;
    };
    assert.deepEqual(by("enviroment").where, { file: "doc.yml", line: 3, column: 1 });
    assert.equal(by("enviroment").nearest, "environment");
    assert.ok(by("enviroment").allowed.includes("command"));
    assert.match(by("environment").message, /neither a version nor a label/);
    assert.equal(by("inputs.data.type").nearest, "uri_folder");
    assert.equal(by("inputs.gone.path").nearest, "data");
    assert.match(
      by("limits.timeout").message,
      /^doc\.yml:10:\d+: "limits.timeout" is the text "soon"; a whole number of seconds is needed|a whole number is needed/,
    );
    assert.match(by("tags.count").message, /text is needed/);
    assert.match(by("description").message, /empty/);
    assert.deepEqual(by("distribution.type").allowed, ["pytorch", "mpi", "tensorflow", "ray"]);
    assert.ok(by("compute"));
  });

  it("refuses a command that names an input or output which is not declared", () => {
    const faults = faultsOf(() =>
      parseJob(
        files.yaml(
          "command: x ${{inputs.a}} ${{outputs.b}} ${{inputs.c.path}}\nenvironment: azureml:e:1\ninputs: {c: 1, d: 2}\n",
        ),
      ),
    );
    assert.deepEqual(
      faults.map((fault) => /uses (\S+),/.exec(fault.message)?.[1]),
      ["${{inputs.a}}", "${{outputs.b}}"],
    );
    assert.deepEqual(faults[0]?.allowed, ["c", "d"]);
  });

  it("refuses a missing field, a file where a folder is meant, and a path out of the repository", () => {
    assert.match(
      faultsOf(() => parseJob(files.yaml("type: command\ncommand: x\n")))[0]?.message ?? "",
      /needs the field "environment"/,
    );
    const inputs = (text: string) =>
      faultsOf(() => parseJob(files.yaml(`command: x\nenvironment: azureml:e:1\ninputs: {a: ${text}}\n`)));
    assert.match(
      inputs("{type: uri_file, path: ./data}")[0]?.message ?? "",
      /is a folder, but the input's type is uri_file/,
    );
    assert.match(inputs("{path: ../..}")[0]?.message ?? "", /leaves the repository/);
  });

  it("refuses another kind of document by name", () => {
    const refused = (text: string, kinds?: readonly "command"[]) => {
      try {
        parseJob(files.yaml(text, "job.yml"), kinds === undefined ? {} : { kinds });
      } catch (error) {
        assert.ok(error instanceof TaskError);
        return error.message;
      }
      return "";
    };
    assert.match(
      refused("type: pipeline\njobs: {}\n", ["command"]),
      /^job\.yml describes a pipeline job; only a command job/,
    );
    assert.match(refused("type: uri_file\nname: a\npath: b\n"), /^job\.yml describes a data asset/);
    assert.match(refused("name: e\nchannels: [x]\n"), /^job\.yml describes a conda environment/);
  });
});
