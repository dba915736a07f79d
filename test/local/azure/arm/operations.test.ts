// Long-running operations of the management plane as recorded in 2022, 2024 and 2025: headers, bodies, states and PATCH.
import assert from "node:assert/strict";
import { type Answer, ask, cloudOfSuite, workspaceAsk } from "../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter, settled } from "../online-scripts.ts";

const RECENT = "2024-04-01";
const OLD = "2022-05-01";

describe("local Azure: long-running operations", () => {
  const suite = cloudOfSuite();
  const call = (method: string, path: string, body?: object, apiVersion = RECENT) =>
    workspaceAsk(suite.cloud, method, path, {
      token: suite.token,
      apiVersion,
      ...(body === undefined ? {} : { body }),
    });
  const at = (url: string | undefined) => ask(suite.cloud, "GET", url ?? "", { token: suite.token });
  const async = (answer: Answer) => answer.headers["azure-asyncoperation"];
  /** `t`, `c`, `s` and `h`, as long as they were recorded. */
  const signed = /&t=\d{18}&c=[\w-]{2600}&s=[\w-]{342}&h=[\w-]{43}$/;

  it("answer the PUT of an online endpoint bare, with long addresses, and show the rest at the next look", async () => {
    const first = await call("PUT", "/onlineEndpoints/bare", endpointRequest());
    assert.equal(first.status, 201);
    assert.deepEqual(Object.keys(first.body), ["id", "name", "type", "properties", "systemData", "tags", "kind"]);
    assert.deepEqual(first.body.systemData, {});
    const { AzureAsyncOperationUri: address, ...others } = first.body.properties.properties;
    assert.deepEqual(others, {}, "the endpoint's own id is not there yet");
    assert.match(address, /mfeOperationsStatus\/oeidp:[0-9a-f-]{36}:[0-9a-f-]{36}\?api-version=2024-04-01$/);
    assert.match(async(first) ?? "", signed);
    assert.equal(first.headers["location"]?.split("?")[1], "api-version=2024-04-01", "the resource's own address");
    assert.equal(first.headers["retry-after"], undefined);

    const running = (await at(async(first))).body;
    const ended = await settled(suite.cloud, first);
    assert.deepEqual(Object.keys(ended), ["id", "name", "status", "startTime", "endTime", "percentComplete"]);
    assert.deepEqual([ended.status, ended.percentComplete], ["Succeeded", 0], "0.0 to the end");
    if (running.status === "Updating") assert.equal(running.endTime, "0001-01-01T00:00:00+00:00");
    const listed = await call("GET", "/onlineEndpoints?name=bare");
    const { location, identity, properties } = listed.body.value[0];
    assert.deepEqual([location, identity.type], ["eastus2", "SystemAssigned"]);
    assert.match(properties.properties["azureml.onlineendpointid"], /\/onlineendpoints\/bare$/);
    assert.match(properties.properties.AzureAsyncOperationUri, /\?name=bare&api-version=2024-04-01$/);
  });

  it("take the address of an operation with or without its signature", async () => {
    const first = await call("PUT", "/onlineEndpoints/bare", endpointRequest());
    await settled(suite.cloud, first);
    const short = async(first)?.split("&t=")[0];
    assert.equal((await at(short)).body.status, "Succeeded");
  });

  it("create a deployment with its defaults from the start, and add variables once it has succeeded", async () => {
    const { code, model } = await registerGreeter(suite.cloud);
    const { first, resource } = await make(
      suite.cloud,
      "/onlineEndpoints/bare/deployments/blue",
      deploymentRequest(model, code, { environmentVariables: { OWN: "1" } }),
      RECENT,
    );
    const { properties } = first.body;
    assert.equal(properties.provisioningState, "Creating");
    assert.equal(properties.requestSettings.requestTimeout, "PT5S");
    assert.equal(properties.readinessProbe.period, "PT10S");
    assert.equal(properties.dataCollector, null);
    assert.deepEqual(properties.environmentVariables, { OWN: "1" });
    assert.deepEqual(
      [resource.properties.environmentVariables["AZUREML_MODEL_DIR"], resource.properties.environmentVariables["OWN"]],
      ["/var/azureml-app/azureml-models/greeter/1", "1"],
    );
    const skus = (await call("GET", "/onlineEndpoints/bare/deployments/blue/skus")).body.value;
    assert.deepEqual(skus[0].sku, { name: "default", tier: "Standard" });
    assert.deepEqual(skus[0].capacity, { minimum: 1, maximum: 50, default: 1, scaleType: "Automatic" });
  });

  it("keep a deployment serving that is written back as it was read", async () => {
    const path = "/onlineEndpoints/bare/deployments/blue";
    const read = (await call("GET", path)).body;
    const { end } = await make(suite.cloud, path, read, RECENT);
    assert.equal(end.status, "Succeeded", JSON.stringify(end));
    assert.deepEqual(
      (await call("GET", path)).body.properties.environmentVariables,
      read.properties.environmentVariables,
    );
  });

  for (const [what, path, body, after] of [
    ["an online endpoint", "/onlineEndpoints/bare", { tags: { key: "value" } }, { tags: { key: "value" } }],
    [
      "an online deployment",
      "/onlineEndpoints/bare/deployments/blue",
      { tags: { key: "value" }, sku: { name: "Default", capacity: 2 } },
      { tags: { key: "value" }, sku: { name: "Default", tier: "Standard", capacity: 2 } },
    ],
  ] as const) {
    it(`change ${what} by PATCH: 202 with a Location alone, 202 there while it goes on, then 200`, async () => {
      const first = await call("PATCH", path, body);
      assert.deepEqual([first.status, first.text, async(first)], [202, "", undefined]);
      assert.equal(first.headers["x-ms-async-operation-timeout"], "PT30M");
      assert.match(first.headers["location"] ?? "", /\/mfeOperationResults\/o[ed]idp:/);
      const early = await at(first.headers["location"]);
      if (early.status === 202) assert.equal(early.body.status, "Updating");
      const end = await settled(suite.cloud, first);
      assert.equal(end.status, "Succeeded");
      assert.match(end.id, /\/mfeOperationResults\//);
      const resource = (await call("GET", path)).body;
      for (const [key, value] of Object.entries(after)) assert.deepEqual(resource[key], value, key);
      assert.match(resource.properties.properties.AzureAsyncOperationUri, /\/mfeOperationsStatus\//);
      assert.equal(resource.properties.provisioningState, "Succeeded");
    });
  }

  it("refuse a PATCH of what it cannot change, and change nothing", async () => {
    for (const [path, body] of [
      ["/onlineEndpoints/bare", { properties: { traffic: { blue: 100 } } }],
      ["/onlineEndpoints/bare/deployments/blue", { properties: { instanceType: "Standard_F4s_v2" } }],
      ["/onlineEndpoints/bare/deployments/blue", { sku: { capacity: 0 } }],
    ] as const) {
      assert.equal((await call("PATCH", path, body)).status, 400, JSON.stringify(body));
    }
    assert.deepEqual((await call("GET", "/onlineEndpoints/bare")).body.properties.traffic, {});
    assert.equal((await call("PATCH", "/onlineEndpoints/none", { tags: {} })).status, 404);
  });

  it("delete with an empty 202 that names both addresses, and tell the operation at the result's", async () => {
    const first = await call("DELETE", "/onlineEndpoints/bare");
    assert.deepEqual([first.status, first.text, first.headers["content-type"]], [202, "", undefined]);
    await settled(suite.cloud, first);
    const result = await at(first.headers["location"]);
    assert.deepEqual([result.status, result.body.status], [200, "Succeeded"]);
    assert.equal((await call("GET", "/onlineEndpoints/bare")).status, 404);
  });

  it("lose sight of a batch endpoint's operation once it was deleted", async () => {
    const body = { location: "eastus2", properties: { authMode: "AADToken" } };
    const { resource } = await make(suite.cloud, "/batchEndpoints/batched", body, RECENT);
    assert.deepEqual(Object.keys(resource), ["id", "name", "type", "properties", "systemData", "tags", "location"]);
    const patched = await call("PATCH", "/batchEndpoints/batched", { tags: { a: "b" } });
    assert.equal(patched.status, 202);
    await settled(suite.cloud, patched);
    assert.deepEqual((await call("GET", "/batchEndpoints/batched")).body.tags, { a: "b" });
    const gone = await call("DELETE", "/batchEndpoints/batched");
    assert.deepEqual(Object.keys(await settled(suite.cloud, gone)), ["id", "name", "status"]);
    const result = await at(gone.headers["location"]);
    assert.deepEqual([result.status, result.body.error.code], [404, "UserError"]);
    assert.match(result.body.error.message, /^Resource bebes:\S+ not found$/);
  });

  it("fail a batch endpoint with keys at the end, in a form that has no code", async () => {
    const body = { location: "eastus2", properties: { authMode: "Key" } };
    const { first, end, resource } = await make(suite.cloud, "/batchEndpoints/keyed", body, OLD);
    assert.equal(first.body.properties.provisioningState, "Creating");
    assert.equal(Object.keys(end)[0], "error");
    assert.deepEqual(Object.keys(end.error), ["message", "details", "additionalInfo"]);
    assert.equal(
      end.error.message,
      "InternalServerError: Internal error. Please see troubleshooting guide, available here: https://aka.ms/oe-tsg#error-internalservererror",
    );
    assert.match(
      end.error.additionalInfo[0].info.resourceLocation,
      /^\/modelmanagement\/v1\.0\/subscriptions\/.*keyed$/,
    );
    assert.deepEqual([resource.properties.provisioningState, resource.properties.authMode], ["Failed", "Key"]);
  });

  it("know nothing of new keys at the address that they named in 2022", async () => {
    await make(suite.cloud, "/onlineEndpoints/renewed", endpointRequest(), OLD);
    const first = await call("POST", "/onlineEndpoints/renewed/regenerateKeys", { keyType: "Primary" }, OLD);
    assert.deepEqual([first.status, first.text, async(first)], [202, "null", undefined]);
    assert.equal(first.headers["x-ms-async-operation-timeout"], undefined);
    let result = await at(first.headers["location"]);
    while (result.status === 202) result = await at(first.headers["location"]);
    assert.equal(result.status, 404);
    assert.match(result.body.error.details[0].message, /^There is no operation with id [0-9a-f-]{36}$/);
  });

  for (const apiVersion of ["2022-02-01-preview", RECENT]) {
    it(`say at that address that there are new keys under ${apiVersion}, so that a client that waits there goes on`, async () => {
      await make(suite.cloud, "/onlineEndpoints/rotated", endpointRequest(), apiVersion);
      const keys = async () => (await call("POST", "/onlineEndpoints/rotated/listKeys", undefined, apiVersion)).body;
      const before = await keys();
      const sent = { keyType: "Secondary", keyValue: before.secondaryKey };
      const first = await call("POST", "/onlineEndpoints/rotated/regenerateKeys", sent, apiVersion);
      assert.deepEqual([first.status, async(first)], [202, undefined]);
      let result = await at(first.headers["location"]);
      while (result.status === 202) result = await at(first.headers["location"]);
      assert.deepEqual([result.status, result.body.status], [200, "Succeeded"]);
      const after = await keys();
      assert.equal(after.primaryKey, before.primaryKey);
      assert.notEqual(after.secondaryKey, before.secondaryKey);
    });
  }

  describe("of computes", () => {
    const cluster = (more: object = {}) => ({
      location: "eastus2",
      properties: {
        computeType: "AmlCompute",
        properties: { vmSize: "Standard_DS2_v2", scaleSettings: { maxNodeCount: 2, minNodeCount: 0 }, ...more },
      },
    });
    const status = async (answer: Answer) => {
      for (;;) {
        const { body } = await at(async(answer));
        if (body.status !== "InProgress") return body;
        assert.deepEqual(body, { status: "InProgress" });
      }
    };

    it("have a status alone, which says neither id nor times", async () => {
      const secret = "not-a-real-password";
      const made = await call(
        "PUT",
        "/computes/small",
        cluster({ userAccountCredentials: { adminUserName: "me", adminUserPassword: secret } }),
      );
      assert.equal(made.status, 201);
      assert.match(
        async(made) ?? "",
        /\/computeOperationsStatus\/[0-9a-f-]{36}\?api-version=2024-04-01&service=new&t=/,
      );
      assert.equal(made.headers["location"], undefined);
      assert.equal(made.headers["x-ms-async-operation-timeout"], undefined);
      assert.equal(made.body.properties.provisioningState, "Creating");
      assert.deepEqual([made.body.properties.properties.currentNodeCount, made.body.tags], [null, null]);
      assert.deepEqual(await status(made), { status: "Succeeded", percentComplete: 100 });
      const read = await call("GET", "/computes/small");
      const { properties } = read.body.properties;
      assert.deepEqual([properties.vmSize, properties.currentNodeCount, read.body.tags], ["STANDARD_DS2_V2", 0, {}]);
      assert.equal(properties.userAccountCredentials.adminUserPassword, null);
      assert.ok(!read.text.includes(secret));

      const again = await call("PUT", "/computes/small", cluster({ remoteLoginPortPublicAccess: "NotSpecified" }));
      assert.equal(again.status, 201, "also for one that there was");
      assert.match(again.body.properties.resourceId, /\/Microsoft\.BatchAI\/workspaces\/ws1\/clusters\/small$/);
      assert.equal(again.body.properties.properties.remoteLoginPortPublicAccess, "Enabled");
      await status(again);
    });

    it("change a cluster's scale by PATCH, and nothing else", async () => {
      const scale = { properties: { properties: { scaleSettings: { maxNodeCount: 8 } } } };
      const changed = await call("PATCH", "/computes/small", scale);
      assert.deepEqual([changed.status, changed.body.properties.provisioningState], [202, "Updating"]);
      assert.equal(changed.headers["location"], undefined);
      await status(changed);
      const { scaleSettings } = (await call("GET", "/computes/small")).body.properties.properties;
      assert.deepEqual([scaleSettings.maxNodeCount, scaleSettings.minNodeCount], [8, 0]);
      const other = { properties: { properties: { vmSize: "STANDARD_DS3_V2" } } };
      assert.equal((await call("PATCH", "/computes/small", other)).status, 400);
      assert.equal((await call("PATCH", "/computes/cpu-cluster", scale)).status, 400);
    });

    it("stop a compute instance, and no cluster", async () => {
      assert.equal((await call("POST", "/computes/small/stop")).status, 400);
      await status(
        await call("PUT", "/computes/mine", {
          location: "eastus2",
          properties: { computeType: "ComputeInstance", properties: { vmSize: "STANDARD_DS2_V2" } },
        }),
      );
      const stopped = await call("POST", "/computes/mine/stop");
      assert.deepEqual([stopped.status, stopped.text, stopped.headers["location"]], [202, "", undefined]);
      await status(stopped);
      assert.equal((await call("GET", "/computes/mine")).body.properties.properties.state, "Stopped");
    });

    it("are listed with their nodes, deleted with an empty 202, and then not there", async () => {
      const nodes = await call("POST", "/computes/small/listNodes");
      assert.deepEqual(nodes.body, { computeType: "AmlCompute", nodes: [] });
      const gone = await call("DELETE", "/computes/small?underlyingResourceAction=Delete");
      assert.deepEqual([gone.status, gone.text, gone.headers["location"]], [202, "", undefined]);
      const repeated = await at(`${async(gone)}&underlyingResourceAction=Delete`);
      assert.equal(repeated.status, 200, "Azure's client for JavaScript sends the request's query again");
      await status(gone);
      assert.equal((await call("GET", "/computes/small")).status, 404);
    });
  });
});
