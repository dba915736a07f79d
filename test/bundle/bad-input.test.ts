// Mistakes of users, each with its error message; nothing is created for it in Azure.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { RecordingServer } from "../../local/agent/index.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { PipelineError, runPipeline } from "../../local/pipeline/index.ts";
import { assertSucceeded, Bench, PROJECT, type RunOptions, type TaskName } from "../harness/bench.ts";
import { packagedTasks } from "../harness/packages.ts";
import { changing, differences, snapshot } from "../harness/snapshot.ts";

const file = (name: string) => readFileSync(path.join(PROJECT, name), "utf8");
const jobFile = "azureml/job.yml";
const dataFile = "azureml/data.yml";
const endpointFile = "azureml/endpoint.yml";
const deploymentFile = "azureml/deployment.yml";
const requestFile = "requests/ada.json";
const job = (from: string | RegExp, to: string) => ({ files: { [jobFile]: replaced(file(jobFile), from, to) } });
const deployment = (from: string | RegExp, to: string) => ({
  files: { [deploymentFile]: replaced(file(deploymentFile), from, to) },
});
const folder = { source: "folder", modelPath: "weights" };

function replaced(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, to);
  assert.notEqual(changed, text, `${String(from)} is not in the file`);
  return changed;
}

interface Case {
  readonly what: string;
  readonly task: TaskName;
  /** JOB is replaced by the name of a completed job. */
  readonly inputs: Readonly<Record<string, string | undefined>>;
  readonly options?: RunOptions;
  /** Each must be found in the errors. */
  readonly says: readonly RegExp[];
  /** Where the issue stands: a file of the repository, a line and a column. */
  readonly at?: readonly [file: string, line: number, column: number];
  /** It is judged, and the verdict is written to the job: its tags are all that changes. */
  readonly judges?: boolean;
}

