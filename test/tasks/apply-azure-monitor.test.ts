// Apply and resources of Azure Monitor: alert rules, diagnostic settings and autoscale settings as files.

import assert from "node:assert/strict";
import type { LocalCloud } from "../../local/cloud.ts";
import task from "../../tasks/Apply/index.ts";
import { project } from "../lib/ml/projects.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const ENDPOINT = "watched-by-azure";
const STORAGE = "/subscriptions/s/resourceGroups/r/providers/Microsoft.Storage/storageAccounts/logs";
const ALERT = (threshold: number) => `type: Microsoft.Insights/metricAlerts
name: ${ENDPOINT}-errors
tags: {team: risk}
properties:
  description: Requests that the model fails
  severity: 2
  scopes: [onlineEndpoints/${ENDPOINT}]
  evaluationFrequency: PT1M
  windowSize: PT5M
  criteria:
    allOf:
      - name: errors
        metricName: RequestsPerMinute
        dimensions: [{name: statusCodeClass, operator: Include, values: ["5xx"]}]
        operator: GreaterThan
        threshold: ${threshold}
        timeAggregation: Average
`;
const LOGS = `type: Microsoft.Insights/diagnosticSettings
name: to-storage
scope: onlineEndpoints/${ENDPOINT}
properties:
  storageAccountId: ${STORAGE}
  logs:
    - {category: AmlOnlineEndpointTrafficLog, enabled: true}
    - {category: AmlOnlineEndpointEventLog, enabled: true}
`;
const SCALE = `type: Microsoft.Insights/autoscaleSettings
name: ${ENDPOINT}-blue
scope: onlineEndpoints/${ENDPOINT}/deployments/blue
properties:
  profiles:
    - name: usual
      capacity: {minimum: "1", maximum: "3", default: "1"}
      rules:
        - metricTrigger: {metricName: CpuUtilizationPercentage, timeGrain: PT1M, statistic: Average, timeWindow: PT5M, timeAggregation: Average, operator: GreaterThan, threshold: 70}
          scaleAction: {direction: Increase, type: ChangeCount, value: "1", cooldown: PT5M}
`;
const FILES = {
  "endpoint.yml": `name: ${ENDPOINT}\nauth_mode: key\n`,
  "code/score.py": "def init():\n    pass\n\ndef run(raw):\n    return 1\n",
  "deployment.yml": [
    "name: blue",
    `endpoint_name: ${ENDPOINT}`,
    "code_configuration: {code: code, scoring_script: score.py}",
    "environment: {image: 'mcr.microsoft.com/azureml/minimal-ubuntu22.04-py39-cpu-inference:latest'}",
    "instance_type: Standard_DS2_v2",
    "instance_count: 1",
  ].join("\n"),
  "alert.yml": ALERT(1),
  "logs.yml": LOGS,
  "scale.yml": SCALE,
};

const apply = (folder: string) => runStory(task, { file: folder }, folder, {});
const puts = (requests: readonly string[]) => requests.filter((one) => one.startsWith("PUT "));

describe("Apply and Azure Monitor", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await theCloud();
  });

  it("makes alert rules, diagnostic settings and autoscale with the endpoint that they are for, and changes nothing again", async () => {
    const folder = project(FILES);
    const first = await apply(folder);
    assert.equal(first.error, undefined, first.error?.message);
    const { workspaceId } = cloud.azure;
    const stored = (name: string, key: string) =>
      cloud.azure.store<{ properties: Record<string, unknown> }>(name).get(key);
    const rule = stored("metricAlerts", `${ENDPOINT}-errors`);
    assert.deepEqual(rule?.properties["scopes"], [`${workspaceId}/onlineEndpoints/${ENDPOINT}`]);
    assert.match(first.log, /\+ create alert rule watched-by-azure-errors/);
    assert.match(first.log, /\+ create diagnostic setting to-storage/);
    assert.match(first.log, /\+ create autoscale setting watched-by-azure-blue/);
    const second = await apply(folder);
    assert.equal(second.error, undefined, second.error?.message);
    assert.match(second.log, /Plan: 0 to create, 0 to update, 5 unchanged/);
    assert.deepEqual(puts(second.requests), []);
  });

  it("changes what a file says otherwise, and that alone", async () => {
    const folder = project({ "alert.yml": ALERT(3), "logs.yml": LOGS });
    const ran = await apply(folder);
    assert.equal(ran.error, undefined, ran.error?.message);
    assert.match(ran.log, /~ update alert rule watched-by-azure-errors/);
    assert.match(ran.log, /= unchanged diagnostic setting/);
    assert.equal(puts(ran.requests).length, 1);
  });

  for (const [title, text, said] of [
    [
      "a scope that is no path",
      ALERT(1).replace(`onlineEndpoints/${ENDPOINT}`, "endpoints/x"),
      /onlineEndpoints\/<endpoint>/,
    ],
    [
      "two scopes",
      ALERT(1).replace(`[onlineEndpoints/${ENDPOINT}]`, "[onlineEndpoints/a, onlineEndpoints/b]"),
      /has one scope; this one has 2/,
    ],
    ["no criterion", ALERT(1).replace(/allOf:[\s\S]*$/, "allOf: []\n"), /an alert rule needs a criterion/],
    [
      "a name that leads elsewhere",
      ALERT(1).replace(`onlineEndpoints/${ENDPOINT}`, "onlineEndpoints/.."),
      /endpoint's name/,
    ],
    ["logs that go to nobody", LOGS.replace(/ {2}storageAccountId.*\n/, ""), /a diagnostic setting sends to nobody/],
    [
      "a log that there is not",
      LOGS.replace("AmlOnlineEndpointEventLog", "AmlOnlineEndpointEventsLog"),
      /AmlOnlineEndpointEventLog/,
    ],
  ] as const) {
    it(`refuses ${title}, and writes nothing`, async () => {
      const ran = await apply(project({ "one.yml": text }));
      assert.match(ran.error?.message ?? "", said);
      assert.deepEqual(puts(ran.requests), []);
    });
  }
});
