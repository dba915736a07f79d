// Mistakes of people who use the tasks for the first time, through the packaged tasks: each is answered by a sentence that names the
// mistake, what there is instead and what to do, and no message names an absolute path of the agent.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { jobService } from "../../local/azure/jobs/service.ts";
import { assertSucceeded, Bench, PROJECT, type RunOptions, type TaskName, type TaskRun } from "../harness/bench.ts";
import { logging } from "../harness/logging.ts";

const file = (name: string) => readFileSync(path.join(PROJECT, name), "utf8");
const jobFile = "azureml/job.yml";
const dataFile = "azureml/data.yml";
const endpointFile = "azureml/endpoint.yml";
const deploymentFile = "azureml/deployment.yml";
const requestFile = "requests/ada.json";
const deploy = { endpointFile, deploymentFile, requestFile };
const gate = { jobName: "JOB", metricsTimeoutInSeconds: "1" };
const written = (name: string, text: string): RunOptions => ({ files: { [name]: text } });
const changed = (name: string, from: string | RegExp, to: string): RunOptions => {
  const text = file(name).replace(from, to);
  assert.notEqual(text, file(name), `${String(from)} is not in ${name}`);
  return written(name, text);
};
const bytes = (name: string, content: Buffer): RunOptions => ({
  prepare: (sources) => writeFileSync(path.join(sources, name), content),
});
const scoring = (body: string) => written("scoring/score.py", body);

interface Mistake {
  readonly what: string;
  readonly task: TaskName;
  /** JOB and PIPELINE are the names of jobs that have ended. */
  readonly inputs: Readonly<Record<string, string | undefined>>;
  readonly options?: RunOptions;
  /** Each stands in the errors. */
  readonly says: readonly RegExp[];
  /** None of them stands there. */
  readonly never?: readonly RegExp[];
  /** Nothing fails, and each stands in the warnings. */
  readonly warns?: readonly RegExp[];
  /** Each stands in the summary of the run. */
  readonly summary?: readonly RegExp[];
}

