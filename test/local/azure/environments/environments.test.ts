// A cloud that makes environments: jobs and deployments in them, and those whose environment cannot be made. What pip would install is
// in the cache already, so that nothing is fetched; `npm run test:conformance` lets pip do it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { CachePlace, contentHash } from "../../../../local/azure/environments/cache.ts";
import { type Interpreter, interpreter } from "../../../../local/azure/environments/interpreter.ts";
import { imageOf } from "../../../../local/azure/environments/provision.ts";
import { readConda } from "../../../../local/azure/environments/requirements.ts";
import { imageLog } from "../../../../local/azure/jobs/running/programs.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { ask } from "../client.ts";
import { JobClient } from "../job-client.ts";
import { deploymentRequest, endpointRequest, make, registerCode, registerModel } from "../online-scripts.ts";

const conda =
  "channels: [conda-forge]\ndependencies:\n  - python>=3.0\n  - sample-package=1.0\n  - pip: [other==2.0]\n";
const lines = ["sample-package==1.0.*", "other==2.0"];
const script =
  "import json, sample\ndef init():\n    pass\ndef run(raw_data):\n    return [sample.name, json.loads(raw_data)]\n";

describe("local Azure: environments that are made", () => {
  const cache = mkdtempSync(path.join(tmpdir(), "environments-"));
  let cloud: LocalCloud;
  let jobs: JobClient;
  let python: Interpreter;

  before(async () => {
    python = (await interpreter("python3")) as Interpreter;
    await new CachePlace(cache, contentHash(python, lines)).fill(async (folder) => {
      const release = python.version.split(".").slice(0, 2).join(".");
      const packages = path.join(folder, "lib", `python${release}`, "site-packages");
      mkdirSync(packages, { recursive: true });
      mkdirSync(path.join(folder, "bin"));
      symlinkSync(python.path, path.join(folder, "bin", "python"));
      writeFileSync(path.join(packages, "sample.py"), "name = 'sampled'\n");
      return "other==2.0\nsample_package==1.0.3\n";
    });
    cloud = await startCloud({ environments: "venv", environmentsCache: cache });
    jobs = new JobClient(cloud);
    await jobs.prepare();
    await environment("made", { condaFile: conda });
    await environment("refused", {
      condaFile: "dependencies: [cudatoolkit=11.8, numpy, {pip: [-r requirements.txt]}]",
    });
  });
  after(async () => {
    await cloud.close();
    rmSync(cache, { recursive: true, force: true });
  });

  const environment = async (name: string, more: object) => {
    const body = { properties: { image: "mcr.microsoft.com/x", ...more } };
    assert.equal((await jobs.arm("PUT", `/environments/${name}/versions/1`, body)).status, 201);
  };
  const inEnvironment = (name: string) => ({ environmentId: jobs.id(`environments/${name}/versions/1`) });

  it("give a job their packages, and its logs say which", async () => {
    const name = await jobs.run(
      "python -c 'import sample; print(sample.name)'; command -v python",
      inEnvironment("made"),
    );
    const [said, place] = (await jobs.said(name)).trim().split("\n");
    assert.equal(said, "sampled");
    assert.match(place ?? "", /\/environment\/bin\/python$/);
    assert.match(
      await jobs.log(name),
      /environment made:1 is a virtual environment of Python 3\.[\d.]+ with sample-package 1\.0\.3, other 2\.0; image mcr\.microsoft\.com\/x is not used\./,
    );
    assert.deepEqual(Object.keys((await jobs.details(name)).logFiles), [imageLog, "user_logs/std_log.txt"]);
    const built = (await jobs.blob("azureml", `ExperimentRun/dcid.${name}/${imageLog}`)) ?? "";
    for (const part of [
      "No image is built of made:1",
      "sample-package==1.0.*",
      "It was made before: ",
      "sample_package==1.0.3",
    ])
      assert.ok(built.includes(part), `${part}: ${built}`);
  });

  it("are one for all who ask for the same", async () => {
    const definition = { title: "x:1", base: "image x", requirements: async () => readConda(conda) };
    const [one, other] = await Promise.all([imageOf(cloud.azure, definition), imageOf(cloud.azure, definition)]);
    assert.equal(one?.done, other?.done);
    assert.equal((await one?.done)?.installed.get("other"), "2.0");
  });

  it("fail a job as an image build, naming what cannot be installed, before its command runs", async () => {
    const name = await jobs.submit("echo never", inEnvironment("refused"));
    await jobs.until(name, "Failed");
    const { error, logFiles } = await jobs.details(name);
    assert.equal(error.error.code, "UserError");
    assert.match(
      error.error.message,
      /^Image build failed\. For more details, check log file azureml-logs\/20_image_build_log\.txt\. /,
    );
    assert.match(error.error.message, /'cudatoolkit=11\.8' is no Python package.*'-r requirements\.txt' names a file/);
    const built = (await ask(cloud, "GET", logFiles[imageLog])).text;
    assert.match(built, /ERROR: 'cudatoolkit=11\.8' is no Python package/);
  });

  it("are this machine's Python where nothing says what is in them", async () => {
    const name = await jobs.run("python -c 'print(1)'");
    assert.equal(await jobs.said(name), "1\n");
    assert.match(
      await jobs.log(name),
      /not built, because nothing says what is in image mcr\.microsoft\.com\/plain; python is this machine's/,
    );
  });

  it("serve a deployment, and fail one with ImageBuildFailure and a log in the blob store", async () => {
    await make(cloud, "/onlineEndpoints/made", endpointRequest());
    const codeId = await registerCode(cloud, "sampling", script);
    const model = await registerModel(cloud, "greeter");
    const deploy = (name: string, environmentName: string) => {
      const request = deploymentRequest(model, codeId, inEnvironment(environmentName));
      return make(cloud, `/onlineEndpoints/made/deployments/${name}`, request);
    };
    const [good, bad] = await Promise.all([deploy("good", "made"), deploy("bad", "refused")]);
    assert.equal(good.end.status, "Succeeded", JSON.stringify(good.end));
    const { scoringUri } = (await jobs.arm("GET", "/onlineEndpoints/made")).body.properties;
    const { primaryKey } = (await jobs.arm("POST", "/onlineEndpoints/made/listKeys")).body;
    const headers = { Authorization: `Bearer ${primaryKey}`, "azureml-model-deployment": "good" };
    const answer = await ask(cloud, "POST", scoringUri, { headers, body: { a: 1 } });
    assert.deepEqual(answer.body, ["sampled", { a: 1 }]);
    const logs = await jobs.arm("POST", "/onlineEndpoints/made/deployments/good/getLogs", {});
    assert.match(logs.body.content, /made:1 is a virtual environment of Python 3\.[\d.]+ with sample-package 1\.0\.3/);

    assert.equal(bad.end.status, "Failed");
    assert.match(bad.end.error.message, /^ImageBuildFailure: /);
    const place =
      /'cudatoolkit=11\.8' .* blob store "stor1" under the path "\/azureml\/(ImageLogs\/[^"]+\/build\.log)"/.exec(
        bad.end.error.message,
      );
    assert.match((await jobs.blob("azureml", place?.[1] ?? "")) ?? "", /ERROR: 'cudatoolkit=11\.8'/);
  });

  it("are what an MLflow model carries, where a deployment has no script; other models need one", async () => {
    await make(cloud, "/onlineEndpoints/unscripted", endpointRequest());
    await cloud.azure.blobs.put(jobs.blobstore, "saved/MLmodel", "flavors: {python_function: {env: conda.yaml}}");
    const modelUri = "azureml://datastores/workspaceblobstore/paths/saved";
    const register = async (name: string, modelType: string) =>
      (await jobs.arm("PUT", `/models/${name}/versions/1`, { properties: { modelUri, modelType } })).body.id as string;
    const unscripted = { codeConfiguration: null, environmentId: null };
    const place = "/onlineEndpoints/unscripted/deployments/blue";
    const custom = deploymentRequest(await register("custom", "custom_model"), "", unscripted);
    const refused = await jobs.arm("PUT", place, custom);
    assert.equal(refused.status, 501);
    assert.match(refused.text, /without codeConfiguration of models that are no MLflow models/);
    const saved = deploymentRequest(await register("saved", "mlflow_model"), "", unscripted);
    const { provisioning } = cloud.azure;
    cloud.azure.provisioning = { kind: "machine" };
    const unmade = await jobs.arm("PUT", place, saved);
    cloud.azure.provisioning = provisioning;
    assert.equal(unmade.status, 501);
    assert.match(unmade.text, /unless local Azure is started with --environments venv/);
    const { end } = await make(cloud, place, saved);
    assert.match(end.error.message, /^ImageBuildFailure: /);
    assert.match(end.error.message, /The MLflow model has no 'saved\/conda\.yaml', which says what it needs/);
  });
});
