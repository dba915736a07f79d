// Azure Monitor's routes held against its published types: every answer, and with contracts every body that is sent.
import assert from "node:assert/strict";
import { checkArchive, type Entry, violationText } from "../../../../local/azure/contract/archive.ts";
import { contracts } from "../../../../local/azure/contract/contracts.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { type Answer, ask, tokenOf } from "../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../online-scripts.ts";

describe("local Azure: Azure Monitor, by the contract", () => {
  let cloud: LocalCloud;
  let token: string;
  const send = (method: string, below: string, body?: object): Promise<Answer> =>
    ask(cloud, method, `${cloud.urls.arm}${below}`, { token, ...(body === undefined ? {} : { body }) });

  before(async () => {
    cloud = await startCloud({ contracts: contracts() });
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    const { code, model } = await registerGreeter(cloud);
    await make(cloud, "/onlineEndpoints/fraud", endpointRequest());
    await make(cloud, "/onlineEndpoints/fraud/deployments/blue", deploymentRequest(model, code));
    token = await tokenOf(cloud);
  });
  after(() => cloud.close());

  it("answers metrics, definitions, alert rules, their states and autoscale settings in their published shapes", async () => {
    const seeded = { endpoint: "fraud", deployment: "blue", ago: 360_000, span: 300_000, requests: 50 };
    seedMinutes(cloud.azure, [{ ...seeded, answers: { 503: 9 }, cpu: 5, memory: 9 }]);
    const endpoint = `${cloud.azure.workspaceId}/onlineEndpoints/fraud`;
    const blue = `${endpoint}/deployments/blue`;
    const group = `/subscriptions/${cloud.subscriptionId}/resourceGroups/${cloud.resourceGroup}/providers/Microsoft.Insights`;
    const rule = {
      location: "global",
      properties: {
        ...{ severity: 2, enabled: true, scopes: [endpoint], evaluationFrequency: "PT1M", windowSize: "PT5M" },
        criteria: {
          "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
          allOf: [
            {
              ...{ name: "c1", criterionType: "StaticThresholdCriterion", metricName: "RequestsPerMinute" },
              dimensions: [{ name: "statusCodeClass", operator: "Include", values: ["5xx"] }],
              ...{ operator: "GreaterThan", threshold: 1, timeAggregation: "Average" },
            },
          ],
        },
      },
    };
    const trigger = {
      ...{ metricName: "CpuUtilizationPercentage", metricResourceUri: blue, timeGrain: "PT1M", statistic: "Average" },
      ...{ timeWindow: "PT5M", timeAggregation: "Average", operator: "GreaterThan", threshold: 70 },
    };
    const scaleAction = { direction: "Increase", type: "ChangeCount", value: "1", cooldown: "PT5M" };
    const capacity = { minimum: "1", maximum: "2", default: "1" };
    const setting = {
      location: "eastus2",
      properties: {
        ...{ enabled: true, targetResourceUri: blue },
        profiles: [{ name: "usual", capacity, rules: [{ metricTrigger: trigger, scaleAction }] }],
      },
    };
    const calls: readonly (readonly [string, string, object?])[] = [
      ["PUT", `${group}/metricAlerts/errors?api-version=2018-03-01`, rule],
      ["GET", `${group}/metricAlerts?api-version=2018-03-01`],
      ["GET", `${group}/metricAlerts/errors/status?api-version=2018-03-01`],
      ["PUT", `${group}/autoscalesettings/scale?api-version=2022-10-01`, setting],
      ["GET", `${group}/autoscalesettings/scale?api-version=2022-10-01`],
      ["GET", `${group}/autoscalesettings?api-version=2022-10-01`],
    ];
    for (const [method, below, body] of calls) {
      const answer = await send(method, below, body);
      assert.ok(answer.status < 300, `${method} ${below}: ${answer.text}`);
    }
    cloud.azure.clock.leap(60_000);
    assert.match((await send("GET", `${group}/metricAlerts/errors/status?api-version=2018-03-01`)).text, /Unhealthy/);
    for (const [resource, names] of [
      [endpoint, "RequestsPerMinute,RequestLatency_P95"],
      [blue, "CpuMemoryUtilizationPercentage,RequestsPerMinute,DeploymentCapacity"],
    ] as const) {
      const monitor = `${resource}/providers/Microsoft.Insights`;
      assert.equal((await send("GET", `${monitor}/metrics?api-version=2024-02-01&metricnames=${names}`)).status, 200);
      assert.equal((await send("GET", `${monitor}/metricDefinitions?api-version=2024-02-01`)).status, 200);
    }
    const har = cloud.har.toHar() as { log: { entries: Entry[] } };
    const entries = har.log.entries.filter(({ request }) => /Microsoft\.Insights/i.test(request.url));
    const { checked, violations, unknown } = checkArchive(entries, contracts());
    assert.deepEqual([violations.map(violationText), unknown], [[], []]);
    assert.ok(checked >= 12, `${checked}`);
  });

  it("refuses bodies that break them", async () => {
    const group = `/subscriptions/${cloud.subscriptionId}/resourceGroups/${cloud.resourceGroup}/providers/microsoft.insights`;
    const broken = {
      location: "eastus2",
      properties: { targetResourceUri: "x", profiles: [{ name: "p", capacity: { minimum: 1 } }] },
    };
    const answer = await send("PUT", `${group}/autoscaleSettings/scale2?api-version=2022-10-01`, broken);
    assert.equal(answer.status, 400);
    assert.match(answer.body.error.message, /properties\.profiles\[0\]\.capacity\.minimum: .*string/);
  });
});
