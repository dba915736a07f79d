// The one comparator, in a table: which answers say what was wanted, and which do not. Rows come from what Apply and rollouts compare.
import assert from "node:assert/strict";
import fc from "fast-check";
import { differences, UNKNOWN } from "../../../../lib/ml/workspace/compare.ts";

const long = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/";

describe("what differs", () => {
  const same: [string, unknown, unknown][] = [
    ["words in another case", "aadToken", "AADToken"],
    ["a size in another case", { instanceType: "Standard_DS2_v2" }, { instanceType: "Standard_DS2_V2" }],
    ["numbers and switches as text", { a: 1, b: true }, { a: "1", b: "True" }],
    ["datastore paths in their long form", "azureml://datastores/d/paths/x", `${long}x/`],
    ["a datastore's workspace in another case", `${long.replace("resourcegroups/g", "resourceGroups/G")}x`, `${long}x`],
    [
      "uploads wherever they were moved to",
      `${long}LocalUpload/${"a".repeat(64)}/f`,
      `https://s/c/R/g/LocalUpload/${"a".repeat(64)}/f/`,
    ],
    ["durations", "PT120S", "PT2M"],
    [
      "conda files as JSON",
      { condaFile: "name: a\ndependencies: [b]\n" },
      { condaFile: '{"dependencies":["b"],"name":"a"}' },
    ],
    ["ids in another case", "/subscriptions/A/resourceGroups/b", "/subscriptions/a/resourcegroups/b"],
    ["an id with and without azureml:", "azureml:/subscriptions/a/b", "/subscriptions/a/b"],
    [
      "names in a registry in another case",
      "azureml://registries/AzureML/models/Bert/versions/3",
      "azureml://registries/azureml/models/bert/versions/3",
    ],
    ["what is not wanted", { a: 1 }, { a: 1, b: 2 }],
    ["what is wanted of nothing", { a: undefined, b: null }, {}],
    ["empty and absent", { tags: {}, list: [], text: "", none: null }, {}],
    ["an empty mapping that is answered as null", { environmentVariables: {} }, { environmentVariables: null }],
    ["false and absent", { isAnonymous: false, appInsightsEnabled: false }, { appInsightsEnabled: null }],
    [
      "secrets, which are never told",
      { credentials: { secrets: { sasToken: "x" }, clientSecret: "y" } },
      { credentials: {} },
    ],
    [
      "a switch that is left to the service, and what the service made of it",
      { properties: { remoteLoginPortPublicAccess: "NotSpecified" } },
      { properties: { remoteLoginPortPublicAccess: "Enabled" } },
    ],
    ["what only applying tells", { codeId: `${UNKNOWN}code 1` }, { codeId: "/codes/1" }],
    [
      "variables that the service added",
      { environmentVariables: { A: "x" } },
      { environmentVariables: { A: "x", B: "y" } },
    ],
  ];
  for (const [what, wanted, there] of same) {
    it(`leaves alone ${what}`, () => assert.deepEqual(differences(wanted, there), []));
  }

  const other: [string, unknown, unknown][] = [
    ["a number", { capacity: 2 }, { capacity: 1 }],
    ["a version of a model", { model: "/subscriptions/a/m/versions/2" }, { model: "/subscriptions/a/m/versions/1" }],
    ["a path on a datastore in another case", "azureml://datastores/d/paths/X", `${long}x`],
    [
      "the same path of another workspace's datastore",
      `${long.replace("workspaces/w", "workspaces/dev")}x`,
      `${long}x`,
    ],
    ["a mount path in another case", { modelMountPath: "/var/Model" }, { modelMountPath: "/var/model" }],
    ["true and absent", { appInsightsEnabled: true }, {}],
    ["a variable in another case", { environmentVariables: { A: "x" } }, { environmentVariables: { A: "X" } }],
    ["a variable's name in another case", { environmentVariables: { A: "x" } }, { environmentVariables: { a: "x" } }],
    [
      "a variable that looks like a path",
      { environmentVariables: { A: "/m/" } },
      { environmentVariables: { A: "/m" } },
    ],
    [
      "a variable that looks like a duration",
      { environmentVariables: { A: "PT60S" } },
      { environmentVariables: { A: "PT1M" } },
    ],
    ["an empty variable", { environmentVariables: { A: "" } }, { environmentVariables: {} }],
    [
      "a variable that is called as a secret is",
      { environmentVariables: { API_KEY: "x" } },
      { environmentVariables: {} },
    ],
    ["variables where there are none", { environmentVariables: { A: "x" } }, { environmentVariables: null }],
    ["a longer list", { list: [1, 2] }, { list: [1] }],
    ["a mapping where there is none", { livenessProbe: { period: "PT10S" } }, {}],
  ];
  for (const [what, wanted, there] of other) {
    it(`sees ${what}`, () => assert.equal(differences(wanted, there).length, 1));
  }

  it("names the path, what is there and what is wanted", () => {
    assert.deepEqual(differences({ a: { b: [1, 2] }, c: "x" }, { a: { b: [1, 3] } }), [
      { path: "a.b[1]", from: 3, to: 2 },
      { path: "c", from: undefined, to: "x" },
    ]);
    assert.deepEqual(differences({ list: [1] }, { list: [1, 2] }), [{ path: "list", from: [1, 2], to: [1] }]);
  });

  it("takes what people write as it stands", () => {
    const wanted = { description: "A", tags: { team: "A" }, dataUri: "azureml://datastores/d/paths/Readings" };
    const there = { description: "a", tags: { team: "a" }, dataUri: `${long}readings` };
    assert.equal(differences(wanted, there).length, 3);
  });

  it("finds nothing in what is the same, whatever it is", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.deepEqual(differences(value, structuredClone(value)), [])));
  });
});
