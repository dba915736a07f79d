// Facts of a job for its model's proof: data with their versions, packages with theirs, and no signature of an address.
import assert from "node:assert/strict";
import { dataIn, jobFacts, packagesIn } from "../../../../lib/ml/proof/job-facts.ts";
import type { Workspace } from "../../../../lib/ml/workspace/workspace.ts";

const ws = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w";

describe("What a job says of itself", () => {
  it("has the version of each data asset, and no literal", () => {
    const inputs = {
      own: { jobInputType: "uri_folder", uri: `${ws}/data/loans/versions/3` },
      short: { jobInputType: "uri_file", uri: "azureml:loans:4" },
      shared: { jobInputType: "uri_file", uri: "azureml://registries/r/data/rates/versions/1" },
      rate: { jobInputType: "literal", value: "0.1" },
    };
    assert.deepEqual(
      dataIn(inputs).map(({ input, name, version }) => [input, name, version]),
      [
        ["own", "loans", "3"],
        ["short", "loans", "4"],
        ["shared", "rates", "1"],
      ],
    );
    assert.deepEqual(dataIn(null), []);
  });

  it("leaves out signatures and users of addresses", () => {
    const uri = "https://user:pass@acc.blob.core.windows.net/c/x.csv?sv=1&sig=SECRET";
    assert.deepEqual(dataIn({ raw: { jobInputType: "uri_file", uri } }), [
      { input: "raw", uri: "https://acc.blob.core.windows.net/c/x.csv" },
    ]);
  });

  it("leaves out the user and the token in the address of its repository", async () => {
    const properties = { "mlflow.source.git.repoURL": "https://user:TOKEN@dev.azure.com/contoso/p/_git/app" };
    const { repository } = await jobFacts({} as Workspace, { name: "fit", properties: { properties } });
    assert.equal(repository, "https://dev.azure.com/contoso/p/_git/app");
  });

  it("has a package's version where exactly one is asked for", () => {
    const conda = `
channels: [conda-forge]
dependencies:
  - python=3.11
  - conda-forge::numpy==2.1.0
  - pip:
      - scikit-learn[alldeps]==1.5.2 ; python_version > "3.8"
      - pandas>=2
      - azureml-mlflow
      - git+https://token@github.com/x/y
      - --extra-index-url https://user:secret@feed/
`;
    assert.deepEqual(packagesIn(conda), [
      { name: "python", from: "conda" },
      { name: "numpy", from: "conda", version: "2.1.0" },
      { name: "scikit-learn", from: "pip", version: "1.5.2" },
      { name: "pandas", from: "pip" },
      { name: "azureml-mlflow", from: "pip" },
    ]);
    assert.deepEqual(packagesIn("a: [b"), []);
  });

  it("prints nothing of a conda file that is read, whatever tags it has", async () => {
    const warned: Error[] = [];
    const note = (warning: Error) => void warned.push(warning);
    process.on("warning", note);
    const found = packagesIn("dependencies:\n- pip:\n  - !index https://user:SECRET@host/simple\n  - mlflow==2.1\n");
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", note);
    assert.ok(found.some(({ name }) => name === "mlflow"));
    assert.deepEqual(warned, []);
  });
});
