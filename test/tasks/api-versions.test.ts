// One YAML, one api-version: each document goes to Azure at the same version, whichever task sends it, when it is made and when it is
// changed, and that is the version which `npm run plan` says.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { unamended } from "../../local/azure/contract/amendments.ts";
import { operationAt, type Place, placeOf } from "../../local/azure/contract/contract.ts";
import { contracts } from "../../local/azure/contract/contracts.ts";
import { type Fault, faultsOf } from "../../local/azure/contract/shape.ts";
import { planFile } from "../../scripts/plan/plan.ts";
import apply from "../../tasks/Apply/index.ts";
import deployEndpoint from "../../tasks/DeployEndpoint/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import submitJob from "../../tasks/SubmitJob/index.ts";
import { project } from "../lib/ml/projects.ts";
import { runStory } from "./context.ts";

const MODEL = { name: "one-version-model", type: "custom_model", path: "model" };
const DATA = { name: "one-version-data", type: "uri_file", path: "data.csv" };
const ENDPOINT = { name: "one-version", auth_mode: "key" };
const PROBE = { initial_delay: 5, period: 10 };
const DEPLOYMENT = {
  endpoint_name: "one-version",
  model: { path: "model" },
  code_configuration: { code: "score", scoring_script: "score.py" },
  environment: { image: "ubuntu", conda_file: "conda.yml" },
  instance_type: "Standard_DS2_v2",
  instance_count: 1,
  startup_probe: PROBE,
};
const STEP = {
  type: "command",
  command: "echo ${{inputs.n}}",
  inputs: { n: 1 },
  environment: { image: "ubuntu", conda_file: "conda.yml" },
  compute: "azureml:cpu-cluster",
};

const folder = project({
  "data.csv": "a,b\n1,2\n",
  "model/weights.txt": "1 2 3\n",
  "score/score.py": "def init(): pass\ndef run(data): return data\n",
  "conda.yml": "name: one-version\ndependencies: [python=3.11]\n",
  "src/main.py": "print('one version of a component')\n",
  "job/main.py": "print('one version of a job')\n",
});
const file = (name: string) => path.join(folder, name);
const write = (name: string, document: object) => writeFileSync(file(name), JSON.stringify(document));

/** What kind of thing an address names: `onlineEndpoints/deployments`, `data/versions`. */
function kindAt(address: string): string {
  const [, below = ""] = /\/workspaces\/[^/]+\/([^?]+)/.exec(address) ?? [];
  return below
    .split("/")
    .filter((_, index) => index % 2 === 0)
    .join("/");
}

/** Who sent what at which version: kind -> version -> senders. */
const sent = new Map<string, Map<string, Set<string>>>();
function note(kind: string, version: string, sender: string): void {
  const versions = sent.get(kind) ?? new Map<string, Set<string>>();
  sent.set(kind, versions.set(version, (versions.get(version) ?? new Set()).add(sender)));
}

async function run(sender: string, task: Parameters<typeof runStory>[0], given: Record<string, string>): Promise<void> {
  const ran = await runStory(task, given, folder, {
    onRequest: (method, url) => {
      const { searchParams, pathname } = new URL(url);
      const kind = kindAt(pathname);
      if (method === "PUT" && kind !== "") note(kind, searchParams.get("api-version") ?? "none", sender);
    },
  });
  assert.equal(ran.error, undefined, `${sender}: ${ran.error?.message}\n${ran.log}`);
}

async function plan(name: string): Promise<void> {
  for (const one of (await planFile(file(name))).writes) note(kindAt(one.path), one.apiVersion, "npm run plan");
}

