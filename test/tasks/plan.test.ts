// The input `plan`: every task that writes to Azure ML says what it would write, and sends nothing but questions.
import assert from "node:assert/strict";
import path from "node:path";
import DeployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import RegisterData from "../../tasks/RegisterData/index.ts";
import RegisterModel from "../../tasks/RegisterModel/index.ts";
import SubmitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { openLocal } from "../lib/ml/world.ts";
import { type Ran, runStory } from "./context.ts";

interface Write {
  readonly method: string;
  readonly path: string;
  readonly body: { readonly properties: Record<string, unknown> } | null;
}

/** The JSON lines of a log. */
const writesOf = (log: string): Write[] =>
  log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));

/** `PUT data/x/versions/1` of each write. */
const short = (writes: readonly Write[]) =>
  writes.map((one) => `${one.method} ${one.path.replace(/^.*\/workspaces\/[^/]+\//, "")}`);

function changedNothing(ran: Ran<unknown>): void {
  assert.equal(ran.error, undefined, `${ran.error?.message}\n${ran.log}`);
  const asked = ran.requests.filter((one) => !/^(GET|HEAD) |^POST [^?]*\/(token|listSecrets|rundata)(\?|$)/.test(one));
  assert.deepEqual(asked, []);
  assert.ok(ran.requests.length > 0);
  assert.match(ran.log, /Nothing was changed, and no output is set: the input plan is true\.$/);
  assert.deepEqual([ran.outputs, ran.set, ran.left], [undefined, {}, undefined]);
  const { version: _version, task: _task, result, started: _started, finished: _finished, ...rest } = ran.record;
  const { run: _run, workspace: _workspace, ...made } = rest;
  assert.deepEqual([result, made], ["succeeded", {}], "the record says that something was made");
}

const files = project({
  "data/readings.csv": "a,b\n1,2\n",
  // Other tests share the cloud, which knows code by its content: this one's is its own.
  "src/main.py": "print('planned')\n",
  "model/weights.txt": "1 2 3\n",
  "score/score.py": "def init(): pass\ndef run(data): return data\n",
  "conda.yml": "name: plan\ndependencies: [python=3.11]\n",
  "job.yml": [
    "type: command",
    "command: python main.py ${{inputs.readings}}",
    "code: src",
    "environment: {image: ubuntu, conda_file: conda.yml}",
    "compute: azureml:cpu-cluster",
    "inputs: {readings: {type: uri_file, path: data/readings.csv}}",
  ].join("\n"),
  "distillation.yml": [
    "type: distillation",
    "teacher_model_endpoint_connection: {name: big, type: serverless, endpoint: https://big.inference.ai.azure.com, api_key: <abc>}",
    "student_model: azureml://registries/azureml-meta/models/m/versions/1",
    "data_generation_type: data_generation",
    "data_generation_task_type: nli",
    "outputs: {registered_model: {type: mlflow_model, name: m}}",
  ].join("\n"),
  "endpoint.yml": "name: plan-endpoint\nauth_mode: key\n",
  "deployment.yml": [
    "name: blue",
    "endpoint_name: plan-endpoint",
    "model: {path: model}",
    "code_configuration: {code: score, scoring_script: score.py}",
    "environment: {image: ubuntu, conda_file: conda.yml}",
    "instance_type: Standard_DS2_v2",
    "instance_count: 1",
  ].join("\n"),
  "request.json": "{}",
});
const file = (name: string) => path.join(files, name);

