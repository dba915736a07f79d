// Templates of examples/templates as they are expanded: the order of their stages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { readPipeline } from "../../local/pipeline/index.ts";
import { root } from "./samples.ts";

const FOLDER = "examples/templates/";
const files = (name: string) => readFileSync(path.join(root, name), "utf8");

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
        ],
      );
    });
  }
});
