// Names in files that are no names: refused at their line, and nothing is asked of another resource.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import task from "../../tasks/Apply/index.ts";
import { runStory } from "./context.ts";

/** Documents with the name in their first line, and the version in their second where they have one. */
const DOCUMENTS: readonly [kind: string, rest: string][] = [
  ["compute", "type: amlcompute\nsize: STANDARD_DS3_V2\nmax_instances: 2\n"],
  ["connection", "type: git\ntarget: https://example.org/x\ncredentials: {type: pat, pat: none}\n"],
  [
    "schedule",
    "trigger: {type: cron, expression: '15 10 * * 1'}\ncreate_job: {type: command, command: echo, environment: 'azureml:e:1', compute: azureml:c}\n",
  ],
  ["registry", "location: eastus\nreplication_locations: [{location: eastus}]\n"],
  ["environment", "image: ubuntu\n"],
  ["data", "type: uri_file\npath: https://example.org/x.csv\n"],
  ["model", "type: custom_model\npath: azureml://datastores/workspaceblobstore/paths/x\n"],
  ["component", "type: command\ncommand: echo\nenvironment: azureml:e:1\n"],
  ["datastore", "type: azure_blob\naccount_name: stor1\ncontainer_name: c\n"],
  ["endpoint", "auth_mode: key\n"],
];
const SCHEMAS: Readonly<Record<string, string>> = {
  compute: "amlCompute",
  connection: "workspaceConnection",
  schedule: "schedule",
  registry: "registry",
  environment: "environment",
  data: "data",
  model: "model",
  component: "commandComponent",
  datastore: "azureBlob",
  endpoint: "managedOnlineEndpoint",
};
const HOSTILE = ["..", ".", "../../ws2/connections/feed", "a/b", "a?api-version=1", "a#b", "%2e%2e", "a\\b", "a\tb"];

describe("names in files that are none", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "names-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [kind, rest] of DOCUMENTS) {
    it(`are refused at their line: the name of a ${kind}`, async () => {
      for (const name of HOSTILE) {
        const schema = `$schema: https://azuremlschemas.azureedge.net/latest/${SCHEMAS[kind]}.schema.json\n`;
        writeFileSync(path.join(folder, "x.yml"), `${schema}name: ${JSON.stringify(name)}\n${rest}`);
        const ran = await runStory(task, { file: path.join(folder, "x.yml") }, folder);
        assert.equal((ran.error as { kind?: string } | undefined)?.kind, "input", `${kind} ${name}: ${ran.error}`);
        assert.match(ran.error?.message ?? "", /x\.yml:2:7/, `${kind} ${name}`);
        assert.deepEqual(
          ran.requests.filter((one) => /^(PUT|PATCH|DELETE|POST) /.test(one) && !/\/token(\?|$)/.test(one)),
          [],
        );
      }
    });
  }

  for (const kind of ["environment", "data", "model", "component"]) {
    it(`are refused at their line: the version of a ${kind}`, async () => {
      const rest = DOCUMENTS.find(([one]) => one === kind)?.[1] ?? "";
      const schema = `$schema: https://azuremlschemas.azureedge.net/latest/${SCHEMAS[kind]}.schema.json\n`;
      for (const version of HOSTILE) {
        const text = `${schema}name: fine_name\nversion: ${JSON.stringify(version)}\n${rest}`;
        writeFileSync(path.join(folder, "x.yml"), text);
        const ran = await runStory(task, { file: path.join(folder, "x.yml") }, folder);
        assert.match(ran.error?.message ?? "", /x\.yml:3:10/, `${kind} ${version}`);
        assert.deepEqual(
          ran.requests.filter((one) => /^(PUT|PATCH|DELETE) /.test(one)),
          [],
        );
      }
    });
  }
});
