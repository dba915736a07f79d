// Online endpoints through the official client, and every answer held against the published types.
import assert from "node:assert/strict";
import { AzureMachineLearningWorkspaces } from "@azure/arm-machinelearning";
import { checkArchive, type Entry, violationText } from "../../../../../local/azure/contract/archive.ts";
import { contracts } from "../../../../../local/azure/contract/contracts.ts";
import { type LocalCloud, startCloud } from "../../../../../local/cloud.ts";
import { httpClientOf, tokenOf } from "../../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../../online-scripts.ts";

describe("local Azure: online endpoints, by the contract", () => {
  let cloud: LocalCloud;
  let code: string;
  let model: string;

  before(async () => {
    cloud = await startCloud();
    ({ code, model } = await registerGreeter(cloud));
  });
  after(() => cloud.close());

  it("works with the official client", async () => {
    const token = await tokenOf(cloud);
    const client = new AzureMachineLearningWorkspaces(
      { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
      cloud.subscriptionId,
      {
        endpoint: cloud.urls.arm,
        httpClient: httpClientOf(cloud),
      },
    );
    const { resourceGroup: group, workspace } = cloud;
    const fast = { updateIntervalInMs: 20 };
    const endpoint = await client.onlineEndpoints.beginCreateOrUpdateAndWait(
      group,
      workspace,
      "sdk-ep",
      { location: "eastus2", properties: { authMode: "Key" } },
      fast,
    );
    assert.equal(endpoint.properties.provisioningState, "Succeeded");
    const deployment = await client.onlineDeployments.beginCreateOrUpdateAndWait(
      group,
      workspace,
      "sdk-ep",
      "blue",
      {
        location: "eastus2",
        properties: {
          endpointComputeType: "Managed",
          model,
          codeConfiguration: { codeId: code, scoringScript: "score.py" },
          instanceType: "Standard_DS2_v2",
        },
        sku: { name: "Default", capacity: 1 },
      },
      fast,
    );
    assert.equal(deployment.properties.provisioningState, "Succeeded");
    assert.match(
      (
        await client.onlineDeployments.getLogs(group, workspace, "sdk-ep", "blue", {
          containerType: "InferenceServer",
          tail: 50,
        })
      ).content ?? "",
      /ready for serving traffic/,
    );
    const traffic = await client.onlineEndpoints.beginCreateOrUpdateAndWait(
      group,
      workspace,
      "sdk-ep",
      { location: "eastus2", properties: { authMode: "Key", traffic: { blue: 100 } } },
      fast,
    );
    assert.deepEqual(traffic.properties.traffic, { blue: 100 });
    assert.ok((await client.onlineEndpoints.listKeys(group, workspace, "sdk-ep")).primaryKey);
    await client.onlineEndpoints.beginDeleteAndWait(group, workspace, "sdk-ep", fast);
    await assert.rejects(client.onlineEndpoints.get(group, workspace, "sdk-ep"), { statusCode: 404 });
  });

  it("breaks no published type, whatever the api-version", async () => {
    const path = "/onlineEndpoints/typed";
    for (const apiVersion of [
      "2022-10-01",
      "2023-04-01-preview",
      "2023-10-01",
      "2024-04-01",
      "2024-10-01-preview",
      "2025-01-01-preview",
      "2025-12-01",
      "2026-05-01",
    ]) {
      await make(cloud, path, endpointRequest(), apiVersion);
      await make(cloud, `${path}/deployments/blue`, deploymentRequest(model, code), apiVersion);
      await make(cloud, path, endpointRequest({ traffic: { blue: 100 } }), apiVersion);
    }
    // Requests that local Azure refused were meant to be wrong.
    const { log } = cloud.har.toHar() as { log: { entries: Entry[] } };
    const answered = log.entries.filter(({ response }) => response.status < 400);
    const { checked, violations } = checkArchive(answered, contracts());
    assert.ok(checked >= 70, `${checked} bodies were checked`);
    assert.deepEqual(violations.map(violationText), []);
  });
});
