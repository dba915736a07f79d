// Missing references in files and inputs are reported before anything is written, at their place, with what exists instead.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import path from "node:path";
import { TaskErrors } from "../../lib/errors.ts";
import apply from "../../tasks/Apply/index.ts";
import deployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { runStory } from "./context.ts";

const JOB = "type: command\ncommand: ls\nenvironment: {image: ubuntu}\ncompute: azureml:cpu-cluster\n";
const DEPLOYMENT =
  "name: blue\nendpoint_name: ep-one\nmodel: azureml:m:1\nenvironment: {image: ubuntu}\ninstance_type: Standard_DS3_v2\ninstance_count: 1\n";

/** Where a text stands first. */
function placeIn(text: string, part: string): string {
  const before = text.slice(0, text.indexOf(part)).split("\n");
  return `${before.length}:${(before.at(-1) ?? "").length + 1}`;
}

/** All that an error says, and where each part of it is. */
function told(error: Error | undefined): { text: string; places: (string | undefined)[] } {
  const all = error instanceof TaskErrors ? error.errors : [error as TaskErrors];
  return {
    text: all.map((one) => `${one?.message} ${one?.hint ?? ""}`).join("\n"),
    places: all.map((one) => (one?.where?.line === undefined ? undefined : `${one.where.line}:${one.where.column}`)),
  };
}

const wrote = (requests: readonly string[]) =>
  requests.filter(
    (one) => !/^(GET|HEAD) |^POST [^?]*\/(token|listSecrets|rundata|batchGetResolvedUris)(\?|$)/.test(one),
  );

const input = (type: string, at: string) => `${JOB}inputs:\n  rows: {type: ${type}, path: "${at}"}\n`;

/** What is named, how the file says it, and what is said. */
const NAMES: readonly (readonly [what: string, yaml: string, part: string, says: RegExp])[] = [
  [
    "an environment",
    JOB.replace("{image: ubuntu}", "azureml:nope:3"),
    "azureml:nope:3",
    /no environment "nope"\. There are .*AzureML-/,
  ],
  [
    "an environment by a label",
    JOB.replace("{image: ubuntu}", "azureml:nope@latest"),
    "azureml:nope@latest",
    /no environment "nope"/,
  ],
  [
    "a compute",
    JOB.replace("cpu-cluster", "cpu-clustr"),
    "azureml:cpu-clustr",
    /no compute "cpu-clustr"; it has .*cpu-cluster/,
  ],
  ["data", input("uri_file", "azureml:no-such-data:3"), '"azureml:no-such-data:3"', /no data asset "no-such-data"/],
  [
    "data by a label",
    input("uri_file", "azureml:no-such@latest"),
    '"azureml:no-such@latest"',
    /no data asset "no-such"/,
  ],
  ["a model", input("custom_model", "azureml:no-such:1"), '"azureml:no-such:1"', /no model "no-such"/],
  [
    "a datastore in an address",
    input("uri_file", "azureml://datastores/nope/paths/a.csv"),
    '"azureml://datastores/nope',
    /no datastore "nope"; it has .*workspaceblobstore/,
  ],
  [
    "a job in an address",
    input("uri_folder", "azureml://jobs/nope/outputs/o"),
    '"azureml://jobs/nope',
    /no job "nope"/,
  ],
  [
    "a datastore of an output",
    `${JOB}outputs:\n  o: {type: uri_folder, path: "azureml://datastores/nope/paths/o"}\n`,
    '"azureml://datastores/nope',
    /no datastore "nope"/,
  ],
  [
    "a component",
    "type: pipeline\nsettings: {default_compute: azureml:cpu-cluster}\njobs:\n  a: {type: command, component: azureml:nope:1}\n",
    "azureml:nope:1",
    /no component "nope"/,
  ],
  [
    "a default datastore",
    `type: pipeline\nsettings: {default_compute: azureml:cpu-cluster, default_datastore: azureml:nope}\njobs:\n  a: {type: command, command: ls, environment: {image: ubuntu}}\n`,
    "azureml:nope",
    /no datastore "nope"/,
  ],
  [
    "the compute of a step",
    `type: pipeline\njobs:\n  a:\n    type: command\n    command: ls\n    environment: {image: ubuntu}\n    compute: azureml:nope\n`,
    "azureml:nope",
    /no compute "nope"/,
  ],
];

