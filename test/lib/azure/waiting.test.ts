// Waits, retries, removals and readings that contradict each other: local Azure with a fault in between, and scripted answers
// where local Azure has no such answer.
import assert from "node:assert/strict";
import { createHttpHeaders, type PipelineRequest, type PipelineResponse, RestError } from "@azure/core-rest-pipeline";
import fc from "fast-check";
import { readErrorBody, unreachable } from "../../../lib/azure/failure.ts";
import { type AzureMl, clouds, finish, parseArmId } from "../../../lib/azure/index.ts";
import { patience } from "../../../lib/azure/retry.ts";
import { silentLog } from "../../../lib/log.ts";
import { putVersion } from "../../../lib/ml/assets/asset-writes.ts";
import { nextVersion, versionsOf } from "../../../lib/ml/assets/assets.ts";
import { deleteDeployment } from "../../../lib/ml/endpoints/deployments.ts";
import { endpointWrite, findEndpoint, putEndpoint } from "../../../lib/ml/endpoints/endpoints.ts";
import { parseExpectations } from "../../../lib/ml/endpoints/expectations.ts";
import { invoke } from "../../../lib/ml/endpoints/invoke.ts";
import { openLocal } from "../ml/world.ts";
import { answeredBy } from "./answered-by.ts";

interface Scripted {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly text?: string;
  readonly body?: unknown;
}

/** A client that is answered by the script, whose last line is repeated. */
function scripted(...script: readonly Scripted[]) {
  const asked: string[] = [];
  const azure = answeredBy((request) => {
    const { status = 200, headers = {}, text, body } = script[Math.min(asked.length, script.length - 1)] ?? {};
    asked.push(`${request.method} ${request.url}`);
    const bodyAsText = text ?? (body === undefined ? "" : JSON.stringify(body));
    const type = text === undefined ? "application/json" : "text/html";
    return { request, status, headers: createHttpHeaders({ "content-type": type, ...headers }), bodyAsText };
  });
  return { azure, asked };
}

const arm = clouds.AzureCloud.resourceManager;
const status = `${arm}/subscriptions/s/operations/1?api-version=2022-10-01`;
const begun: Scripted = { status: 201, headers: { "Azure-AsyncOperation": status }, body: { properties: {} } };
const accepted: Scripted = { status: 202, headers: { Location: status }, body: null };
const notFound: Scripted = { status: 404, body: { error: { code: "NotFound", message: "There is no operation." } } };
const put = (azure: AzureMl) => azure.request("PUT", "/subscriptions/s/x", { body: {} });
const cancel = (azure: AzureMl) => azure.request("POST", "/subscriptions/s/x/cancel");

type Between = (request: PipelineRequest, send: () => Promise<PipelineResponse>) => Promise<PipelineResponse>;
const answering = (matches: (request: PipelineRequest) => boolean, times: number, answer: Scripted, after = false) => {
  let met = 0;
  const between: Between = async (request, send) => {
    if (!matches(request) || met >= times) return send();
    met += 1;
    if (after) await send();
    const text = answer.text ?? (answer.body === undefined ? "" : JSON.stringify(answer.body));
    const type = answer.text === undefined ? "application/json" : "text/html";
    return {
      request,
      status: answer.status ?? 200,
      headers: createHttpHeaders({ "content-type": type }),
      bodyAsText: text,
    };
  };
  return { between, met: () => met };
};
const path = (request: PipelineRequest) => new URL(request.url).pathname;
let counter = 0;
const fresh = (kind: string) => `${kind}-w${process.pid}-${++counter}`;

describe("pauses between questions", () => {
  const strategy = patience(() => 0);
  const told = (value: string) =>
    strategy.retry({
      retryCount: 2,
      response: {
        request: {} as PipelineRequest,
        status: 503,
        headers: createHttpHeaders({ "Retry-After": value }),
      },
    }).retryAfterInMs ?? 0;

  for (const value of [
    "0",
    "0.001",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "-5",
    "soon",
    "",
    "1e9",
    "99999999999999999999",
  ]) {
    it(`are not shortened, and not endless, by Retry-After "${value}"`, () => {
      assert.ok(told(value) >= 2000, `${told(value)} ms`);
      assert.ok(told(value) <= 120_000, `${told(value)} ms`);
    });
  }

  it("are not shortened by Retry-After of an operation that goes on", async () => {
    const { azure, asked } = scripted(begun, { headers: { "Retry-After": "0" }, body: { status: "Updating" } });
    await assert.rejects(finish(azure, await put(azure), { what: "x", deadline: 2_000 }), { kind: "timeout" });
    assert.ok(asked.length <= 8, `${asked.length} requests`);
  });

  it("a failure says how often it was really asked", async () => {
    const refused = scripted({ status: 409, body: { error: { code: "Conflict", message: "No" } } });
    await assert.rejects(refused.azure.request("GET", "/subscriptions/s/x"), (error: Error) => {
      assert.doesNotMatch(error.message, /times/);
      return true;
    });
    const away = scripted({ status: 503, body: {} });
    await assert.rejects(away.azure.request("GET", "/subscriptions/s/x"), (error: Error) => {
      assert.match(error.message, new RegExp(`asked ${away.asked.length} times`));
      return true;
    });
  });
});

