// Register model, as shipped: from a job's output and from a folder, once each, with where it came from.
import assert from "node:assert/strict";
import { asked, assertSucceeded, Bench, NODES, needsNode } from "../harness/bench.ts";

describe("AzureMLRegisterModel as shipped", () => {
  let bench: Bench;
  let jobName: string;
  before(async () => {
    bench = await Bench.open();
    const job = await bench.run("SubmitJob", { jobFile: "azureml/job.yml" });
    assertSucceeded(job);
    jobName = job.outputs["jobName"]!;
  });
  after(() => bench?.close());
  const model = (name: string, version: string) => bench.cloud.azure.assets.models.version(name, version)?.properties;

  for (const node of NODES) {
    it(`registers a job's output once, with its lineage (Node ${node})`, async function () {
      needsNode(this, node);
      const inputs = {
        name: `learned-${node}`,
        jobName,
        outputName: "model",
        description: "Learned",
        tags: "kind=toy",
      };
      const first = await bench.run("RegisterModel", inputs, { node });
      assertSucceeded(first);
      const { assetId, ...outputs } = first.outputs;
      assert.deepEqual(outputs, { name: `learned-${node}`, version: "1", created: "true" });
      assert.match(assetId!, new RegExp(`/workspaces/ws1/models/learned-${node}/versions/1$`));
      const stored = model(`learned-${node}`, "1")!;
      assert.equal(stored["modelType"], "custom_model");
      assert.match(String(stored["modelUri"]), new RegExp(jobName));
      const lineage = JSON.stringify(stored);
      assert.match(lineage, /0123456789abcdef0123456789abcdef01234567/, "the commit is in it");
      assert.match(lineage, /_git\/bundle/, "the repository is in it");
      assert.doesNotMatch(lineage, /contoso@/, "without the user in the repository's address");
      assert.equal(first.record?.model?.jobName, jobName);

      const again = await bench.run("RegisterModel", inputs, { node });
      assertSucceeded(again);
      assert.deepEqual(again.outputs, { ...first.outputs, created: "false" });
      assert.deepEqual(asked(again, "arm", "PUT"), []);
    });

    it(`registers a folder once (Node ${node})`, async function () {
      needsNode(this, node);
      const files = { "weights/greeting.txt": `good day from Node ${node}` };
      const inputs = { source: "folder", modelPath: "weights", name: `greeting-${node}` };
      const first = await bench.run("RegisterModel", inputs, { node, files });
      assertSucceeded(first);
      assert.deepEqual([first.outputs["version"], first.outputs["created"]], ["1", "true"]);
      assert.ok(asked(first, "storage", "PUT").length > 0);
      const again = await bench.run("RegisterModel", inputs, { node, files });
      assertSucceeded(again);
      assert.deepEqual([again.outputs["version"], again.outputs["created"]], ["1", "false"]);
      assert.deepEqual(asked(again, "storage", "PUT"), []);
    });
  }

  it("makes a new version for another type and for other content", async () => {
    const inputs = { source: "folder", modelPath: "weights", name: "typed" };
    const custom = await bench.run("RegisterModel", inputs);
    const triton = await bench.run("RegisterModel", { ...inputs, type: "triton_model" });
    const other = await bench.run("RegisterModel", inputs, { files: { "weights/greeting.txt": "hello" } });
    for (const run of [custom, triton, other]) assertSucceeded(run);
    assert.deepEqual(
      [custom, triton, other].map(({ outputs }) => outputs["version"]),
      ["1", "2", "3"],
    );
    assert.equal(model("typed", "2")?.["modelType"], "triton_model");
  });
});
