// Names of deployments by their content: valid for whatever model, the same for the same content, another one otherwise.
import assert from "node:assert/strict";
import fc from "fast-check";
import { isServingName } from "../../../../lib/documents/index.ts";
import { slotName } from "../../../../lib/ml/rollout/slot-name.ts";

const WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
const body = (model: string, more: object = {}) => ({
  location: "eastus",
  tags: { BuildId: "1" },
  sku: { name: "Default", capacity: 1 },
  properties: { model, endpointComputeType: "Managed", ...more },
});
const of = (name: string, version = "7", more: object = {}) =>
  slotName("ep", body(`${WORKSPACE}/models/${name}/versions/${version}`, more), undefined);

describe("the name of a deployment by its content", () => {
  it("has its model, its version and a hash", () => {
    assert.match(of("house-prices"), /^house-prices-7-[0-9a-f]{8}$/);
    assert.match(of("House_Prices.v2"), /^house-prices-v2-7-[0-9a-f]{8}$/);
    assert.match(of("2024-model"), /^m-2024-model-7-[0-9a-f]{8}$/);
    assert.match(of("0123456789abcdef0123456789abcdef"), /^model-[0-9a-f]{8}$/);
    assert.match(
      slotName("ep", body("azureml://registries/r/models/iris/versions/3"), undefined),
      /^iris-3-[0-9a-f]{8}$/,
    );
    assert.match(slotName("ep", { properties: {} }, undefined), /^model-[0-9a-f]{8}$/);
  });

  it("is valid for every model and every endpoint, also on Kubernetes", () => {
    const texts = fc.string({ unit: "binary", maxLength: 80 }).map((text) => text.replaceAll("/", "_"));
    fc.assert(
      fc.property(
        texts,
        texts,
        fc.integer({ min: 3, max: 32 }),
        fc.boolean(),
        (name, version, length, isKubernetes) => {
          const endpoint = "e".repeat(length);
          const model = `${WORKSPACE}/models/${name}/versions/${version}`;
          const computeType = { endpointComputeType: isKubernetes ? "Kubernetes" : "Managed" };
          const slot = slotName(endpoint, body(model, computeType), undefined);
          assert.ok(isServingName(slot) && !slot.includes("--"), slot);
          if (isKubernetes) assert.ok(slot.length + endpoint.length <= 62);
        },
      ),
    );
  });

  it("is the same for the same content, whatever its tags and the order of its fields, and another one otherwise", () => {
    const one = of("iris", "7", { a: 1, b: { c: 2, d: 3 } });
    assert.equal(of("iris", "7", { b: { d: 3, c: 2 }, a: 1 }), one);
    const model = `${WORKSPACE}/models/iris/versions/7`;
    const tagged = { ...body(model, { a: 1, b: { c: 2, d: 3 } }), tags: { BuildId: "2" } };
    assert.equal(slotName("ep", tagged, undefined), one);
    assert.notEqual(of("iris", "7", { a: 2, b: { c: 2, d: 3 } }), one);
    assert.notEqual(slotName("ep", { ...tagged, sku: { name: "Default", capacity: 2 } }, undefined), one);
    assert.notEqual(slotName("ep", tagged, { collections: {} }), one);
  });
});
