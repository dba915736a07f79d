// Bodies against published types: what is refused, and with which words.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { contractIn, operationsIn } from "../../../../local/azure/contract/resource-types.ts";
import { faultsOf } from "../../../../local/azure/contract/shape.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { tokenOf, workspaceAsk } from "../client.ts";

/** A data version and a model container in the form of a published types file, cut down to what is looked at here. */
const types = [
  { $type: "StringType" },
  { $type: "BooleanType" },
  { $type: "IntegerType" },
  { $type: "StringLiteralType", value: "uri_file" },
  { $type: "StringLiteralType", value: "Spot" },
  { $type: "StringLiteralType", value: "Basic" },
  { $type: "UnionType", elements: [{ $ref: "#/4" }, { $ref: "#/5" }] },
  { $type: "ObjectType", name: "map", properties: {}, additionalProperties: { $ref: "#/0" } },
  { $type: "ArrayType", itemType: { $ref: "#/2" } },
  {
    $type: "ObjectType",
    name: "file",
    properties: { dataType: { type: { $ref: "#/3" }, flags: 1 }, tier: { type: { $ref: "#/6" }, flags: 0 } },
  },
  {
    $type: "DiscriminatedObjectType",
    name: "data",
    discriminator: "dataType",
    baseProperties: {
      dataUri: { type: { $ref: "#/0" }, flags: 1 },
      isArchived: { type: { $ref: "#/1" }, flags: 0 },
      counts: { type: { $ref: "#/8" }, flags: 0 },
      tags: { type: { $ref: "#/7" }, flags: 0 },
      made: { type: { $ref: "#/0" }, flags: 2 },
    },
    elements: { uri_file: { $ref: "#/9" } },
  },
  { $type: "StringType", pattern: "^[a-z]+$", minLength: 2, maxLength: 4 },
  {
    $type: "ObjectType",
    name: "body",
    properties: { name: { type: { $ref: "#/11" }, flags: 1 }, properties: { type: { $ref: "#/10" }, flags: 1 } },
  },
  {
    $type: "ResourceType",
    name: "Microsoft.MachineLearningServices/workspaces/data/versions@2025-12-01",
    body: { $ref: "#/12" },
  },
];
const good = { dataType: "uri_file", dataUri: "x" };

describe("published types", () => {
  const operations = operationsIn(types);
  const { body, name: names } = operations.get("put workspaces/{}/data/{}/versions/{}")!;
  const faults = (properties: unknown, name = "abc", extra = {}) =>
    [...faultsOf(names!, name, "request", "name"), ...faultsOf(body!, { properties, ...extra }, "request")].map(
      ({ path, message }) => `${path}: ${message}`,
    );

  it("take a body that fits, with nulls and what every resource has", () => {
    assert.deepEqual(faults({ ...good, tags: { a: "b" }, tier: null, counts: [1, 2], made: "sent back" }), []);
    assert.deepEqual(faults(good, "abc", { tags: {}, location: "x", sku: {}, kind: "k", identity: {} }), []);
  });

  for (const [what, properties, told] of [
    ["a missing field", { dataType: "uri_file" }, "properties.dataUri: required, missing"],
    ["null where something is required", { ...good, dataUri: null }, "properties.dataUri: required, missing"],
    ["an unknown field", { ...good, dataURI: "x" }, "properties.dataURI: unknown field"],
    ["a wrong branch", { ...good, dataType: "uri" }, 'properties.dataType: "uri" is not one of uri_file'],
    ["no branch", { dataUri: "x" }, "properties.dataType: required, one of uri_file"],
    ["a wrong literal", { ...good, tier: "Gold" }, 'properties.tier: "Gold" is not one of Spot, Basic'],
    ["a wrong type", { ...good, isArchived: "no" }, "properties.isArchived: expected true or false, found string"],
    ["a wrong type within", { ...good, tags: { a: 1 } }, "properties.tags.a: expected a string, found number"],
    ["a wrong item", { ...good, counts: [1, "2"] }, "properties.counts[1]: expected a number, found string"],
    ["no list", { ...good, counts: 1 }, "properties.counts: expected an array, found number"],
    ["no object", "text", "properties: expected an object, found string"],
    ["nothing", undefined, "properties: required, missing"],
  ] as const) {
    it(`name the place of ${what}`, () => assert.deepEqual(faults(properties), [told]));
  }

  it("hold names to their rule", () => {
    assert.deepEqual(faults(good, "a"), ["name: must have at least 2 characters"]);
    assert.deepEqual(faults(good, "abcde"), ["name: must have at most 4 characters"]);
    assert.deepEqual(faults(good, "a-b"), ["name: 'a-b' does not match the pattern ^[a-z]+$"]);
  });

  it("say nothing of types that they do not have", () => {
    assert.equal(operations.get("put workspaces/{}/jobs/{}"), undefined);
  });

  describe("given to the cloud", () => {
    let cloud: LocalCloud;
    let contract: string;
    before(async () => {
      contract = mkdtempSync(path.join(tmpdir(), "contract-"));
      writeFileSync(path.join(contract, "2025-12-01.json"), JSON.stringify(types));
      cloud = await startCloud({ contracts: [contractIn(contract)] });
    });
    after(async () => {
      await cloud.close();
      rmSync(contract, { recursive: true });
    });

    it("make it refuse a body, name the places, and create nothing", async () => {
      const token = await tokenOf(cloud);
      const body = { properties: { ...good, isArchived: 1, more: true } };
      const answer = await workspaceAsk(cloud, "PUT", "/data/d/versions/abc", { token, body });
      assert.equal(answer.status, 400);
      assert.deepEqual(answer.body, {
        error: {
          code: "InvalidRequestContent",
          message:
            "The request content was invalid: properties.isArchived: expected true or false, found number; properties.more: unknown field.",
          target: "properties.isArchived",
        },
      });
      assert.equal((await workspaceAsk(cloud, "GET", "/data/d", { token })).status, 404);
    });

    it("leave other api-versions alone", async () => {
      const body = { properties: { ...good, more: true } };
      const answer = await workspaceAsk(cloud, "PUT", "/data/d/versions/2", { apiVersion: "2022-05-01", body });
      assert.equal(answer.status, 201);
    });
  });
});
