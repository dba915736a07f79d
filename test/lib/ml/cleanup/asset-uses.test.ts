// Uses of versions: found wherever a body names one, and gone with the deployment that makes them.
import assert from "node:assert/strict";
import { usesIn, usesWithout } from "../../../../lib/ml/cleanup/asset-uses.ts";

const found = (body: unknown) =>
  usesIn(body, { why: "it is used" }).map(({ place = "any", name, version }) => `${place} ${name}:${version}`);

describe("the uses of versions", () => {
  it("are found by id, by name, and deep in a body", () => {
    const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
    assert.deepEqual(found({ model: `azureml:${id}/models/churn/versions/3` }), ["models churn:3"]);
    assert.deepEqual(found({ model: { referenceType: "Id", assetId: `${id}/MODELS/churn/versions/3` } }), [
      "models churn:3",
    ]);
    assert.deepEqual(found({ jobs: { a: { inputs: [{ uri: "azureml:clicks:5" }] } } }), ["any clicks:5"]);
    assert.deepEqual(found({ uri: `${id}/data/cl%69cks/versions/1.0?x=y` }), ["data clicks:1.0"]);
    assert.deepEqual(found({ a: "azureml:one:1, azureml:two:2" }), ["any one:1", "any two:2"]);
    assert.deepEqual(found("azureml://registries/shared/models/churn/versions/7"), ["models churn:7"]);
  });

  it("are not found in a datastore's path, a label or nothing", () => {
    for (const body of [undefined, null, {}, "azureml://datastores/d/paths/models/x", "azureml:churn@latest", "%"])
      assert.deepEqual(found(body), []);
  });

  it("hold in any case of the name, and are gone with the deployment or its endpoint", () => {
    const uses = usesIn("azureml:Churn:3", { why: "blue uses it", deployment: { endpoint: "fraud", name: "blue" } });
    const left = (...gone: Parameters<typeof usesWithout>[1][number][]) => {
      const { models, data } = usesWithout(uses, gone);
      return [models("churn", "3"), data("churn", "3"), models("churn", "4")];
    };
    assert.deepEqual(left(), ["blue uses it", "blue uses it", undefined]);
    assert.deepEqual(left({ kind: "deployment", name: "fraud", part: "green" }), [
      "blue uses it",
      "blue uses it",
      undefined,
    ]);
    assert.deepEqual(left({ kind: "deployment", name: "Fraud", part: "BLUE" }), [undefined, undefined, undefined]);
    assert.deepEqual(left({ kind: "endpoint", name: "fraud" }), [undefined, undefined, undefined]);
  });
});
