// The champion's metrics are those of the job that the service says made the model, whatever its tags claim.
import assert from "node:assert/strict";
import { jobOf } from "../../../../lib/ml/gate/model-job.ts";

describe("the job of a champion", () => {
  const claims = {
    tags: { jobName: "weak" },
    properties: { "azureDevOps.source": "azureml://jobs/weak/outputs/m/paths/" },
  };
  it("is the one in whose output its files lie, and not the one that a tag or a property names", () => {
    const uri = "azureml://jobs/strong/outputs/model/paths/";
    assert.equal(jobOf({ properties: { modelUri: uri, ...claims } }), "strong");
    assert.equal(jobOf({ properties: { modelUri: uri, jobName: "weak", ...claims } }), "strong");
    const artifacts = "azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.strong/model";
    assert.equal(jobOf({ properties: { modelUri: artifacts, ...claims } }), "strong");
  });
  it("is the one that the service names where the address names none", () => {
    const modelUri = "azureml://datastores/workspaceblobstore/paths/LocalUpload/x/model";
    assert.equal(jobOf({ properties: { modelUri, jobName: "strong", ...claims } }), "strong");
    assert.equal(jobOf({ properties: { modelUri, ...claims } }), "weak", "a hint is better than none");
  });
  for (const modelUri of [
    "azureml://datastores/workspaceblobstore/paths/mine/dcid.weak/model",
    "azureml://datastores/workspaceblobstore/paths/ExperimentRun/dcid.weak/model",
    "azureml://datastores/workspaceartifactstore/paths/LocalUpload/ExperimentRun/dcid.weak/model",
    "https://anybody.blob.core.windows.net/open/dcid.weak/model",
    "https://anybody.blob.core.windows.net/open/ExperimentRun/dcid.weak/model",
  ])
    it(`is not the one that a folder's name claims: ${modelUri}`, () => {
      assert.equal(jobOf({ properties: { modelUri, jobName: "strong", ...claims } }), "strong");
    });
  it("is not the one of another workspace whose files an address names", () => {
    const own = { id: "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/own" };
    const at = (name: string) =>
      `azureml://subscriptions/s/resourcegroups/g/workspaces/${name}/datastores/workspaceartifactstore/paths/ExperimentRun/dcid.weak/model`;
    assert.equal(jobOf({ properties: { modelUri: at("others"), jobName: "strong" } }, own), "strong");
    assert.equal(jobOf({ properties: { modelUri: at("own"), jobName: "strong" } }, own), "weak");
  });
});
