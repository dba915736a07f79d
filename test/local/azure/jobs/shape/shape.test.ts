// Jobs of kinds that are simulated, as the management plane shows them; and imports of data.
import assert from "node:assert/strict";
import { taskShown } from "../../../../../local/azure/jobs/shape/automl.ts";
import { otherProperties } from "../../../../../local/azure/jobs/shape/kinds.ts";
import { responseKeys } from "../../../../../local/azure/jobs/shape/versions.ts";
import { JobClient } from "../../job-client.ts";

type Json = Record<string, unknown>;
const trainingData = { jobInputType: "mltable", uri: "azureml://datastores/d/paths/train" };

describe("local Azure: AutoML's task", () => {
  it("shows a table's with defaults and nulls, those that the api-version knows", () => {
    const sent = { taskType: "Regression", trainingData, limitSettings: { maxTrials: 2 } };
    const old = taskShown(sent, responseKeys("2022-06-01-preview"));
    assert.deepEqual(old["limitSettings"], { maxCoresPerTrial: -1, exitScore: null, maxTrials: 2 });
    assert.deepEqual(old["trainingData"], { description: null, ...trainingData, mode: "ReadOnlyMount" });
    for (const key of ["nCrossValidations", "validationData", "testDataSize", "featurizationSettings"])
      assert.equal(old[key], null, key);
    assert.equal((old["trainingSettings"] as Json)["ensembleModelDownloadTimeout"], "PT5M");
    assert.ok(!("sweepSettings" in old));
    const later = taskShown(sent, responseKeys("2023-04-01-preview"));
    assert.equal(later["sweepSettings"], null);
    assert.equal((later["trainingSettings"] as Json)["trainingMode"], "Auto");
  });

  it("shows what an image's model could be searched over, and limits of its own", () => {
    const sent = { taskType: "ImageObjectDetection", trainingData, searchSpace: [{ modelName: "choice('yolov5')" }] };
    const shown = taskShown(sent, responseKeys("2022-06-01-preview"));
    assert.deepEqual(shown["limitSettings"], { maxTrials: 1, timeout: "P7D", maxConcurrentTrials: 1 });
    const [space] = shown["searchSpace"] as [Json];
    assert.deepEqual([space["modelName"], space["tileGridSize"]], ["choice('yolov5')", null]);
    assert.equal(
      taskShown({ taskType: "ImageObjectDetection", trainingData }, responseKeys("2022-06-01-preview"))["searchSpace"],
      null,
    );
  });
});

describe("local Azure: a sweep's resources", () => {
  it("are shown by the two previews that know them", () => {
    const body = { jobType: "Sweep", resources: { instanceCount: 2 }, searchSpace: {}, trial: {} };
    const shown = (apiVersion: string) => otherProperties({ body }, responseKeys(apiVersion));
    assert.equal((shown("2023-08-01-preview")["resources"] as Json)["instanceCount"], 2);
    assert.equal((shown("2024-01-01-preview")["resources"] as Json)["instanceCount"], 2);
    for (const other of ["2023-04-01-preview", "2024-07-01-preview", "2025-12-01"])
      assert.ok(!("resources" in shown(other)));
  });
});

describe("local Azure: imports of data, and codes", () => {
  const jobs = JobClient.ofSuite({ immediate: true });

  async function submit(connection: string): Promise<string> {
    const name = jobs.name();
    const literal = (value: string) => ({ jobInputType: "literal", value });
    const properties = {
      ...{ jobType: "Command", command: "import", computeId: jobs.id("computes/DataFactory") },
      environmentId: jobs.id("environments/AzureML-sklearn-0.24-ubuntu18.04-py37-cpu"),
      inputs: { type: literal("azuresqldb"), connection: literal(connection), query: literal("select 1") },
      outputs: { output: { jobOutputType: "mltable", uri: "azureml://datastores/workspaceblobstore/paths/out/" } },
    };
    const answer = await jobs.arm("PUT", `/jobs/${name}`, { properties });
    assert.equal(answer.status, 201, answer.text);
    assert.equal(answer.body.properties.properties["_azureml.ComputeTargetType"], "adf");
    return name;
  }

  it("are taken on the service's own compute, and say that they are simulated", async () => {
    const connection = { authType: "None", category: "Git", target: "https://example.org/r.git" };
    assert.equal((await jobs.arm("PUT", "/connections/base", { properties: connection })).status, 200);
    const name = await submit("azureml:base");
    assert.equal(await jobs.until(name, "Completed"), "Completed");
    const { properties } = (await jobs.arm("GET", `/jobs/${name}`)).body.properties;
    assert.equal(properties["azureml.simulated"], "true");
  });

  it("fail where the workspace has no such connection", async () => {
    const name = await submit("azureml:nowhere");
    await jobs.until(name, "Failed");
    assert.match((await jobs.details(name)).error.error.message, /Connection nowhere can't be found in this workspace/);
    const log = `ExperimentRun/dcid.${name}/azureml-logs/executionlogs.txt`;
    assert.equal((await jobs.cloud.azure.blobs.get("azureml", log))?.length, 0, "its log is there, and empty");
  });

  it("have codes that the data plane's own management front end answers for as well", async () => {
    const hash = "a".repeat(64);
    const body = {
      properties: { codeUri: "https://stor1.blob.core.windows.net/c/code", properties: { hash_sha256: hash } },
    };
    assert.equal((await jobs.arm("PUT", "/codes/there/versions/1", body)).status, 201);
    const asked = (path: string) => jobs.api("GET", "mferp/managementfrontend", `/codes${path}api-version=2023-04-01`);
    const listed = await asked(`/any/versions?hash=${hash}&`);
    assert.equal(listed.status, 200, listed.text);
    assert.deepEqual(
      listed.body.value.map((one: { id: string }) => one.id),
      [jobs.id("codes/there/versions/1")],
    );
    const there = await asked("/there/versions/1?");
    const same = await jobs.arm("GET", "/codes/there/versions/1", undefined, "2023-04-01");
    assert.deepEqual(there.body, same.body);
  });
});
