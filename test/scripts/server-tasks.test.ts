// The tasks that run on the server: what the generator refuses in them, and that the engine can read what stands there.
import assert from "node:assert/strict";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkServerExpression, readHandler } from "../../local/devops/server-tasks/index.ts";
import { faultsOf } from "../../scripts/generate/faults.ts";
import { manifestFile } from "../../scripts/generate/manifest.ts";
import { readmeFile } from "../../scripts/generate/readme.ts";
import { faultsOfServerTask } from "../../scripts/generate/server-task.ts";
import { readTasks, runsOnAgent, type TaskFolder, type TaskJson } from "../../scripts/generate/task-json.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const tasks = readTasks(root).filter(({ json }) => !runsOnAgent(json));
const copy = (folder: string): TaskJson => structuredClone(tasks.find((task) => task.folder === folder)!.json);
type Sections = { HttpRequestChain: { Execute: { RequestInputs: Record<string, string> }[] } };

describe("tasks of the server", () => {
  it("are those that wait and check", () => {
    assert.deepEqual(
      tasks.map(({ folder, json }) => `${folder}: ${json.runsOn.join(", ")}`),
      ["CheckModel", "CheckMonitorResult", "CheckRollout"]
        .map((name) => `${name}: Server, ServerGate`)
        .concat("WaitForJob: Server"),
    );
  });

  for (const { folder, json } of tasks)
    it(`${folder} is read by the engine, expressions too`, () => {
      for (const { request, skipExpression, pollingExpression, outputVariables } of readHandler(json).sections) {
        if (request.expression !== "") checkServerExpression(request.expression.replace(/\$\(\w+\)/g, "x"));
        for (const expression of [skipExpression, pollingExpression, ...Object.values(outputVariables)])
          if (expression !== "") checkServerExpression(expression);
        if (request.headers !== "") JSON.parse(request.headers);
        if (request.body !== "") JSON.parse(request.body);
      }
    });

  it("wait for Azure ML's report with what it takes to make one, and cancel", () => {
    const { sections, cancel } = readHandler(copy("WaitForJob"));
    const { request } = sections[1]!;
    assert.equal(request.method, "PATCH");
    assert.equal(request.waitForCompletion, "true");
    const { Webhooks } = JSON.parse(request.body).Properties.NotificationSetting;
    // One webhook for each waiting step, so that two which wait for one job do not take each other's.
    assert.deepEqual(Object.keys(Webhooks), ["ADO_Webhook_$(system.TaskInstanceId)"]);
    assert.match(cancel?.endpointUrl ?? "", /\/jobs\/\$\(jobName\)\/cancel\?/);
    assert.equal(cancel?.method, "POST");
  });

  it("wait for nothing that has ended, and pass nothing that Azure ML does not call completed", () => {
    const { sections } = readHandler(copy("WaitForJob"));
    assert.deepEqual(
      sections.map(({ request: { method, waitForCompletion } }) => `${method} ${waitForCompletion}`),
      ["GET false", "PATCH true", "GET false"],
    );
    const [before, wait, after] = sections;
    assert.match(before!.request.expression, /^not\(in\(.*'Failed', 'Canceled'/);
    assert.equal(wait!.skipExpression, "eq(variables['AZUREML_JOB_STATUS'], 'Completed')");
    // Were a server to wait in no chain, this asks again until the job has ended, and fails where it did not complete.
    assert.match(after!.pollingExpression, /^not\(in\(/);
    assert.equal(after!.request.expression, "eq(root['properties']['status'], 'Completed')");
    assert.ok(after!.retryDelay >= 60_000);
  });

  it("ask as a gate without changing anything", () => {
    for (const folder of ["CheckModel", "CheckRollout"])
      for (const { request } of readHandler(copy(folder)).sections) {
        assert.equal(request.method, "GET");
        assert.notEqual(request.expression, "");
      }
  });

  it("are packaged without a bundle", () => {
    const text = JSON.stringify({ contributions: [], files: [] });
    const { files } = JSON.parse(manifestFile(text, tasks, [])) as { files: { path: string }[] };
    assert.deepEqual(
      files.map(({ path }) => path),
      [
        "tasks/CheckModel/task.json",
        "tasks/CheckModel/icon.png",
        "tasks/CheckMonitorResult/task.json",
        "tasks/CheckMonitorResult/icon.png",
        "tasks/CheckRollout/task.json",
        "tasks/CheckRollout/icon.png",
        "tasks/WaitForJob/task.json",
        "tasks/WaitForJob/icon.png",
      ],
    );
  });

  it("are shown in a job of their own kind", () => {
    const marks = ["usage", "inputs", "outputs"].map((name) => `<!-- generated: ${name} -->\n<!-- end: ${name} -->`);
    const text = readmeFile(marks.join("\n"), tasks.find(({ folder }) => folder === "WaitForJob")!);
    assert.match(
      text,
      /jobs:\n {2}- job: server\n {4}pool: server\n {4}timeoutInMinutes: 0\n {4}steps:\n {6}- task: AzureMLWaitForJob@1/,
    );
  });
});

describe("task.json of a task of the server", () => {
  const execute = (json: TaskJson) => (json.execution as Sections).HttpRequestChain.Execute[1]!.RequestInputs;
  const cases: [string, (json: TaskJson) => unknown, RegExp][] = [
    [
      "with a connection by which the server cannot sign in",
      (json) => Object.assign(json.inputs[0]!, { type: "connectedService:azureml-workspace" }),
      /azureSubscription has type connectedService:azureml-workspace: .* in the form in which Microsoft's tasks name it/,
    ],
    [
      "with a connection narrowed by scheme, as no task of Microsoft's narrows this type",
      (json) => Object.assign(json.inputs[0]!, { type: "connectedService:AzureRM:ServicePrincipal" }),
      /azureSubscription has type connectedService:AzureRM:ServicePrincipal/,
    ],
    [
      "with a misspelt input",
      (json) => (execute(json)["EndpointUrl"] += "$(jobname)"),
      /\$\(jobname\) is no input, and nothing that the server knows/,
    ],
    [
      "with a part of the system that there is not",
      (json) => (execute(json)["Body"] += "$(system.Token)"),
      /\$\(system.Token\)/,
    ],
    [
      "with a condition on what is no input",
      (json) => (execute(json)["Body"] += "{{#if group}}a{{/if}}"),
      /{{#if group}} names no input/,
    ],
    ["that runs on an agent as well", (json) => json.runsOn.push("Agent"), /runsOn is Server, Agent/],
    ["that runs nowhere", (json) => (json.runsOn = []), /runsOn is empty/],
    ["with another handler", (json) => (json.execution = { ServiceBus: {} }), /handlers are ServiceBus/],
    ["with a version of the agent", (json) => (json.minimumAgentVersion = "4.0.0"), /minimumAgentVersion says nothing/],
    [
      "with an optional input that may have no value at all",
      (json) => delete json.inputs.find(({ name }) => name === "workspace")!.defaultValue,
      /input workspace is optional and has no defaultValue/,
    ],
  ];
  for (const [title, change, sentence] of cases)
    it(`is refused ${title}`, () => {
      const json = copy("WaitForJob");
      assert.deepEqual(faultsOfServerTask(json), []);
      change(json);
      assert.match(faultsOfServerTask(json).join("\n"), sentence);
    });

  it("says of shared inputs what the tasks on agents say, connections apart", () => {
    const all = structuredClone(readTasks(root)) as TaskFolder[];
    assert.deepEqual(faultsOf(all), []);
    all.find(({ folder }) => folder === "WaitForJob")!.json.inputs.find(({ name }) => name === "workspace")!.label =
      "ML";
    assert.match(faultsOf(all).join("\n"), /input workspace has another label/);
  });
});
