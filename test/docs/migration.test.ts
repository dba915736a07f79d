// docs/migration.md: everything that it is to replace stands in it, and it promises no task that there is not.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { readTasks } from "../../scripts/generate/task-json.ts";
import { root } from "./samples.ts";

const text = readFileSync(path.join(root, "docs", "migration.md"), "utf8");

/** Names of the templates in Azure/mlops-templates, by folder. */
const TEMPLATES: Readonly<Record<string, string>> = {
  "aml-cli-v2":
    "allocate-traffic connect-to-workspace create-compute create-deployment create-endpoint install-aml-cli install-az-cli register-data register-environment run-pipeline test-deployment",
  "python-sdk-v2":
    "create-batch-deployment create-batch-endpoint create-compute-instance create-compute create-online-deployment create-online-endpoint install-requirements register-data-asset register-environment run-pipeline test-batch-endpoint test-online-endpoint",
  "python-sdk-v1":
    "add-pipeline-to-endpoint connect-to-workspace create-environment deploy-batch-scoring-pipeline deploy-drift-detection deploy-training-pipeline get-compute install-aml-cli install-az-cli register-dataset run-pipeline",
  infra:
    "create-resource-group create-sp-variables create-storage-account create-storage-container install-terraform run-terraform-apply run-terraform-init run-terraform-plan run-terraform-validate",
  tests: "unit-tests",
};

describe("docs/migration.md", () => {
  it("has every template of mlops-templates, under its folder", () => {
    const sections = text.split(/^### /m);
    const missing = Object.entries(TEMPLATES).flatMap(([folder, names]) => {
      const section = sections.find((one) => one.split("\n")[0]!.includes(`templates/${folder}\``)) ?? "";
      const first = [...section.matchAll(/^\| ([^|]*) \|/gm)].map((match) => match[1]).join("\n");
      return names
        .split(" ")
        .filter((name) => !first.includes(`\`${name}\``))
        .map((name) => `${folder}/${name}`);
    });
    assert.deepEqual(missing, []);
  });

  it("has every task of Microsoft's extensions", () => {
    for (const name of [
      "MLPublishedPipelineRestAPITask@0",
      "AMLModelDeploy@0",
      "AzureMLJobWaitTask",
      "AzureML Model Artifact",
    ])
      assert.ok(text.includes(name), name);
  });

  it("names only tasks and inputs that there are", () => {
    const tasks = new Map(readTasks(root).map(({ json }) => [`${json.name}@${json.version.Major}`, json]));
    const named = [...text.matchAll(/`(AzureML[A-Za-z]+@\d+)`/g)].map((match) => match[1]!);
    assert.ok(named.length > 20);
    for (const name of named) assert.ok(tasks.has(name), `${name} is no task`);
    const inputs = new Set([...tasks.values()].flatMap((json) => json.inputs.map(({ name }) => name)));
    for (const input of [
      "dataFile",
      "jobFile",
      "overrides",
      "experimentName",
      "displayName",
      "endpointFile",
      "deploymentFile",
    ])
      assert.ok(inputs.has(input) && text.includes(`\`${input}\``), input);
    for (const input of [
      "trafficPercent",
      "requestFile",
      "expectations",
      "jobName",
      "outputName",
      "maxLatencyInMilliseconds",
    ])
      assert.ok(inputs.has(input) && text.includes(`\`${input}\``), input);
  });
});

describe("the Marketplace's page and the README", () => {
  for (const { json, folder } of readTasks(root)) {
    it(`show ${json.friendlyName}`, () => {
      assert.ok(
        readFileSync(path.join(root, "overview.md"), "utf8").includes(`**${json.friendlyName}**`),
        "overview.md",
      );
      assert.ok(
        readFileSync(path.join(root, "README.md"), "utf8").includes(`(tasks/${folder}/README.md)`),
        "README.md",
      );
    });
  }
});
