// Online endpoints and deployments on the management plane: bodies, operations, refusals, logs, and the published types.
import assert from "node:assert/strict";
import { type LocalCloud, startCloud } from "../../../../../local/cloud.ts";
import { workspaceAsk } from "../../client.ts";
import {
  brokenInit,
  deploymentRequest,
  endpointRequest,
  make,
  registerCode,
  registerGreeter,
  settled,
} from "../../online-scripts.ts";

describe("local Azure: online endpoints and deployments", () => {
  let cloud: LocalCloud;
  let code: string;
  let broken: string;
  let model: string;
  const put = (path: string, body: object, apiVersion?: string) =>
    workspaceAsk(cloud, "PUT", path, { body, ...(apiVersion === undefined ? {} : { apiVersion }) });

  before(async () => {
    cloud = await startCloud();
    ({ code, model } = await registerGreeter(cloud));
    broken = await registerCode(cloud, "broken", brokenInit);
  });
  after(() => cloud.close());

  it("creates an endpoint as recorded: 201, LRO headers, Creating, then Succeeded with a scoring URI", async () => {
    const { first, end, resource } = await make(
      cloud,
      "/onlineEndpoints/ep-one",
      endpointRequest({ authMode: "AMLToken" }),
      "2022-02-01-preview",
    );
    assert.match(
      first.headers["azure-asyncoperation"] ?? "",
      /\/mfeOperationsStatus\/oe:[0-9a-f-]{36}:[0-9a-f-]{36}\?api-version=2022-02-01-preview$/,
    );
    assert.equal(
      first.headers["location"],
      `${cloud.urls.arm}${cloud.azure.workspaceId}/onlineEndpoints/ep-one?api-version=2022-02-01-preview`,
    );
    assert.equal(first.headers["x-ms-async-operation-timeout"], "PT30M");
    assert.deepEqual(Object.keys(first.body), [
      "id",
      "name",
      "type",
      "properties",
      "systemData",
      "tags",
      "location",
      "kind",
      "identity",
    ]);
    assert.deepEqual(Object.keys(first.body.properties), [
      "description",
      "properties",
      "scoringUri",
      "swaggerUri",
      "authMode",
      "provisioningState",
      "compute",
      "traffic",
      "mirrorTraffic",
      "publicNetworkAccess",
    ]);
    assert.equal(first.body.properties.provisioningState, "Creating");
    assert.equal(first.body.properties.scoringUri, null);
    assert.equal(first.body.properties.properties.AzureAsyncOperationUri, first.headers["azure-asyncoperation"]);
    assert.deepEqual(Object.keys(first.body.systemData), ["createdAt", "createdBy", "lastModifiedAt"]);
    assert.equal(end.status, "Succeeded");
    assert.equal(resource.properties.provisioningState, "Succeeded");
    assert.match(resource.properties.scoringUri, /^https:\/\/localhost:\d+\/score$/);
    assert.match(resource.properties.swaggerUri, /\/swagger\.json$/);
  });

  it("creates a deployment as recorded in 2022: Updating first, defaults once it has succeeded", async () => {
    await make(cloud, "/onlineEndpoints/ep-two", endpointRequest());
    const { first, end, resource } = await make(
      cloud,
      "/onlineEndpoints/ep-two/deployments/blue",
      deploymentRequest(model, code),
      "2022-05-01",
    );
    assert.match(first.headers["azure-asyncoperation"] ?? "", /\/od:/);
    assert.equal(first.body.properties.provisioningState, "Updating");
    assert.equal(first.body.properties.livenessProbe, null);
    assert.equal(first.body.properties.requestSettings.requestTimeout, "PT0S");
    assert.deepEqual(first.body.sku, { name: "Default", tier: "Standard", capacity: 1 });
    assert.equal(end.status, "Succeeded", JSON.stringify(end));
    assert.equal(end.percentComplete, 100);
    assert.equal(resource.properties.provisioningState, "Succeeded");
    assert.deepEqual(resource.properties.livenessProbe, {
      failureThreshold: 30,
      successThreshold: 1,
      timeout: "PT2S",
      period: "PT10S",
      initialDelay: "PT10S",
    });
    assert.equal(resource.properties.requestSettings.requestTimeout, "PT5S");
    const listed = (await workspaceAsk(cloud, "GET", "/onlineEndpoints/ep-two/deployments")).body.value;
    assert.deepEqual(
      listed.map((each: { name: string }) => each.name),
      ["blue"],
    );
    const skus = (await workspaceAsk(cloud, "GET", "/onlineEndpoints/ep-two/deployments/blue/skus")).body.value;
    assert.equal(skus[0].sku.name, "default");
  });

  it("changes traffic by a full PUT: 201, the old weights until the operation has ended", async () => {
    const first = await put("/onlineEndpoints/ep-two", endpointRequest({ traffic: { blue: 100 } }));
    assert.equal(first.status, 201);
    assert.deepEqual(first.body.properties.traffic, {});
    assert.equal(first.body.properties.provisioningState, "Updating");
    assert.match(first.body.properties.scoringUri, /\/score$/);
    await settled(cloud, first);
    assert.deepEqual((await workspaceAsk(cloud, "GET", "/onlineEndpoints/ep-two")).body.properties.traffic, {
      blue: 100,
    });
  });

  it("keeps the time of an endpoint's last change at that of its creation since 2024, as recorded", async () => {
    const times = async () => {
      const { createdAt, lastModifiedAt } = (await workspaceAsk(cloud, "GET", "/onlineEndpoints/ep-times")).body
        .systemData;
      return lastModifiedAt > createdAt;
    };
    const change = async (apiVersion: string) => {
      await make(cloud, "/onlineEndpoints/ep-times", endpointRequest(), apiVersion);
      const body = { tags: { a: apiVersion } };
      await settled(cloud, await workspaceAsk(cloud, "PATCH", "/onlineEndpoints/ep-times", { body, apiVersion }));
      return times();
    };
    assert.deepEqual([await change("2025-12-01"), await change("2022-05-01")], [false, true]);
  });

  it("refuses traffic to what is not there, and sums other than 0 and 100", async () => {
    const refusal = await put("/onlineEndpoints/ep-two", endpointRequest({ traffic: { green: 100 } }));
    assert.equal(refusal.status, 400);
    assert.match(refusal.body.error.message, /'green', which does not exist; there is blue/);
    assert.match(
      (await put("/onlineEndpoints/ep-two", endpointRequest({ traffic: { blue: 90 } }))).body.error.message,
      /sums to 90/,
    );
    assert.match(
      (await put("/onlineEndpoints/ep-two", endpointRequest({ traffic: { blue: 120 } }))).body.error.message,
      /between 0 and 100/,
    );
    assert.match(
      (await put("/onlineEndpoints/ep-two", endpointRequest({ traffic: { blue: 100 }, mirrorTraffic: { blue: 10 } })))
        .body.error.message,
      /live and mirror/,
    );
  });

  it("refuses names that Azure refuses, modes there are not, and assets that do not exist", async () => {
    for (const name of ["ab", "1abc", "abc-", "a_b_c", "a".repeat(33)]) {
      const refusal = await put(`/onlineEndpoints/${name}`, endpointRequest());
      assert.equal(refusal.status, 400, name);
      assert.match(refusal.body.error.message, /3 and 32/);
    }
    assert.equal((await put("/onlineEndpoints/mode", endpointRequest({ authMode: "Password" }))).status, 400);
    const noModel = await put(
      "/onlineEndpoints/ep-two/deployments/green",
      deploymentRequest(model.replace("greeter", "nobody"), code),
    );
    assert.equal(noModel.status, 404);
    assert.match(noModel.body.error.message, /Not found model nobody \(version: 1\)/);
    const noEndpoint = await put("/onlineEndpoints/nowhere/deployments/green", deploymentRequest(model, code));
    assert.equal(noEndpoint.status, 404);
    assert.equal(noEndpoint.body.error.details[0].code, "NoSuchEndpoint");
  });

  it("refuses to delete a deployment that holds traffic", async () => {
    const refusal = await workspaceAsk(cloud, "DELETE", "/onlineEndpoints/ep-two/deployments/blue");
    assert.equal(refusal.status, 400);
    assert.match(refusal.body.error.message, /100 percent of the traffic/);
  });

  it("answers 409 to a second write while an operation runs, and lets two deployments come up at once", async () => {
    await make(cloud, "/onlineEndpoints/busy", endpointRequest());
    const [blue, green] = await Promise.all([
      put("/onlineEndpoints/busy/deployments/blue", deploymentRequest(model, code)),
      put("/onlineEndpoints/busy/deployments/green", deploymentRequest(model, code)),
    ]);
    assert.deepEqual([blue.status, green.status], [201, 201]);
    for (const [method, path, body] of [
      ["PUT", "/onlineEndpoints/busy", endpointRequest()],
      ["PUT", "/onlineEndpoints/busy/deployments/blue", deploymentRequest(model, code)],
      ["DELETE", "/onlineEndpoints/busy", undefined],
    ] as const) {
      const refusal = await workspaceAsk(cloud, method, path, body === undefined ? {} : { body });
      assert.equal(refusal.status, 409, `${method} ${path}`);
    }
    await Promise.all([settled(cloud, blue), settled(cloud, green)]);
  });

  it("fails a deployment whose init() raises, keeps its logs, and leaves the live one alone", async () => {
    const { end, resource } = await make(
      cloud,
      "/onlineEndpoints/ep-two/deployments/broken",
      deploymentRequest(model, broken),
    );
    assert.equal(end.status, "Failed");
    assert.match(end.error.message, /^ResourceNotReady: .*exit code 3/);
    assert.equal(resource.properties.provisioningState, "Failed");
    const logs = async (body: object) =>
      (await workspaceAsk(cloud, "POST", "/onlineEndpoints/ep-two/deployments/broken/getLogs", { body })).body
        .content as string;
    const whole = await logs({ containerType: "InferenceServer" });
    assert.match(whole, /builds and pulls no image/);
    assert.match(whole, /before the fall/);
    assert.match(whole, /RuntimeError: no such weights/);
    assert.match(
      whole,
      /^Instance status:\nSystemSetup: Succeeded\n.*\nUserContainerStart: InProgress\n\n\nContainer events:\n/s,
    );
    assert.match(whole, /Kind: Pod, Name: Downloaded, Type: Normal, Time: \S+Z, Message: Models are downloaded/);
    const [, own = ""] = (await logs({ tail: 2 })).split("Container logs:\n");
    assert.equal(own.trimEnd().split("\n").length, 2);
    assert.match(await logs({ containerType: "StorageInitializer" }), /Copying model greeter:1/);
    assert.equal((await workspaceAsk(cloud, "GET", "/onlineEndpoints/ep-two")).body.properties.traffic.blue, 100);
  });

  it("takes no write of a deployment that never came up, until that has been deleted", async () => {
    const path = "/onlineEndpoints/ep-two/deployments/broken";
    const refused = [
      await put(path, deploymentRequest(model, code)),
      await workspaceAsk(cloud, "PATCH", path, { body: { tags: { a: "b" } } }),
    ];
    for (const { status, body } of refused) {
      assert.deepEqual([status, body.error?.details?.[0]?.code], [400, "InferencingClientCallFailed"]);
      assert.match(
        body.error.details[0].message,
        /Specified deployment \[broken\] failed during initial provisioning and is in an unrecoverable state\. Delete and re-create\./,
      );
    }
    await settled(cloud, await workspaceAsk(cloud, "DELETE", path));
    assert.equal((await make(cloud, path, deploymentRequest(model, code))).end.status, "Succeeded");
    // One that was ready once can be changed after a change that failed.
    assert.equal((await make(cloud, path, deploymentRequest(model, broken))).end.status, "Failed");
    assert.equal((await make(cloud, path, deploymentRequest(model, code))).end.status, "Succeeded");
    await settled(cloud, await workspaceAsk(cloud, "DELETE", path));
  });

  it("fails a deployment whose script is missing or ends its process", async () => {
    const missing = deploymentRequest(model, code, { codeConfiguration: { codeId: code, scoringScript: "other.py" } });
    const { end } = await make(cloud, "/onlineEndpoints/ep-two/deployments/missing", missing);
    assert.match(end.error.message, /^BadArgument: .*no scoring script 'other\.py'/);
    const exits = await registerCode(
      cloud,
      "exits",
      "import os\ndef init():\n    os._exit(9)\ndef run(raw_data):\n    return 1\n",
    );
    assert.match(
      (await make(cloud, "/onlineEndpoints/ep-two/deployments/exits", deploymentRequest(model, exits))).end.error
        .message,
      /exit code 9/,
    );
  });

  it("fails a deployment that does not become ready in time", async () => {
    const hangs = await registerCode(
      cloud,
      "hangs",
      "import time\ndef init():\n    time.sleep(60)\ndef run(raw_data):\n    return 1\n",
    );
    const { ready } = cloud.azure.settings.online;
    cloud.azure.settings.online.ready = 300;
    try {
      const { end } = await make(cloud, "/onlineEndpoints/ep-two/deployments/hangs", deploymentRequest(model, hangs));
      assert.match(end.error.message, /did not become healthy/);
    } finally {
      cloud.azure.settings.online.ready = ready;
    }
  });

  it("lists and renews keys, and hands out tokens, each by the endpoint's mode", async () => {
    const before = (await workspaceAsk(cloud, "POST", "/onlineEndpoints/ep-two/listKeys")).body;
    assert.match(before.primaryKey, /^[A-Za-z0-9]{32}$/);
    const renewed = await workspaceAsk(cloud, "POST", "/onlineEndpoints/ep-two/regenerateKeys", {
      body: { keyType: "Primary" },
    });
    assert.equal(renewed.status, 202);
    await settled(cloud, renewed);
    const after = (await workspaceAsk(cloud, "POST", "/onlineEndpoints/ep-two/listKeys")).body;
    assert.notEqual(after.primaryKey, before.primaryKey);
    assert.equal(after.secondaryKey, before.secondaryKey);
    const token = (await workspaceAsk(cloud, "POST", "/onlineEndpoints/ep-one/token")).body;
    assert.deepEqual(Object.keys(token), ["accessToken", "tokenType", "expiryTimeUtc", "refreshAfterTimeUtc"]);
    assert.equal(token.expiryTimeUtc - token.refreshAfterTimeUtc, 12 * 3600);
    const none = await workspaceAsk(cloud, "POST", "/onlineEndpoints/ep-one/listKeys");
    assert.deepEqual([none.status, none.body], [200, { primaryKey: null, secondaryKey: null }]);
    assert.equal((await workspaceAsk(cloud, "POST", "/onlineEndpoints/ep-two/token")).status, 400);
  });

  it("deletes an endpoint with its deployments: 202 and null, then 404", async () => {
    const gone = await workspaceAsk(cloud, "DELETE", "/onlineEndpoints/busy", { apiVersion: "2022-05-01" });
    assert.equal(gone.status, 202);
    assert.equal(gone.text, "null");
    assert.match(gone.headers["location"] ?? "", /\/mfeOperationResults\/oe:/);
    await settled(cloud, gone);
    const after = await workspaceAsk(cloud, "GET", "/onlineEndpoints/busy");
    assert.equal(after.status, 404);
    assert.equal(after.body.error.message, "The specified resource was not found.");
    assert.equal((await workspaceAsk(cloud, "GET", "/onlineEndpoints/busy/deployments/blue")).status, 404);
    assert.equal((await workspaceAsk(cloud, "DELETE", "/onlineEndpoints/busy")).status, 204);
  });
});
