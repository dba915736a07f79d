// Validation of answers: local Azure with a fault between it and the client, one operation after the other.
import assert from "node:assert/strict";
import { createHttpHeaders, type PipelineRequest, type PipelineResponse } from "@azure/core-rest-pipeline";
import fc from "fast-check";
import { finish } from "../../../lib/azure/index.ts";
import { silentLog } from "../../../lib/log.ts";
import { putVersion } from "../../../lib/ml/assets/asset-writes.ts";
import { findContainer, findVersion, versionsOf } from "../../../lib/ml/assets/assets.ts";
import { openDatastore } from "../../../lib/ml/assets/datastores.ts";
import { endpointCredential, endpointWrite, findEndpoint, putEndpoint } from "../../../lib/ml/endpoints/endpoints.ts";
import { findJob, putJob } from "../../../lib/ml/jobs/jobs.ts";
import { openLocal } from "../ml/world.ts";
import { answeredBy } from "./answered-by.ts";

type Between = (request: PipelineRequest, send: () => Promise<PipelineResponse>) => Promise<PipelineResponse>;

const answered = (request: PipelineRequest, status: number, text: string, type?: string): PipelineResponse => ({
  request,
  status,
  headers: createHttpHeaders(type === undefined ? {} : { "Content-Type": type }),
  bodyAsText: text,
});

const HTML = "<!DOCTYPE html><html><body>Sign in to continue</body></html>";

/** Answers with a 2xx that are none, by what they hold. */
type Broken = readonly [what: string, text: string, type?: string];
const NONE: readonly Broken[] = [
  ["HTML", HTML, "text/html; charset=utf-8"],
  ["nothing", ""],
  ["HTML called JSON", HTML, "application/json"],
  ["cut JSON", '{"id":"/subscriptions/0/x","properties":{"a":', "application/json"],
  ["a JSON text", '"Succeeded"', "application/json"],
  ["a JSON list", "[]", "application/json"],
  ["null", "null", "application/json"],
  ["JSON called text", '{"value":[],"status":"Succeeded","properties":{}}', "text/plain"],
  ["another object", '{"hello":"world"}', "application/json"],
];

/** The fault on requests that match, `times` of them; `processed`: after the cloud has done what was asked. */
function faulty(
  matches: (request: PipelineRequest) => boolean,
  [, text, type]: Broken,
  more: { times?: number; processed?: boolean; status?: number } = {},
): { between: Between; met: () => number } {
  let met = 0;
  return {
    met: () => met,
    between: async (request, send) => {
      if (!matches(request) || met >= (more.times ?? 1)) return send();
      met += 1;
      if (more.processed) await send();
      return answered(request, more.status ?? 200, text, type);
    },
  };
}

const at = (method: string, path: RegExp) => (request: PipelineRequest) =>
  request.method === method && path.test(new URL(request.url).pathname);

let counter = 0;
const fresh = (kind: string) => `${kind}-${process.pid}-${++counter}`;
const DATA = { properties: { dataType: "uri_file", dataUri: "https://example.org/data.csv" } };

async function aVersion(name: string) {
  await putVersion(await openLocal(), "data", name, "1", DATA);
}

