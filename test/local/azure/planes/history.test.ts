// Run history, output look-up and artifacts, against the booted local cloud: the calls of docs/facts/azureml-wire.md#11 in their order.
import assert from "node:assert/strict";
import { timeSpan } from "../../../../local/azure/jobs/history.ts";
import { ask } from "../client.ts";
import { JobClient } from "../job-client.ts";

describe("local Azure: run history", () => {
  const jobs = JobClient.ofSuite();

  it("shows no times and no log before a job runs, and then both", async () => {
    jobs.cloud.azure.settings.phases.queued = 600_000;
    const name = await jobs.submit("sleep 0.3");
    await jobs.until(name, "Queued");
    const early = await jobs.details(name);
    assert.deepEqual([early.status, early.startTimeUtc, early.endTimeUtc, early.logFiles], ["Queued", null, null, {}]);
    jobs.cloud.azure.settings.phases.queued = 50;
    jobs.cloud.azure.clock.leap(600_000);
    await jobs.until(name, "Completed");
    const late = await jobs.details(name);
    assert.ok(Date.parse(late.endTimeUtc) - Date.parse(late.startTimeUtc) >= 300);
    assert.deepEqual(
      [late.runId, late.target, late.status, late.error, late.warnings],
      [name, "cpu-cluster", "Completed", null, null],
    );
  });

  it("leads from rundata over batchGetResolvedUris to an output's blobs", async () => {
    const name = await jobs.run("echo m > ${{outputs.model}}/m.txt", {
      outputs: { model: { jobOutputType: "custom_model" } },
    });
    const asked = { runId: name, selectRunMetadata: true, selectRunDefinition: true, selectJobSpecification: true };
    const { runMetadata, ...rest } = (await jobs.api("POST", "history/v1.0", "/rundata", asked)).body;
    assert.deepEqual(Object.keys(rest), ["runDefinition", "jobSpecification", "systemSettings"]);
    const prefix = `azureml://locations/eastus2/workspaces/${jobs.cloud.azure.workspaceGuid}/data/azureml_${name}_output_data_`;
    assert.deepEqual(runMetadata.outputs, {
      default: { assetId: `${prefix}default/versions/1`, type: "UriFolder" },
      model: { assetId: `${prefix}model/versions/1`, type: "CustomModel" },
    });
    const values = Object.values(runMetadata.outputs).map((output) => (output as { assetId: string }).assetId);
    const resolved = (await jobs.api("POST", "data/v1.0", "/dataversion/batchGetResolvedUris", { values })).body.values;
    const store =
      "azureml://subscriptions/00000000-0000-0000-0000-000000000001/resourcegroups/rg1/workspaces/ws1/datastores";
    assert.deepEqual(resolved, {
      [values[0]!]: {
        uri: `${store}/workspaceartifactstore/paths/ExperimentRun/dcid.${name}/`,
        type: "UriFolder",
        legacyDatasetType: null,
      },
      [values[1]!]: {
        uri: `${store}/workspaceblobstore/paths/azureml/${name}/model/`,
        type: "CustomModel",
        legacyDatasetType: null,
      },
    });
    assert.equal(await jobs.blob(jobs.blobstore, `azureml/${name}/model/m.txt`), "m\n");
  });

  it("has a run's metadata with every key of the recording, and no children for a command job", async () => {
    const name = await jobs.run("true", { displayName: "Shown", tags: { a: "1" } });
    const run = (await jobs.api("GET", "history/v1.0", `/runs/${name}`)).body;
    assert.deepEqual(
      Object.keys(run),
      "runNumber rootRunId createdUtc createdBy userId token tokenExpiryTimeUtc error warnings revision statusRevision runUuid parentRunUuid rootRunUuid lastStartTimeUtc currentComputeTime computeDuration effectiveStartTimeUtc lastModifiedBy lastModifiedUtc duration cancelationReason currentAttemptId runId parentRunId experimentId status startTimeUtc endTimeUtc scheduleId displayName name dataContainerId description hidden runType runTypeV2 properties parameters actionUris scriptName target uniqueChildRunComputeTargets tags settings services inputDatasets outputDatasets runDefinition jobSpecification primaryMetricName createdFrom cancelUri completeUri diagnosticsUri computeRequest compute retainForLifetimeOfWorkspace queueingInfo inputs outputs".split(
        " ",
      ),
    );
    const { _aml_system_ComputeTargetStatus: nodes, ...tags } = run.tags;
    assert.equal(JSON.parse(nodes).AllocationState, "steady");
    assert.deepEqual([run.displayName, run.dataContainerId, tags], ["Shown", `dcid.${name}`, { a: "1" }]);
    assert.match(run.computeDuration, /^00:00:0\d\.\d{7}$/);
    assert.deepEqual((await jobs.api("GET", "history/v1.0", `/runs/${name}/children`)).body, { value: [] });
    const queried = (await jobs.api("POST", "history/v1.0", "/experiments/tests/runs:query", { top: 1 })).body.value;
    assert.deepEqual(
      queried.map(({ runId }: { runId: string }) => runId),
      [name],
    );
  });

  it("lists a client's nested runs as children", async () => {
    const name = await jobs.run("true");
    const tags = [{ key: "mlflow.parentRunId", value: name }];
    const { run } = (await jobs.mlflow("POST", "runs/create", { experiment_id: "0", tags })).body;
    const children = (await jobs.api("GET", "history/v1.0", `/runs/${name}/children`)).body.value;
    assert.deepEqual(
      children.map((child: { runId: string; parentRunId: string }) => [child.runId, child.parentRunId]),
      [[run.info.run_id, name]],
    );
  });

  it("refuses filters, orders and fields that are not built, and edits beyond a run's limits", async () => {
    const name = await jobs.run("true");
    const asked: [string, string, object | undefined, number][] = [
      ["GET", `/runs/${name}/children?filter=${encodeURIComponent("status eq 'Failed'")}`, undefined, 501],
      ["GET", `/runs/${name}/children?orderby=status`, undefined, 501],
      ["GET", `/runs/${name}/children?$top=0`, undefined, 200],
      ["POST", "/experiments/tests/runs:query", { filter: "status eq 'Failed'" }, 501],
      ["POST", "/experiments/tests/runs:query", { orderBy: "status" }, 501],
      ["POST", "/experiments/tests/runs:query", { filter: null, top: 1 }, 200],
      ["PATCH", `/experiments/tests/runs/${name}`, { status: "Completed" }, 501],
      ["PATCH", `/experiments/Default/runs/${name}`, { tags: { a: "1" } }, 404],
      ["PATCH", `/experiments/tests/runs/${name}`, { tags: { long: "x".repeat(1001) } }, 400],
      ["PATCH", `/experiments/tests/runs/${name}`, { displayName: "x".repeat(257) }, 400],
    ];
    for (const [method, path, body, status] of asked) {
      const answer = await jobs.api(method, "history/v1.0", path, body);
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
      if (status === 400) assert.match(answer.body.error.message, /over the size limit\. FieldName=RunDto\./);
    }
    assert.equal((await jobs.api("POST", "metric/v2.0", `/runs/${name}/full`, { startTime: "2020" })).status, 501);
  });

  it("answers 404 in the data plane's form for a run that does not exist", async () => {
    const answer = await jobs.api("GET", "history/v1.0", "/runs/nobody/details");
    assert.equal(answer.status, 404);
    assert.equal(answer.body.error.code, "UserError");
    assert.equal(answer.body.statusCode, 404);
    assert.equal(answer.body.componentName, "run-history");
  });

  it("leads from the studio link to a page that says what it is, with what there is to see of the job", async () => {
    const name = await jobs.submit("echo '<b>loud</b>'; exit 3");
    await jobs.until(name, "Failed");
    const { endpoint } = (await jobs.arm("GET", `/jobs/${name}`)).body.properties.services.Studio;
    const page = await ask(jobs.cloud, "GET", endpoint);
    assert.equal(page.status, 200);
    for (const part of [/Simulated studio page of local Azure/, new RegExp(name), /Failed/, /status code 3/])
      assert.match(page.text, part);
    const [, path = ""] = /href="(\/runs\/[^"]+\/log\?path=[^"]*std_log\.txt)"/.exec(page.text) ?? [];
    const log = await ask(jobs.cloud, "GET", `${jobs.cloud.urls.api}${path}`);
    assert.match(log.text, /<b>loud<\/b>/);
    assert.match(log.headers["content-type"] ?? "", /^text\/plain/);
    assert.equal((await ask(jobs.cloud, "GET", endpoint.replace(name, "nobody"))).status, 404);
    assert.equal((await ask(jobs.cloud, "GET", `${jobs.cloud.urls.api}/runs/${name}/log?path=../x`)).status, 404);
  });

  it("wants a token and the one workspace there is", async () => {
    const url = `${jobs.cloud.urls.api}/history/v1.0${jobs.cloud.azure.workspaceId}/runs/nobody`;
    assert.equal((await ask(jobs.cloud, "GET", url)).status, 401);
    const elsewhere = await jobs.armUrl("GET", url.replace("/workspaces/ws1", "/workspaces/ws2"));
    assert.equal(elsewhere.status, 404);
    assert.equal(elsewhere.body.error.code, "ResourceNotFound");
  });

  it("gives signed places to write artifacts to, and finds them again", async () => {
    const name = await jobs.run("true");
    const below = `/experiments/tests/runs/${name}/artifacts`;
    const batch = (
      await jobs.api("POST", "history/v1.0", `${below}/batch/metadata`, { paths: [{ path: "model/MLmodel" }] })
    ).body;
    const { contentUri } = batch.artifactContentInformation["model/MLmodel"];
    const put = await ask(jobs.cloud, "PUT", contentUri, {
      body: "flavors: {}",
      headers: { "x-ms-blob-type": "BlockBlob" },
    });
    assert.equal(put.status, 201, put.text);
    const found = (
      await jobs.api("GET", "artifact/v2.0", `/artifacts/ExperimentRun/dcid.${name}/prefix/contentinfo?path=model`)
    ).body.value;
    assert.deepEqual(
      found.map(({ path }: { path: string }) => path),
      ["model/MLmodel"],
    );
    assert.equal((await ask(jobs.cloud, "GET", found[0].contentUri)).text, "flavors: {}");
    assert.equal((await jobs.api("GET", "history/v1.0", `${below}/contentinfo?path=none`)).status, 404);
  });
});

describe("a time span of run history", () => {
  it("has days in front where there are any, as .NET writes it", () => {
    assert.equal(timeSpan(68_737), "00:01:08.7370000");
    assert.equal(timeSpan(93_784_000), "1.02:03:04.0000000");
    assert.equal(timeSpan(86_400_000), "1.00:00:00.0000000");
  });
});