describe("an operation", () => {
  it("goes on where its address answers 404 once", async () => {
    const { azure } = scripted(begun, notFound, { body: { status: "Succeeded" } });
    await finish(azure, await put(azure), { what: "x to be ready" });
  });

  it("that failed is no success where only its results tell", async () => {
    const failed = { status: "Failed", error: { code: "OutOfQuota", message: "No quota." } };
    const { azure } = scripted(accepted, { status: 202, body: {} }, { status: 200, body: failed });
    await assert.rejects(finish(azure, await cancel(azure), { what: "x" }), { kind: "failed", message: /No quota/ });
  });

  it("whose results are answered with a page goes on", async () => {
    const { azure, asked } = scripted(accepted, { text: "<html>sign in</html>" }, { status: 200 });
    await finish(azure, await cancel(azure), { what: "x" });
    assert.equal(asked.length, 3);
  });

  for (const state of ["", " ", "Pondering"]) {
    it(`in the state "${state}" ends with a sentence at the deadline`, async () => {
      const { azure } = scripted(begun, { body: { status: state } });
      await assert.rejects(finish(azure, await put(azure), { what: "x to be ready", deadline: 1 }), (error: Error) => {
        assert.match(error.message, /x to be ready/);
        assert.doesNotMatch(error.message, /undefined/);
        return true;
      });
    });
  }
});

describe("a removal", () => {
  for (const [what, answer] of [
    ["a page", { text: "<html>hello</html>" }],
    ["an empty 200", {}],
    ["an empty 404", { status: 404 }],
  ] as const) {
    it(`is not done because ${what} came back`, async () => {
      const workspace = await openLocal();
      const name = fresh("ep");
      await putEndpoint(workspace, name, endpointWrite(name, { location: "eastus", properties: { authMode: "Key" } }));
      const fault = answering((request) => request.method === "DELETE", 1, answer);
      const faulty = await openLocal({ between: fault.between });
      const gone = await faulty.azure.request("DELETE", `${faulty.id}/onlineEndpoints/${name}`, { expect: [404] });
      await finish(faulty.azure, gone, { what: "the endpoint to be deleted" });
      assert.equal(fault.met(), 1);
      assert.equal(await findEndpoint(workspace, name), undefined);
    });
  }

  it("of a deployment that is not there is fine", async () => {
    const workspace = await openLocal();
    const name = fresh("ep");
    await putEndpoint(workspace, name, endpointWrite(name, { location: "eastus", properties: { authMode: "Key" } }));
    await deleteDeployment(workspace, name, "blue");
  });
});

describe("readings that contradict each other", () => {
  const told: Scripted = { status: 404, body: { error: { code: "NotFound", message: "It is not there." } } };

  it("are read again: an endpoint that is not there, and has deployments", async () => {
    const { azure, asked } = scripted();
    assert.equal(asked.length, 0);
    assert.ok(azure);
    const name = fresh("ep");
    await putEndpoint(
      await openLocal(),
      name,
      endpointWrite(name, { location: "eastus", properties: { authMode: "Key" } }),
    );
    for (const [times, isFound] of [
      [1, true],
      [99, false],
    ] as const) {
      const missing = answering((request) => /\/onlineEndpoints\/[^/]+$/.test(path(request)), times, told);
      const between: Between = (request, send) =>
        /\/deployments$/.test(path(request))
          ? Promise.resolve({
              request,
              status: 200,
              headers: createHttpHeaders({ "content-type": "application/json" }),
              bodyAsText: JSON.stringify({ value: [{ name: "blue", properties: {} }] }),
            })
          : missing.between(request, send);
      const workspace = await openLocal({ between });
      if (isFound) assert.equal((await findEndpoint(workspace, name))?.name, name);
      else await assert.rejects(findEndpoint(workspace, name), { kind: "service", message: /contradict/ });
    }
  });

  it("are read again: no list of versions of an asset that is there", async () => {
    const name = fresh("data");
    const body = { properties: { dataType: "uri_file", dataUri: "https://example.org/x.csv" } };
    await putVersion(await openLocal(), "data", name, "1", body);
    const fault = answering((request) => /\/versions$/.test(path(request)), 1, told);
    const workspace = await openLocal({ between: fault.between });
    const found: unknown[] = [];
    for await (const one of versionsOf(workspace, "data", name)) found.push(one.name);
    assert.deepEqual(found, ["1"]);
  });

  it("are read again: versions of an asset that is not there", async () => {
    const name = fresh("data");
    const body = { properties: { dataType: "uri_file", dataUri: "https://example.org/x.csv" } };
    await putVersion(await openLocal(), "data", name, "1", body);
    const fault = answering((request) => request.method === "GET" && /\/data\/[^/]+$/.test(path(request)), 1, told);
    const workspace = await openLocal({ between: fault.between });
    assert.equal(await nextVersion(workspace, "data", name), "2");
  });
});

