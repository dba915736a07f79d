// Opening a workspace, and each sentence when that does not work.
import assert from "node:assert/strict";
import { mlflowRest } from "../../../../lib/ml/workspace/workspace.ts";
import { openLocal, theCloud } from "../world.ts";

describe("the workspace", () => {
  it("is opened in one round trip to the resource manager", async () => {
    const requests: string[] = [];
    const local = await theCloud();
    const workspace = await openLocal({
      onRequest: (method, url) => requests.push(`${method} ${new URL(url).origin}`),
    });
    assert.equal(workspace.location, local.location);
    assert.equal(requests.filter((one) => one === `GET ${local.urls.arm}`).length, 1);
    assert.match(await workspace.serviceUrl("history"), /\/history\/v1\.0\/subscriptions\//);
  });

  it("names the workspaces there are when it is not there", async () => {
    await assert.rejects(openLocal({ name: "ws2" }), {
      kind: "notFound",
      message: 'There is no workspace "ws2" in the resource group "rg1". There is ws1. Did you mean ws1?',
    });
  });

  it("says when the resource group is not there", async () => {
    await assert.rejects(openLocal({ resourceGroup: "nowhere" }), {
      kind: "notFound",
      message: /no resource group "nowhere"/,
    });
  });

  it("turns the tracking URI into MLflow's REST address", () => {
    const uri =
      "azureml://eastus2.api.azureml.ms/mlflow/v1.0/subscriptions/s/resourceGroups/g/providers/p/workspaces/w?";
    assert.equal(
      mlflowRest(uri),
      "https://eastus2.api.azureml.ms/mlflow/v2.0/subscriptions/s/resourceGroups/g/providers/p/workspaces/w/api/2.0/mlflow",
    );
  });
});
