// A packaged step makes Node load only what it uses: each part of Node costs processor time.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { assertSucceeded, Bench, NODES, needsNode, type TaskName } from "../harness/bench.ts";
import { preloaded } from "../harness/preload.ts";

/** Writes the names of all modules of Node's own that the process has loaded, at its end. */
const loadedModules = (file: string) =>
  `process.on("exit", () => require("node:fs").appendFileSync(${JSON.stringify(file)}, process.moduleLoadList.join("\\n") + "\\n"));\n`;

const STEPS: readonly [task: TaskName, inputs: Readonly<Record<string, string>>][] = [
  ["RegisterData", { dataFile: "azureml/data.yml" }],
  ["SubmitJob", { jobFile: "azureml/job.yml", wait: "false" }],
  [
    "DeployEndpoint",
    {
      ...{ endpointFile: "azureml/endpoint.yml", deploymentFile: "azureml/deployment.yml" },
      ...{ endpointName: "greeter", requestFile: "requests/ada.json" },
    },
  ],
  ["InvokeEndpoint", { endpointName: "greeter", requestFile: "requests/ada.json" }],
];

describe("what a packaged step loads of Node", () => {
  let bench: Bench;
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-loaded-"));
  before(async () => {
    bench = await Bench.open();
  });
  after(async () => {
    await bench?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const node of NODES)
    it(`is not its client of fetch, with Node ${node}`, async function () {
      needsNode(this, node);
      const file = path.join(folder, `modules-${node}`);
      const nodes = preloaded(path.join(folder, `nodes-${node}`), loadedModules(file));
      for (const [task, inputs] of STEPS) {
        rmSync(file, { force: true });
        assertSucceeded(await bench.run(task, inputs, { nodes, node }));
        const modules = readFileSync(file, "utf8").split("\n");
        assert.ok(modules.includes("NativeModule https"), `${task} sends requests`);
        assert.deepEqual(
          modules.filter((name) => /undici/.test(name)),
          [],
          task,
        );
      }
    });
});