describe("a plan", () => {
  it("of a job warns of a variable that stands for a secret, which a run refuses; neither shows its text", async () => {
    const given = { jobFile: file("distillation.yml"), preflight: "off" };
    const ran = await runStory(SubmitJob, { ...given, plan: "true" }, files);
    changedNothing(ran);
    assert.match(
      ran.log,
      /\[warning\] distillation\.yml:2:\d+: "teacher_model_endpoint_connection\.api_key" is still a variable of the form <\.\.\.>.*a run that is no plan refuses it/,
    );
    assert.match(ran.log, /"method":"PUT"/);
    const refused = await runStory(SubmitJob, given, files);
    assert.match(refused.error?.message ?? "no error", /^distillation\.yml:2:\d+: .* is still a variable of the form/);
    assert.deepEqual(
      refused.requests.filter((one) => one.startsWith("PUT ")),
      [],
    );
    for (const { log, error } of [ran, refused]) assert.ok(!`${log} ${error?.message}`.includes("<abc>"), log);
  });

  it("says which version data would become, and leaves the data where it is", async () => {
    const given = { source: "inline", name: "plan-data", type: "uri_file", path: "data/readings.csv" };
    const ran = await runStory(RegisterData, { ...given, plan: "true" }, files);
    changedNothing(ran);
    const writes = writesOf(ran.log);
    assert.deepEqual(short(writes), ["PUT data/plan-data/versions/1"]);
    assert.match(String(writes[0]?.body?.properties["dataUri"]), /LocalUpload\/[0-9a-f]+\/readings\.csv$/);
    // Done for real, the same plan has nothing to write.
    await runStory(RegisterData, given, files);
    const again = await runStory(RegisterData, { ...given, plan: "true" }, files);
    changedNothing(again);
    assert.match(again.log, /Plan: nothing would be written\./);
  });

  it("has a job with all that it brings, in order, and waits for none", async () => {
    const ran = await runStory(SubmitJob, { jobFile: file("job.yml"), plan: "true" }, files);
    changedNothing(ran);
    const writes = writesOf(ran.log);
    const order = short(writes).map((one) => one.replace(/\/.*/, ""));
    assert.deepEqual([order.at(-1), [...order].sort()], ["PUT jobs", ["PUT codes", "PUT environments", "PUT jobs"]]);
    const job = writes.at(-1);
    assert.equal(job?.body?.properties["codeId"], writes.find((one) => one.path.includes("/codes/"))?.path);
    assert.match(JSON.stringify(job?.body), /LocalUpload\/[0-9a-f]+\/readings\.csv/);
    const workspace = await openLocal();
    const there = await workspace.azure.request("GET", job?.path ?? "", { expect: [404] });
    assert.equal(there.status, 404);
  });

  it("has a model of a folder", async () => {
    const given = { source: "folder", modelPath: file("model"), name: "plan-model", plan: "true" };
    const ran = await runStory(RegisterModel, given, files);
    changedNothing(ran);
    assert.deepEqual(short(writesOf(ran.log)), ["PUT models/plan-model/versions/1"]);
  });

  it("has an endpoint that is made, its deployment, and the traffic in the end; nobody is called", async () => {
    const given = { endpointFile: file("endpoint.yml"), deploymentFile: file("deployment.yml") };
    const ran = await runStory(DeployEndpoint, { ...given, requestFile: file("request.json"), plan: "true" }, files);
    changedNothing(ran);
    const writes = writesOf(ran.log);
    const [made, deployed, moved] = short(writes.slice(-3));
    assert.equal(made, "PUT onlineEndpoints/plan-endpoint");
    assert.equal(deployed, "PUT onlineEndpoints/plan-endpoint/deployments/blue");
    assert.equal(moved, "PUT onlineEndpoints/plan-endpoint");
    assert.deepEqual(writes.at(-1)?.body?.properties["traffic"], { blue: 100 });
    assert.match(ran.log, /blue would be called before it gets traffic/);
  });

  it("is refused as the real thing would be", async () => {
    const given = { jobFile: file("job.yml"), overrides: "compute: azureml:no-such-cluster", plan: "true" };
    const ran = await runStory(SubmitJob, given, files);
    assert.match(ran.error?.message ?? "", /no-such-cluster/);
    assert.deepEqual(writesOf(ran.log), []);
  });
});
