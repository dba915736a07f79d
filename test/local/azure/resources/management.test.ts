// The management plane beside assets: regions, and writes to workspaces and registries.
import assert from "node:assert/strict";
import { type Answer, ask, cloudOfSuite, workspaceAsk } from "../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../online-scripts.ts";

const RECENT = "2024-04-01";

describe("local Azure: what the management client reads and writes", () => {
  const suite = cloudOfSuite();
  const call = (method: string, path: string, body?: object, apiVersion = RECENT) =>
    workspaceAsk(suite.cloud, method, path, {
      token: suite.token,
      apiVersion,
      ...(body === undefined ? {} : { body }),
    });
  const subscription = () => `${suite.cloud.urls.arm}/subscriptions/${suite.cloud.azure.subscriptionId}`;
  const provider = "providers/Microsoft.MachineLearningServices";
  const above = (method: string, path: string, body?: object, apiVersion = RECENT) => {
    const sign = path.includes("?") ? "&" : "?";
    const url = `${subscription()}/${path}${sign}api-version=${apiVersion}`;
    return ask(suite.cloud, method, url, { token: suite.token, ...(body === undefined ? {} : { body }) });
  };
  const region = (path: string) => above("GET", `${provider}/locations/eastus2/${path}`);
  /** Follows whichever address there is to its end. */
  const ended = async (started: Answer): Promise<Answer> => {
    const url = started.headers["azure-asyncoperation"] ?? started.headers["location"] ?? "";
    for (;;) {
      const answer = await ask(suite.cloud, "GET", url, { token: suite.token });
      if (answer.status !== 202 && answer.body?.status !== "InProgress") return answer;
    }
  };

  describe("of a region", () => {
    it("lists sizes whose family is the name of a usage", async () => {
      const sizes = (await region("vmSizes")).body.value;
      const usages = (await region("usages")).body.value;
      for (const size of sizes) {
        assert.ok(size.vCPUs > 0 && size.memoryGB > 0, size.name);
        const types = usages
          .filter((row: { name: { value: string } }) => row.name.value === size.family)
          .map((row: { type: string }) => row.type.split("/")[2]);
        assert.deepEqual(types, ["dedicatedCores", "lowPriorityCores"], size.name);
      }
      assert.deepEqual(Object.keys(usages[0]), ["unit", "currentValue", "limit", "name", "type", "id"]);
    });

    it("counts what deployments hold, a fifth more than their instances, and a scenario's limits", async () => {
      const { code, model } = await registerGreeter(suite.cloud);
      await make(suite.cloud, "/onlineEndpoints/counted", endpointRequest(), RECENT);
      const body = { ...deploymentRequest(model, code, { instanceType: "Standard_F4s_v2" }) };
      await make(
        suite.cloud,
        "/onlineEndpoints/counted/deployments/blue",
        { ...body, sku: { name: "Default", capacity: 3 } },
        RECENT,
      );
      suite.cloud.azure.settings.quota["standardFSv2Family"] = 16;
      const row = (await region("usages")).body.value.find(
        (one: { name: { value: string }; type: string }) =>
          one.name.value === "standardFSv2Family" && one.type.includes("dedicatedCores"),
      );
      assert.deepEqual([row.currentValue, row.limit], [16, 16], "as it was recorded for three instances");
      assert.match(row.id, /\/usages\/standardFSv2Family$/);
      const at = "/onlineEndpoints/counted/deployments/green";
      const refused = await call("PUT", at, { ...body, sku: { name: "Default", capacity: 1 } });
      assert.equal(refused.status, 400);
      const [{ code: inner, message }] = refused.body.error.details;
      assert.equal(inner, "InferencingClientCreateDeploymentFailed");
      assert.match(message, /for Standard_F4s_v2 in .*usage\/limit: 16\/16\. Additional needed: 8 /);
      assert.equal((await call("GET", at)).status, 404, "and nothing was made");
    });

    it("shows the prices of a size as they were recorded, two of them under a wrong name", async () => {
      const row = (await region("vmSizes")).body.value.find(
        (one: { name: string }) => one.name === "Standard_D16ads_v5",
      );
      const { billingCurrency, unitOfMeasure, values } = row.estimatedVMPrices;
      assert.deepEqual([billingCurrency, unitOfMeasure], ["USD", "OneHour"]);
      const linux = values.filter((one: { osType: string }) => one.osType === "Linux");
      assert.deepEqual(
        linux.map((one: { retailPrice: number }) => one.retailPrice),
        [0.62, 0.16, 0.82, 1.56],
      );
    });

    it("has two rows of quota for each family, the workspace's with a location", async () => {
      const rows = (await region("quotas")).body.value.filter(
        (one: { name: { value: string } }) => one.name.value === "standardDSv2Family",
      );
      assert.deepEqual(Object.keys(rows[0]), ["unit", "limit", "name", "type", "id", "location"]);
      assert.deepEqual(
        rows.map((one: { location: string | null }) => one.location),
        [null, "eastus2"],
      );
    });

    it("refuses another region, and changes of quotas", async () => {
      assert.equal((await above("GET", `${provider}/locations/mars/vmSizes`)).status, 400);
      const at = `${provider}/locations/eastus2/updateQuotas`;
      assert.deepEqual((await above("POST", at, { value: [] })).body, { value: [] });
      assert.equal((await above("POST", at, { value: [{ id: "x", limit: 1 }] })).status, 501);
    });
  });

  describe("of a workspace", () => {
    it("tells its keys, and those of nothing else", async () => {
      const { body } = await call("POST", "/listKeys");
      assert.equal(body.userStorageKey, suite.cloud.azure.blobs.key);
      assert.match(body.userStorageArmId, /\/Microsoft\.Storage\/storageAccounts\/stor1$/);
      assert.deepEqual((await call("POST", "/listStorageAccountKeys")).body, { userStorageKey: body.userStorageKey });
      assert.deepEqual((await call("POST", "/listNotebookKeys")).body, body.notebookAccessKeys);
      assert.equal((await call("POST", "/computes/cpu-cluster/listKeys")).status, 400);
      assert.equal((await call("POST", "/computes/none/listKeys")).status, 404);
      const databricks = { databricksAccessToken: "dapi-not-a-real-token" };
      const made = await call("PUT", "/computes/bricks", {
        properties: { computeType: "Databricks", resourceId: "/subscriptions/x", properties: databricks },
      });
      await ended(made);
      assert.deepEqual((await call("POST", "/computes/bricks/listKeys")).body, {
        computeType: "Databricks",
        ...databricks,
      });
    });

    it("finds nothing in a diagnosis, in the sections that are asked for", async () => {
      const started = await call("POST", "/diagnose", { value: { applicationInsights: { key1: "x" } } });
      assert.deepEqual([started.status, started.headers["azure-asyncoperation"]], [202, undefined]);
      assert.match(started.headers["location"] ?? "", /\/workspaceOperationsStatus\/[0-9a-f-]{36}\?.*&type=location/);
      assert.deepEqual((await ended(started)).body, { value: { applicationInsightsResults: [] } });
      const whole = await ended(await call("POST", "/diagnose", { value: {} }));
      assert.equal(Object.keys(whole.body.value).length, 9);
      assert.equal((await call("POST", "/diagnose", { value: { weather: {} } })).status, 400);
    });

    it("answers for new keys with both addresses, at the result the workspace", async () => {
      const started = await call("POST", "/resyncKeys");
      assert.deepEqual([started.status, started.text], [202, ""]);
      assert.deepEqual((await ended(started)).body, { status: "Succeeded", percentComplete: 100 });
      const result = await ask(suite.cloud, "GET", started.headers["location"] ?? "", { token: suite.token });
      assert.deepEqual([result.status, result.body.name], [200, "ws1"]);
    });

    it("has no private endpoints, one group of links, and the network that it needs", async () => {
      assert.deepEqual((await call("GET", "/privateEndpointConnections")).body, { value: [] });
      assert.equal((await call("GET", "/privateEndpointConnections/none")).status, 404);
      const links = (await call("GET", "/privateLinkResources")).body.value;
      assert.deepEqual(links[0].properties.groupId, "amlworkspace");
      const needs = (await call("GET", "/outboundNetworkDependenciesEndpoints")).body.value;
      assert.equal(needs[0].properties.category, "Azure Active Directory");
      assert.equal((await call("GET", "/features")).body.nextLink, null);
    });

    it("is changed by PATCH and by a whole PUT: an empty 202, an id of 43 letters, then the workspace", async () => {
      const started = await call("PATCH", "", { tags: { a: "b" }, properties: { description: "ours" } });
      assert.deepEqual([started.status, started.text], [202, ""]);
      assert.match(
        started.headers["azure-asyncoperation"] ?? "",
        /\/workspaceOperationsStatus\/[\w-]{43}\?api-version=2024-04-01&type=async/,
      );
      await ended(started);
      const { body } = await call("GET", "");
      assert.deepEqual(
        [body.tags, body.properties.description, body.properties.provisioningState],
        [{ a: "b" }, "ours", "Succeeded"],
      );
      const whole = await call("PUT", "", { ...body, tags: { c: "d" } });
      assert.equal(whole.status, 202);
      await ended(whole);
      const after = (await call("GET", "")).body;
      assert.deepEqual(after.tags, { c: "d" });
      assert.equal(after.properties.workspaceId, body.properties.workspaceId);
    });

    it("can be made and deleted beside ours, and ours cannot be deleted", async () => {
      const at = `resourceGroups/rg1/${provider}/workspaces/second`;
      assert.equal((await above("GET", at)).status, 404);
      await ended(await above("PUT", at, { location: "eastus2", properties: { friendlyName: "Second" } }));
      assert.equal((await above("GET", at)).body.properties.friendlyName, "Second");
      const listed = (await above("GET", `${provider}/workspaces`)).body.value.map((one: { name: string }) => one.name);
      assert.deepEqual(listed, ["ws1", "second"]);
      const gone = await above("DELETE", `${at}?forceToPurge=true`);
      await ended(gone);
      // Azure's client for JavaScript sends the request's query again.
      const again = await ask(suite.cloud, "GET", `${gone.headers["azure-asyncoperation"]}&forceToPurge=true`, {
        token: suite.token,
      });
      assert.deepEqual([again.status, again.body.status], [200, "Succeeded"]);
      const result = await ask(suite.cloud, "GET", gone.headers["location"] ?? "", { token: suite.token });
      assert.deepEqual([result.status, result.text], [200, ""]);
      assert.equal((await above("GET", at)).status, 404);
      assert.equal((await above("DELETE", `resourceGroups/rg1/${provider}/workspaces/ws1`)).status, 501);
    });

    it("has connections that show what the recorded ones show", async () => {
      const name = "a".repeat(34);
      const body = { properties: { authType: "None", category: "ContainerRegistry", target: "x.azurecr.io" } };
      const made = await call("PUT", `/connections/${name}`, body);
      assert.equal(made.status, 200);
      assert.deepEqual(made.body.properties, {
        authType: "None",
        group: "Azure",
        category: "ContainerRegistry",
        expiryTime: null,
        target: "x.azurecr.io",
        createdByWorkspaceArmId: suite.cloud.azure.workspaceId,
        useWorkspaceManagedIdentity: false,
        isSharedToAll: false,
        sharedUserList: [],
        peRequirement: "NotRequired",
        peStatus: "NotApplicable",
        error: null,
        isDefault: true,
        metadata: {},
      });
      assert.deepEqual([made.body.tags, made.body.location], [null, null]);
      assert.equal(Object.keys(made.body.systemData).length, 6);
      const secret = { pat: "not-a-real-token" };
      const older = await call(
        "PUT",
        "/connections/feed",
        {
          properties: { authType: "PAT", category: "Git", target: "t", expiryTime: "01/05/2025", credentials: secret },
        },
        "2023-04-01-preview",
      );
      assert.deepEqual(older.body.properties, {
        authType: "PAT",
        credentials: null,
        category: "Git",
        expiryTime: null,
        target: "t",
        metadata: {},
      });
      assert.equal(older.body.systemData, null);
      const missing = await call("GET", "/connections/nobody");
      assert.deepEqual(
        [missing.status, missing.body.error.code, missing.body.componentName],
        [404, "UserError", "account-rp"],
      );
      assert.equal(missing.body.error.message, "Connection nobody can't be found in this workspace");
    });
  });

  describe("of registries", () => {
    const at = `resourceGroups/rg1/${provider}/registries/shared`;
    const body = {
      location: "East US 2",
      properties: {
        regionDetails: [
          {
            location: "East US 2",
            storageAccountDetails: [{ systemCreatedStorageAccount: { storageAccountType: "standard_lrs" } }],
            acrDetails: [{ systemCreatedAcrAccount: { acrAccountSku: "Premium" } }],
          },
        ],
      },
    };

    it("are made with 201 and the registry, and in 2022 with an empty 202", async () => {
      const recent = await above("PUT", at, body);
      assert.deepEqual([recent.status, recent.body.name], [201, "shared"]);
      assert.deepEqual((await ended(recent)).body, { status: "Succeeded", percentComplete: 100 });
      const older = await above("PUT", at, body, "2022-10-01-preview");
      assert.deepEqual([older.status, older.text], [202, ""]);
      await ended(older);
    });

    it("tell the accounts that were made for them", async () => {
      const { properties } = (await above("GET", at, undefined, "2022-10-01-preview")).body;
      const [region] = properties.regionDetails;
      const account = region.storageAccountDetails[0];
      assert.equal(account.userCreatedStorageAccount, null);
      const { storageAccountName, armResourceId } = account.systemCreatedStorageAccount;
      assert.match(storageAccountName, /^[a-z0-9]{3,24}$/);
      assert.ok(armResourceId.resourceId.startsWith(properties.managedResourceGroup.resourceId));
      assert.ok(armResourceId.resourceId.endsWith(`/storageAccounts/${storageAccountName}`));
      assert.match(region.acrDetails[0].systemCreatedAcrAccount.acrAccountName, /^[a-z0-9]+$/);
    });

    it("change their tags by PATCH", async () => {
      const changed = await above("PATCH", at, { tags: { team: "blue" } });
      assert.deepEqual([changed.status, changed.body.tags], [200, { team: "blue" }]);
      assert.equal((await above("PATCH", at, { properties: {} })).status, 400);
    });
  });

  it("lists the operations of the provider", async () => {
    const url = `${suite.cloud.urls.arm}/${provider}/operations?api-version=${RECENT}`;
    const { body } = await ask(suite.cloud, "GET", url, { token: suite.token });
    const names = body.value.map((one: { name: string }) => one.name);
    assert.ok(names.includes("Microsoft.MachineLearningServices/workspaces/jobs/read"));
  });
});
