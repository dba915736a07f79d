// Limits of tags: those of resources are Azure Resource Manager's, those of jobs and their properties are run history's.
import assert from "node:assert/strict";
import { cloudOfSuite, workspaceAsk } from "../client.ts";
import { JobClient } from "../job-client.ts";
import { endpointRequest, make } from "../online-scripts.ts";

const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`tag${at}`, "a"]));

describe("local Azure: limits of tags", () => {
  const suite = cloudOfSuite();
  const endpoint = (tags: object) =>
    workspaceAsk(suite.cloud, "PUT", "/onlineEndpoints/tagged", {
      token: suite.token,
      body: { ...endpointRequest(), tags },
    });

  for (const [what, tags, code] of [
    ["51 tags", many(51), "TooManyTags"],
    ["a value of 257 characters", { a: "x".repeat(257) }, "InvalidTagValueLength"],
    ["a name of 513 characters", { ["x".repeat(513)]: "a" }, "InvalidTagNameLength"],
    ["a slash in a name", { "a/b": "a" }, "InvalidTagNameCharacters"],
  ] as const)
    it(`refuses ${what} of an endpoint`, async () => {
      const answer = await endpoint(tags);
      assert.deepEqual([answer.status, answer.body.error.code], [400, code]);
      const read = await workspaceAsk(suite.cloud, "GET", "/onlineEndpoints/tagged", { token: suite.token });
      assert.equal(read.status, 404);
    });

  it("takes 50 of an endpoint, with 256 characters, and no more by a PATCH", async () => {
    const tags = { ...many(49), a: "x".repeat(256) };
    await make(suite.cloud, "/onlineEndpoints/full", { ...endpointRequest(), tags });
    const patch = { token: suite.token, body: { tags: { a: "x".repeat(257) } } };
    const answer = await workspaceAsk(suite.cloud, "PATCH", "/onlineEndpoints/full", patch);
    assert.deepEqual([answer.status, answer.body.error.code], [400, "InvalidTagValueLength"]);
  });
});

describe("local Azure: limits of jobs", () => {
  const jobs = JobClient.ofSuite();
  for (const [field, more] of [
    ["RunDto.Tags/Count, Limit=50, Size=51", { tags: many(51) }],
    ["RunDto.Tags.Value/Length, Limit=1000, Size=1001", { tags: { a: "x".repeat(1_001) } }],
    ["RunDto.Tags.Key/Length, Limit=100, Size=101", { tags: { ["x".repeat(101)]: "a" } }],
    ["RunDto.Properties/Count, Limit=50, Size=51", { properties: many(51) }],
    ["RunDto.Properties.Value/Length, Limit=1000, Size=1001", { properties: { a: "x".repeat(1_001) } }],
    ["RunDto.DisplayName/Length, Limit=256, Size=257", { displayName: "x".repeat(257) }],
    ["RunDto.Description/Length, Limit=5000, Size=5001", { description: "x".repeat(5_001) }],
  ] as const)
    it(`refuses a job over a limit: ${field}`, async () => {
      const answer = await jobs.arm("PUT", `/jobs/${jobs.name()}`, jobs.properties("exit 0", more));
      assert.equal(answer.status, 400);
      assert.ok(answer.body.error.message.includes(`FieldName=${field}.`), answer.body.error.message);
    });
});
