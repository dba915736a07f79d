// VerifyModel as it is packaged: what RegisterModel signed in another step passes, and one changed byte does not.
import assert from "node:assert/strict";
import { assertSucceeded, Bench } from "../harness/bench.ts";
import { newKey } from "../lib/ml/proof/vault.ts";

describe("signed models, as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  it("are verified in another step, by another run, until a byte is changed", async () => {
    const { cloud } = bench;
    const { azure } = cloud;
    const { id, kid } = await newKey(cloud, "shipped");
    const given = { name: "shipped", source: "folder", modelPath: "azureml", signWith: id };
    const registered = await bench.run("RegisterModel", given);
    assertSucceeded(registered);
    const inputs = { modelName: "shipped", modelVersion: registered.outputs["version"], signedBy: id };
    const verified = await bench.run("VerifyModel", inputs);
    assertSucceeded(verified);
    assert.equal(verified.outputs["signedBy"], kid);
    const uri = String(azure.assets.models.version("shipped", "1")?.properties["modelUri"]);
    const folder = uri.replace(/^.*\/paths\//, "").replace(/\/$/, "");
    const container = `azureml-blobstore-${azure.workspaceGuid}`;
    await azure.blobs.put(container, `${folder}/job.yml`, "changed");
    const refused = await bench.run("VerifyModel", inputs);
    assert.equal(refused.result, "Failed");
    assert.match(refused.errors.join("\n"), /"job\.yml" has other content than was signed/);
    assert.equal(refused.record?.error?.code, "AML1713");
    assert.equal(registered.record?.proof?.signer, kid);
  });
});
