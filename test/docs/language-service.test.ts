// The samples as an editor shows them: azure-pipelines-language-service with the schema of `npm run schema` underlines nothing.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ownServerTasks } from "../../scripts/acceptance/run.ts";
import { readTasks, type TaskJson } from "../../scripts/generate/task-json.ts";
import { withTasks } from "../../scripts/schema/merge.ts";
import { installedSchema, schema } from "../../scripts/schema.ts";
import { type Editor, editor } from "../harness/language-service.ts";
import { pipelines, root, snippets, templates } from "./samples.ts";

/** With AZURE_PIPELINES_SCHEMA, Microsoft's own schema (service-schema.json of its extension for editors) is the base. */
const base = process.env["AZURE_PIPELINES_SCHEMA"];

/** Tasks of Azure DevOps' own that samples use: Microsoft's schema knows them, and ours does not. */
const others = [...ownServerTasks(root).values()].map((folder) => ({
  folder: path.basename(folder),
  json: JSON.parse(readFileSync(path.join(folder, "task.json"), "utf8")) as TaskJson,
}));

describe("samples in an editor", () => {
  let check: Editor;
  before(() => {
    const known = schema(root, base);
    check = editor(base === undefined ? withTasks(known, others, "ms.azure-devops") : known);
  });

  for (const sample of [...snippets(), ...pipelines(), ...templates()])
    it(`${sample.name} is underlined nowhere`, async () => assert.deepEqual(await check(sample.text), []));
});

const step = (inputs: string, keys = "") =>
  `steps:\n- task: AzureMLSubmitJob@1\n${keys}  inputs:\n    azureSubscription: x\n    jobFile: job.yml\n${inputs}`;

const wrong: readonly (readonly [string, string, RegExp])[] = [
  ["a wrong input", step("    jobFil: x\n"), /^6:5 Unexpected property jobFil/],
  ["a value that a list does not have", step("    connectionType: both\n"), /^6:21 Value is not accepted/],
  ["a word for a boolean", step("    wait: maybe\n"), /^6:11 Incorrect type. Expected "boolean"/],
  ["a word for a number", step("    timeoutInMinutes: soon\n"), /^6:23 Incorrect type. Expected "integer"/],
  ["an input that is given twice", step("    jobFile: x\n"), /^6:5 duplicate key/],
  ["a wrong key of a step", step("", "  displayNam: x\n"), /^3:3 Unexpected property displayNam/],
  ["a task that there is not", "steps:\n- task: AzureMLSubmitJo@1\n", /^2:9 Value is not accepted/],
  [
    "a missing input",
    "steps:\n- task: AzureMLDeployEndpoint@1\n  inputs:\n    azureSubscription: x\n",
    /Missing property "deploymentFile"/,
  ],
  ["no inputs where some are needed", "steps:\n- task: AzureMLDeployEndpoint@1\n", /Missing property "inputs"/],
  [
    "a wrong key of a job",
    "jobs:\n- job: A\n  dependOn: B\n  steps:\n  - bash: x\n",
    /^3:3 Unexpected property dependOn/,
  ],
  ["a wrong key of a stage", "stages:\n- stage: A\n  job: []\n", /^3:3 Unexpected property job/],
  ["a wrong key of the pipeline", "triger: none\nsteps:\n- bash: x\n", /^1:1 Unexpected property triger/],
  [
    "a strategy that is none",
    "jobs:\n- deployment: A\n  environment: e\n  strategy:\n    runOnc: {}\n",
    /^5:5 Unexpected property runOnc/,
  ],
];

describe("the schema", () => {
  let check: Editor;
  before(() => {
    check = editor(schema(root, base));
  });

  for (const [title, text, expected] of wrong) {
    it(`underlines ${title}`, async () => {
      const found = await check(text);
      assert.ok(
        found.some((fault) => expected.test(fault)),
        `expected ${expected}, found ${found.join("; ") || "nothing"}`,
      );
    });
  }

  it("takes macros, expressions, any case, and the long name of a task", async () => {
    const long = "train-judge-release.ml-pipelines.submit-job.AzureMLSubmitJob@1";
    const inputs =
      "    wait: $(wait)\n    timeoutInMinutes: ${{ parameters.minutes }}\n    connectionType: $(type)\n    DISPLAYNAME: x\n    ${{ if eq(1, 1) }}:\n      tags: a=b\n";
    assert.deepEqual(await check(step(inputs)), []);
    assert.deepEqual(await check(step(inputs).replace("AzureMLSubmitJob@1", long)), []);
    assert.match((await check(step("    jobFil: x\n").replace("AzureMLSubmitJob@1", long)))[0]!, /jobFil/);
  });

  it("brings a schema up to date that knows our tasks already", () => {
    const once = schema(root);
    const twice = withTasks(once, readTasks(root), "train-judge-release.ml-pipelines");
    assert.deepEqual(twice, once);
    assert.throws(() => withTasks({ definitions: {} }, readTasks(root), "a.b"), /no schema of Azure Pipelines/);
  });

  it("is put into the newest one that an editor on this machine has", () => {
    const home = mkdtempSync(path.join(tmpdir(), "azure-ml-home-"));
    try {
      assert.equal(installedSchema(home), undefined);
      const file = (version: string) =>
        path.join(home, ".vscode", "extensions", `ms-azure-devops.azure-pipelines-${version}`, "service-schema.json");
      for (const version of ["1.99.0", "1.249.0", "1.261.1"]) {
        mkdirSync(path.dirname(file(version)), { recursive: true });
        if (version !== "1.261.1") writeFileSync(file(version), "{}");
      }
      assert.equal(installedSchema(home), file("1.249.0"));
      assert.ok(existsSync(file("1.99.0")));
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});
