// Tests: lib/ml/jobs/job-inputs.ts
import assert from "node:assert/strict";
import { tagsOfInputs } from "../../../../lib/ml/jobs/job-inputs.ts";

const id = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w";

describe("data and models that a job read", () => {
  it("are named by version, wherever they are registered, or by their path", () => {
    const inputs = {
      one: { jobInputType: "uri_folder", uri: `azureml:${id}/data/breast-cancer/versions/3` },
      two: { jobInputType: "uri_file", uri: "azureml://registries/shared/data/labels/versions/1" },
      three: { jobInputType: "uri_folder", uri: "azureml://datastores/workspaceblobstore/paths/raw/2026/" },
      base: { jobInputType: "custom_model", uri: "azureml:base-model:4" },
      again: { jobInputType: "uri_folder", uri: "azureml:breast-cancer:3" },
      rate: { jobInputType: "literal", value: "0.1" },
      link: { jobInputType: "uri_file", uri: "https://stor.blob.core.windows.net/c/a.csv?sig=secret" },
      nothing: null,
    };
    assert.deepEqual(tagsOfInputs({ properties: { inputs } }), {
      "azureDevOps.data":
        "breast-cancer:3, https://stor.blob.core.windows.net/c/a.csv, shared/labels:1, workspaceblobstore/raw/2026",
      "azureDevOps.parentModel": "base-model:4",
    });
  });

  it("are no tags where there are none, and short where there are many", () => {
    assert.deepEqual(tagsOfInputs({}), {});
    const many = Object.fromEntries(
      Array.from({ length: 60 }, (_one, index) => [`i${index}`, { uri: `azureml:data-of-a-long-name-${index}:1` }]),
    );
    assert.equal(tagsOfInputs({ properties: { inputs: many } })["azureDevOps.data"]?.length, 256);
  });
});
