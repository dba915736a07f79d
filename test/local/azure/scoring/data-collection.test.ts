// Data collection of online endpoints: payloads that the gateway sees, and tables that scripts report as azureml-ai-monitoring does.
import assert from "node:assert/strict";
import { dataCollector } from "../../../../local/azure/scoring/data-collector.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { ask, workspaceAsk } from "../client.ts";
import { JobClient } from "../job-client.ts";
import { fixed, limit, look, monitor, rolling, table } from "../jobs/monitors/monitors.ts";
import { deploymentRequest, endpointRequest, make, registerCode, registerModel } from "../online-scripts.ts";

// Reports as the package does: the same variables, path and headers.
const script = `
import json, os, time, urllib.request, uuid
def report(collection, rows):
    headers = {"Content-Type": "application/json", "ce-time": str(int(time.time())), "ce-type": "azureml.inference." + collection,
               "ce-collect-data-type": "pandas.core.frame.DataFrame", "ce-agent": "azureml-ai-monitoring/1.0.0",
               "ce-x-request-id": str(uuid.uuid4()), "ce-model-version": "default"}
    url = "http://%s:%s/modeldata/log" % (os.environ["AZUREML_MDC_HOST"], os.environ["AZUREML_MDC_PORT"])
    return urllib.request.urlopen(urllib.request.Request(url, json.dumps(rows).encode(), headers)).status
def init():
    global collections
    with open(os.environ["AZUREML_MDC_CONFIG_PATH"]) as file:
        collections = json.load(file)["collections"]
    print("collections", json.dumps(collections))
def run(raw_data):
    rows = json.loads(raw_data)["rows"]
    if "model_inputs" in collections:
        report("model_inputs", rows)
    return {"answer": len(rows)}
`;

