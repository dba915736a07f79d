// Batch endpoints and registries: what is invoked over files, and what workspaces share.
import assert from "node:assert/strict";
import { type Answer, ask, tokenOf } from "../../client.ts";
import { JobClient } from "../../job-client.ts";

const uri = (path: string) => `azureml://datastores/workspaceblobstore/paths/${path}`;
const score =
  "import os\ndef init():\n    global factor\n    factor = float(open(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'net', 'factor.txt')).read())\n" +
  "def run(mini_batch):\n    return [f'{os.path.basename(path)} {factor * float(open(path).read())}' for path in mini_batch]\n";

describe("local Azure: batch endpoints and registries", () => {
  const jobs = JobClient.ofSuite({ immediate: true });
  let armToken: string;

  before(async () => {
    jobs.cloud.azure.settings.patience = 10_000;
    Object.assign(jobs.cloud.azure.settings.online, { endpoint: 0, deployment: 0 });
    armToken = await tokenOf(jobs.cloud);
    const { blobs } = jobs.cloud.azure;
    for (const [file, text] of Object.entries({
      "net/factor.txt": "2",
      "in/a.txt": "1",
      "in/b.txt": "2",
      "in/c.txt": "3",
    })) {
      await blobs.put(jobs.blobstore, file, text);
    }
    await blobs.put("code-batch", "src/score.py", score);
    await made("/codes/score/versions/1", { codeUri: blobs.url("code-batch", "src") });
    await made("/models/net/versions/1", { modelType: "custom_model", modelUri: uri("net") });
    await made("/data/rows/versions/1", { dataType: "uri_folder", dataUri: uri("in/") });
  });

  async function made(path: string, properties: object): Promise<void> {
    const { status, text } = await jobs.arm("PUT", path, { properties });
    assert.equal(status, 201, text);
  }

  /** Waits for what an answer began. */
  async function done(answer: Answer): Promise<void> {
    assert.ok([200, 201, 202].includes(answer.status), answer.text);
    const url = answer.headers["azure-asyncoperation"] ?? "";
    for (;;) {
      const { body } = await jobs.armUrl("GET", url);
      if (body.status === "Succeeded") return;
      assert.ok(!["Failed", "Canceled"].includes(body.status), JSON.stringify(body));
    }
  }

  describe("batch endpoints", () => {
    let scoringUri: string;

    const endpoint = (defaults: object = {}) => ({
      location: "eastus2",
      properties: { authMode: "AADToken", defaults },
    });
    const deployment = (more: object = {}) => ({
      location: "eastus2",
      properties: {
        model: { referenceType: "Id", assetId: jobs.id("models/net/versions/1") },
        codeConfiguration: { codeId: jobs.id("codes/score/versions/1"), scoringScript: "score.py" },
        environmentId: jobs.id("environments/plain/versions/1"),
        compute: jobs.id("computes/cpu-cluster"),
        miniBatchSize: 2,
        outputFileName: "rows.csv",
        retrySettings: { maxRetries: 0, timeout: "PT30S" },
        ...more,
      },
    });

    before(async () => {
      await done(await jobs.arm("PUT", "/batchEndpoints/nightly", endpoint()));
      scoringUri = (await jobs.arm("GET", "/batchEndpoints/nightly")).body.properties.scoringUri;
    });

    async function invoke(
      o: { headers?: Record<string, string>; token?: string; input?: object; inputData?: object; more?: object } = {},
    ): Promise<Answer> {
      const token = o.token ?? (await tokenOf(jobs.cloud, { scope: "https://ml.azure.com/.default" }));
      const input = o.input ?? { jobInputType: "uri_folder", uri: jobs.id("data/rows/versions/1") };
      const body = { properties: { inputData: o.inputData ?? { rows: input }, ...o.more } };
      return ask(jobs.cloud, "POST", scoringUri, { token, body, headers: o.headers ?? {} });
    }

    it("refuse an invocation while there is no default deployment", async () => {
      assert.equal((await invoke()).status, 404);
    });

    it("score every file with the user's script, once a deployment is the default", async () => {
      await done(await jobs.arm("PUT", "/batchEndpoints/nightly/deployments/blue", deployment()));
      await done(await jobs.arm("PUT", "/batchEndpoints/nightly", endpoint({ deploymentName: "blue" })));
      const { status, body, text } = await invoke();
      assert.equal(status, 201, text);
      await jobs.until(body.name, "Completed");
      const [step] = (await jobs.api("GET", "history/v1.0", `/runs/${body.name}/children`)).body.value;
      const rows = await jobs.blob(jobs.blobstore, `azureml/${step.runId}/score/rows.csv`);
      assert.deepEqual(rows?.trim().split("\n").sort(), ["a.txt 2.0", "b.txt 4.0", "c.txt 6.0"]);
      for (const path of ["jobs", "deployments/blue/jobs"]) {
        const listed = await jobs.api("GET", "mferp/managementfrontend", `/batchEndpoints/nightly/${path}`);
        assert.deepEqual(
          listed.body.value.map((one: { name: string; properties: { status: string } }) => [
            one.name,
            one.properties.status,
          ]),
          [[body.name, "Completed"]],
        );
      }
    });

    it("hold the tags of an invocation to the limits of runs", async () => {
      const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`tag${at}`, "a"]));
      const before = (await jobs.arm("GET", "/jobs")).body.value.length;
      for (const [tags, field] of [
        [many(51), "RunDto.Tags/Count"],
        [{ a: "x".repeat(1_001) }, "RunDto.Tags.Value/Length"],
        [{ ["x".repeat(101)]: "a" }, "RunDto.Tags.Key/Length"],
      ] as const) {
        const { status, body } = await invoke({ more: { tags } });
        assert.equal(status, 400, field);
        assert.ok(body.error.message.includes(`FieldName=${field},`), body.error.message);
      }
      assert.equal((await jobs.arm("GET", "/jobs")).body.value.length, before);
    });

    it("take the deployment that a header names, and fail the job whose script fails", async () => {
      await jobs.cloud.azure.blobs.put(
        "code-fails",
        "src/score.py",
        "def run(mini_batch):\n    raise ValueError('no')\n",
      );
      await made("/codes/fails/versions/1", { codeUri: jobs.cloud.azure.blobs.url("code-fails", "src") });
      const codeConfiguration = { codeId: jobs.id("codes/fails/versions/1"), scoringScript: "score.py" };
      const other = deployment({ codeConfiguration, errorThreshold: 0 });
      await done(await jobs.arm("PUT", "/batchEndpoints/nightly/deployments/green", other));
      const { body, headers } = await invoke({ headers: { "azureml-model-deployment": "green" } });
      assert.equal(headers["azureml-model-deployment"], "green");
      await jobs.until(body.name, "Failed");
    });

    it("name their jobs themselves, show the settings of the invocation, and keep its tags as published", async () => {
      const { batch } = jobs.cloud.azure.settings;
      const sent = {
        ...{ name: "mine", errorThreshold: 3, miniBatchSize: 1, outputFileName: "own.csv" },
        ...{ tags: { team: "vision" }, properties: { experimentName: "own" }, compute: { instanceCount: 4 } },
      };
      const { body } = await invoke({ more: sent });
      assert.match(body.name, /^batchjob-[0-9a-f-]{36}$/);
      assert.equal(body.id, jobs.id(`batchEndpoints/nightly/deployments/blue/jobs/${body.name}`));
      assert.deepEqual(body.properties.tags, {
        ...{ team: "vision", outputType: "output_data", inputType: "input_data", "azureml.batchrun": "true" },
        ...{ "azureml.deploymentname": "blue", "azureml.jobtype": "azureml.batchjob" },
      });
      const parameters = JSON.parse(body.properties.properties["azureml.parameters"]);
      assert.deepEqual(
        [parameters.error_threshold, parameters.mini_batch_size, parameters.append_row_file_name, parameters.NodeCount],
        ["3", "1", "own.csv", "4"],
      );
      const shown = (await jobs.arm("GET", `/jobs/${body.name}`)).body.properties;
      assert.deepEqual([shown.experimentName, shown.tags.team], ["nightly", "vision"]);
      await jobs.until(body.name, "Completed");
      batch.keepsTags = false;
      const bare = (await invoke({ more: sent })).body;
      batch.keepsTags = true;
      assert.equal(bare.properties.tags.team, undefined);
      await jobs.until(bare.name, "Completed");
    });

    it("fail a job whose output file is there already", async () => {
      const outputData = { score: { jobOutputType: "UriFile", uri: uri("scores/once/rows.csv") } };
      const first = (await invoke({ more: { outputData } })).body.name;
      await jobs.until(first, "Completed");
      const second = (await invoke({ more: { outputData } })).body.name;
      await jobs.until(second, "Failed");
      const [step] = (await jobs.api("GET", "history/v1.0", `/runs/${second}/children`)).body.value;
      assert.match(await jobs.said(step.runId), /output file .*scores\/once\/rows\.csv exists already/);
      const rows = await jobs.blob(jobs.blobstore, "scores/once/rows.csv");
      assert.deepEqual(rows?.trim().split("\n").sort(), ["a.txt 2.0", "b.txt 4.0", "c.txt 6.0"]);
    });

    it("run a pipeline component with literals, in the experiment that is named, and answer in its own form", async () => {
      const component = {
        componentSpec: {
          ...{ type: "pipeline", name: "greet", version: "1" },
          inputs: { word: { type: "string" } },
          jobs: {
            say: {
              ...{ type: "command", componentId: jobs.id("components/say/versions/1") },
              inputs: { word: { job_input_type: "literal", value: "${{parent.inputs.word}}" } },
            },
          },
        },
      };
      const say = {
        componentSpec: {
          ...{ type: "command", name: "say", version: "1", command: "echo said ${{inputs.word}}" },
          ...{
            environment: `azureml:${jobs.id("environments/plain/versions/1")}`,
            inputs: { word: { type: "string" } },
          },
        },
      };
      await made("/components/say/versions/1", say);
      await made("/components/greet/versions/1", component);
      const deploymentConfiguration = {
        deploymentConfigurationType: "PipelineComponent",
        componentId: { referenceType: "Id", assetId: jobs.id("components/greet/versions/1") },
        settings: { default_compute: "cpu-cluster" },
      };
      const body = { location: "eastus2", properties: { deploymentConfiguration } };
      await done(await jobs.arm("PUT", "/batchEndpoints/nightly/deployments/steps", body));
      const headers = { "azureml-model-deployment": "steps" };
      const inputData = { word: { jobInputType: "Literal", value: "hello" } };
      const {
        status,
        body: job,
        text,
      } = await invoke({
        headers,
        inputData,
        more: { properties: { experimentName: "own" } },
      });
      assert.equal(status, 201, text);
      assert.match(job.name, /^[0-9a-f-]{36}$/);
      assert.equal(job.id, jobs.id(`batchEndpoints//jobs/${job.name}`));
      assert.equal(job.type, "Microsoft.MachineLearningServices/workspaces/batchEndpoints/jobs");
      assert.deepEqual(job.properties.tags, { "azureml.deploymentname": "steps" });
      assert.equal(job.properties.properties.runSource, "BatchDeployment");
      await jobs.until(job.name, "Completed");
      assert.equal((await jobs.arm("GET", `/jobs/${job.name}`)).body.properties.experimentName, "own");
      const [step] = (await jobs.api("GET", "history/v1.0", `/runs/${job.name}/children`)).body.value;
      assert.match(await jobs.said(step.runId), /said hello/);
    });

    it("want a token for Azure ML, and one input of files", async () => {
      assert.equal((await invoke({ token: armToken })).status, 401);
      const { status, body } = await invoke({ input: { jobInputType: "literal", value: "1" } });
      assert.equal(status, 400);
      assert.match(body.error.message, /exactly one input of files/);
    });

    it("refuse a model that is not there, and are deleted with their deployments", async () => {
      const model = { referenceType: "Id", assetId: jobs.id("models/nothing/versions/1") };
      const refused = await jobs.arm("PUT", "/batchEndpoints/nightly/deployments/red", deployment({ model }));
      assert.equal(refused.status, 404);
      assert.match(refused.body.error.message, /Not found model nothing/);
      await done(await jobs.arm("DELETE", "/batchEndpoints/nightly"));
      assert.equal((await jobs.arm("GET", "/batchEndpoints/nightly/deployments/blue")).status, 404);
    });
  });

  describe("registries", () => {
    const at = "/resourceGroups/rg1/providers/Microsoft.MachineLearningServices/registries/shared";
    const arm = (method: string, body?: object) =>
      ask(
        jobs.cloud,
        method,
        `${jobs.cloud.urls.arm}/subscriptions/${jobs.cloud.subscriptionId}${at}?api-version=2023-04-01`,
        {
          token: armToken,
          ...(body === undefined ? {} : { body }),
        },
      );
    const plane = (method: string, path: string, body?: object) =>
      ask(
        jobs.cloud,
        method,
        `${jobs.cloud.urls.api}/mferp/managementfrontend/subscriptions/${jobs.cloud.subscriptionId}${at}${path}?api-version=2023-04-01`,
        { token: armToken, ...(body === undefined ? {} : { body }) },
      );

    it("are created, and found by their name alone", async () => {
      const properties = { regionDetails: [{ location: "East US 2" }] };
      assert.equal((await arm("PUT", { location: "eastus2", properties })).status, 202);
      const { body } = await arm("GET");
      assert.equal(body.properties.regionDetails[0].location, "eastus2");
      const discovery = `${jobs.cloud.urls.api}/registrymanagement/v1.0/registries/shared/discovery`;
      const found = await ask(jobs.cloud, "GET", discovery, { token: armToken });
      assert.deepEqual([found.body.registryName, found.body.resourceGroup], ["shared", "rg1"]);
    });

    it("take an asset at the place that they give to upload to", async () => {
      const assetId = "azureml://registries/shared/models/net/versions/3";
      const pending = await plane("PUT", "/tempdatarefs/net/versions/3", { assetId, temporaryDataReferenceType: "x" });
      const { blobUri, credential } = pending.body.blobReferenceForConsumption;
      const signed = new URL(credential.sasUri);
      const target = `${signed.origin}${signed.pathname}/factor.txt${signed.search}`;
      const put = await ask(jobs.cloud, "PUT", target, { body: "5", headers: { "x-ms-blob-type": "BlockBlob" } });
      assert.equal(put.status, 201, put.text);
      const properties = { modelType: "custom_model", modelUri: blobUri };
      const sent = await plane("PUT", "/models/net/versions/3", { properties });
      assert.equal(sent.status, 202);
      assert.equal((await jobs.armUrl("GET", sent.headers["location"] ?? "")).body.assetId, assetId);
      const { body } = await plane("GET", "/models/net/versions/3");
      assert.equal(body.id, assetId);
      assert.equal((await plane("PUT", "/tempdatarefs/net/versions/3", { assetId })).status, 409);
    });

    it("import what a workspace has", async () => {
      const sourceAssetId = "azureml://locations/eastus2/workspaces/x/models/net/versions/1";
      const properties = { destinationName: "net", destinationVersion: "4", sourceAssetId };
      const sent = await plane("POST", "/import", { properties });
      assert.equal(sent.status, 202, sent.text);
      assert.equal((await jobs.armUrl("GET", sent.headers["location"] ?? "")).status, 200);
      const { body } = await plane("GET", "/models/net/versions");
      assert.deepEqual(body.value.map((one: { name: string }) => one.name).sort(), ["3", "4"]);
    });

    it("give a job its inputs", async () => {
      const model = { jobInputType: "custom_model", uri: "azureml://registries/shared/models/net/versions/3" };
      const name = await jobs.run("cat ${{inputs.model}}/factor.txt", { inputs: { model } });
      assert.equal((await jobs.said(name)).trim(), "5");
    });

    it("say which asset and which registry there is not", async () => {
      assert.equal((await plane("GET", "/models/net/versions/99")).status, 404);
      assert.equal((await arm("DELETE")).status, 202);
      assert.equal((await plane("GET", "/models/net/versions/3")).status, 404);
      assert.equal((await arm("GET")).status, 404);
    });
  });
});
