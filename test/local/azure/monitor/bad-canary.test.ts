// Bad canaries by scenario: what their callers get, and what the metrics then tell.
// Tests: local/azure/scoring/usage.ts, local/azure/scoring/outcome.ts
import assert from "node:assert/strict";
import { diagnosticSettingsOf, eventsBetween } from "../../../../local/azure/monitor/container-events.ts";
import { parseScenarios } from "../../../../local/azure/scenarios/document.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { until } from "../../../harness/until.ts";
import { type Answer, ask, workspaceAsk } from "../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../online-scripts.ts";

const MINUTE = 60_000;

describe("local Azure: bad canaries", () => {
  let cloud: LocalCloud;
  let key: string;
  let uri: string;
  const endpoint = "/onlineEndpoints/canary";

  const score = (deployment?: string): Promise<Answer> =>
    ask(cloud, "POST", uri, {
      body: {},
      token: key,
      headers: deployment === undefined ? {} : { "azureml-model-deployment": deployment },
    });
  const rule = (then: string, more = "") =>
    cloud.azure.scenarios.add(
      parseScenarios(
        `rules: [{ name: the canary, scoring: { endpoint: canary, deployment: green }, ${more} then: ${then} }]`,
      ).rules,
    );
  /** Values of a metric of the last hour that are above 0, by the last dimension of their series. */
  const values = async (metric: string, below = endpoint, filter?: string, aggregation = "average") => {
    const query = new URLSearchParams({ metricnames: metric, aggregation });
    if (filter !== undefined) query.set("$filter", filter);
    const answer = await workspaceAsk(cloud, "GET", `${below}/providers/Microsoft.Insights/metrics?${query}`, {
      apiVersion: "2024-02-01",
    });
    assert.equal(answer.status, 200, answer.text);
    return Object.fromEntries(
      answer.body.value[0].timeseries.map(
        (one: { metadatavalues: { value: string }[]; data: Record<string, number>[] }) => [
          one.metadatavalues.at(-1)?.value ?? "",
          one.data.flatMap((point) => point[aggregation] ?? []).filter((value) => value > 0),
        ],
      ),
    ) as Record<string, number[]>;
  };

  before(async () => {
    cloud = await startCloud();
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    cloud.azure.settings.monitor.delay = 0;
    const { code, model } = await registerGreeter(cloud, { code: "canary", model: "canary" });
    await make(cloud, endpoint, endpointRequest());
    const logs = [{ category: "AmlOnlineEndpointEventLog", enabled: true }];
    diagnosticSettingsOf(cloud.azure).set("law", {
      ...{ endpoint: "canary", name: "law" },
      properties: { workspaceId: "/x", logs },
    });
    for (const name of ["blue", "green"])
      await make(
        cloud,
        `${endpoint}/deployments/${name}`,
        deploymentRequest(model, code, { requestSettings: { requestTimeout: "PT2S" } }),
      );
    const traffic = { blue: 50, green: 50 };
    uri = (await make(cloud, endpoint, endpointRequest({ traffic }))).resource.properties.scoringUri;
    key = (await workspaceAsk(cloud, "POST", `${endpoint}/listKeys`)).body.primaryKey;
  });
  after(() => cloud.close());
  beforeEach(() => {
    cloud.azure.scenarios.clear();
    cloud.azure.store("scoringMinutes").clear();
  });
  const minuteOver = () => cloud.azure.clock.leap(MINUTE);
  const sum = (numbers: readonly number[] = []) => numbers.reduce((total, one) => total + one, 0);

  it("fail a share of their requests, with the gateway's status or the model's, and the old deployment none", async () => {
    rule("{ share: 0.25, status: 503 }");
    const answers: Answer[] = [];
    for (let index = 0; index < 16; index += 1) answers.push(await score());
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 200).length, 14, statuses.join());
    assert.equal(statuses.filter((status) => status === 503).length, 2, statuses.join());
    const refused = answers.find(({ status }) => status === 503);
    assert.equal(refused?.headers["x-local-azure-scenario"], "the%20canary");
    assert.match(refused?.text ?? "", /simulated/);
    assert.equal(refused?.headers["azureml-model-deployment"], "green");
    cloud.azure.scenarios.clear();
    rule("{ modelStatus: 500 }");
    const failed = await score("green");
    assert.equal(failed.status, 424);
    assert.equal(failed.headers["ms-azureml-model-error-statuscode"], "500");
    minuteOver();
    const classes = "statusCodeClass eq '*'";
    const green = await values("RequestsPerMinute", endpoint, `deployment eq 'green' and ${classes}`);
    assert.deepEqual(Object.fromEntries(Object.entries(green).map(([name, found]) => [name, sum(found)])), {
      "2xx": 6,
      "4xx": 1,
      "5xx": 2,
    });
    const blue = await values("RequestsPerMinute", endpoint, `deployment eq 'blue' and ${classes}`);
    assert.deepEqual(Object.keys(blue), ["2xx"]);
  });

  it("are slow, and time out where they take longer than their requestTimeout", async () => {
    rule("{ delay: 300ms }");
    for (let index = 0; index < 4; index += 1) await score();
    minuteOver();
    const slow = await values("RequestLatency_P50", endpoint, "deployment eq '*'");
    assert.ok((slow["green"]?.[0] ?? 0) >= 297, JSON.stringify(slow));
    cloud.azure.scenarios.clear();
    rule("{ delay: 1m }");
    assert.equal((await score("green")).status, 408);
    minuteOver();
    const own = (await values("RequestLatency_P99", `${endpoint}/deployments/green`))[""];
    assert.ok((own?.at(-1) ?? 0) >= 1_980, String(own));
  });

  it("fill their memory, which is measured otherwise", async () => {
    const memory = async (deployment: string) =>
      (await values("CpuMemoryUtilizationPercentage", `${endpoint}/deployments/${deployment}`, undefined, "maximum"))[
        ""
      ]?.at(-1) ?? 0;
    rule("{ memory: 97 }");
    await Promise.all([score("blue"), score("green")]);
    minuteOver();
    assert.equal(await memory("green"), 97);
    // A process of Python has some megabytes of seven gigabytes; where this machine tells nothing of processes there is none.
    assert.ok((await memory("blue")) < 10);
    if (process.platform === "linux") assert.ok((await memory("blue")) > 0.01);
  });

  it("run out of memory: the request that it happened to fails, and the container comes back", async () => {
    rule("{ outOfMemory: true }", "times: 1,");
    const killed = await score("green");
    assert.equal(killed.status, 424);
    await until("green is there again", async () => (await score("green")).status === 200);
    const { body } = await workspaceAsk(cloud, "POST", `${endpoint}/deployments/green/getLogs`, {
      body: { containerType: "InferenceServer" },
    });
    assert.match(body.content, /simulated: a scenario lets this container run out of memory\.\nKilled/);
    assert.match(body.content, /signal SIGKILL; it is started again/);
    // The log has it three minutes later: the same instance, started again.
    cloud.azure.clock.leap(3 * MINUTE);
    const starts = eventsBetween(cloud.azure, "canary", 0, cloud.azure.clock.now()).filter(
      ({ deployment, message }) => deployment === "green" && message === "Started container inference-server",
    );
    assert.deepEqual([starts.length, new Set(starts.map(({ instance }) => instance)).size], [2, 1]);
    minuteOver();
    const used = await values("CpuMemoryUtilizationPercentage", `${endpoint}/deployments/green`, undefined, "maximum");
    assert.equal(used[""]?.[0], 100);
  });
});
