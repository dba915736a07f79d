// Data, models and environments.
import assert from "node:assert/strict";
import { dataKind, environmentKind, modelKind } from "../../../../lib/documents/index.ts";
import { faultsOf, offline, type Project, project } from "../project.ts";

describe("spec assets", () => {
  let files: Project;
  beforeEach(() => {
    files = project({
      "data/a.csv": "1",
      "table/MLTable": "paths:\n  - file: ./a.csv\n  - pattern: ./*.csv\n",
      "model/MLmodel": "x",
      "ctx/Dockerfile": "FROM x",
    });
  });
  afterEach(() => files.remove());

  it("writes data: a folder, a table with what it refers to, a URI as it stands", async () => {
    const data = async (text: string) => await dataKind.translate(dataKind.parse(files.yaml(text)), offline());
    const folder = await data("name: d\ntype: uri_folder\npath: ./data\n");
    assert.equal(folder.path, "data/d/versions/8");
    const uri = (folder.body as { properties: { dataUri: string } }).properties.dataUri;
    assert.match(uri, /LocalUpload\/[0-9a-f]{64}\/data$/);
    const table = (await data("name: d\nversion: 1\ntype: mltable\npath: ./table\ntags: {n: 1}\n")).body as {
      properties: Record<string, unknown>;
    };
    assert.deepEqual(table.properties["referencedUris"], ["./a.csv", "./*.csv"]);
    assert.deepEqual(table.properties["tags"], { n: "1" });
    const remote = (await data("name: d\ntype: uri_file\npath: azureml://datastores/s/paths/x.csv\n")).body as {
      properties: Record<string, unknown>;
    };
    assert.equal(remote.properties["dataUri"], "azureml://datastores/s/paths/x.csv");
  });

  it("refuses data whose path is not of its type", () => {
    const fault = (text: string) => faultsOf(() => dataKind.parse(files.yaml(text)))[0]?.message ?? "";
    assert.match(fault("name: d\ntype: uri_file\npath: ./data\n"), /is a folder/);
    assert.match(fault("name: d\ntype: uri_folder\npath: ./data/a.csv\n"), /is a file/);
    assert.match(fault("name: d\ntype: mltable\npath: ./data\n"), /holds no file MLTable/);
    assert.match(fault("name: d\ntype: uri_flie\npath: ./data\n"), /Did you mean uri_file\?/);
    assert.match(fault("name: d\npath: ./dtaa\n"), /Did you mean data\?/);
  });

  it("writes a model under the long form of its URI, or as the job's output that it is", async () => {
    const model = async (text: string) =>
      (await modelKind.translate(modelKind.parse(files.yaml(text)), offline())).body as {
        properties: Record<string, unknown>;
      };
    const local = await model("name: m\ntype: mlflow_model\npath: ./model\nproperties: {ok: true}\n");
    assert.match(
      String(local.properties["modelUri"]),
      /^azureml:\/\/subscriptions\/.*\/workspaceblobstore\/paths\/LocalUpload\/.*\/model$/,
    );
    assert.deepEqual(local.properties["properties"], { ok: "True" });
    const output = await model("name: m\npath: azureml://jobs/j/outputs/artifacts/paths/model/\n");
    assert.equal(output.properties["modelUri"], "azureml://jobs/j/outputs/artifacts/paths/model/");
    assert.equal(output.properties["modelType"], "custom_model");
  });

  it("writes an environment at its latest version where none is given, and its build context as a folder URL", async () => {
    const environment = async (text: string) =>
      await environmentKind.translate(environmentKind.parse(files.yaml(text)), offline());
    assert.equal((await environment("name: e\nimage: x\n")).path, "environments/e/versions/7");
    const built = (await environment("name: e\nversion: 1\nbuild: {path: ./ctx, dockerfile_path: Dockerfile}\n"))
      .body as {
      properties: { build: { contextUri: string; dockerfilePath: string } };
    };
    assert.match(built.properties.build.contextUri, /^https:\/\/.*\/ctx\/$/);
    assert.equal(built.properties.build.dockerfilePath, "Dockerfile");
  });

  it("tells a conda file from an environment, and wants an image", () => {
    const fault = (text: string) => faultsOf(() => environmentKind.parse(files.yaml(text)));
    assert.ok(fault("name: e\nchannels: [a]\ndependencies: [b]\n").some((one) => /conda file/.test(one.hint ?? "")));
    assert.match(fault("name: e\n")[0]?.message ?? "", /no image and no build context/);
    assert.match(fault("name: e\nimage: x\nconda_file: gone.yml\n")[0]?.message ?? "", /no file or folder gone\.yml/);
  });
});
