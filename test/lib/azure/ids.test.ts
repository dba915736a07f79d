// Names of things, taken apart and put together.
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  datastoreUri,
  longDatastoreUri,
  parseArmId,
  parseAssetReference,
  parseDatastoreUri,
  sameId,
  workspaceId,
} from "../../../lib/azure/index.ts";

const ws = workspaceId("s", "rg", "ws");

describe("ids", () => {
  it("takes an ARM id apart in any case of its fixed words", () => {
    assert.deepEqual(parseArmId(`azureml:${ws.toUpperCase().replace("/S/", "/s/")}/models/m/versions/3`)?.segments, [
      "models",
      "m",
      "versions",
      "3",
    ]);
    assert.deepEqual(parseArmId(ws), { subscriptionId: "s", resourceGroup: "rg", workspace: "ws", segments: [] });
    assert.equal(parseArmId("/subscriptions/s/resourceGroups/rg"), undefined);
  });

  const references: [string, object | undefined][] = [
    ["m", { name: "m" }],
    ["m:3", { name: "m", version: "3" }],
    ["azureml:m:3", { name: "m", version: "3" }],
    ["m@latest", { name: "m", label: "latest" }],
    [`${ws}/models/m/versions/3`, { name: "m", version: "3" }],
    [`${ws}/models/m/labels/prod`, { name: "m", label: "prod" }],
    ["azureml://registries/azureml/models/m/versions/3", { name: "m", version: "3" }],
    ["azureml://registries/azureml/models/m/labels/latest", { name: "m", label: "latest" }],
    ["a b", undefined],
    ["https://example.org/x", undefined],
  ];
  for (const [text, expected] of references) {
    it(`reads ${text}`, () => assert.deepEqual(parseAssetReference(text), expected));
  }

  it("reads datastore URIs in all three forms", () => {
    const place = { datastore: "d", path: "a/b" };
    const id = parseArmId(ws);
    assert.ok(id);
    assert.deepEqual(parseDatastoreUri(datastoreUri(place)), place);
    assert.deepEqual(parseDatastoreUri(longDatastoreUri(id, place)), place);
    assert.deepEqual(parseDatastoreUri("azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.x"), {
      datastore: "workspaceartifactstore",
      path: "ExperimentRun/dcid.x",
    });
    assert.equal(parseDatastoreUri("azureml://jobs/j/outputs/o/paths/p"), undefined);
  });

  it("survives the round trip for every place", () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/);
    fc.assert(
      fc.property(name, fc.array(name, { minLength: 1 }), (datastore, parts) => {
        const place = { datastore, path: parts.join("/") };
        assert.deepEqual(parseDatastoreUri(datastoreUri(place)), place);
      }),
    );
  });

  it("compares ids as ARM does", () => assert.ok(sameId(`azureml:${ws}/`, ws.toUpperCase())));
});
