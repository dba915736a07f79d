// Dry runs show every write, and no secret.
import assert from "node:assert/strict";
import { WithheldWrites } from "../../../lib/azure/withheld-writes.ts";
import { dryRunLog, sayWithheldWrites } from "../../../lib/task/dry-run.ts";
import { memoryLog } from "../ml/world.ts";

describe("a plan", () => {
  it("hides what files held, and what the service told of a job that is sent back", () => {
    const withheld = new WithheldWrites();
    const key = "Zq8-very-secret-91";
    const information = JSON.stringify({ name: "big", key: "told-by-the-service" });
    const properties = { key, properties: { "azureml.connection_information": information, team: "a" } };
    withheld.writes.push({ method: "PUT", path: "/jobs/j", body: { properties } });
    withheld.writes.push({ method: "DELETE", path: "/jobs/k", body: null });
    const log = memoryLog();
    sayWithheldWrites(log, withheld, { secrets: new Set([key]), outputs: true });
    assert.deepEqual(log.lines, [
      "Plan: 2 writes, one a line, in order:",
      '{"method":"PUT","path":"/jobs/j","body":{"properties":{"key":"***","properties":{"azureml.connection_information":"***","team":"a"}}}}',
      '{"method":"DELETE","path":"/jobs/k","body":null}',
      "Nothing was changed: the input plan is true.",
    ]);
  });

  it("hides signatures of addresses, and passwords in them, wherever they stand in a body", () => {
    const withheld = new WithheldWrites();
    const properties = {
      dataUri: "https://a.blob.core.windows.net/c/f?sv=1&sig=Zq8-very-secret-91",
      condaFile: "dependencies:\n- pip:\n  - -i https://me:Zq8-very-secret-91@feed.test/simple\n",
      jobs: { a: { inputs: [{ uri: "abfss://c@a.dfs.core.windows.net/x?sig=Zq8-very-secret-91" }] } },
      plain: "a@b.test",
    };
    withheld.writes.push({ method: "PUT", path: "/data/d", body: { properties } });
    const log = memoryLog();
    sayWithheldWrites(log, withheld, { secrets: new Set(), outputs: true });
    const said = log.lines[1] ?? "";
    assert.ok(!said.includes("Zq8-very-secret-91"), said);
    assert.equal(JSON.parse(said).body.properties.plain, "a@b.test");
  });

  it("marks what verbs say once something was not done", () => {
    const withheld = new WithheldWrites();
    const log = memoryLog();
    const marking = dryRunLog(log, withheld);
    marking.info("data@latest is version 3.");
    withheld.leaveOutUpload();
    marking.info("Uploaded 1 file.");
    marking.warn("It is large.");
    assert.deepEqual(log.lines, ["data@latest is version 3.", "(plan) Uploaded 1 file.", "[warning] It is large."]);
  });
});
