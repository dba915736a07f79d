// Several subscriptions in one local cloud: tenants, identities, storage, and registries that a tenant shares.
import assert from "node:assert/strict";
import { registriesOf, registryAssets } from "../../../local/azure/workspace/registries.ts";
import { type LocalCloud, startCloud } from "../../../local/cloud.ts";
import type { Subscription } from "../../../local/subscriptions.ts";
import { type Answer, ask, tokenOf } from "./client.ts";

const ARM = "https://management.azure.com/.default";
const STORAGE = "https://storage.azure.com/.default";

describe("a local cloud of several subscriptions", () => {
  let cloud: LocalCloud;
  let near: Subscription;
  let far: Subscription;
  before(async () => {
    cloud = await startCloud({
      subscriptions: [
        { connection: "near", subscriptionId: "00000000-0000-0000-0000-000000000002", storageAccount: "stor2" },
        {
          connection: "far",
          subscriptionId: "00000000-0000-0000-0000-000000000003",
          storageAccount: "stor3",
          tenantId: "72f98800-0000-4000-8000-00000000beef",
          workspaceName: "ws-far",
        },
      ],
    });
    near = cloud.subscriptions["near"]!;
    far = cloud.subscriptions["far"]!;
  });
  after(() => cloud.close());

  const signIn = async ({ azure, client }: Subscription, scope = ARM, tenantId = azure.tenantId) => {
    const form = { grant_type: "client_credentials", client_id: client.clientId, client_secret: client.secret, scope };
    const answer = await ask(cloud, "POST", `${cloud.urls.login}/${tenantId}/oauth2/v2.0/token`, {
      body: new URLSearchParams(form).toString(),
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    return answer;
  };
  const token = async (of: Subscription, scope?: string) => (await signIn(of, scope)).body.access_token as string;
  const read = (id: string, token: string): Promise<Answer> =>
    ask(cloud, "GET", `${cloud.urls.arm}${id}?api-version=2025-12-01`, { token });

  it("gives each its own workspace and names them by one resource manager", async () => {
    for (const one of [near, far]) {
      const answer = await read(one.azure.workspaceId, await token(one));
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.body.name, one.azure.workspaceName);
      assert.equal(answer.body.properties.workspaceId, one.azure.workspaceGuid);
    }
    const own = await ask(cloud, "GET", `${cloud.urls.arm}/subscriptions?api-version=2022-12-01`, {
      token: await token(far),
    });
    assert.deepEqual(
      own.body.value.map((one: { subscriptionId: string }) => one.subscriptionId),
      [far.azure.subscriptionId],
    );
  });

  it("refuses a token of another tenant everywhere, and a client that the tenant does not know", async () => {
    const foreign = await token(far);
    const answer = await read(near.azure.workspaceId, foreign);
    assert.equal(answer.status, 401);
    assert.equal(answer.body.error.code, "InvalidAuthenticationTokenTenant");
    const api = `${cloud.urls.api}/mlflow/v2.0${near.azure.workspaceId}/api/2.0/mlflow/runs/get?run_id=x`;
    assert.equal((await ask(cloud, "GET", api, { token: foreign })).status, 401);
    const blobs = `${near.azure.blobs.url("azureml")}?restype=container&comp=list`;
    assert.equal((await ask(cloud, "GET", blobs, { token: await token(far, STORAGE) })).status, 401);
    const refused = await signIn(far, ARM, near.azure.tenantId);
    assert.match(refused.text, /AADSTS700016/);
  });

  it("refuses a client of the tenant that has no role in the subscription", async () => {
    assert.equal((await read(cloud.azure.workspaceId, await token(near))).status, 403);
    assert.equal((await read(near.azure.workspaceId, await tokenOf(cloud))).status, 200);
  });

  it("keeps the blobs of each apart", async () => {
    await near.azure.blobs.put("azureml", "one.txt", "near");
    await far.azure.blobs.put("azureml", "one.txt", "far");
    for (const one of [near, far]) {
      const url = one.azure.blobs.sasUrl("azureml", "one.txt", "r", 5);
      assert.equal((await ask(cloud, "GET", url)).text, one === near ? "near" : "far");
      const wrong = new URL(url);
      wrong.host = new URL((one === near ? far : near).azure.urls.storage).host;
      assert.equal((await ask(cloud, "GET", wrong.href)).status, 403);
    }
  });

  it("publishes to a registry of another subscription of the tenant, and to none of another tenant", async () => {
    for (const { azure, name } of [
      { azure: near.azure, name: "ours" },
      { azure: far.azure, name: "theirs" },
    ])
      registriesOf(azure).set(name, { name, id: `id-${name}`, location: "eastus2", tags: {}, properties: {} });
    const { azure } = cloud;
    await azure.blobs.put("azureml", "m/model.json", "{}");
    const modelUri = "azureml://datastores/workspaceartifactstore/paths/m";
    const bearer = await tokenOf(cloud);
    const at = `${cloud.urls.arm}${azure.workspaceId}/models/m/versions/7`;
    const put = await ask(cloud, "PUT", `${at}?api-version=2025-12-01`, {
      token: bearer,
      body: { properties: { modelUri } },
    });
    assert.equal(put.status, 201, put.text);
    const publish = (registryName: string) =>
      ask(cloud, "POST", `${at}/publish?api-version=2025-12-01`, {
        token: bearer,
        body: { registryName, destinationName: "m", destinationVersion: "3" },
      });
    const first = await publish("ours");
    assert.equal(first.status, 202, first.text);
    assert.match(first.headers["location"] ?? "", /^https:/);
    const copy = registryAssets(near.azure, "ours")?.models.version("m", "3")?.properties;
    assert.match(String(copy?.["modelUri"]), /^https:\/\/stor2\./);
    assert.equal((await publish("ours")).status, 409);
    assert.equal((await publish("theirs")).status, 404);
    const found = await ask(cloud, "GET", `${cloud.urls.api}/registrymanagement/v1.0/registries/ours/discovery`, {
      token: bearer,
    });
    assert.equal(found.body.subscriptionId, near.azure.subscriptionId);
    const hidden = await ask(cloud, "GET", `${cloud.urls.api}/registrymanagement/v1.0/registries/ours/discovery`, {
      token: await token(far),
    });
    assert.equal(hidden.status, 404);
  });
});
