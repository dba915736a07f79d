// Long-running operations in each form the service has, against scripted answers: none of them can be had on demand.
import assert from "node:assert/strict";
import { createHttpHeaders, type HttpClient } from "@azure/core-rest-pipeline";
import { AzureMl, clouds, finish } from "../../../lib/azure/index.ts";
import { silentLog } from "../../../lib/log.ts";

interface Scripted {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** A client whose every request is answered by the next line of the script. */
function scripted(script: Scripted[]) {
  const asked: string[] = [];
  const httpClient: HttpClient = {
    async sendRequest(request) {
      asked.push(`${request.method} ${request.url}`);
      const next = script.shift();
      assert.ok(next, `nobody expected ${request.method} ${request.url}`);
      const { status = 200, headers = {}, body } = next;
      return {
        request,
        status,
        headers: createHttpHeaders(headers),
        bodyAsText: body === undefined ? "" : JSON.stringify(body),
      };
    },
  };
  const azure = new AzureMl({
    cloud: clouds.AzureCloud,
    credential: { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) },
    transport: { httpClient, userAgent: "test", close() {} },
    subscriptionId: "s",
    log: silentLog,
  });
  return { azure, asked };
}

const arm = clouds.AzureCloud.resourceManager;
const operation = { "Azure-AsyncOperation": `${arm}/subscriptions/s/providers/x/operations/1?api-version=2022-10-01` };
const quick = { "Retry-After": "0" };
const put = (azure: AzureMl) => azure.request("PUT", "/subscriptions/s/x", { body: {} });

