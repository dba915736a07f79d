// Faults name the place and never quote what may be a secret: variables, credentials, and a text that stands where their fields belong.
import assert from "node:assert/strict";
import {
  computeKind,
  connectionKind,
  onlineDeploymentKind,
  parseJob,
  parseSource,
  type SourceFile,
} from "../../../lib/documents/index.ts";
import type { TaskErrors } from "../../../lib/errors.ts";

const SECRET = "Zq8-very-secret-91";
const command = "type: command\ncommand: echo\nenvironment: azureml:e:1\n";
const automl = [
  "type: automl\ntask: classification\nprimary_metric: accuracy\ntarget_column_name: y",
  "training_data: {type: mltable, path: 'azureml:t:1'}\nlimits: {max_trials: 3}\n",
].join("\n");

type Parse = (file: SourceFile, options?: { overrides?: { yaml?: string; set?: string[] } }) => unknown;

function faultsOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    const all = (error as TaskErrors).errors ?? [error];
    return all.map(({ message, hint }) => `${message} ${hint ?? ""}`).join("\n");
  }
  throw new Error("no fault");
}

const read = (parse: Parse, yaml: string, overrides?: { yaml?: string; set?: string[] }) =>
  parse(
    parseSource(yaml, { name: "f.yml", folder: import.meta.dirname }),
    overrides === undefined ? undefined : { overrides },
  );

describe("a fault quotes no secret", () => {
  const variables = `environment_variables: PASSWORD=${SECRET}\n`;
  const cases: [what: string, parse: Parse, yaml: string, place: string][] = [
    ["a job's variables as one text", parseJob as Parse, `${command}${variables}`, "environment_variables"],
    [
      "a step's variables as one text",
      parseJob as Parse,
      `type: pipeline\njobs:\n  a: {command: echo, environment: 'azureml:e:1', environment_variables: 'PASSWORD=${SECRET}'}\n`,
      "jobs.a.environment_variables",
    ],
    [
      "a number among an AutoML job's variables",
      parseJob as Parse,
      `${automl}environment_variables: {PIN: 8191919}\n`,
      "PIN",
    ],
    [
      "a date among an AutoML job's variables",
      parseJob as Parse,
      `${automl}environment_variables: {PIN: 2019-12-31}\n`,
      "PIN",
    ],
    [
      "a deployment's variables as one text",
      onlineDeploymentKind.parse as Parse,
      `name: d\nendpoint_name: e\nmodel: azureml:m:1\n${variables}`,
      "environment_variables",
    ],
    [
      "a connection's credentials as one text",
      connectionKind.parse as Parse,
      `name: c\ntype: git\ntarget: t\ncredentials: ${SECRET}\n`,
      "credentials",
    ],
    [
      "a cluster's SSH settings as one text",
      computeKind.parse as Parse,
      `name: c\ntype: amlcompute\nsize: s\nssh_settings: ${SECRET}\n`,
      "ssh_settings",
    ],
  ];
  for (const [what, parse, yaml, place] of cases)
    it(what, () => {
      const said = faultsOf(() => read(parse, yaml));
      assert.doesNotMatch(said, new RegExp(`${SECRET}|8191919|2019-12-31`));
      assert.ok(said.includes(place), said);
    });

  const below: [string, { yaml?: string; set?: string[] }][] = [
    ["a path", { yaml: "environment_variables.PASSWORD.x: 1" }],
    ["a mapping", { yaml: "environment_variables: {PASSWORD.x: 1}" }],
    ["a setting", { set: ["environment_variables.PASSWORD.x=1"] }],
  ];
  for (const [what, overrides] of below)
    it(`an override that leads below a variable, as ${what}`, () => {
      const yaml = `${command}environment_variables: {PASSWORD: '${SECRET}'}\n`;
      const said = faultsOf(() => read(parseJob as Parse, yaml, overrides));
      assert.doesNotMatch(said, new RegExp(SECRET));
      assert.match(said, /environment_variables\.PASSWORD/);
    });

  it("and quotes what is none", () => {
    const said = faultsOf(() => read(parseJob as Parse, "type: command\ncommand: [a]\nenvironment: 5\n"));
    assert.match(said, /"environment" is the number 5/);
  });
});
