// CheckData as it is packaged: Parquet and CSV are read from storage, a fault fails the step, and the run has tests and a profile.
import assert from "node:assert/strict";
import { parquetWriteBuffer } from "hyparquet-writer";
import { assertSucceeded, Bench } from "../harness/bench.ts";

describe("checked data, as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  it("pass against the version before, and fail with what was found", async () => {
    const { azure } = bench.cloud;
    const container = `azureml-blobstore-${azure.workspaceGuid}`;
    const register = async (version: string, file: string, content: string | Uint8Array) => {
      await azure.blobs.put(container, `scores/${version}/${file}`, content);
      const dataUri = `azureml://datastores/workspaceblobstore/paths/scores/${version}/`;
      const properties = { dataType: "uri_folder", dataUri, tags: {}, properties: {} };
      azure.assets.data.put("scores", version, properties, { name: "Ada", type: "User" });
    };
    const values = Array.from({ length: 200 }, (_, row) => row / 8);
    const columnData = [{ name: "score", data: values, type: "DOUBLE" as const }];
    await register("1", "part.parquet", new Uint8Array(parquetWriteBuffer({ columnData })));
    await register("2", "part.csv", `score\n${values.join("\n")}\n`);
    await register("3", "part.csv", `score\n${values.map((value) => value + 20).join("\n")}\n`);

    const passed = await bench.run("CheckData", { name: "scores", dataVersion: "2" });
    assertSucceeded(passed);
    assert.deepEqual(
      [passed.outputs["passed"], passed.outputs["rows"], passed.outputs["baseline"]],
      ["true", "200", "scores:1"],
    );

    const failed = await bench.run("CheckData", { name: "scores", dataRules: "maximum.score <= 30" });
    assert.equal(failed.result, "Failed");
    const errors = failed.errors.join("\n");
    assert.match(
      errors,
      /scores:3 did not pass 2 of \d+ checks\..*score \(PSI .*maximum\.score = 44\.875 is not at most 30/,
    );
    assert.equal(failed.record?.error?.code, "AML1752");
    assert.equal(failed.record?.dataCheck?.columns[0]?.maximum, 44.875);
  });
});