describe("long-running operations", () => {
  it("follows Azure-AsyncOperation to its success and says the states on the way", async () => {
    const states: string[] = [];
    const { azure, asked } = scripted([
      { status: 201, headers: { ...operation, Location: `${arm}/subscriptions/s/x` }, body: {} },
      { headers: quick, body: { status: "Updating", percentComplete: 0 } },
      { headers: quick, body: { status: "Updating", percentComplete: 50 } },
      { body: { status: "Succeeded", percentComplete: 100 } },
    ]);
    await finish(azure, await put(azure), { what: "x to be ready", onState: (state) => states.push(state) });
    assert.deepEqual(states, ["Updating", "Succeeded"]);
    assert.equal(asked.length, 4);
  });

  it("says why an operation failed, in the service's words", async () => {
    const error = { code: "OutOfQuota", message: "Not enough quota available for Standard_DS3_v2." };
    const { azure } = scripted([
      { status: 201, headers: operation, body: {} },
      { headers: { "x-ms-request-id": "r9" }, body: { status: "Failed", error } },
    ]);
    await assert.rejects(finish(azure, await put(azure), { what: "the deployment blue to be ready" }), {
      kind: "failed",
      code: "OutOfQuota",
      requestId: "r9",
      message:
        "Azure gave up on the deployment blue to be ready (OutOfQuota): Not enough quota available for Standard_DS3_v2.",
    });
  });

  it("takes the reason before the message for the code, where a failure has none, as recorded", async () => {
    const text = "Not enough quota: 8 cores are asked for, and 6 are left.";
    const failed = {
      message: `OutOfQuota: ${text}`,
      details: [],
      additionalInfo: [{ type: "MmsOperation", info: {} }],
    };
    const { azure } = scripted([
      { status: 201, headers: operation, body: {} },
      { body: { error: failed, status: "Failed" } },
    ]);
    await assert.rejects(finish(azure, await put(azure), { what: "the deployment blue to be ready" }), {
      kind: "failed",
      code: "OutOfQuota",
      message: `Azure gave up on the deployment blue to be ready (OutOfQuota): ${text}`,
    });
  });

  for (const none of [null, "None"]) {
    it(`takes the code ${none} for no code`, async () => {
      const error = { code: none, message: "ResourceNotReady: User container has crashed or terminated" };
      const { azure } = scripted([
        { status: 201, headers: operation, body: {} },
        { body: { error, status: "Failed" } },
      ]);
      await assert.rejects(finish(azure, await put(azure), { what: "the deployment blue to be ready" }), {
        code: "ResourceNotReady",
        message: /\(ResourceNotReady\): User container has crashed/,
      });
    });
  }

  it("takes Canceled without a word for a failure too", async () => {
    const { azure } = scripted([{ status: 201, headers: operation, body: {} }, { body: { status: "Canceled" } }]);
    await assert.rejects(finish(azure, await put(azure), { what: "x" }), { kind: "failed", message: /Canceled/ });
  });

  it("follows a Location from 202 to 200 without a body", async () => {
    const location = { Location: `${arm}/subscriptions/s/providers/x/mfeOperationResults/jc:1?api-version=2022-10-01` };
    const { azure, asked } = scripted([
      { status: 202, headers: location, body: null },
      { status: 202, headers: { ...location, ...quick }, body: {} },
      { status: 200 },
    ]);
    await finish(azure, await azure.request("POST", "/subscriptions/s/x/cancel"), { what: "the job to be cancelled" });
    assert.equal(asked.length, 3);
  });

  it("looks at the resource where only its body tells", async () => {
    const { azure, asked } = scripted([
      { status: 200, body: { properties: { provisioningState: "Creating" } } },
      { headers: quick, body: { properties: { provisioningState: "Creating" } } },
      { body: { properties: { provisioningState: "Succeeded" } } },
    ]);
    await finish(azure, await put(azure), { what: "x" });
    assert.match(asked[1] ?? "", /^GET https:\/\/management\.azure\.com\/subscriptions\/s\/x\?api-version=/);
  });

  it("is done at once where there is nothing to wait for", async () => {
    const { azure, asked } = scripted([{ status: 200, body: { properties: { provisioningState: "Succeeded" } } }]);
    await finish(azure, await put(azure), { what: "x" });
    assert.equal(asked.length, 1);
  });

  it("gives up at the deadline", async () => {
    const { azure } = scripted([
      { status: 201, headers: operation, body: {} },
      ...Array.from({ length: 9 }, () => ({ headers: quick, body: { status: "Updating" } })),
    ]);
    await assert.rejects(finish(azure, await put(azure), { what: "x", deadline: 0 }), { kind: "timeout" });
  });

  it("sends no token where the service did not say that it is its own", async () => {
    const { azure, asked } = scripted([
      { status: 201, headers: { "Azure-AsyncOperation": "https://evil.example/operations/1" }, body: {} },
    ]);
    await assert.rejects(finish(azure, await put(azure), { what: "x" }), { kind: "service", message: /evil\.example/ });
    assert.equal(asked.length, 1);
  });

  it("follows nextLink as it stands", async () => {
    const { azure, asked } = scripted([
      { body: { value: [1, 2], nextLink: `${arm}/subscriptions/s/x?api-version=2024-04-01&$skip=opaque%2F` } },
      { body: { value: [3], nextLink: null } },
    ]);
    const all: number[] = [];
    for await (const one of azure.list<number>("/subscriptions/s/x", { query: { $top: 2 } })) all.push(one);
    assert.deepEqual(all, [1, 2, 3]);
    assert.equal(asked[1], `GET ${arm}/subscriptions/s/x?api-version=2024-04-01&$skip=opaque%2F`);
  });

  it("asks again while Azure is throttling, and says so when it goes on", async () => {
    const busy = { status: 429, headers: quick, body: { error: { code: "TooManyRequests", message: "Slow down" } } };
    const calm = scripted([busy, busy, { body: { value: 1 } }]);
    assert.equal((await calm.azure.request<{ value: number }>("GET", "/subscriptions/s/x")).body?.value, 1);
    const never = scripted(Array.from({ length: 6 }, () => busy));
    await assert.rejects(never.azure.request("GET", "/subscriptions/s/x", { doing: "read x" }), {
      kind: "service",
      status: 429,
      message: /throttling .*read x: Slow down/,
    });
    assert.equal(never.asked.length, 6);
  });

  it("stops in the middle of its pauses when the task is cancelled", async () => {
    const controller = new AbortController();
    const { azure } = scripted([{ status: 429, headers: { "Retry-After": "60" } }]);
    setTimeout(() => controller.abort(new Error("cancelled by the pipeline")), 20);
    await assert.rejects(
      azure.request("GET", "/subscriptions/s/x", { signal: controller.signal }),
      /cancelled by the pipeline/,
    );
  });
});
