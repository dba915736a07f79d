// Documents that cannot work are refused at their line before anything is sent; what Azure's client takes and Azure documents is not.
import assert from "node:assert/strict";
import { TaskError, TaskErrors } from "../../../lib/errors.ts";
import { planFile } from "../../../scripts/plan/plan.ts";
import { type Project, project } from "./project.ts";

const COMPONENT = "type: command\nname: c\nversion: 1\nenvironment: azureml:e:1\n";
const PIPELINE = "type: pipeline\nsettings: {default_compute: azureml:c}\n";
const JOB = "type: command\ncommand: ls\nenvironment: azureml:e:1\ncompute: azureml:c\n";
const PARALLEL =
  "inputs: {rows: {type: uri_folder}}\noutputs: {scores: {type: uri_file}}\ninput_data: ${{inputs.rows}}\nmini_batch_size: '10'\nresources: {instance_count: 1}\n";

describe("spec what cannot work", () => {
  let files: Project;
  before(() => {
    files = project({
      "rows.csv": "a\n",
      "code/main.py": "",
      "code/parts/a.py": "",
      "shared/main.py": "",
      "shared/parts/b.py": "",
      "other/main.py": "",
      "registered.yml": `${COMPONENT}command: echo \${{inputs.label}} > \${{outputs.out}}\ninputs: {label: {type: string}}\noutputs: {out: {type: uri_file}}\n`,
    });
  });
  after(() => files.remove());

  async function said(yaml: string): Promise<string> {
    try {
      await planFile(files.write("doc.yml", yaml), { root: files.folder });
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      const all = error instanceof TaskErrors ? error.errors : [error];
      return all.map((one) => `${one.message} ${one.hint ?? ""}`).join("\n");
    }
    return "taken";
  }

  const REFUSED: Readonly<Record<string, readonly [yaml: string, says: RegExp]>> = {
    "an include over a file of the code": [
      `${COMPONENT}command: ls\ncode: ./code\nadditional_includes: [./shared/main.py]\n`,
      /doc\.yml:7:23: .*"\.\/shared\/main\.py", and the code has its own main\.py already\..*Rename/,
    ],
    "an include over a folder of the code": [
      `${COMPONENT}command: ls\ncode: ./code\nadditional_includes: [./shared/parts]\n`,
      /doc\.yml:7:23: .*its own parts already/,
    ],
    "two includes of one name": [
      `${COMPONENT}command: ls\nadditional_includes: [./shared/main.py, ./other/main.py]\n`,
      /doc\.yml:6:41: .*another include is called main\.py too/,
    ],
    "an optional input outside of brackets": [
      `${COMPONENT}inputs: {rows: {type: integer}, data: {type: uri_file, optional: true}}\ncommand: python main.py --rows \${{inputs.rows}} --data \${{inputs.data}}\n`,
      /doc\.yml:6:10: "command" uses the optional input "data" outside of \$\[\[ \]\]\. Write \$\[\[--data \$\{\{inputs\.data\}\}\]\]/,
    ],
    "an optional input outside of brackets in the component of a step": [
      `${PIPELINE}jobs:\n  a:\n    type: command\n    component:\n      type: command\n      environment: azureml:e:1\n      inputs: {n: {type: integer, optional: true}}\n      command: run \${{ inputs.n }}\n`,
      /doc\.yml:10:16: .*optional input "n" outside/,
    ],
    "an empty text in a command job": [
      `${JOB}inputs: {label: ""}\n`,
      /doc\.yml:5:17: "inputs\.label" is empty text.*Leave the input out/,
    ],
    "an empty text as a value": [
      `${JOB}inputs: {label: {value: ""}}\n`,
      /doc\.yml:5:25: "inputs\.label" is empty text/,
    ],
    "an empty text in a pipeline": [
      `${PIPELINE}inputs: {label: ""}\njobs:\n  a: {type: command, component: ./registered.yml, inputs: {label: "\${{parent.inputs.label}}"}}\n`,
      /doc\.yml:3:17: "inputs\.label" is empty text/,
    ],
    "an empty text in a step over a component that lies here": [
      `${PIPELINE}jobs:\n  a: {type: command, component: ./registered.yml, inputs: {label: ""}}\n`,
      /doc\.yml:4:67: "jobs\.a\.inputs\.label" is empty text/,
    ],
    "an empty text in a step that is written out": [
      `${PIPELINE}jobs:\n  a: {type: command, command: "echo \${{inputs.label}}", environment: "azureml:e:1", inputs: {label: ""}}\n`,
      /doc\.yml:4:\d+: "jobs\.a\.inputs\.label" is empty text/,
    ],
    "a binding in a reference to an environment": [
      `${JOB.replace("azureml:e:1", "azureml:${{inputs.stage}}-env@latest")}inputs: {stage: dev}\n`,
      /doc\.yml:3:14: .*a binding has no value here/,
    ],
    "a binding in the name of a compute": [
      `${JOB.replace("azureml:c", "azureml:${{inputs.c}}")}inputs: {c: dev}\n`,
      /doc\.yml:4:10: .*a binding has no value here/,
    ],
    "a binding to no output of a step": [
      `${PIPELINE}jobs:\n  a: {type: command, component: ./registered.yml, inputs: {label: x}}\n  b: {type: command, component: ./registered.yml, inputs: {label: "\${{parent.jobs.a.outputs.outt}}"}}\n`,
      /doc\.yml:5:67: "b" binds to "outt" of the outputs of the step "a".*Allowed here: out\. Did you mean out\?/,
    ],
    "a binding to no input in a step's variables": [
      `${PIPELINE}inputs: {region: eu}\njobs:\n  a:\n    type: command\n    component: azureml:c:1\n    environment_variables: {REGION: "\${{parent.inputs.regoin}}"}\n`,
      /doc\.yml:8:37: "a" binds to the input "regoin".*Did you mean region\?/,
    ],
    "a binding to no input in a step's compute": [
      `${PIPELINE}inputs: {pool: c}\njobs:\n  a: {type: command, component: azureml:c:1, compute: "\${{parent.inputs.pol}}"}\n`,
      /doc\.yml:5:55: "a" binds to the input "pol"/,
    ],
    "a parallel component's data that is no input": [
      `type: parallel\nname: p\nversion: 1\n${PARALLEL.replace("${{inputs.rows}}", "${{inputs.row}}")}task: {type: run_function, code: ./code, entry_script: main.py, environment: "azureml:e:1"}\n`,
      /doc\.yml:6:13: "input_data" uses \$\{\{inputs\.row\}\}, but there is no such input/,
    ],
    "a parallel component's arguments that name no input": [
      `type: parallel\nname: p\nversion: 1\n${PARALLEL}task: {type: run_function, code: ./code, entry_script: main.py, environment: "azureml:e:1", program_arguments: "--x \${{inputs.x}}"}\n`,
      /"task\.program_arguments" uses \$\{\{inputs\.x\}\}/,
    ],
    "a parallel component's rows that go to no output": [
      `type: parallel\nname: p\nversion: 1\n${PARALLEL}task: {type: run_function, code: ./code, entry_script: main.py, environment: "azureml:e:1", append_row_to: "\${{outputs.x}}"}\n`,
      /"task\.append_row_to" uses \$\{\{outputs\.x\}\}/,
    ],
    "a parallel entry script that is not there": [
      `type: parallel\nname: p\nversion: 1\n${PARALLEL}task: {type: run_function, code: ./code, entry_script: man.py, environment: "azureml:e:1"}\n`,
      /no entry script man\.py .*Did you mean main\.py\?/,
    ],
    "a step that is to run locally": [
      `${PIPELINE}jobs:\n  a: {type: command, component: azureml:c:1, compute: local}\n`,
      /doc\.yml:4:55: "jobs\.a\.compute" is the text "local", and only a command job of its own runs locally/,
    ],
    "a pipeline that is to run locally": [
      `${PIPELINE.replace("azureml:c", "azureml:local")}jobs:\n  a: {type: command, component: azureml:c:1}\n`,
      /doc\.yml:2:29: .*only a command job/,
    ],
    "a batch deployment that is to run locally": [
      "name: blue\nendpoint_name: ep\ntype: model\nmodel: azureml:m:1\ncompute: local\n",
      /doc\.yml:5:10: .*only a command job/,
    ],
    "a run's files as data": [
      `${JOB}inputs: {i: {type: uri_folder, path: "runs:/j/a"}}\n`,
      /doc\.yml:5:\d+: .*azureml:\/\/jobs\//,
    ],
    "an asset as the files of a data asset": [
      "name: d\ntype: uri_folder\npath: azureml:other:1\n",
      /doc\.yml:3:7: .*an asset itself; a data asset is made of files/,
    ],
    "an asset as the files of a model": [
      "name: m\ntype: custom_model\npath: azureml:other:1\n",
      /a model is made of files/,
    ],
    "mirrored traffic on Kubernetes": [
      "name: kube\nauth_mode: key\ncompute: azureml:k\nmirror_traffic: {blue: 10}\n",
      /doc\.yml:4:17: .*on Kubernetes .*"mirror_traffic"/,
    ],
    "Entra tokens on Kubernetes": [
      "name: kube\nauth_mode: aad_token\ncompute: azureml:k\n",
      /doc\.yml:2:12: .*no Microsoft Entra tokens/,
    ],
    "names that are too long together on Kubernetes": [
      `name: ${"b".repeat(32)}\ntype: kubernetes\nendpoint_name: ${"e".repeat(31)}\nmodel: azureml:m:1\ninstance_count: 1\n`,
      /doc\.yml:1:7: .*have 63 characters together; on Kubernetes Azure takes 62/,
    ],
    "the egress of a deployment on Kubernetes": [
      "name: blue\ntype: kubernetes\nendpoint_name: ep\nmodel: azureml:m:1\negress_public_network_access: disabled\n",
      /doc\.yml:5:31: .*takes no "egress_public_network_access"/,
    ],
    "container resources of a managed deployment": [
      "name: blue\ntype: managed\nendpoint_name: ep\nmodel: azureml:m:1\ninstance_type: Standard_DS2_v2\nresources: {requests: {cpu: '1'}}\n",
      /doc\.yml:6:12: .*takes no resources/,
    ],
    "autoscale in the file of a managed deployment": [
      "name: blue\nendpoint_name: ep\nmodel: azureml:m:1\ninstance_type: Standard_DS2_v2\nscale_settings: {type: target_utilization, max_instances: 3}\n",
      /doc\.yml:5:17: .*default only.*[\s\S]*autoscaleFile/,
    ],
    "GPUs by two names": [
      "name: blue\ntype: kubernetes\nendpoint_name: ep\nmodel: azureml:m:1\ninstance_count: 1\nresources:\n  requests: {gpu: '1', nvidia.com/gpu: '2'}\n",
      /doc\.yml:7:40: .*twice/,
    ],
  };
  for (const [what, [yaml, says]] of Object.entries(REFUSED))
    it(`refuses ${what}`, async () => assert.match(await said(yaml), says));

  const TAKEN: Readonly<Record<string, readonly [yaml: string, sends: RegExp]>> = {
    "an include beside the code": [
      `${COMPONENT}command: ls\ncode: ./code/parts\nadditional_includes: [./shared/main.py, ./shared/parts]\n`,
      /code_with_additional_includes/,
    ],
    "an optional input in brackets": [
      `${COMPONENT}inputs: {data: {type: uri_file, optional: true}}\ncommand: "python main.py $[[--data \${{inputs.data}}]]"\n`,
      /--data/,
    ],
    "an empty text in a step over a registered component": [
      `${PIPELINE}jobs:\n  a: {type: command, component: azureml:c:1, inputs: {label: ""}}\n`,
      /"label":\{"job_input_type":"literal","value":""\}/,
    ],
    "bindings in a step's variables and compute": [
      `${PIPELINE}inputs: {region: eu, pool: c}\njobs:\n  a: {type: command, component: azureml:c:1, compute: "\${{parent.inputs.pool}}", environment_variables: {R: "\${{parent.inputs.region}}"}}\n`,
      /parent\.inputs\.region/,
    ],
    "a parallel entry that is a module": [
      `type: parallel\nname: p\nversion: 1\n${PARALLEL}task: {type: run_function, code: ./code, entry_script: scoring.main, environment: "azureml:e:1"}\n`,
      /"entry_script":"scoring\.main"/,
    ],
    "GPUs by the name that Kubernetes has": [
      "name: blue\ntype: kubernetes\nendpoint_name: ep\nmodel: azureml:m:1\ninstance_count: 1\nresources:\n  requests: {cpu: '1', nvidia.com/gpu: '1'}\n  limits: {memory: 2Gi, nvidia.com/gpu: 2}\n",
      /"containerResourceRequests":\{"cpu":"1","gpu":"1"\},"containerResourceLimits":\{"memory":"2Gi","gpu":"2"\}/,
    ],
    "the services of an AutoML job": [
      "type: automl\ntask: classification\ncompute: azureml:c\nprimary_metric: accuracy\ntarget_column_name: y\ntraining_data: {type: mltable, path: 'azureml:t:1'}\nlimits: {max_trials: 3}\nservices: {lab: {type: jupyter_lab}}\n",
      /"services":\{"lab":\{"jobServiceType":"JupyterLab"\}\}/,
    ],
    "the key of a compute instance that is not said to be open": [
      "type: computeinstance\nname: ci1\nsize: Standard_DS2_v2\nssh_settings: {ssh_key_value: ssh-rsa A}\n",
      /"sshSettings":\{"adminPublicKey":"ssh-rsa A"\}/,
    ],
    "a command job that is to run locally": [JOB.replace("azureml:c", "local"), /"IsLocal":/],
    "control outputs": [
      `${COMPONENT}command: echo true > \${{outputs.ok}}\noutputs: {ok: {type: boolean, is_control: true}}\n`,
      /"outputs":\{"ok":\{"type":"boolean"\}\}/,
    ],
  };
  for (const [what, [yaml, sends]] of Object.entries(TAKEN))
    it(`takes ${what}`, async () => {
      assert.equal(await said(yaml), "taken");
      const plan = await planFile(files.at("doc.yml"), { root: files.folder });
      assert.match(plan.writes.map((write) => JSON.stringify(write)).join("\n"), sends);
    });
});