describe("names that are not there", () => {
  for (const [what, yaml, part, says] of NAMES)
    it(`are told at their place before a job is submitted: ${what}`, async () => {
      const folder = project({ "job.yml": yaml });
      const ran = await runStory(submitJob, { jobFile: path.join(folder, "job.yml") }, folder, {
        stepIdentity: randomUUID(),
      });
      const { text, places } = told(ran.error);
      assert.match(text, says);
      assert.match(text, /^job\.yml:\d+:\d+: /);
      assert.deepEqual(places, [placeIn(yaml, part)]);
      assert.deepEqual(wrote(ran.requests), []);
    });

  it("are told all at once", async () => {
    const yaml = `${input("uri_file", "azureml:no-such-data:3").replace("{image: ubuntu}", "azureml:nope:3")}  more: {type: custom_model, path: "azureml:no-such-model@latest"}\n`;
    const folder = project({ "job.yml": yaml });
    const ran = await runStory(submitJob, { jobFile: path.join(folder, "job.yml") }, folder, {
      stepIdentity: randomUUID(),
    });
    const { places } = told(ran.error);
    assert.deepEqual(
      places,
      ["azureml:nope:3", '"azureml:no-such-data:3"', '"azureml:no-such-model'].map((part) => placeIn(yaml, part)),
    );
  });

  it("are told in the file of a step's component", async () => {
    const component =
      "type: command\nname: c\nversion: 1\ncommand: ls\n# what it runs in\nenvironment: azureml:nope:1\n";
    const folder = project({
      "job.yml":
        "type: pipeline\nsettings: {default_compute: azureml:cpu-cluster}\njobs:\n  a: {type: command, component: ./parts/c.yml}\n",
      "parts/c.yml": component,
    });
    const ran = await runStory(submitJob, { jobFile: path.join(folder, "job.yml") }, folder, {
      stepIdentity: randomUUID(),
    });
    assert.match(told(ran.error).text, /^parts\/c\.yml:6:14: The workspace \S+ has no environment "nope"/);
  });

  it("are told by the input that names them", async () => {
    const folder = project({
      "job.yml": JOB,
      "endpoint.yml": "name: ep-one\nauth_mode: key\n",
      "deployment.yml": DEPLOYMENT.replace("model: azureml:m:1\n", ""),
    });
    const job = await runStory(
      submitJob,
      { jobFile: path.join(folder, "job.yml"), overrides: "compute: azureml:nope" },
      folder,
      { stepIdentity: randomUUID() },
    );
    assert.match(told(job.error).text, /^overrides:1:10: .*no compute "nope"/);
    const rollout = await runStory(
      deployEndpoint,
      {
        endpointFile: path.join(folder, "endpoint.yml"),
        deploymentFile: path.join(folder, "deployment.yml"),
        model: "nope:1",
      },
      folder,
    );
    assert.match(told(rollout.error).text, /^Input model: .*no model "nope"/);
    const data = await runStory(
      registerData,
      { source: "inline", name: "d", type: "uri_file", path: "azureml://datastores/nope/paths/a.csv" },
      folder,
    );
    assert.match(told(data.error).text, /^Input path: .*no datastore "nope"/);
  });

  const DOCUMENTS: readonly (readonly [what: string, yaml: string, part: string, says: RegExp])[] = [
    [
      "the datastore of a data asset",
      "name: d1\ntype: uri_file\npath: azureml://datastores/nope/paths/a.csv\n",
      "azureml://datastores",
      /no datastore "nope"/,
    ],
    [
      "the datastore of a model",
      "name: m1\ntype: custom_model\npath: azureml://datastores/nope/paths/a\n",
      "azureml://datastores",
      /no datastore "nope"/,
    ],
    [
      "the job of a model",
      "name: m1\ntype: custom_model\npath: azureml://jobs/nope/outputs/artifacts/paths/a\n",
      "azureml://jobs",
      /no job "nope"/,
    ],
    ["the run of a model", "name: m1\ntype: custom_model\npath: runs:/nope/a\n", "runs:/", /no job "nope"/],
    [
      "the environment of a component",
      "type: command\nname: c1\nversion: 1\ncommand: ls\nenvironment: azureml:nope@latest\n",
      "azureml:nope",
      /no environment "nope"/,
    ],
    ["the model of a deployment", DEPLOYMENT, "azureml:m:1", /no model "m"/],
    [
      "the compute of a batch deployment",
      "name: blue\nendpoint_name: ep-two\ntype: model\nmodel: {path: ./m}\ncompute: azureml:nope\n",
      "azureml:nope",
      /no compute "nope"/,
    ],
    [
      "the job of a schedule",
      "name: s1\ntrigger: {type: recurrence, frequency: day, interval: 1}\ncreate_job: azureml:nope\n",
      "azureml:nope",
      /no job "nope"/,
    ],
  ];
  for (const [what, yaml, part, says] of DOCUMENTS)
    it(`are told at their place before a file is applied: ${what}`, async () => {
      const folder = project({ "document.yml": yaml, "m/model.txt": "m" });
      const ran = await runStory(apply, { file: path.join(folder, "document.yml") }, folder);
      const { text, places } = told(ran.error);
      assert.match(text, says);
      assert.match(text, /^document\.yml:\d+:\d+: /);
      assert.deepEqual(places, [placeIn(yaml, part)]);
      assert.deepEqual(wrote(ran.requests), []);
    });

  it("are no fault where another file of the folder makes them", async () => {
    const name = `made-${randomUUID().slice(0, 8)}`;
    const folder = project({
      "environment.yml": `$schema: https://azuremlschemas.azureedge.net/latest/environment.schema.json\nname: ${name}\nversion: 1\nimage: ubuntu\n`,
      "component.yml": `$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json\ntype: command\nname: ${name.replaceAll("-", "_")}\nversion: 1\ncommand: ls\nenvironment: azureml:${name}:1\n`,
    });
    const ran = await runStory(apply, { file: folder }, folder);
    assert.equal(ran.error, undefined, ran.error?.message);
  });
});