const GROUPS: Readonly<Record<string, readonly Case[]>> = {
  "the connection": [
    {
      what: "that there is none of",
      task: "SubmitJob",
      inputs: { jobFile },
      options: { connection: "5e4e6ce0-0000-4000-8000-0000000000ff" },
      says: [/Input azureSubscription names the service connection "5e4e6ce0-\S+ff"/, /authorized to use it/],
    },
    {
      what: "without access (403)",
      task: "SubmitJob",
      inputs: { jobFile },
      options: { connection: "azure-ml-forbidden" },
      says: [/may not read the workspace ws1/, /Give it a role that may, such as AzureML Data Scientist/],
    },
    {
      what: "with an expired secret",
      task: "RegisterData",
      inputs: { dataFile },
      options: { connection: "azure-ml-expired" },
      says: [
        /client secret of the service connection has expired/,
        /AADSTS7000222/,
        /Make a new client secret in Entra/,
      ],
    },
  ],
  "the workspace": [
    {
      what: "that does not exist",
      task: "SubmitJob",
      inputs: { jobFile, workspace: "ws2" },
      says: [/no workspace "ws2" in the resource group "rg1"/, /There is ws1/, /Correct the inputs? workspace/],
    },
    {
      what: "whose resource group does not exist",
      task: "RegisterData",
      inputs: { dataFile, resourceGroup: "rg9" },
      says: [/no resource group "rg9" in the subscription/, /Correct the input resourceGroup/],
    },
    {
      what: "that nobody names",
      task: "RegisterData",
      inputs: { dataFile, resourceGroup: undefined, workspace: undefined },
      says: [/Inputs resourceGroup and workspace are empty/, /scope of a Machine Learning workspace/],
    },
  ],
  YAML: [
    {
      what: "that is no YAML",
      task: "SubmitJob",
      inputs: { jobFile },
      options: { files: { [jobFile]: "type: command\ncommand: python learn.py\n\tcompute: x\n" } },
      says: [/no YAML: tabs are not allowed as indentation/],
      at: [jobFile, 3, 1],
    },
    {
      what: "that ends within a list",
      task: "RegisterData",
      inputs: { dataFile },
      options: { files: { [dataFile]: "name: readings\npath: [../data\n" } },
      says: [/no YAML: flow sequence/],
      at: [dataFile, 3, 1],
    },
    {
      what: "of a job with a field that there is not",
      task: "SubmitJob",
      inputs: { jobFile },
      options: job("compute:", "computte:"),
      says: [/no field "computte"/, /Did you mean compute\?/],
      at: [jobFile, 16, 1],
    },
    {
      what: "of an output with a field that there is not",
      task: "SubmitJob",
      inputs: { jobFile },
      options: job("    mode: upload", "    mod: upload"),
      says: [/no field "outputs\.model\.mod"/, /Did you mean mode\?/],
      at: [jobFile, 13, 5],
    },
    {
      what: "of a deployment with a field that there is not",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile },
      options: deployment("instance_count", "instance_cuont"),
      says: [/no field "instance_cuont"/, /Did you mean instance_count\?/],
      at: [deploymentFile, 14, 1],
    },
    {
      what: "of a job with a value of the wrong type",
      task: "SubmitJob",
      inputs: { jobFile },
      options: job(/$/, "limits:\n  timeout: soon\n"),
      says: [/"limits\.timeout" is the text "soon"; a whole number is needed/],
      at: [jobFile, 18, 12],
    },
    {
      what: "of data of a type that there is not",
      task: "RegisterData",
      inputs: { dataFile },
      options: { files: { [dataFile]: replaced(file(dataFile), "uri_folder", "uri_foldr") } },
      says: [/"type" is the text "uri_foldr"/, /uri_file, uri_folder, mltable/, /Did you mean uri_folder\?/],
      at: [dataFile, 4, 7],
    },
    {
      what: "of a job without a required field",
      task: "SubmitJob",
      inputs: { jobFile },
      options: job(/command: python.*\n/, ""),
      says: [/needs the field "command"/, /Add `command:`/],
      at: [jobFile, 1, 1],
    },
    {
      what: "of data without a required field",
      task: "RegisterData",
      inputs: { dataFile },
      options: { files: { [dataFile]: "name: readings\n" } },
      says: [/needs the field "path"/, /Add `path:`/],
      at: [dataFile, 1, 1],
    },
    {
      what: "of something else",
      task: "SubmitJob",
      inputs: { jobFile: deploymentFile },
      says: [/azureml\/deployment\.yml describes an? (managed )?online deployment/],
    },
  ],
  "a path": [
    {
      what: "of a file that does not exist",
      task: "SubmitJob",
      inputs: { jobFile: "azureml/jobb.yml" },
      says: [/There is no file azureml\/jobb\.yml/, /starts at the repository's root/],
    },
    {
      what: "in a YAML that does not exist",
      task: "SubmitJob",
      inputs: { jobFile },
      options: job("../src", "../scr"),
      says: [/no file or folder \.\.\/scr/, /Did you mean \.\.\/src\?/],
      at: [jobFile, 5, 7],
    },
    {
      what: "in an input that does not exist",
      task: "RegisterModel",
      inputs: { name: "m", source: "folder", modelPath: "weigths" },
      says: [/no file or folder .*weigths/, /there are .*weights/],
    },
    {
      what: "that leaves the repository by a link",
      task: "SubmitJob",
      inputs: { jobFile },
      options: {
        prepare: (sources) => {
          rmSync(path.join(sources, "src"), { recursive: true });
          symlinkSync("/usr/share", path.join(sources, "src"));
        },
      },
      says: [/the path \.\.\/src leaves the repository by a link \(it leads to \/usr\/share\)/, /files themselves/],
      at: [jobFile, 5, 7],
    },
    {
      what: "to a folder that holds a link out of the repository",
      task: "RegisterData",
      inputs: { dataFile },
      options: { prepare: (sources) => symlinkSync("/etc/hostname", path.join(sources, "data", "hostname")) },
      says: [/The link .*hostname leads out of the repository \(to \/etc\/hostname\), so it is not uploaded/],
    },
    {
      what: "of a YAML file that is a link out of the repository",
      task: "SubmitJob",
      inputs: { jobFile: "azureml/linked.yml" },
      options: { prepare: (sources) => symlinkSync("/etc/hostname", path.join(sources, "azureml", "linked.yml")) },
      says: [/azureml\/linked\.yml leaves the repository by a link/],
    },
    {
      what: "that leaves the repository by dots",
      task: "RegisterData",
      inputs: { source: "inline", name: "outside", type: "uri_folder", path: "../../outside" },
      options: {
        prepare: (sources) => {
          mkdirSync(path.join(sources, "../../outside"));
          writeFileSync(path.join(sources, "../../outside/file"), "x");
        },
      },
      says: [/the path \.\.\/\.\.\/outside leaves the repository/],
    },
    {
      what: "of an empty folder of data",
      task: "RegisterData",
      inputs: { dataFile },
      options: {
        prepare: (sources) => {
          rmSync(path.join(sources, "data"), { recursive: true });
          mkdirSync(path.join(sources, "data"));
        },
      },
      says: [/The folder .*data holds no file to upload/, /\.amlignore or \.gitignore/],
    },
    {
      what: "of an empty folder of a model",
      task: "RegisterModel",
      inputs: { name: "m", source: "folder", modelPath: "empty" },
      options: { prepare: (sources) => mkdirSync(path.join(sources, "empty")) },
      says: [/The folder .*empty holds no file to upload/],
    },
  ],
  "something in Azure": [
    {
      what: "a compute that does not exist",
      task: "SubmitJob",
      inputs: { jobFile, overrides: "compute: azureml:cpu-clustr" },
      says: [/no compute "cpu-clustr"; it has cpu-cluster, gpu-cluster/, /Correct `compute:`/],
    },
    {
      what: "an environment that does not exist",
      task: "SubmitJob",
      inputs: { jobFile, overrides: "environment: azureml:nope:3" },
      says: [/no environment "nope"/, /There are AzureML-\S+/],
    },
    {
      what: "an environment by a label, that does not exist",
      task: "SubmitJob",
      inputs: { jobFile, overrides: "environment: azureml:nope@latest" },
      says: [/no environment "nope"/, /There are AzureML-\S+/],
    },
    {
      what: "data that does not exist",
      task: "SubmitJob",
      inputs: { jobFile },
      options: job("  seconds: 0", "  seconds: 0\n  data:\n    type: uri_folder\n    path: azureml:nope@latest"),
      says: [/no data asset "nope"/],
    },
    {
      what: "a model to deploy that does not exist",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile, model: "nope:1" },
      says: [/no model "nope"/],
    },
    {
      what: "an environment to deploy with that does not exist",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile },
      options: deployment(/environment:[\s\S]*instance_type/, "environment: azureml:nope:1\ninstance_type"),
      says: [/no environment "nope"/, /There are AzureML-\S+/],
    },
    {
      what: "an endpoint that does not exist and is not to be made",
      task: "DeployEndpoint",
      inputs: { deploymentFile },
      says: [/no online endpoint "greeter"/, /endpointFile to have it made/],
    },
    {
      what: "an endpoint to call that does not exist",
      task: "InvokeEndpoint",
      inputs: { endpointName: "greeter", requestFile },
      says: [/no online endpoint "greeter"; it has none/],
    },
    {
      what: "a datastore that does not exist",
      task: "RegisterData",
      inputs: { dataFile, datastore: "nope" },
      says: [/no datastore "nope"; it has workspaceblobstore/],
    },
    {
      what: "a job that does not exist",
      task: "EvaluateMetrics",
      inputs: { jobName: "nope", rules: "metrics.auc > 0", metricsTimeoutInSeconds: "1" },
      says: [/no job "nope"/, /Check the input jobName/],
    },
    {
      what: "a metric that does not exist",
      task: "EvaluateMetrics",
      inputs: { jobName: "JOB", rules: "metrics.auc > 0\nmetrics.f1 > 0", metricsTimeoutInSeconds: "1" },
      says: [/did not pass 1 of 2 rules/, /The job has no metric "f1"; it has auc, loss\./],
      judges: true,
    },
    {
      what: "a job output that does not exist",
      task: "RegisterModel",
      inputs: { jobName: "JOB", name: "m", outputName: "modle" },
      says: [/The job \S+ has no output "modle"; it has model/, /named under `outputs:`/],
    },
    {
      what: "a path in a job output that does not exist",
      task: "RegisterModel",
      inputs: { jobName: "JOB", name: "m", outputName: "model", outputPath: "weights/best" },
      says: [/There is no "weights\/best" in the output "model" of the job/, /greeting\.txt/],
    },
  ],
  "an input": [
    {
      what: "overrides of a path that there is not",
      task: "SubmitJob",
      inputs: { jobFile, overrides: "inputs:\n  auc: 0.5\nlimits.timout: 3" },
      says: [/no "limits\.timout" to override/, /Did you mean limits\.timeout\?/],
      at: ["overrides", 3, 1],
    },
    {
      what: "overrides of an input that there is not",
      task: "SubmitJob",
      inputs: { jobFile, overrides: "inputs:\n  acu: 0.5" },
      says: [/no "inputs\.acu" to override/, /Did you mean inputs\.auc\?/],
      at: ["overrides", 2, 3],
    },
    {
      what: "a rule that does not parse",
      task: "EvaluateMetrics",
      inputs: { jobName: "JOB", rules: "metrics.auc >= 0.5\nmetrics.auc >== 0.9" },
      says: [/Input rules, line 2, column 15: the rule metrics\.auc >== 0\.9 is no CEL expression/, /Rules look like/],
    },
    {
      what: "a champion who is nobody",
      task: "EvaluateMetrics",
      inputs: { jobName: "JOB", rules: "metrics.auc >= 0.5", champion: "somebody" },
      says: [/champion is "somebody"/, /endpoint:<name>/],
    },
    {
      what: "a model name that Azure refuses",
      task: "RegisterModel",
      inputs: { ...folder, name: "my model!" },
      says: [/Azure refuses "my model!"/, /at most 255 letters, digits, "\.", "_" and "-", and starts with a letter/],
    },
    {
      what: "an endpoint name that Azure refuses",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile, endpointName: "9_lives" },
      says: [
        /^Input endpointName is "9_lives", which Azure refuses: a name has 3 to 32 characters: letters, digits and hyphens/,
      ],
    },
    {
      what: "an endpoint name in a YAML that Azure refuses",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile },
      options: { files: { [endpointFile]: "auth_mode: key\nname: x_1\n", ...deployment("greeter", "x_1").files } },
      says: [/"name" is "x_1", which Azure refuses: a name has 3 to 32 characters/],
      at: [endpointFile, 2, 7],
    },
    {
      what: "a deployment name that Azure refuses",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile, deploymentName: "v_1" },
      says: [/^Input deploymentName is "v_1", which Azure refuses: a name has 3 to 32 characters/],
    },
    ...(["110", "101", "10%", "-1", "12.5", "1e2"] as const).map((trafficPercent) => ({
      what: `a share of the traffic of ${trafficPercent}`,
      task: "DeployEndpoint" as const,
      inputs: { endpointFile, deploymentFile, requestFile, trafficPercent },
      says: [/^Input trafficPercent is .*; it must be (a whole number from )?0 to 100/],
    })),
    {
      what: "a number with a unit",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile, requestFile, maxLatencyInMilliseconds: "300ms" },
      says: [/Input maxLatencyInMilliseconds is "300ms", which is no whole number of at least 0/, /without a unit/],
    },
    {
      what: "a request file that is not JSON",
      task: "InvokeEndpoint",
      inputs: { endpointName: "greeter", requestFile },
      options: { files: { [requestFile]: '{\n  name: "Ada"\n}\n' } },
      says: [/^requests\/ada\.json\(2,3\): error AML1608: the request is no JSON: "name" cannot stand there/],
      at: [requestFile, 2, 3],
    },
    {
      what: "a request file for a new deployment that is not JSON",
      task: "DeployEndpoint",
      inputs: { endpointFile, deploymentFile, requestFile },
      options: { files: { [requestFile]: '{ "name": "Ada", }\n' } },
      says: [/^requests\/ada\.json\(1,1\d\): error AML1608: the request is no JSON/],
    },
    {
      what: "an expectation that is no JSONPath",
      task: "InvokeEndpoint",
      inputs: { endpointName: "greeter", requestFile, expectations: "$.greeting\n$[ == 2" },
      says: [/Input expectations, line 2: \$\[ == 2 is no expectation/],
    },
  ],
};

