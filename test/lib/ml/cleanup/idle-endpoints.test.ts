// Idleness by Azure Monitor: zero in every minute says that no request came, absent says nothing, a request anywhere in the hours is one.
import assert from "node:assert/strict";
import { requestsOf } from "../../../../lib/ml/cleanup/idle-endpoints.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import { endpointRequest, make } from "../../../local/azure/online-scripts.ts";
import { answered, openLocal, theCloud } from "../world.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe("the requests of an endpoint, asked of Azure Monitor", () => {
  const name = "asked-for-requests";
  before(async () => {
    const cloud = await theCloud();
    await make(cloud, `/onlineEndpoints/${name}`, endpointRequest());
  });

  const seed = async (ago: number) =>
    seedMinutes((await theCloud()).azure, [{ endpoint: name, deployment: "blue", ago, span: MINUTE, requests: 2 }]);

  it("are not known before the first one ever", async () => {
    const workspace = await openLocal();
    assert.equal((await requestsOf(workspace, name, 72)).kind, "unknown");
  });

  it("are none where the last one came before the hours, over more than a week", async () => {
    await seed(10 * 24 * HOUR);
    const workspace = await openLocal();
    assert.deepEqual(await requestsOf(workspace, name, 72), { kind: "none" });
    assert.deepEqual(await requestsOf(workspace, name, 9 * 24), { kind: "none" });
    assert.deepEqual(await requestsOf(workspace, name, 11 * 24), { kind: "some" });
  });

  it("are asked for the last day first, and no further where one came then", async () => {
    await seed(3 * HOUR);
    const asked: string[] = [];
    const workspace = await openLocal({ onRequest: (_method, url) => void asked.push(url) });
    asked.length = 0;
    assert.deepEqual(await requestsOf(workspace, name, 20 * 24), { kind: "some" });
    assert.equal(asked.length, 1);
  });

  it("are not known where Azure Monitor refuses, and the reason is told", async () => {
    const forbidden = { error: { code: "AuthorizationFailed", message: "The client has no metrics/read." } };
    const workspace = await openLocal({
      between: async (request, send) => (request.url.includes("Insights") ? answered(request, 403, forbidden) : send()),
    });
    const requests = await requestsOf(workspace, name, 72);
    assert.equal(requests.kind, "unknown");
    assert.match(requests.kind === "unknown" ? requests.why : "", /^the metrics cannot be read: /);
  });

  it("are not known where a metric comes with an error of its own", async () => {
    const failed = { value: [{ errorCode: "InternalError", timeseries: [] }] };
    const workspace = await openLocal({
      between: async (request, send) => (request.url.includes("Insights") ? answered(request, 200, failed) : send()),
    });
    assert.equal((await requestsOf(workspace, name, 72)).kind, "unknown");
  });

  it("are not known where one minute of three days has no value", async () => {
    await seed(10 * 24 * HOUR);
    const workspace = await openLocal({
      async between(request, send) {
        const response = await send();
        if (!request.url.includes("Insights")) return response;
        const body = JSON.parse(response.bodyAsText ?? "");
        for (const { timeseries } of body.value) delete timeseries[0].data[7].average;
        return { ...response, bodyAsText: JSON.stringify(body) };
      },
    });
    // Another endpoint, to which no request came lately.
    seedMinutes((await theCloud()).azure, [
      { endpoint: `${name}-2`, deployment: "blue", ago: 10 * 24 * HOUR, span: MINUTE, requests: 2 },
    ]);
    await make(await theCloud(), `/onlineEndpoints/${name}-2`, endpointRequest());
    assert.deepEqual(await requestsOf(await openLocal(), `${name}-2`, 72), { kind: "none" });
    const requests = await requestsOf(workspace, `${name}-2`, 72);
    assert.equal(requests.kind, "unknown");
    assert.match(requests.kind === "unknown" ? requests.why : "", /so it is not known whether it had any$/);
  });
});