describe("answers of an endpoint", () => {
  const endpoint = { name: "e", properties: { scoringUri: "https://e.example.org/score" } };
  const call = { request: "{}", expectations: [] };
  const calling = (azure: AzureMl) =>
    ({ azure, log: silentLog, signal: new AbortController().signal, name: "ws" }) as never;

  for (const redirect of [301, 302, 303, 307, 308, 304, 300]) {
    it(`are none with status ${redirect}, and its address is not called`, async () => {
      const { azure, asked } = scripted({ status: redirect, headers: { Location: "https://other.example/score" } });
      await assert.rejects(invoke(calling(azure), endpoint, "key", call), { kind: "failed" });
      assert.equal(asked.length, 1);
    });
  }

  it("that lie too deep are refused with a sentence", async () => {
    for (const deep of [
      `${"[".repeat(50_000)}1${"]".repeat(50_000)}`,
      `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`,
    ]) {
      for (const text of [deep, JSON.stringify(deep)]) {
        const { azure } = scripted({ text });
        const expectations = parseExpectations("$..b == 1\n$ == [1]");
        await assert.rejects(invoke(calling(azure), endpoint, "key", { ...call, expectations }), (error: Error) => {
          assert.equal(error.name, "TaskError");
          assert.ok(error.message.length < 5_000, `${error.message.length} characters`);
          return true;
        });
      }
    }
  });
});

describe("lists", () => {
  it("that go on at another origin get no token there", async () => {
    const elsewhere: string[] = [];
    const between: Between = async (request, send) => {
      if (/other\.example/.test(request.url)) elsewhere.push(request.url);
      if (request.method !== "GET" || !/\/workspaces$/.test(path(request))) return send();
      return {
        request,
        status: 200,
        headers: createHttpHeaders({ "content-type": "application/json" }),
        bodyAsText: JSON.stringify({ value: [{ name: "a", properties: {} }], nextLink: "https://other.example/x" }),
      };
    };
    await assert.rejects(openLocal({ name: "no-such-workspace", between }), { kind: "notFound" });
    assert.deepEqual(elsewhere, []);
  });

  it("that lead in a circle end", async () => {
    const next = `${arm}/subscriptions/s/x?page=2`;
    const { azure, asked } = scripted({ body: { value: [1], nextLink: next } });
    await assert.rejects(
      async () => {
        for await (const _one of azure.list("/subscriptions/s/x")) if (asked.length > 50) break;
        assert.fail("it went on");
      },
      { kind: "service" },
    );
  });
});

describe("text of others", () => {
  it("of any kind becomes an error body without a throw, and a short one", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: "binary" })), (text) => {
        const { message, chain } = readErrorBody(text);
        assert.ok(message === undefined || typeof message === "string");
        assert.ok(chain.every((code) => typeof code === "string"));
      }),
      { numRuns: 500 },
    );
    const anything = fc.anything({ maxDepth: 4 });
    const envelope = fc.record(
      { code: anything, message: anything, details: anything, additionalInfo: anything, innerError: anything },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(envelope, (error) => {
        let text: string;
        try {
          text = JSON.stringify({ error });
        } catch {
          return;
        }
        const { message, chain } = readErrorBody(text);
        assert.ok(message === undefined || typeof message === "string");
        assert.ok(chain.every((code) => typeof code === "string"));
      }),
      { numRuns: 500 },
    );
    const long = readErrorBody(JSON.stringify({ error: { code: "X".repeat(1e6), message: "y".repeat(1e6) } }));
    assert.ok((long.message ?? "").length < 5_000 && (long.chain[0] ?? "").length < 5_000);
  });

  it("that is no id of ARM's is none, however it is escaped", () => {
    const id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w/models/";
    for (const name of ["%zz", "%", "%e0%a4%a", "a%2"]) assert.equal(parseArmId(`${id}${name}/versions/1`), undefined);
  });

  it("of a file on this machine is no word about the network", () => {
    const missing = Object.assign(new Error("ENOENT: no such file or directory, open '/tmp/x'"), {
      code: "ENOENT",
      syscall: "open",
      path: "/tmp/x",
    });
    const { kind, message } = unreachable("upload x", "https://a.blob.core.windows.net/c", missing);
    assert.equal(kind, "input");
    assert.match(message, /\/tmp\/x/);
    assert.doesNotMatch(message, /could not be reached|proxy/);
  });

  it("that a library could not read is not quoted", () => {
    const quoting = new RestError('Unexpected token, "sig=SECRET" is not valid JSON', { code: RestError.PARSE_ERROR });
    for (const error of [quoting, new SyntaxError('Unexpected token "SECRET"'), new TypeError("SECRET of undefined")])
      assert.doesNotMatch(unreachable("list x", "https://a.blob.core.windows.net", error).message, /SECRET|undefined/);
  });
});