describe("bad input, through the packaged tasks", () => {
  let bench: Bench;
  let jobName: string;
  before(async () => {
    bench = await Bench.open();
    const run = await bench.run("SubmitJob", { jobFile });
    assertSucceeded(run);
    jobName = run.outputs["jobName"]!;
    await jobService(bench.cloud.azure).ended(jobName);
  });
  after(() => bench?.close());

  for (const [group, cases] of Object.entries(GROUPS)) {
    describe(group, () => {
      for (const { what, task, inputs, options, says, at, judges } of cases) {
        it(`${what} (${task})`, async () => {
          const before = await snapshot(bench.cloud);
          const given = Object.entries(inputs).map(([name, value]) => [name, value === "JOB" ? jobName : value]);
          const run = await bench.run(task, Object.fromEntries(given), options);
          assert.deepEqual([run.result, run.exitCode], ["Failed", 0], run.log);
          const text = run.errors.join("\n");
          assert.notEqual(text, "", run.log);
          for (const sentence of says) assert.match(text, sentence);
          assert.doesNotMatch(text, /Unexpected|undefined|\[object|\bat .*:\d+:\d+\)/, "it is a sentence");
          if (at !== undefined) {
            const issue = run.issues.find(({ type }) => type === "error");
            const place = path.relative("/", path.resolve("/", issue?.sourcePath ?? ""));
            assert.deepEqual([issue?.line, issue?.column], at.slice(1), text);
            assert.ok(place === at[0] || place.endsWith(`/${at[0]}`), `${place} is ${at[0]}`);
            assert.match(text, new RegExp(`${at[0].replaceAll(".", "\\.")}[:(]${at[1]}[:,]${at[2]}`));
          }
          assert.equal(run.record === undefined || run.record.result === "failed", true);
          const after = differences(before, await snapshot(bench.cloud));
          if (judges) {
            assert.equal(changing(run).length, 1);
            assert.match(changing(run)[0]!, new RegExp(`^PATCH api .*/runs/${jobName}$`));
            assert.deepEqual(after.sort(), [`jobs ${jobName}`, `runs ${jobName}`]);
            assert.equal(jobService(bench.cloud.azure).get(jobName)?.tags["evaluation"], "failed");
            return;
          }
          assert.deepEqual(changing(run), [], "nothing was sent that could change something");
          assert.deepEqual(after, [], "local Azure is as it was");
        });
      }
    });
  }

  describe("a pipeline", () => {
    it("that names a connection which there is none of is refused before anything runs", async () => {
      const repository = mkdtempSync(path.join(tmpdir(), "azure-ml-pipeline-"));
      try {
        const yaml = [
          "steps:",
          "  - task: AzureMLRegisterData@1",
          "    inputs:",
          "      azureSubscription: azure-mll",
          "      dataFile: azureml/data.yml",
          "",
        ].join("\n");
        writeFileSync(path.join(repository, "azure-pipelines.yml"), yaml);
        const git = (...command: string[]) =>
          execFileSync("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...command], {
            cwd: repository,
            encoding: "utf8",
          }).trim();
        git("init", "--quiet", "--initial-branch=main");
        git("add", "--all");
        git("commit", "--quiet", "--message", "A name with a slip of the finger");
        const untouched = await snapshot(bench.cloud);
        const builds = bench.cloud.devops.builds.all.length;
        const tasks = await packagedTasks();
        const run = runPipeline({
          file: "azure-pipelines.yml",
          devops: bench.cloud.devops,
          repository: {
            path: repository,
            uri: bench.cloud.devops.repositoryUri("bundle"),
            branch: "main",
            commit: git("rev-parse", "HEAD"),
          },
          connections: bench.cloud.connections,
          tasks: new Map([["AzureMLRegisterData@1", tasks.get("RegisterData")!]]),
          workRoot: path.join(repository, "work"),
          connect: () => new RecordingServer(),
        });
        await assert.rejects(run, (error: Error) => {
          assert.ok(error instanceof PipelineError, error.stack);
          assert.match(error.message, /^azure-pipelines\.yml:4:\d+: .*connection azure-mll which could not be found/);
          return true;
        });
        assert.equal(bench.cloud.devops.builds.all.length, builds, "no run was made");
        assert.deepEqual(differences(untouched, await snapshot(bench.cloud)), []);
      } finally {
        rmSync(repository, { recursive: true, force: true });
      }
    });
  });

  describe("the check", () => {
    it("is one that can fail: what a good run creates is seen", async () => {
      const untouched = await snapshot(bench.cloud);
      const run = await bench.run("RegisterData", { dataFile });
      assertSucceeded(run);
      assert.notDeepEqual(changing(run), []);
      assert.ok(differences(untouched, await snapshot(bench.cloud)).includes("assets/data readings"));
    });
  });
});
