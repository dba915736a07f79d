// Register data, as shipped: the same content is the same version, and nothing is uploaded twice.
import assert from "node:assert/strict";
import { registriesOf } from "../../local/azure/workspace/registries.ts";
import { asked, assertSucceeded, Bench, NODES, needsNode } from "../harness/bench.ts";

describe("AzureMLRegisterData as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  for (const node of NODES) {
    it(`registers a folder once, and finds it again (Node ${node})`, async function () {
      needsNode(this, node);
      const files = { "data/readings.csv": `moment,value\n1,${node}\n` };
      const inputs = { source: "inline", name: `readings-${node}`, type: "uri_folder", path: "data", tags: "kind=toy" };
      const first = await bench.run("RegisterData", inputs, { node, files });
      assertSucceeded(first);
      const { assetId, ...outputs } = first.outputs;
      assert.deepEqual(outputs, { name: `readings-${node}`, version: "1", created: "true" });
      assert.match(assetId!, new RegExp(`/workspaces/ws1/data/readings-${node}/versions/1$`));
      const uploads = asked(first, "storage", "PUT").filter((url) => !url.includes("comp=metadata"));
      assert.equal(uploads.length, 2, "both files were uploaded");
      const { properties } = bench.cloud.azure.assets.data.version(`readings-${node}`, "1")!;
      assert.equal(properties["dataType"], "uri_folder");
      assert.equal((properties["tags"] as Record<string, string>)["kind"], "toy");

      const again = await bench.run("RegisterData", inputs, { node, files });
      assertSucceeded(again);
      assert.deepEqual(again.outputs, { ...first.outputs, created: "false" });
      assert.deepEqual(asked(again, "storage", "PUT"), [], "nothing was uploaded again");
      assert.deepEqual(asked(again, "arm", "PUT"), [], "nothing was registered again");
      assert.match(again.log, new RegExp(`readings-${node}:1 holds the same content already`));

      const changed = await bench.run("RegisterData", inputs, { node, files: { "data/readings.csv": `${node}!\n` } });
      assertSucceeded(changed);
      assert.deepEqual([changed.outputs["version"], changed.outputs["created"]], ["2", "true"]);
    });
  }

  it("only plans where it is told to: nothing but questions leaves, and no output is set", async () => {
    const run = await bench.run("RegisterData", { dataFile: "azureml/data.yml", version: "9", plan: "true" });
    assertSucceeded(run);
    for (const plane of ["arm", "storage", "api"] as const)
      for (const method of ["PUT", "PATCH", "DELETE"]) assert.deepEqual(asked(run, plane, method), []);
    assert.match(run.log, /^\{"method":"PUT","path":".*\/data\/readings\/versions\/9","body":\{/m);
    assert.match(run.log, /Nothing was changed, and no output is set: the input plan is true\./);
    assert.deepEqual(run.outputs, {});
    assert.deepEqual([run.record?.result, run.record?.data], ["succeeded", undefined]);
  });

  it("takes a data YAML, and what the inputs add to it; leaves record and summary", async () => {
    const run = await bench.run("RegisterData", {
      dataFile: "azureml/data.yml",
      description: "From the pipeline",
      tags: "kind=toy\nmade-for=bundle",
    });
    assertSucceeded(run);
    const { properties } = bench.cloud.azure.assets.data.version("readings", "1")!;
    assert.equal(properties["description"], "From the pipeline");
    const { kind, "made-for": madeFor } = properties["tags"] as Record<string, string>;
    assert.deepEqual([kind, madeFor], ["toy", "bundle"]);
    assert.equal(run.record?.result, "succeeded");
    assert.equal(run.record?.data?.name, "readings");
    assert.equal(run.record?.data?.created, true);
    assert.equal(run.summaries.length, 1);
    assert.match(run.summaries[0]!, /readings/);
    assert.deepEqual(run.variables, [], "only outputs are set");
  });

  it("goes to a registry where no workspace is named", async () => {
    const { azure } = bench.cloud;
    registriesOf(azure).set("shared", { name: "shared", id: "r", location: "eastus2", tags: {}, properties: {} });
    const place = { registry: "shared", resourceGroup: "", workspace: "" };
    const run = await bench.run("RegisterData", { ...place, source: "inline", name: "common", path: "data" });
    assertSucceeded(run);
    assert.equal(run.outputs["assetId"], "azureml://registries/shared/data/common/versions/1");
    assert.match(run.log, /Registry shared, subscription/);
    assert.equal(run.record?.workspace, undefined);
    assert.equal(run.record?.data?.id, run.outputs["assetId"]);
    assert.equal(run.summaries.length, 1);
  });

  it("refuses a version that holds something else, and keeps it as it is", async () => {
    const inputs = { source: "inline", name: "fixed", type: "uri_file", path: "data/about.txt", version: "7" };
    assertSucceeded(await bench.run("RegisterData", inputs));
    const before = structuredClone(bench.cloud.azure.assets.data.version("fixed", "7"));
    const run = await bench.run("RegisterData", { ...inputs, path: "data/readings.csv" });
    assert.equal(run.result, "Failed");
    assert.match(run.errors.join(), /Version 7 of the data asset fixed is there already and holds something else/);
    assert.deepEqual(bench.cloud.azure.assets.data.version("fixed", "7"), before);
    assert.deepEqual(asked(run, "storage", "PUT"), []);
  });
});
