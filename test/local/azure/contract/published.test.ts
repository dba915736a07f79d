// The published types in the repository: bodies that clients send pass, and each kind of wrong body is found out.
import assert from "node:assert/strict";
import { checkArchive } from "../../../../local/azure/contract/archive.ts";
import { operationAt, placeOf } from "../../../../local/azure/contract/contract.ts";
import { contracts } from "../../../../local/azure/contract/contracts.ts";
import { publishedContract } from "../../../../local/azure/contract/published.ts";
import { faultsOf } from "../../../../local/azure/contract/shape.ts";

const workspace = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";
const job = {
  jobType: "Command",
  command: "echo",
  environmentId: "e",
  inputs: { i: { jobInputType: "uri_file", uri: "u" } },
};
const deployment = { endpointComputeType: "Managed", model: "m", scaleSettings: { scaleType: "Default" } };
const places = {
  job: "jobs/j",
  deployment: "onlineEndpoints/e/deployments/d",
  endpoint: "onlineEndpoints/e",
  data: "data/d/versions/1",
  datastore: "datastores/d",
};

/** The faults of a PUT's `properties`, by each contract that knows the version. */
function faults(place: keyof typeof places, properties: object, version: string): string[][] {
  const at = placeOf("PUT", `${workspace}/${places[place]}`, version)!;
  return contracts()
    .map((contract) => operationAt(contract, at)?.body)
    .filter((body) => body !== undefined)
    .map((body) =>
      faultsOf(body, { location: "l", properties }, "strict request").map(({ path, message }) => `${path}: ${message}`),
    );
}

describe("the published types in the repository", () => {
  const VERSIONS = ["2022-10-01", "2023-04-01-preview", "2024-01-01-preview", "2025-01-01-preview", "2025-12-01"];

  it("take what clients send, at old and new versions", () => {
    for (const version of VERSIONS) {
      const all = [
        ...faults("job", job, version),
        ...faults("deployment", deployment, version),
        ...faults("endpoint", { authMode: "Key", traffic: { blue: 100 } }, version),
        ...faults("data", { dataType: "uri_file", dataUri: "azureml://x" }, version),
      ];
      assert.ok(all.length >= 4, version);
      assert.deepEqual(all.flat(), [], version);
    }
  });

  for (const [what, place, properties, path, message] of [
    ["a missing member", "job", { ...job, command: undefined }, "properties.command", /^required, missing$/],
    ["an empty text", "job", { ...job, command: "" }, "properties.command", /at least 1 char/],
    ["an unknown member", "job", { ...job, commnad: "x" }, "properties.commnad", /^unknown field$/],
    ["a wrong type", "job", { ...job, isArchived: "no" }, "properties.isArchived", /true or false, found string/],
    ["a number for a text", "job", { ...job, displayName: 1 }, "properties.displayName", /a string, found number/],
    ["an unknown kind", "job", { ...job, jobType: "Cmd" }, "properties.jobType", /"Cmd" is not one of .*Command/],
    ["no kind", "job", { ...job, jobType: undefined }, "properties.jobType", /^required, one of .*Command/],
    [
      "a kind within",
      "job",
      { ...job, inputs: { i: { jobInputType: "uri" } } },
      "properties.inputs.i.jobInputType",
      /is not one of/,
    ],
    [
      "what a kind lacks",
      "job",
      { ...job, inputs: { i: { jobInputType: "uri_file" } } },
      "properties.inputs.i.uri",
      /^required/,
    ],
    ["a member the service sets", "job", { ...job, status: "Completed" }, "properties.status", /^read-only, sent$/],
    [
      "a list's wrong item",
      "data",
      { dataType: "mltable", dataUri: "u", referencedUris: [1] },
      "properties.referencedUris[0]",
      /a string/,
    ],
    ["a map's wrong value", "endpoint", { authMode: "Key", traffic: { b: "x" } }, "properties.traffic.b", /a number/],
  ] as const) {
    it(`find ${what}, as every contract does`, () => {
      for (const version of VERSIONS) {
        for (const told of faults(place, properties, version)) {
          assert.equal(told.length, 1, `${version}: ${told.join("; ")}`);
          const [where = "", said = ""] = told[0]!.split(/: (.*)/s);
          assert.equal(where, path);
          assert.match(said, message);
        }
      }
    });
  }

  it("find a value that an enumeration does not have, whatever the case of those that it has", () => {
    const at = placeOf("PUT", `${workspace}/${places.endpoint}`, "2025-12-01")!;
    const body = operationAt(publishedContract(), at)!.body!;
    const told = (authMode: string) => faultsOf(body, { location: "l", properties: { authMode } }, "request");
    assert.deepEqual(told("key"), []);
    assert.deepEqual(
      told("Keys").map(({ path }) => path),
      ["properties.authMode"],
    );
  });

  it("hold a name to its pattern", () => {
    const { name } = operationAt(publishedContract(), placeOf("PUT", `${workspace}/${places.job}`, "2025-12-01")!)!;
    assert.deepEqual(faultsOf(name!, "a-b_1", "request"), []);
    assert.equal(faultsOf(name!, "a/b", "request").length, 1);
  });

  it("hold answers, pages and bodies of actions to their types", () => {
    const url = (path: string) => `https://localhost${workspace}${path}?api-version=2025-12-01`;
    const exchange = (method: string, path: string, sent: object | undefined, answered: object) => ({
      request: { method, url: url(path), ...(sent && { postData: { text: JSON.stringify(sent) } }) },
      response: { status: 200, content: { text: JSON.stringify(answered) } },
    });
    const { checked, violations } = checkArchive(
      [
        exchange("GET", "/jobs/j", undefined, { properties: { ...job, status: "Completed" } }),
        exchange("GET", "/jobs/j", undefined, { properties: { ...job, state: "Completed" } }),
        exchange("GET", "/jobs", undefined, { value: [{ properties: { ...job, jobType: "Cmd" } }] }),
        exchange("POST", "/onlineEndpoints/e/regenerateKeys", { keyType: "Third" }, {}),
        exchange("POST", "/onlineEndpoints/e/listKeys", undefined, { primaryKey: 1 }),
      ],
      [publishedContract()],
    );
    assert.equal(checked, 5);
    assert.deepEqual(
      violations.map(({ side, method, faults: [fault] }) => `${side} ${method} ${fault?.path}`),
      [
        "answer GET properties.state",
        "answer GET value[0].properties.jobType",
        "request POST keyType",
        "answer POST primaryKey",
      ],
    );
  });

  it("tell of versions and resources that they do not have", () => {
    const entry = (path: string, version: string) => ({
      request: { method: "GET", url: `https://localhost${workspace}${path}?api-version=${version}` },
      response: { status: 200, content: { text: "{}" } },
    });
    const entries = [entry("/jobs/j", "2019-01-01"), entry("/moons/m", "2025-12-01"), entry("/jobs/j", "2025-12-01")];
    assert.deepEqual(checkArchive(entries, [publishedContract()]).unknown, [
      "get workspaces/{}/jobs/{}@2019-01-01",
      "get workspaces/{}/moons/{}@2025-12-01",
    ]);
  });
});