describe("a YAML that several tasks send", () => {
  before(async () => {
    // Each document is made by one task and changed by another, both ways round.
    for (const [version, tags] of [
      ["1", { team: "a" }],
      ["1", { team: "b" }],
      ["2", { team: "a" }],
    ] as const) {
      write("data.yml", { ...DATA, version, tags });
      const given = { source: "file", dataFile: file("data.yml") };
      if (tags.team === "a") await run("RegisterData", registerData as never, given);
      await run("Apply", apply as never, { file: file("data.yml") });
      if (tags.team === "b") await run("RegisterData", registerData as never, given);
      await plan("data.yml");
    }
    for (const team of ["a", "b"]) {
      write("model.yml", { ...MODEL, version: "1", tags: { team } });
      const given = { source: "folder", modelPath: file("model"), name: MODEL.name, tags: `team=${team}2` };
      await run("Apply", apply as never, { file: file("model.yml") });
      await run("RegisterModel", registerModel as never, given);
      await plan("model.yml");
    }
    write("endpoint.yml", ENDPOINT);
    write("blue.yml", { name: "blue", ...DEPLOYMENT });
    await run("DeployEndpoint", deployEndpoint as never, {
      endpointFile: file("endpoint.yml"),
      deploymentFile: file("blue.yml"),
    });
    write("endpoint.yml", { ...ENDPOINT, tags: { team: "a" } });
    write("green.yml", { name: "green", ...DEPLOYMENT });
    write("blue.yml", { name: "blue", ...DEPLOYMENT, tags: { team: "a" } });
    for (const name of ["endpoint.yml", "blue.yml", "green.yml"]) {
      await run("Apply", apply as never, { file: file(name) });
      await plan(name);
    }
    await run("DeployEndpoint", deployEndpoint as never, { deploymentFile: file("green.yml"), trafficPercent: "10" });
    write("environment.yml", { name: "one-version-environment", version: "1", image: "ubuntu" });
    const { compute: _compute, ...component } = {
      ...STEP,
      inputs: { n: { type: "integer", default: 1 } },
      code: "src",
    };
    write("component.yml", { name: "one_version_component", version: "1", ...component });
    for (const name of ["environment.yml", "component.yml"]) {
      await run("Apply", apply as never, { file: file(name) });
      await plan(name);
    }
    write("command.yml", { ...STEP, code: "job" });
    write("pipeline.yml", { type: "pipeline", jobs: { one: { ...STEP, code: "src" } } });
    for (const name of ["command.yml", "pipeline.yml"]) {
      await run("SubmitJob", submitJob as never, { jobFile: file(name), wait: "false" });
      await plan(name);
    }
  });

  const kinds: [kind: string, senders: string[]][] = [
    ["data/versions", ["Apply", "RegisterData", "npm run plan"]],
    ["models/versions", ["Apply", "DeployEndpoint", "RegisterModel", "npm run plan"]],
    ["onlineEndpoints", ["Apply", "DeployEndpoint", "npm run plan"]],
    ["onlineEndpoints/deployments", ["Apply", "DeployEndpoint", "npm run plan"]],
    ["environments/versions", ["Apply", "DeployEndpoint", "SubmitJob", "npm run plan"]],
    ["components/versions", ["Apply", "SubmitJob", "npm run plan"]],
    ["codes/versions", ["Apply", "DeployEndpoint", "SubmitJob", "npm run plan"]],
  ];
  for (const [kind, senders] of kinds)
    it(`goes out at one api-version: ${kind}`, () => {
      const versions = sent.get(kind);
      assert.deepEqual(
        [...(versions?.values() ?? [])].flatMap((one) => [...one].sort()),
        senders,
        said(versions),
      );
      assert.equal(versions?.size, 1, said(versions));
    });

  it("goes out at the version of its job's kind, which does not depend on its fields: jobs", () => {
    const versions = sent.get("jobs");
    assert.deepEqual(
      new Map([...(versions ?? [])].map(([version, senders]) => [version, [...senders].sort()])),
      new Map([
        ["2025-01-01-preview", ["SubmitJob", "npm run plan"]],
        ["2024-01-01-preview", ["SubmitJob", "npm run plan"]],
      ]),
    );
  });

  it("goes out through one function: nothing else in lib/ml sends a PUT", () => {
    const files = readdirSync("lib/ml", { recursive: true, encoding: "utf8" }).filter((one) => one.endsWith(".ts"));
    const senders = files.filter((one) =>
      /request(<[^(]*>)?\(\s*"PUT"/.test(readFileSync(path.join("lib/ml", one), "utf8")),
    );
    // A registry reserves a place for files by PUT, which makes no resource.
    assert.deepEqual(senders, [path.join("assets", "registry.ts")]);
    assert.match(readFileSync("lib/ml/workspace/write.ts", "utf8"), /azure\.request<[^(]*>\(method, at/);
  });

  it("loses no field by that version: the published types have there whatever our documents hold", async () => {
    const documents = readdirSync(DOCUMENTS, { recursive: true, encoding: "utf8" })
      .filter((one) => /\.ya?ml$/.test(one))
      .map((one) => path.join(DOCUMENTS, one));
    const lost = new Set<string>();
    let checked = 0;
    for (const document of [...documents, file("blue.yml")]) {
      const planned = await planFile(document).catch(() => ({ writes: [] }));
      for (const { method, path: address, apiVersion, body } of planned.writes) {
        const place = placeOf(method, address, apiVersion);
        if (place === undefined || !sent.has(kindAt(address))) continue;
        checked += 1;
        for (const { path: field, message } of faultsAt(place, body))
          if (message === "unknown field") lost.add(`${kindAt(address)}@${apiVersion} ${field}`);
      }
    }
    assert.ok(checked > 100, `${checked} writes`);
    // The official client sends them at this version all the same; whether the service takes them is not verified.
    const asTheClientDoes = ["queueSettings.priority", "resources.locations", "resources.maxInstanceCount"];
    assert.deepEqual(
      [...lost].sort(),
      asTheClientDoes.map((field) => `jobs@2025-01-01-preview properties.${field}`),
    );
  });
});

const DOCUMENTS = "test/golden/documents";

function faultsAt(place: Place, body: object): Fault[] {
  return contracts().flatMap((contract) => {
    const shape = operationAt(contract, place)?.body;
    return shape === undefined ? [] : unamended(faultsOf(shape, body, "request"), "request", place);
  });
}

const said = (versions: Map<string, Set<string>> | undefined) =>
  [...(versions ?? [])].map(([version, senders]) => `${version}: ${[...senders].join(", ")}`).join("; ");