describe("local Azure: data collection", () => {
  let cloud: LocalCloud;
  let code: string;
  let model: string;
  let uri: string;
  let key: string;
  const base = "/onlineEndpoints/watched";

  const deploy = (name: string, collections: Record<string, object>, more: object = {}) =>
    make(
      cloud,
      `${base}/deployments/${name}`,
      deploymentRequest(model, code, { dataCollector: { collections, ...more } }),
    );
  const on = (more: object = {}) => ({ dataCollectionMode: "Enabled", ...more });
  const score = async (name: string, rows: object[]) => {
    const headers = { "Content-Type": "application/json", "azureml-model-deployment": name, "x-request-id": "asked-1" };
    const answer = await ask(cloud, "POST", uri, { body: { rows }, token: key, headers });
    assert.equal(answer.status, 200, answer.text);
    await dataCollector(cloud.azure).settled();
  };
  /** The lines of a collection, and the names of its files. */
  const kept = async (folder: string) => {
    const container = `azureml-blobstore-${cloud.azure.workspaceGuid}`;
    const files = await cloud.azure.blobs.list(container, `${folder}/`);
    const tables = files.filter(({ name }) => name.endsWith(".jsonl"));
    const texts = await Promise.all(
      tables.map(async ({ name }) => String(await cloud.azure.blobs.get(container, name))),
    );
    const lines = texts
      .join("")
      .split("\n")
      .filter((line) => line.startsWith("{"));
    return { files: files.map(({ name }) => name), lines: lines.map((line) => JSON.parse(line)) };
  };

  before(async () => {
    cloud = await startCloud();
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    code = await registerCode(cloud, "reports", script);
    model = await registerModel(cloud, "reports");
    uri = (await make(cloud, base, endpointRequest())).resource.properties.scoringUri as string;
    key = (await workspaceAsk(cloud, "POST", `${base}/listKeys`)).body.primaryKey as string;
  });
  after(() => cloud.close());

  it("keeps what scripts report, in the file of its hour, and registers the folder", async () => {
    const { resource } = await deploy("blue", { model_inputs: on(), model_outputs: on({ samplingRate: 0.5 }) });
    assert.deepEqual(resource.properties.dataCollector.collections.model_inputs, { dataCollectionMode: "Enabled" });
    await score("blue", [{ age: 30 }, { age: 31 }]);
    const { files, lines } = await kept("modelDataCollector/watched/blue/model_inputs");
    const hour = new Date(cloud.azure.clock.now()).toISOString().slice(0, 13).replaceAll(/[-T]/g, "/");
    assert.equal(files.length, 1);
    assert.match(files[0]!, /model_inputs\/\d{4}\/\d\d\/\d\d\/\d\d\/[0-9a-f-]{36}\.jsonl$/);
    assert.ok(files[0]!.includes(hour) || lines.length === 1, hour);
    const [line] = lines;
    assert.deepEqual(line.data, [{ age: 30 }, { age: 31 }]);
    assert.deepEqual(
      [line.specversion, line.type, line.agent],
      ["1.0", "azureml.inference.model_inputs", "azureml-ai-monitoring/1.0.0"],
    );
    assert.equal(line.source, `${cloud.azure.workspaceId}/onlineEndpoints/watched/deployments/blue`);
    assert.equal(line.correlationid, line.xrequestid);
    assert.equal(line.contentrange, "bytes 0-25/26");
    const asset = await workspaceAsk(cloud, "GET", "/data/watched-blue-model_inputs/versions/1");
    assert.match(asset.body.properties.dataUri, /paths\/modelDataCollector\/watched\/blue\/model_inputs\/$/);
    const logs = await workspaceAsk(cloud, "POST", `${base}/deployments/blue/getLogs`, {
      body: { containerType: "InferenceServer" },
    });
    assert.match(logs.body.content, /"model_outputs": \{"enabled": true, "sampleRatePercentage": 50\}/);
  });

  it("keeps requests and responses as they are, of a deployment whose script knows nothing of it", async () => {
    await deploy("plain", { request: on(), response: on() });
    await score("plain", [{ age: 1 }]);
    const asked = await kept("modelDataCollector/watched/plain/request");
    const said = await kept("modelDataCollector/watched/plain/response");
    assert.deepEqual(asked.lines[0].data, { rows: [{ age: 1 }] });
    assert.deepEqual(
      [asked.lines[0].path, asked.lines[0].method, asked.lines[0].correlationid],
      ["/score", "POST", "asked-1"],
    );
    assert.deepEqual(said.lines[0].data, { answer: 1 });
    assert.equal(said.lines[0].correlationid, "asked-1");
  });

  it("keeps nothing of a collection that is off, and the share of a sampled one", async () => {
    await deploy("quarter", { request: on({ samplingRate: 0.25 }), response: { dataCollectionMode: "Disabled" } });
    for (let index = 0; index < 8; index += 1) await score("quarter", []);
    assert.equal((await kept("modelDataCollector/watched/quarter/request")).lines.length, 2);
    assert.deepEqual((await kept("modelDataCollector/watched/quarter/response")).files, []);
    assert.equal((await workspaceAsk(cloud, "GET", "/data/watched-quarter-response/versions/1")).status, 404);
  });

  it("writes where the asset of a collection lies", async () => {
    const dataUri = "azureml://datastores/workspaceblobstore/paths/elsewhere";
    const made = await workspaceAsk(cloud, "PUT", "/data/mine/versions/4", {
      body: { properties: { dataType: "uri_folder", dataUri } },
    });
    assert.ok(made.status < 300, made.text);
    await deploy("named", { request: on({ dataId: "azureml:mine:4" }) });
    await score("named", []);
    assert.equal((await kept("elsewhere")).lines.length, 1);
    assert.equal((await workspaceAsk(cloud, "GET", "/data/watched-named-request/versions/1")).status, 404);
  });

  it("puts large data into a blob of their own, and the line says where", async () => {
    await deploy("large", { request: on() });
    await score("large", [{ text: "x".repeat(4 * 1024 * 1024) }]);
    const { files, lines } = await kept("modelDataCollector/watched/large/request");
    const [line] = lines.filter(({ specversion }) => specversion !== undefined);
    assert.equal(line.datainblob, "true");
    assert.ok(
      files.some((name) => line.data.endsWith(name)),
      line.data,
    );
  });

  it("refuses a sixth collection", async () => {
    const many = Object.fromEntries(["a", "b", "c", "d", "e", "f"].map((name) => [name, on()]));
    const body = deploymentRequest(model, code, { dataCollector: { collections: many } });
    const answer = await workspaceAsk(cloud, "PUT", `${base}/deployments/many`, { body });
    assert.equal(answer.status, 400, answer.text);
  });

  it("is what a monitor of the deployment looks at", async () => {
    Object.assign(cloud.azure.settings.phases, { starting: 0, preparing: 0, queued: 0, finalizing: 0 });
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    for (let index = 0; index < 20; index += 1) await score("blue", [{ age: 60 + index }]);
    await table(
      jobs,
      "ages",
      Array.from({ length: 40 }, (_, index) => ({ age: 20 + index })),
    );
    await monitor(jobs, "ages", {
      inputs: {
        ...{
          signalType: "DataDrift",
          productionData: rolling("watched-blue-model_inputs"),
          referenceData: fixed("ages"),
        },
        metricThresholds: [limit("Numerical", "JensenShannonDistance", 0.2)],
      },
    });
    const root = await look(jobs, "ages", "Completed", new Date(cloud.azure.clock.now()).toISOString());
    const tags = [...cloud.azure.store<{ tags: Record<string, string>; parent?: { root: string } }>("jobs").values()]
      .filter(({ parent }) => parent?.root === root)
      .map((job) => job.tags["azureml_modelmonitor_threshold_breached"]);
    assert.ok(tags.some((tag) => /"group":"age"/.test(tag ?? "")));
  });
});
