// Tests: local/azure/resources/alerts.ts, local/azure/monitor/alert-rule.ts, local/azure/monitor/alerts.ts, local/azure/monitor/target.ts, local/azure/monitor/thresholds.ts
import assert from "node:assert/strict";
import { builtInRoles } from "../../../../local/azure/arm/roles.ts";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { type Answer, ask, tokenOf } from "../client.ts";
import { endpointRequest, make } from "../online-scripts.ts";

const MINUTE = 60_000;

describe("local Azure: metric alerts", () => {
  let cloud: LocalCloud;
  let token: string;
  let scope: string;
  const endpoint = "/onlineEndpoints/fraud";

  const send = (method: string, below: string, body?: object): Promise<Answer> =>
    ask(cloud, method, `${cloud.urls.arm}${below}`, { token, ...(body === undefined ? {} : { body }) });
  const group = () => `/subscriptions/${cloud.subscriptionId}/resourceGroups/${cloud.resourceGroup}`;
  const ruleId = (name: string) => `${group()}/providers/Microsoft.Insights/metricAlerts/${name}`;
  const put = (name: string, properties: object): Promise<Answer> =>
    send("PUT", `${ruleId(name)}?api-version=2018-03-01`, { location: "global", properties });
  const criterion = (more: object = {}) => ({
    ...{ name: "c1", criterionType: "StaticThresholdCriterion", metricName: "RequestsPerMinute" },
    metricNamespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
    dimensions: [{ name: "statusCodeClass", operator: "Include", values: ["5xx"] }],
    ...{ operator: "GreaterThan", threshold: 1, timeAggregation: "Average" },
    ...more,
  });
  const rule = (more: object = {}, criteria: readonly object[] = [criterion()]) => ({
    ...{ severity: 2, enabled: true, scopes: [scope], evaluationFrequency: "PT1M", windowSize: "PT5M" },
    criteria: { "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", allOf: criteria },
    ...more,
  });
  /** As the gate asks (docs/facts/extension.md#3.3). */
  const alerts = async (more: Record<string, string> = {}) => {
    const asked = { targetResourceGroup: cloud.resourceGroup, monitorCondition: "Fired", timeRange: "1h", ...more };
    const query = new URLSearchParams({ "api-version": "2018-05-05", ...asked });
    const answer = await send(
      "GET",
      `/subscriptions/${cloud.subscriptionId}/providers/Microsoft.AlertsManagement/alerts?${query}`,
    );
    assert.equal(answer.status, 200, answer.text);
    return answer.body.value;
  };
  const errors = (minutes: number, count: number) =>
    seedMinutes(cloud.azure, [
      {
        ...{ endpoint: "fraud", deployment: "green", ago: 0, span: minutes * MINUTE, requests: 100 },
        answers: { 503: count },
      },
    ]);
  const pass = (minutes: number) => cloud.azure.clock.leap(minutes * MINUTE);

  before(async () => {
    cloud = await startCloud({ scenarios: { clock: { start: Date.parse("2026-03-02T08:00:00Z") }, rules: [] } });
    cloud.azure.directory.lifetime = 10 * 365 * 86_400;
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    await make(cloud, endpoint, endpointRequest());
    scope = `${cloud.azure.workspaceId}${endpoint}`;
    token = await tokenOf(cloud);
  });
  after(() => cloud.close());
  beforeEach(() => {
    for (const store of ["scoringMinutes", "metricAlerts", "firedAlerts"]) cloud.azure.store(store).clear();
    // Past the hour that the gate looks back.
    pass(90);
  });

  it("are listed in pages of as many as are asked for", async () => {
    for (const name of ["one", "other", "third"]) assert.equal((await put(name, rule())).status, 200);
    errors(4, 20);
    pass(8);
    const base = `/subscriptions/${cloud.subscriptionId}/providers/Microsoft.AlertsManagement/alerts?api-version=2019-03-01`;
    const first = await send("GET", `${base}&pageCount=2`);
    assert.equal(first.body.value.length, 2, first.text);
    const second = await ask(cloud, "GET", first.body.nextLink, { token });
    assert.equal(second.body.value.length, 1, second.text);
    assert.equal(second.body.nextLink, undefined);
    assert.equal((await send("GET", `${base}&pageCount=251`)).status, 400);
    const logs = await send(
      "GET",
      `${group()}/providers/Microsoft.Insights/scheduledQueryRules?api-version=2021-08-01`,
    );
    assert.deepEqual(logs.body, { value: [] });
  });

  it("fire while a threshold is crossed, resolve after three good checks, and show so to the gate", async () => {
    const made = await put("errors", rule());
    assert.equal(made.status, 200, made.text);
    assert.equal(made.body.id, ruleId("errors"));
    assert.deepEqual(await alerts(), []);
    errors(4, 20);
    pass(2);
    assert.deepEqual(await alerts(), [], "the minutes have not come in yet");
    pass(2);
    const [alert, ...others] = await alerts({ alertState: "Acknowledged,New", severity: "Sev0,Sev1,Sev2,Sev3,Sev4" });
    assert.deepEqual(others, []);
    const { startDateTime, lastModifiedDateTime, sourceCreatedId, ...essentials } = alert.properties.essentials;
    assert.deepEqual(essentials, {
      severity: "Sev2",
      signalType: "Metric",
      alertState: "New",
      monitorCondition: "Fired",
      monitorService: "Platform",
      targetResource: scope,
      targetResourceName: "fraud",
      targetResourceGroup: "rg1",
      targetResourceType: "microsoft.machinelearningservices/workspaces/onlineendpoints",
      alertRule: ruleId("errors"),
      lastModifiedUserName: "System",
    });
    assert.ok(startDateTime === lastModifiedDateTime && sourceCreatedId.length === 36);
    assert.equal((await alerts({ alertRule: ruleId("ERRORS").replace("Insights", "insights") })).length, 1);
    assert.equal((await alerts({ alertRule: ruleId("other") })).length, 0);
    assert.equal((await alerts({ targetResource: scope.toLowerCase() })).length, 1);
    assert.equal((await alerts({ severity: "Sev0,Sev1" })).length, 0);
    const status = await send("GET", `${ruleId("errors")}/status?api-version=2018-03-01`);
    assert.equal(status.body.value[0].properties.status, "Unhealthy");
    assert.deepEqual(status.body.value[0].properties.dimensions, { statuscodeclass: "5xx" });
    pass(20);
    assert.deepEqual(await alerts(), []);
    const [resolved] = await alerts({ monitorCondition: "Resolved" });
    const { firedAt, resolvedAt } = cloud.azure
      .store<{ firedAt: number; resolvedAt: number }>("firedAlerts")
      .get(sourceCreatedId)!;
    assert.equal(resolved.properties.essentials.monitorConditionResolvedDateTime, new Date(resolvedAt).toISOString());
    // Errors of four minutes are in the window of five for eight checks and more; then three good ones.
    assert.ok(resolvedAt - firedAt >= 8 * MINUTE && resolvedAt - firedAt <= 14 * MINUTE, `${resolvedAt - firedAt}`);
  });

  it("fire per series, and several criteria together", async () => {
    const split = [{ name: "deployment", operator: "Include", values: ["*"] }];
    await put("each", rule({}, [criterion({ dimensions: split, threshold: 50 })]));
    await put("both", rule({}, [criterion(), criterion({ name: "c2", dimensions: [], threshold: 1_000 })]));
    errors(10, 20);
    seedMinutes(cloud.azure, [{ endpoint: "fraud", deployment: "blue", ago: 0, span: 10 * MINUTE, requests: 90 }]);
    pass(10);
    const found = await alerts();
    assert.deepEqual(
      found.map(({ name, properties }: { name: string; properties: { context: { dimensions: object } } }) => [
        name,
        properties.context.dimensions,
      ]),
      [
        ["each", { deployment: "green" }],
        ["each", { deployment: "blue" }],
      ],
    );
    await put("both", rule({}, [criterion(), criterion({ name: "c2", dimensions: [], threshold: 100 })]));
    pass(1);
    assert.equal((await alerts({ alertRule: ruleId("both") })).length, 1);
  });

  it("do not fire while disabled, stay fired without autoMitigate, and can be acknowledged", async () => {
    await put("off", rule({ enabled: false }));
    await put("sticky", rule({ autoMitigate: false }));
    errors(2, 30);
    pass(60);
    const [alert, ...others] = await alerts();
    assert.deepEqual([alert.name, others], ["sticky", []]);
    const { sourceCreatedId } = alert.properties.essentials;
    const changed = await send(
      "POST",
      `/subscriptions/${cloud.subscriptionId}/providers/Microsoft.AlertsManagement/alerts/${sourceCreatedId}/changestate?api-version=2018-05-05&newState=Closed`,
    );
    assert.equal(changed.body.properties.essentials.alertState, "Closed", changed.text);
    assert.deepEqual(await alerts({ alertState: "Acknowledged,New" }), []);
    assert.equal((await alerts({ alertState: "Closed" })).length, 1);
  });

  it("refuse what is no rule, with Microsoft's words where they are known, and keep the old one", async () => {
    await put("kept", rule());
    const refused: readonly (readonly [object, RegExp, number?])[] = [
      [rule({}, [criterion({ timeAggregation: "Total" })]), /^Time aggregation must be one of \[Average\]\.$/],
      [rule({}, [criterion({ metricName: "Requests" })]), /metric 'Requests' is not one of/],
      [
        rule({}, [criterion({ dimensions: [{ name: "instance", operator: "Include", values: ["a"] }] })]),
        /dimension combination: instance/,
      ],
      [rule({}, [criterion({ operator: "Above" })]), /operator 'Above' is unknown/],
      [rule({}, [criterion({ threshold: "1" })]), /threshold must be a number/],
      [rule({ severity: 7 }), /severity must be/],
      [rule({ windowSize: "PT2M" }), /windowSize must be one of/],
      [rule({ evaluationFrequency: "PT15M" }), /must not be shorter/],
      [rule({ scopes: [`${scope}-other`] }), /was not found/],
      [rule({ criteria: {} }), /odata.type/],
      [rule({}, [criterion({ criterionType: "DynamicThresholdCriterion" })]), /has not built/, 501],
    ];
    for (const [properties, words, status = 400] of refused) {
      const answer = await put("kept", properties);
      assert.equal(answer.status, status, answer.text);
      assert.match(answer.body.error.message, words);
    }
    const kept = await send("GET", `${ruleId("kept")}?api-version=2018-03-01`);
    assert.equal(kept.body.properties.windowSize, "PT5M");
    const list = await send("GET", `${group()}/providers/microsoft.insights/metricAlerts?api-version=2018-03-01`);
    assert.equal(list.body.value.length, 1);
    const patched = await send("PATCH", `${ruleId("kept")}?api-version=2018-03-01`, { properties: { severity: 0 } });
    assert.equal(patched.body.properties.severity, 0, patched.text);
    assert.equal((await send("DELETE", `${ruleId("kept")}?api-version=2018-03-01`)).status, 200);
    assert.equal((await send("DELETE", `${ruleId("kept")}?api-version=2018-03-01`)).status, 204);
    assert.equal((await send("GET", `${ruleId("kept")}?api-version=2018-03-01`)).status, 404);
  });

  it("need rights of their own", async () => {
    const principal = cloud.azure.directory.find(cloud.credentials.contributor.clientId);
    assert.ok(principal !== undefined);
    try {
      Object.assign(principal, { roles: [builtInRoles.dataScientist] });
      const answer = await put("errors", rule());
      assert.equal(answer.status, 403);
      assert.match(answer.body.error.message, /Microsoft\.Insights\/metricAlerts\/write/);
    } finally {
      Object.assign(principal, { roles: undefined });
    }
  });
});
