// Serverless endpoints and marketplace subscriptions of the local cloud: made, called with a key, refused, and as their types are published.
import assert from "node:assert/strict";
import { checkArchive, type Entry, violationText } from "../../../../../local/azure/contract/archive.ts";
import { contracts } from "../../../../../local/azure/contract/contracts.ts";
import { type LocalCloud, startCloud } from "../../../../../local/cloud.ts";
import { ask, workspaceAsk } from "../../client.ts";
import { make, settled } from "../../online-scripts.ts";

const modelId = "azureml://registries/azureml-meta/models/Meta-Llama-3-8B-Instruct";
const apiVersion = "2025-12-01";
const body = (more: object = {}) => ({
  location: "eastus2",
  sku: { name: "Consumption" },
  properties: { authMode: "Key", modelSettings: { modelId }, ...more },
});

describe("local Azure: serverless endpoints", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await startCloud();
  });
  after(() => cloud.close());
  const at = (path: string, method: "GET" | "PUT" | "POST" | "DELETE" = "GET", sent?: object) =>
    workspaceAsk(cloud, method, path, { apiVersion, ...(sent === undefined ? {} : { body: sent }) });

  it("are made, and answer to their key, simulated", async () => {
    const { first, resource } = await make(cloud, "/serverlessEndpoints/llama", body(), apiVersion);
    assert.equal(first.body.properties.provisioningState, "Creating");
    assert.deepEqual([resource.properties.endpointState, resource.sku.name], ["Online", "Consumption"]);
    const keys = (await at("/serverlessEndpoints/llama/listKeys", "POST")).body;
    const uri = `${resource.properties.inferenceEndpoint.uri}/chat/completions`;
    const messages = [{ role: "user", content: "hello" }];
    const reply = await ask(cloud, "POST", uri, { body: { messages }, token: keys.primaryKey });
    assert.match(reply.body.choices[0].message.content, /local Azure, simulated: .*Llama-3-8B-Instruct is not here/);
    assert.equal((await ask(cloud, "POST", uri, { body: { messages }, token: "wrong" })).status, 401);

    const renewed = (await at("/serverlessEndpoints/llama/regenerateKeys", "POST", { keyType: "Primary" })).body;
    assert.notEqual(renewed.primaryKey, keys.primaryKey);
    assert.equal(renewed.secondaryKey, keys.secondaryKey);
    assert.equal((await ask(cloud, "POST", uri, { body: { messages }, token: keys.primaryKey })).status, 401);
  });

  it("keep their model", async () => {
    const other = body({ modelSettings: { modelId: modelId.replace("8B", "70B") } });
    const answer = await at("/serverlessEndpoints/llama", "PUT", other);
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.text, /its model cannot be changed/);
  });

  it("refuse a version of a model, a model of a workspace, and a mode that there is not", async () => {
    for (const properties of [
      { modelSettings: { modelId: `${modelId}/versions/1` } },
      { modelSettings: { modelId: "azureml:m:1" } },
      { modelSettings: {} },
      { authMode: "Password" },
    ]) {
      const answer = await at("/serverlessEndpoints/refused", "PUT", body(properties));
      assert.equal(answer.status, 400, answer.text);
    }
    assert.equal((await at("/serverlessEndpoints/refused")).status, 404);
  });

  it("are listed and deleted", async () => {
    const listed = (await at("/serverlessEndpoints")).body.value as { name: string }[];
    assert.deepEqual(
      listed.map(({ name }) => name),
      ["llama"],
    );
    const deleted = await at("/serverlessEndpoints/llama", "DELETE");
    assert.equal(deleted.status, 202);
    await settled(cloud, deleted);
    assert.equal((await at("/serverlessEndpoints/llama")).status, 404);
    assert.equal((await at("/serverlessEndpoints/llama", "DELETE")).status, 204);
  });

  it("need a subscription to the offers of others, which is made and deleted", async () => {
    const { resource } = await make(cloud, "/marketplaceSubscriptions/llama", { properties: { modelId } }, apiVersion);
    assert.equal(resource.properties.marketplaceSubscriptionStatus, "Subscribed");
    assert.equal((await at("/marketplaceSubscriptions")).body.value.length, 1);
    await settled(cloud, await at("/marketplaceSubscriptions/llama", "DELETE"));
    assert.equal((await at("/marketplaceSubscriptions/llama")).status, 404);
  });

  it("break no published type", async () => {
    for (const version of ["2024-01-01-preview", "2024-10-01-preview", "2025-12-01"])
      await make(cloud, `/serverlessEndpoints/typed-${version.slice(0, 7)}`, body(), version);
    const { log } = cloud.har.toHar() as { log: { entries: Entry[] } };
    const { checked, violations } = checkArchive(
      log.entries.filter(({ response }) => response.status < 400),
      contracts(),
    );
    assert.ok(checked >= 10, `${checked} bodies were checked`);
    assert.deepEqual(violations.map(violationText), []);
  });
});