const MISTAKES: Readonly<Record<string, readonly Mistake[]>> = {
  "in a YAML file": [
    {
      what: "a key that stands twice",
      task: "SubmitJob",
      inputs: { jobFile },
      options: changed(jobFile, /$/, "compute: azureml:gpu-cluster\n"),
      says: [
        /azureml\/job\.yml\(17,1\): error/,
        /the key "compute" stands here a second time; the first is at line 16\./,
      ],
    },
    {
      what: "UTF-16, as PowerShell's > writes it",
      task: "SubmitJob",
      inputs: { jobFile },
      options: bytes(jobFile, Buffer.from(`\ufeff${file(jobFile)}`, "utf16le")),
      says: [/azureml\/job\.yml: the file is written in UTF-16/, /Save it as UTF-8/],
    },
    {
      what: "two documents in a file",
      task: "SubmitJob",
      inputs: { jobFile },
      options: changed(jobFile, /$/, `---\n${file(jobFile)}`),
      says: [/a second document begins here; a file holds one/, /a file of its own/],
      never: [/parseAllDocuments/],
    },
    {
      what: "a batch deployment given to DeployEndpoint",
      task: "DeployEndpoint",
      inputs: deploy,
      options: written(
        deploymentFile,
        "type: model\nname: bb\nendpoint_name: bikes\nmodel: azureml:bikes:1\ncompute: azureml:cpu-cluster\n",
      ),
      says: [/azureml\/deployment\.yml.* batch deployment/, /AzureMLApply/],
    },
    {
      what: "a batch endpoint given to DeployEndpoint",
      task: "DeployEndpoint",
      inputs: deploy,
      options: written(
        endpointFile,
        "$schema: https://azuremlschemas.azureedge.net/latest/batchEndpoint.schema.json\nname: bikes\n",
      ),
      says: [/azureml\/endpoint\.yml.* batch endpoint/, /AzureMLApply/],
    },
    {
      what: "an endpoint given as a job",
      task: "SubmitJob",
      inputs: { jobFile: endpointFile },
      says: [/azureml\/endpoint\.yml describes an (managed )?online endpoint/],
    },
    {
      what: "a folder given as a file",
      task: "SubmitJob",
      inputs: { jobFile: "azureml" },
      says: [/azureml is a folder, not a YAML file/, /azureml\/job\.yml/],
    },
    {
      what: "a wrong path of a job",
      task: "SubmitJob",
      inputs: { jobFile: "azureml/jobs.yml" },
      says: [
        /There is no file azureml\/jobs\.yml/,
        /In azureml there are .*job\.yml/,
        /Did you mean azureml\/job\.yml\?/,
      ],
    },
    {
      what: "a wrong folder of a job",
      task: "SubmitJob",
      inputs: { jobFile: "azure-ml/job.yml" },
      says: [/There is no file azure-ml\/job\.yml/, /Did you mean azureml\/job\.yml\?/],
    },
    {
      what: "a wrong path of a data file",
      task: "RegisterData",
      inputs: { dataFile: "azureml/dat.yml" },
      says: [/There is no file azureml\/dat\.yml/, /Did you mean azureml\/data\.yml\?/],
    },
    {
      what: "a conda file that is not there",
      task: "SubmitJob",
      inputs: { jobFile },
      options: changed(jobFile, /environment:\n/, "environment:\n  conda_file: cnoda.yml\n"),
      says: [/no file or folder cnoda\.yml/, /Did you mean conda\.yml\?/],
    },
    {
      what: "a conda file that is no YAML",
      task: "SubmitJob",
      inputs: { jobFile },
      options: {
        files: {
          ...changed(jobFile, /environment:\n/, "environment:\n  conda_file: conda.yml\n").files,
          "azureml/conda.yml": "name: x\ndependencies: [python\n",
        },
      },
      says: [/azureml\/conda\.yml.*this is no YAML/],
    },
    {
      what: "a scoring script that is not there",
      task: "DeployEndpoint",
      inputs: deploy,
      options: changed(deploymentFile, "score.py", "scor.py"),
      says: [/no scoring script scor\.py/, /Did you mean score\.py\?/],
    },
    {
      what: "a field of CLI v1",
      task: "SubmitJob",
      inputs: { jobFile },
      options: changed(jobFile, "compute:", "target:"),
      says: [/no field "target"/],
    },
    {
      what: "shares of the traffic that do not add up",
      task: "Apply",
      inputs: { file: endpointFile },
      options: written(endpointFile, "name: bikes\nauth_mode: key\ntraffic:\n  blue: 60\n  green: 30\n"),
      says: [/the shares under "traffic" add up to 90/],
    },
    {
      what: "a pattern that no file fits",
      task: "Apply",
      inputs: { file: "azurml/*.yml" },
      says: [/There is no file azurml\/\*\.yml/, /Did you mean azureml\?/],
    },
  ],
  "in a name": [
    {
      what: "an endpoint",
      task: "InvokeEndpoint",
      inputs: { endpointName: "bikess", requestFile },
      says: [/no online endpoint "bikess"; it has bikes/, /Did you mean bikes\?/],
    },
    {
      what: "a deployment",
      task: "InvokeEndpoint",
      inputs: { endpointName: "bikes", deploymentName: "bluee", requestFile },
      says: [/no deployment "bluee"/, /Did you mean blue\?/],
    },
    {
      what: "an endpoint to roll back",
      task: "Rollback",
      inputs: { endpointName: "bike" },
      says: [/no online endpoint "bike"/, /Did you mean bikes\?/],
    },
    {
      what: "a deployment to roll back to",
      task: "Rollback",
      inputs: { endpointName: "bikes", deploymentName: "bleu" },
      says: [/The endpoint bikes has no deployment bleu, so nothing was changed; it has blue .*Did you mean blue\?/],
    },
    {
      what: "a monitor",
      task: "CheckMonitor",
      inputs: { monitor: "drift" },
      says: [/The workspace ws1 has no monitor "drift"; it has none\./],
    },
    {
      what: "a version of a model",
      task: "DeployEndpoint",
      inputs: { ...deploy, endpointName: "bikes", model: "bikes:99" },
      says: [/The model bikes has no version 99\. It has the version 1\./],
    },
    {
      what: "a version that is a label",
      task: "DeployEndpoint",
      inputs: { ...deploy, endpointName: "bikes", model: "bikes:latest" },
      says: [/bikes@latest/],
    },
    {
      what: "a model",
      task: "DownloadModel",
      inputs: { modelName: "bike", downloadPath: "models" },
      says: [/no model "bike"/, /Did you mean bikes\?/],
    },
    {
      what: "a compute",
      task: "SubmitJob",
      inputs: { jobFile, overrides: "compute: azureml:cpu-clustr" },
      says: [/no compute "cpu-clustr"/, /Did you mean cpu-cluster\?/],
    },
    {
      what: "a workspace",
      task: "SubmitJob",
      inputs: { jobFile, workspace: "wss1" },
      says: [/no workspace "wss1"/, /Did you mean ws1\?/],
    },
    {
      what: "a datastore",
      task: "RegisterData",
      inputs: { dataFile, datastore: "workspaceblobstor" },
      says: [/no datastore "workspaceblobstor"/, /Did you mean workspaceblobstore\?/],
    },
    {
      what: "an output of a job",
      task: "RegisterModel",
      inputs: { jobName: "JOB", name: "m", outputName: "modle" },
      says: [/no output "modle"; it has model/, /Did you mean model\?/],
    },
    {
      what: "a deployment's name of two characters",
      task: "DeployEndpoint",
      inputs: { ...deploy, deploymentName: "r5" },
      says: [/Input deploymentName is "r5", which Azure refuses: a name has 3 to 32 characters/],
    },
    {
      what: "a model's name before its job is read",
      task: "RegisterModel",
      inputs: { jobName: "JOB", name: "my model", outputName: "model" },
      says: [/Input name is "my model"|Azure refuses "my model"/],
    },
    {
      what: "a job's name",
      task: "SubmitJob",
      inputs: { jobFile, overrides: "name: my job!" },
      says: [/"my job!"/, /letters, digits/],
    },
    {
      what: "an experiment's name",
      task: "SubmitJob",
      inputs: { jobFile, plan: "true", overrides: "experiment_name: my/exp?" },
      warns: [/The experiment "my\/exp\?" has a name that Azure ML is reported to refuse/, /such as "my-exp"/],
      says: [],
    },
  ],
  "in a rule": [
    ...(
      [
        ["an arrow for a comparison", "metrics.auc => 0.5", /Did you mean metrics\.auc >= 0\.5 \?/],
        ["metric for metrics", "metric.auc >= 0.5", /Did you mean metrics\.auc >= 0\.5 \?/],
        ["a bare name", "auc >= 0.5", /Did you mean metrics\.auc >= 0\.5 \?/],
        ["a number in quotes", "metrics.auc >= '0.5'", /Did you mean metrics\.auc >= 0\.5 \?/],
        ["a decimal comma", "metrics.auc >= 0,5", /Did you mean metrics\.auc >= 0\.5 \?/],
        ["a single =", "metrics.auc = 0.5", /Did you mean metrics\.auc == 0\.5 \?/],
        [
          "and for &&",
          "metrics.auc > 0.5 and metrics.loss < 1",
          /Did you mean metrics\.auc > 0\.5 && metrics\.loss < 1 \?/,
        ],
        ["a percentage", "metrics.auc >= 90%", /Did you mean metrics\.auc >= 0\.9 \?/],
      ] as const
    ).map(([what, rules, says]) => ({
      what,
      task: "EvaluateMetrics" as const,
      inputs: { ...gate, rules },
      says: [/Input rules, line 1/, says],
    })),
    {
      what: "a metric with a slip",
      task: "EvaluateMetrics",
      inputs: { ...gate, rules: "metrics.acu >= 0.5" },
      says: [/The job has no metric "acu"; it has auc, loss/, /Did you mean auc\?/],
    },
    {
      what: "a metric that no step of a pipeline job has",
      task: "EvaluateMetrics",
      inputs: { ...gate, jobName: "PIPELINE", rules: "metrics.r3 >= 0.5" },
      says: [/The job has no metric "r3"; it has r2\./],
    },
    {
      what: "a job with a slip",
      task: "EvaluateMetrics",
      inputs: { ...gate, jobName: "JOBB", rules: "metrics.auc >= 0.5" },
      says: [/no job "JOBB"/, /Check the input jobName/],
    },
  ],
  "in a number": [
    ...(["110", "101", "-1", "10%", "12.5", "ten"] as const).map((trafficPercent) => ({
      what: `a share of the traffic of ${trafficPercent}`,
      task: "DeployEndpoint" as const,
      inputs: { ...deploy, trafficPercent },
      says: [/Input trafficPercent is .*; it must be (a whole number from )?0 to 100/],
    })),
    {
      what: "a mirrored share that is too large",
      task: "DeployEndpoint",
      inputs: { ...deploy, strategy: "shadow", mirrorPercent: "60" },
      says: [/Input mirrorPercent is .*60.*; it must be (a whole number from )?[01] to 50/],
    },
    {
      what: "a deadline in hours",
      task: "SubmitJob",
      inputs: { jobFile, timeoutInMinutes: "2h" },
      says: [/Input timeoutInMinutes is "2h"/, /without a unit/],
    },
    {
      what: "steps of a canary that fall",
      task: "DeployEndpoint",
      inputs: { ...deploy, strategy: "canary", steps: "50, 10, 100" },
      says: [/Input steps/, /larger|rise|grow/],
    },
  ],
  "in a request": [
    {
      what: "JSON with a comma too many",
      task: "InvokeEndpoint",
      inputs: { endpointName: "bikes", requestFile },
      options: written(requestFile, '{ "name": "Ada", }\n'),
      says: [/requests\/ada\.json/, /is no JSON/],
      never: [/ada\.json[\s\S]*ada\.json/, /line 1, column 18[\s\S]*line 1, column 18/],
    },
    {
      what: "a wrong path",
      task: "InvokeEndpoint",
      inputs: { endpointName: "bikes", requestFile: "requests/adda.json" },
      says: [/There is no request file requests\/adda\.json/, /Did you mean requests\/ada\.json\?/],
    },
    {
      what: "a folder",
      task: "InvokeEndpoint",
      inputs: { endpointName: "bikes", requestFile: "requests" },
      says: [/requests.* is a folder/],
    },
    {
      what: "UTF-16",
      task: "InvokeEndpoint",
      inputs: { endpointName: "bikes", requestFile },
      options: bytes(requestFile, Buffer.from(`\ufeff${file(requestFile)}`, "utf16le")),
      says: [/requests\/ada\.json.* UTF-16/, /UTF-8/],
    },
    ...(
      [
        ["a single =", "$.greeting = 2", [/Did you mean \$\.greeting == 2 \?/]],
        ["a path without $", "greeting == 2", [/Did you mean \$\.greeting == 2 \?/]],
        ["a text without quotes", "$.greeting == four", [/Did you mean \$\.greeting == "four" \?/]],
      ] as const
    ).map(([what, expectations, says]) => ({
      what: `an expectation with ${what}`,
      task: "InvokeEndpoint" as const,
      inputs: { endpointName: "bikes", requestFile, expectations },
      says: [/Input expectations, line 1/, ...says],
    })),
    {
      what: "an expectation of a key that the reply does not have",
      task: "InvokeEndpoint",
      inputs: { endpointName: "bikes", requestFile, expectations: "$.rental[0] > 1" },
      says: [/\$\.rental\[0\] finds nothing; of the reply's keys, it has .*greeting/],
    },
  ],
  "in a path of an input": [
    {
      what: "a model's folder",
      task: "RegisterModel",
      inputs: { source: "folder", modelPath: "weigths", name: "m" },
      says: [/There is no file or folder weigths\./, /Did you mean weights\?/],
    },
    {
      what: "an empty folder",
      task: "RegisterModel",
      inputs: { source: "folder", modelPath: "empty", name: "m" },
      options: { prepare: (sources) => mkdirSync(path.join(sources, "empty")) },
      says: [/The folder empty holds no file to upload/],
    },
    {
      what: "a custom model called an MLflow model",
      task: "RegisterModel",
      inputs: { source: "folder", modelPath: "weights", name: "m", type: "mlflow_model" },
      says: [/weights has no (file )?`?MLmodel`?/, /custom_model/],
    },
    {
      what: "data that is not there",
      task: "RegisterData",
      inputs: { source: "inline", name: "d", type: "uri_folder", path: "dta" },
      says: [/no file or folder dta/, /Did you mean data\?/],
    },
    {
      what: "a file of expectations",
      task: "CheckData",
      inputs: { source: "files", dataPath: "data/readings.csv", expectationsFile: "azureml/expect.yml" },
      says: [/There is no file azureml\/expect\.yml/, /In azureml there are/],
    },
    {
      what: "data to check",
      task: "CheckData",
      inputs: { source: "files", dataPath: "data/reading.csv", dataRules: "data.rows > 0" },
      says: [/data\/reading\.csv/, /readings\.csv/],
    },
    {
      what: "autoscale settings",
      task: "DeployEndpoint",
      inputs: { ...deploy, endpointName: "bikes", autoscaleFile: "azureml/scale.yml" },
      says: [/There is no file azureml\/scale\.yml/],
    },
    {
      what: "a signer's key",
      task: "VerifyModel",
      inputs: { modelName: "bikes", modelVersion: "1", signedBy: "keys/signer.pem" },
      says: [/keys\/signer\.pem/],
    },
    {
      what: "a folder of batch input",
      task: "InvokeBatch",
      inputs: { endpointName: "bikes", input: "dta" },
      says: [/dta/, /data/],
    },
  ],
  "in a scoring script": [
    {
      what: "an import of a package that is not there",
      task: "DeployEndpoint",
      inputs: { ...deploy, endpointName: "broken", deploymentName: "imports" },
      options: scoring("import lightgbmm\n\ndef init():\n    pass\n\ndef run(raw):\n    return 1\n"),
      says: [/ModuleNotFoundError: No module named 'lightgbmm'/],
      summary: [/ModuleNotFoundError: No module named 'lightgbmm'/],
    },
    {
      what: "an exception as it starts",
      task: "DeployEndpoint",
      inputs: { ...deploy, endpointName: "broken", deploymentName: "starts" },
      options: scoring("def init():\n    raise RuntimeError('no such weights')\n\ndef run(raw):\n    return 1\n"),
      says: [/RuntimeError: no such weights/],
      summary: [/RuntimeError: no such weights/],
    },
    {
      what: "an exception as it answers",
      task: "DeployEndpoint",
      inputs: { ...deploy, endpointName: "broken", deploymentName: "answers" },
      options: scoring("import json\n\ndef init():\n    pass\n\ndef run(raw):\n    return json.loads(raw)['rowz']\n"),
      says: [/KeyError: '?rowz/],
      summary: [/KeyError: '?rowz/],
    },
  ],
};

/** Absolute paths of the agent's machine, as the tests' agent has them. */
const ABSOLUTE = /azure-ml-bench-|\/_work\//;

describe("mistakes of a first use, through the packaged tasks", () => {
  let bench: Bench;
  let names: Readonly<Record<string, string>>;
  before(async () => {
    bench = await Bench.open();
    const submit = async (options: RunOptions = {}) => {
      const run = await bench.run("SubmitJob", { jobFile, wait: "false" }, options);
      assertSucceeded(run);
      return run.outputs["jobName"]!;
    };
    const step = { type: "command", command: logging({ r2: 0.8 }), environment: { image: "ubuntu" } };
    const pipeline = { type: "pipeline", settings: { default_compute: "azureml:cpu-cluster" }, jobs: { train: step } };
    names = { JOB: await submit(), PIPELINE: await submit(written(jobFile, JSON.stringify(pipeline))) };
    for (const name of Object.values(names)) await jobService(bench.cloud.azure).ended(name);
    assertSucceeded(await bench.run("RegisterModel", { source: "folder", modelPath: "weights", name: "bikes" }));
    assertSucceeded(await bench.run("DeployEndpoint", { ...deploy, endpointName: "bikes", deploymentName: "blue" }));
  });
  after(() => bench?.close());

  for (const [group, mistakes] of Object.entries(MISTAKES)) {
    describe(group, () => {
      for (const { what, task, inputs, options, says, never = [], summary = [], warns } of mistakes) {
        it(`${what} (${task})`, async () => {
          const given = Object.entries(inputs).map(([name, value]) => [name, names[value ?? ""] ?? value]);
          const run = await bench.run(task, Object.fromEntries(given), options);
          const text = run.errors.join("\n");
          assert.equal(run.result, warns ? "Succeeded" : "Failed", run.log);
          for (const sentence of warns ?? []) assert.match(run.warnings.join("\n"), sentence);
          for (const sentence of says) assert.match(text, sentence);
          for (const sentence of never) assert.doesNotMatch(text, sentence);
          for (const sentence of summary) assert.match(run.summaries.join("\n"), sentence);
          assert.doesNotMatch(text, /Unexpected|undefined|\[object/, "it is a sentence");
          assert.doesNotMatch(told(run), ABSOLUTE, "a path is relative to the repository");
        });
      }
    });
  }
});

/** All that people are told of a run. */
function told({ issues, summaries, record }: TaskRun): string {
  return [...issues.map(({ message }) => message), ...summaries, JSON.stringify(record ?? {})].join("\n");
}
