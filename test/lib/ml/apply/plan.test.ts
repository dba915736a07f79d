// Plans of Apply, without a cloud: what differs, what may change, what stays.
import assert from "node:assert/strict";
import fc from "fast-check";
import { differences, UNKNOWN } from "../../../../lib/ml/apply/compare.ts";
import { decide, hashOf, merged } from "../../../../lib/ml/apply/plan.ts";

const asset = { mayChange: ["description", "tags", "isArchived", "stage", "properties"] };
const plain = {};
const ENVIRONMENT = { asset };
const COMPONENT = { asset, keepsHash: true };
const SCHEDULE = { keepsHash: true };
const HASH = "azureDevOps.specificationHash";
const long = "azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/d/paths/";

describe("what differs", () => {
  const same: [string, unknown, unknown][] = [
    ["words in another case", "aadToken", "AADToken"],
    ["numbers and switches as text", { a: 1, b: true }, { a: "1", b: "True" }],
    ["datastore paths in their long form", "azureml://datastores/d/paths/x", `${long}x/`],
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
    ["what is not wanted", { a: 1 }, { a: 1, b: 2 }],
    ["empty and absent", { tags: {}, list: [], text: "", none: null }, {}],
    ["false and absent", { isAnonymous: false }, {}],
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
  ];
  for (const [what, wanted, there] of same) {
    it(`leaves alone ${what}`, () => assert.deepEqual(differences(wanted, there), []));
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

describe("what is to be done", () => {
  it("creates what is not there", () => {
    assert.equal(decide(plain, { properties: {} }, undefined).action, "create");
  });

  it("updates the words of a version and refuses to change what it holds", () => {
    const there = { properties: { image: "a", description: "x", tags: { t: "1" } } };
    const words = decide(ENVIRONMENT, { properties: { image: "a", description: "y", tags: { t: "2" } } }, there);
    assert.deepEqual([words.action, words.refused, words.changes.length], ["update", [], 2]);
    const other = decide(ENVIRONMENT, { properties: { image: "b", description: "y" } }, there);
    assert.deepEqual(
      other.refused.map(({ path }) => path),
      ["properties.image"],
    );
  });

  it("tells components by the hash that they keep, since the service shows them in a form of its own", () => {
    const wanted = (command: string, description = "d") => ({
      properties: { componentSpec: { command, description, version: "1", jobs: { a: 1 } }, properties: {} },
    });
    const held = (of: ReturnType<typeof wanted>) => ({
      properties: {
        properties: { [HASH]: hashOf(COMPONENT, of) },
        componentSpec: { command: "Rewritten", description: "d" },
      },
    });
    const one = wanted("c");
    assert.equal(decide(COMPONENT, one, held(one), { hash: hashOf(COMPONENT, one) }).action, "unchanged");
    const told = wanted("c", "other");
    assert.equal(hashOf(COMPONENT, told), hashOf(COMPONENT, one), "words are no part of what it is");
    const retold = decide(COMPONENT, told, held(one), { hash: hashOf(COMPONENT, told) });
    assert.deepEqual([retold.action, retold.refused], ["update", []]);
    const changed = wanted("x");
    assert.equal(decide(COMPONENT, changed, held(one), { hash: hashOf(COMPONENT, changed) }).refused.length > 0, true);
  });

  it("updates a schedule that somebody else made once, and one that was turned", () => {
    const wanted = { properties: { trigger: { expression: "0 1 * * *" }, isEnabled: true } };
    const hash = hashOf(SCHEDULE, wanted);
    const made = { properties: { trigger: { expression: "0 1 * * *" }, isEnabled: true, properties: {} } };
    assert.equal(decide(SCHEDULE, wanted, made, { hash }).action, "update");
    const ours = { properties: { ...made.properties, properties: { [HASH]: hash } } };
    assert.equal(decide(SCHEDULE, wanted, ours, { hash }).action, "unchanged");
    const turned = { properties: { ...ours.properties, isEnabled: false } };
    assert.deepEqual(decide(SCHEDULE, wanted, turned, { hash }).changes, [
      { path: "properties.isEnabled", from: false, to: true },
    ]);
  });

  it("keeps what it does not manage in an update, and sends nothing that is read-only", () => {
    const there = {
      location: "eastus2",
      tags: { theirs: "1", both: "old" },
      properties: {
        traffic: { blue: 100 },
        provisioningState: "Succeeded",
        scoringUri: "https://x",
        description: null,
      },
    };
    const wanted = { tags: { both: "new" }, properties: { traffic: {}, authMode: "Key" } };
    assert.deepEqual(merged(wanted, there, { location: "eastus2" }), {
      location: "eastus2",
      tags: { theirs: "1", both: "new" },
      properties: { traffic: { blue: 100 }, authMode: "Key" },
    });
  });
});
