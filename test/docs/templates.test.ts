// Templates of examples/templates as they are expanded: order of the stages, and what the sample of a clean-up may delete.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { readRules } from "../../lib/ml/cleanup/clean-up-rules.ts";
import { readPipeline } from "../../local/pipeline/index.ts";
import { root } from "./samples.ts";

const FOLDER = "examples/templates/";
const files = (name: string) => readFileSync(path.join(root, name), "utf8");
const expanded = (name: string, parameters = {}) =>
  readPipeline(`${FOLDER}pipelines/${name}`, files(`${FOLDER}pipelines/${name}`), parameters, { files });

/** Inputs of the steps with this task, one map a step. */
const inputsOf = (task: string, stages: ReturnType<typeof expanded>["stages"]) =>
  stages
    .flatMap(({ jobs }) => jobs.flatMap(({ steps }) => steps))
    .flatMap((step) => (step.kind === "task" && step.task.value === task ? [step.inputs] : []))
    .map((inputs) => Object.fromEntries(inputs.map(({ name, value }) => [name.value, value.value])));

describe("canary.yml", () => {
  // Whether Azure Pipelines keeps numbers in a parameter of type object is not known: as texts, "100" comes before "50".
  for (const [what, steps] of [
    ["numbers", "[10, 50, 100]"],
    ["texts", '["10", "50", "100"]'],
  ] as const) {
    it(`lets each stage wait for all stages before it, where its shares are ${what}`, () => {
      const file = `${FOLDER}pipelines/canary.yml`;
      const yaml = files(file).replace("steps: [10, 50, 100]", `steps: ${steps}`);
      const { stages } = readPipeline(file, yaml, { modelVersion: "3" }, { files });
      assert.deepEqual(
        stages.map(({ name, dependsOn }) => [name, dependsOn.map(({ value }) => value)]),
        [
          ["Share10", []],
          ["Share50", ["Share10"]],
          ["Share100", ["Share10", "Share50"]],
          ["End", ["Share10", "Share50", "Share100"]],
        ],
      );
    });
  }
});

describe("the first look of canary.yml", () => {
  it("is at the deployment that was made, which has another name where the wanted one is taken", () => {
    const { stages } = expanded("canary.yml", { modelVersion: "3" });
    assert.deepEqual(
      inputsOf("AzureMLCheckRollout@1", stages).map((inputs) => inputs["deploymentName"]),
      ["$(deploymentName)", "$(deploymentName)", "$(deploymentName)"],
    );
    const variables = stages.flatMap(({ jobs }) => jobs.flatMap((job) => (job.name === "Bake" ? job.variables : [])));
    assert.deepEqual(
      variables.map(({ name, expression }) => [
        name,
        JSON.stringify(expression).includes("Move.deploy.deploymentName"),
      ]),
      [
        ["deploymentName", true],
        ["deploymentName", true],
        ["deploymentName", true],
      ],
    );
  });
});

describe("pipelines/monitoring.yml", () => {
  it("gives no traffic back in the run that has just deployed a version", () => {
    const rollbacks = (modelVersion: string) =>
      inputsOf("AzureMLRollback@1", expanded("monitoring.yml", { modelVersion }).stages).length;
    assert.deepEqual([rollbacks(""), rollbacks("8")], [1, 0]);
  });
});

describe("pipelines/nightly-clean-up.yml", () => {
  it("names no endpoint that the pipelines beside it release to for production", () => {
    const [cleanUp] = inputsOf("AzureMLCleanUp@1", expanded("nightly-clean-up.yml").stages);
    assert.ok(cleanUp);
    const { endpoints } = readRules({ endpointPatterns: cleanUp["endpointPatterns"] } as Parameters<
      typeof readRules
    >[0]);
    assert.ok(endpoints);
    assert.ok(endpoints("pr-12") && endpoints("breast-cancer-dev"));
    const promoted = inputsOf("AzureMLDeployEndpoint@1", expanded("promote.yml", { modelVersion: "3" }).stages).map(
      (inputs) => inputs["endpointName"] ?? "",
    );
    assert.deepEqual(promoted, ["breast-cancer-dev", "breast-cancer-test", "breast-cancer-production"]);
    assert.deepEqual(["breast-cancer", promoted.at(-1)!].filter(endpoints), []);
  });
});

describe("the templates", () => {
  const changed = (name: string, from: string | RegExp, to: string, parameters = {}) => {
    const file = `${FOLDER}pipelines/${name}`;
    const yaml = files(file);
    assert.notEqual(yaml.replace(from, to), yaml, name);
    return readPipeline(file, yaml.replace(from, to), parameters, { files });
  };

  it("give each stage of promote.yml a name that a stage may have", () => {
    const { stages } = changed("promote.yml", "name: production", "name: prod-eu 2.1", { modelVersion: "3" });
    assert.deepEqual(
      stages.map(({ name }) => name),
      ["Check", "dev", "test", "prod_eu_2_1"],
    );
    const environment = JSON.stringify(stages.at(-1));
    assert.match(environment, /"prod-eu 2\.1"/);
  });

  it("look at a canary after six minutes at the earliest", () => {
    const { stages } = changed("canary.yml", "modelName:", "firstLookMinutes: 3\n    modelName:", {
      modelVersion: "3",
    });
    const looks = inputsOf("AzureMLCheckRollout@1", stages).map(({ minutes }) => minutes);
    const delays = inputsOf("Delay@1", stages).map(({ delayForMinutes }) => delayForMinutes);
    assert.deepEqual([looks, delays.filter((_, index) => index % 2 === 0)], [Array(3).fill("6"), Array(3).fill("6")]);
  });

  it("hand limits of cost on to the training, which has none otherwise", () => {
    for (const [name, parameters] of [
      ["main.yml", {}],
      ["nightly.yml", {}],
      ["pull-request.yml", {}],
    ] as const) {
      const given = changed(
        name,
        /\n {2}parameters:\n/,
        "\n  parameters:\n    maxNodeHours: 3\n    maxCost: 20 USD\n",
        parameters,
      );
      const [train] = inputsOf("AzureMLSubmitJob@1", given.stages);
      assert.deepEqual([train?.["maxNodeHours"], train?.["maxCost"]], ["3", "20 USD"], name);
      const [free] = inputsOf("AzureMLSubmitJob@1", expanded(name, parameters).stages);
      assert.deepEqual([free?.["maxNodeHours"], free?.["maxCost"]], ["", ""], name);
    }
  });
});