describe("an answer that is none", () => {
  for (const none of NONE) {
    const [what] = none;
    it(`${what} is no answer to the reading of an endpoint: it is read again`, async () => {
      const name = fresh("ep");
      await putEndpoint(
        await openLocal(),
        name,
        endpointWrite(name, { location: "eastus", properties: { authMode: "Key" } }),
      );
      const fault = faulty(at("GET", /\/onlineEndpoints\/[^/]+$/), none);
      const workspace = await openLocal({ between: fault.between });
      const found = await findEndpoint(workspace, name);
      assert.equal(fault.met(), 1);
      assert.equal(found?.name, name);
    });

    it(`${what} is no empty list of versions: it is read again`, async () => {
      const name = fresh("data");
      await aVersion(name);
      const fault = faulty(at("GET", /\/versions$/), none);
      const workspace = await openLocal({ between: fault.between });
      const names: (string | undefined)[] = [];
      for await (const one of versionsOf(workspace, "data", name)) names.push(one.name);
      assert.deepEqual(names, ["1"]);
    });

    for (const processed of [true, false]) {
      it(`${what} is no answer to the PUT of a version that was ${processed ? "" : "not "}made`, async () => {
        const name = fresh("data");
        const fault = faulty(at("PUT", /\/versions\/1$/), none, { processed });
        const workspace = await openLocal({ between: fault.between });
        const put = await putVersion(workspace, "data", name, "1", DATA);
        assert.match(put.id, /\/versions\/1$/);
        assert.equal((await findVersion(await openLocal(), "data", name, "1"))?.name, "1");
      });

      it(`${what} is no answer to the PUT of a job that was ${processed ? "" : "not "}submitted`, async () => {
        const name = fresh("job");
        const fault = faulty(at("PUT", /\/jobs\/[^/]+$/), none, { processed });
        const workspace = await openLocal({ between: fault.between });
        const body = {
          jobType: "Command",
          command: "echo hello",
          environmentId: "azureml://registries/azureml/environments/sklearn-1.5/versions/1",
          computeId: `${workspace.id}/computes/cpu-cluster`,
        };
        const { job } = await putJob(workspace, {
          method: "PUT",
          path: `jobs/${name}`,
          apiVersion: "2025-01-01-preview",
          name,
          body: { properties: body },
        });
        assert.equal(job.name, name);
        assert.ok(job.properties?.status, "the job has a status");
        assert.ok(await findJob(await openLocal(), name), "the job is there");
      });
    }
  }

  for (const none of NONE.slice(0, 2)) {
    it(`a 404 in ${none[0]} does not say that a version is not there`, async () => {
      const name = fresh("data");
      await aVersion(name);
      const fault = faulty(at("GET", /\/versions\/1$/), none, { status: 404 });
      const workspace = await openLocal({ between: fault.between });
      assert.ok(await findVersion(workspace, "data", name, "1"));
    });
  }

  it("says what came, how often it asked, and nothing of the body, where no answer is one", async () => {
    const fault = faulty(at("GET", /\/data\/[^/]+$/), ["", `${HTML}<p>secret-page</p>`, "text/html"], { times: 99 });
    const workspace = await openLocal({ between: fault.between });
    await assert.rejects(findContainer(workspace, "data", "x"), (error: Error & { kind?: string }) => {
      assert.equal(error.kind, "service");
      assert.match(error.message, /read the data asset x/);
      assert.match(error.message, new RegExp(`${fault.met()} times`));
      assert.doesNotMatch(error.message, /secret-page|undefined/);
      return true;
    });
  });

  it("a write whose outcome stays unknown fails, and says so and how to look", async () => {
    const name = fresh("data");
    const fault = faulty((request) => /\/data\//.test(request.url), ["", HTML, "text/html"], { times: 99 });
    const workspace = await openLocal({ between: fault.between });
    await assert.rejects(putVersion(workspace, "data", name, "1", DATA), (error: Error & { hint?: string }) => {
      assert.match(error.message, /not known whether/);
      assert.match(error.hint ?? "", /[Ll]ook/);
      return true;
    });
  });
});

describe("secrets in answers", () => {
  const SECRET = "c2VjcmV0LWtleS1vZi10aGUtYWNjb3VudA==";
  const bodies = [
    ["cut JSON", `{"secretsType":"AccountKey","key":"${SECRET}`, "application/json"],
    ["plain text", `key: ${SECRET}`, "text/plain"],
    ["keys cut", `{"primaryKey":"${SECRET}","secondaryKey":"${SECRET}`, "application/json"],
  ] as const;
  it("are in no error and in no log, however their answer is broken", async () => {
    const cases = bodies.flatMap((body) => [200, 400, 500].map((status) => ({ body, status })));
    const name = fresh("ep");
    await putEndpoint(
      await openLocal(),
      name,
      endpointWrite(name, { location: "eastus", properties: { authMode: "Key" } }),
    );
    await Promise.all(
      cases.map(async ({ body, status }) => {
        const fault = faulty(at("POST", /\/(listSecrets|listKeys)$/), body, { times: 99, status });
        const workspace = await openLocal({ between: fault.between });
        const [store, keys] = await Promise.allSettled([
          openDatastore(workspace, "workspaceblobstore"),
          endpointCredential(workspace, name, "Key"),
        ]);
        assert.equal(keys.status, "rejected", `${body[0]}, ${status}`);
        for (const one of [store, keys]) {
          if (one.status === "fulfilled") continue;
          const { message, hint, stack, cause } = one.reason as Error & { hint?: string };
          assert.doesNotMatch([message, hint, stack, String(cause)].join("\n"), new RegExp(SECRET.slice(0, 12)));
        }
        assert.doesNotMatch(workspace.log.text(), new RegExp(SECRET.slice(0, 12)));
      }),
    );
  });
});

describe("parts of an address", () => {
  const refused = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "../x",
    "a%2Fb",
    "%2e%2e",
    "a?b",
    "a#b",
    "a\nb",
    "a\u0000b",
    "a\u007fb",
  ];
  for (const name of refused) {
    it(`${JSON.stringify(name)} is no name, and nothing is asked`, async () => {
      const asked: string[] = [];
      const workspace = await openLocal({ onRequest: (method, url) => void asked.push(`${method} ${url}`) });
      const before = asked.length;
      const works = [
        () => findVersion(workspace, "data", name, "1"),
        () => findVersion(workspace, "models", "m", name),
        () => putVersion(workspace, "data", name, "1", DATA),
        () => findContainer(workspace, "environments", name),
        () => findEndpoint(workspace, name),
        () => findJob(workspace, name),
      ];
      for (const work of works) {
        await assert.rejects(async () => work(), { kind: "input" });
      }
      assert.deepEqual(asked.slice(before), []);
    });
  }

  it("whatever a name holds, the request goes to the resource of that name or is not sent", async () => {
    const paths: string[] = [];
    const azure = answeredBy((request) => {
      paths.push(new URL(request.url).pathname);
      return answered(request, 404, '{"error":{"code":"NotFound","message":"no"}}', "application/json");
    });
    const home = { azure, log: silentLog, signal: new AbortController().signal, name: "ws", id: "/base" };
    const part = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("..", ".", "../..", "%2e%2e"));
    await fc.assert(
      fc.asyncProperty(part, part, async (name, version) => {
        paths.length = 0;
        await findVersion(home as never, "data", name, version).catch((error) => {
          assert.equal(error.kind, "input");
        });
        for (const path of paths) {
          const [, base, kind, one, word, other, ...rest] = path.split("/");
          assert.deepEqual([base, kind, word, rest.length], ["base", "data", "versions", 0]);
          assert.deepEqual([decodeURIComponent(one ?? ""), decodeURIComponent(other ?? "")], [name, version]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("a path that the parser of addresses changes is not asked", async () => {
    const workspace = await openLocal();
    const asked: string[] = [];
    const watching = await openLocal({ onRequest: (_method, url) => void asked.push(url) });
    const before = asked.length;
    for (const path of ["/data/../jobs/x", "/data/%2e%2e/x", "/data/..\\x", "/data/x?api-version=1", "/data/x#y"])
      await assert.rejects(watching.azure.request("GET", workspace.id + path), { kind: "input" }, path);
    assert.deepEqual(asked.slice(before), []);
  });
});

describe("an operation whose status cannot be read", () => {
  for (const none of NONE.filter(([what]) => what !== "JSON called text")) {
    it(`goes on: ${none[0]} is no end`, async () => {
      const name = fresh("ep");
      const fault = faulty(at("GET", /\/mfeOperationsStatus\//), none, { times: 2 });
      const workspace = await openLocal({ between: fault.between });
      const body = { location: "eastus", properties: { authMode: "Key" } };
      const put = await workspace.azure.request("PUT", `${workspace.id}/onlineEndpoints/${name}`, { body });
      await finish(workspace.azure, put, { what: "the endpoint to be ready" });
      const endpoint = await findEndpoint(workspace, name);
      assert.equal(endpoint?.properties.provisioningState, "Succeeded");
    });
  }
});
