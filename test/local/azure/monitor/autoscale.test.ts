// Tests: local/azure/resources/autoscale.ts, local/azure/monitor/autoscale.ts
import assert from "node:assert/strict";
import { seedMinutes } from "../../../../local/azure/monitor/seed.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { until } from "../../../harness/until.ts";
import { type Answer, ask, tokenOf, workspaceAsk } from "../client.ts";
import { deploymentRequest, endpointRequest, make, registerGreeter } from "../online-scripts.ts";

const MINUTE = 60_000;

describe("local Azure: autoscale settings", () => {
  let cloud: LocalCloud;
  let token: string;
  let deployment: string;

  const url = (name: string) =>
    `${cloud.urls.arm}/subscriptions/${cloud.subscriptionId}/resourceGroups/${cloud.resourceGroup}/providers/microsoft.insights/autoscalesettings/${name}?api-version=2022-10-01`;
  const put = (name: string, properties: object, more: object = {}): Promise<Answer> =>
    ask(cloud, "PUT", url(name), { token, body: { location: "eastus2", properties, ...more } });
  const rule = (direction: string, operator: string, threshold: number, trigger: object = {}, action: object = {}) => ({
    metricTrigger: {
      ...{
        metricName: "CpuUtilizationPercentage",
        metricResourceUri: deployment,
        timeGrain: "PT1M",
        statistic: "Average",
      },
      ...{ timeWindow: "PT5M", timeAggregation: "Average", operator, threshold },
      ...trigger,
    },
    scaleAction: { direction, type: "ChangeCount", value: "1", cooldown: "PT5M", ...action },
  });
  const setting = (rules: readonly object[], capacity: object = {}, more: object = {}) => ({
    enabled: true,
    targetResourceUri: deployment,
    profiles: [{ name: "usual", capacity: { minimum: "1", maximum: "3", default: "1", ...capacity }, rules }],
    ...more,
  });
  const cpu = (percent: number, minutes = 10) =>
    seedMinutes(cloud.azure, [
      { endpoint: "fraud", deployment: "blue", ago: 8 * MINUTE, span: minutes * MINUTE, requests: 10, cpu: percent },
    ]);
  const capacity = async (): Promise<number> =>
    (await workspaceAsk(cloud, "GET", "/onlineEndpoints/fraud/deployments/blue")).body.sku.capacity;
  const becomes = async (count: number) => {
    cloud.azure.clock.leap(MINUTE);
    await until(`there are ${count} instances`, async () => (await capacity()) === count);
  };

  before(async () => {
    cloud = await startCloud();
    cloud.azure.directory.lifetime = 10 * 365 * 86_400;
    cloud.azure.settings.online = { endpoint: 0, deployment: 0, ready: 60_000 };
    const { code, model } = await registerGreeter(cloud, { code: "fraud", model: "fraud" });
    await make(cloud, "/onlineEndpoints/fraud", endpointRequest());
    await make(cloud, "/onlineEndpoints/fraud/deployments/blue", deploymentRequest(model, code));
    deployment = `${cloud.azure.workspaceId}/onlineEndpoints/fraud/deployments/blue`;
    token = await tokenOf(cloud);
  });
  after(() => cloud.close());
  beforeEach(() => cloud.azure.store("scoringMinutes").clear());

  it("are made with 201, changed with 200, read, listed, and deleted once", async () => {
    const asked = setting([rule("Increase", "GreaterThan", 70)]);
    const made = await put("scale", asked, { tags: { team: "a" } });
    assert.equal(made.status, 201, made.text);
    assert.equal((await put("SCALE", asked)).status, 200);
    const read = await ask(cloud, "GET", url("scale"), { token });
    assert.deepEqual(read.body, {
      id: `/subscriptions/${cloud.subscriptionId}/resourceGroups/rg1/providers/microsoft.insights/autoscalesettings/scale`,
      type: "Microsoft.Insights/autoscaleSettings",
      name: "scale",
      location: "eastus2",
      tags: {},
      properties: { ...asked, name: "scale" },
    });
    const list = await ask(cloud, "GET", url("scale").replace("/scale?", "?"), { token });
    assert.equal(list.body.value.length, 1);
    assert.equal((await ask(cloud, "DELETE", url("scale"), { token })).status, 200);
    assert.equal((await ask(cloud, "DELETE", url("scale"), { token })).status, 204);
    assert.equal((await ask(cloud, "GET", url("scale"), { token })).status, 404);
  });

  it("set the instance count by what the minutes say, within their bounds and after their cooldown", async () => {
    await put("scale", setting([rule("Increase", "GreaterThan", 70), rule("Decrease", "LessThan", 30)]));
    cpu(90);
    await becomes(2);
    cloud.azure.clock.leap(MINUTE);
    assert.equal(await capacity(), 2, "the cooldown is five minutes");
    cloud.azure.clock.leap(4 * MINUTE);
    cpu(90);
    await becomes(3);
    cloud.azure.clock.leap(10 * MINUTE);
    cpu(90);
    cloud.azure.clock.leap(MINUTE);
    assert.equal(await capacity(), 3, "three are the most");
    cloud.azure.clock.leap(20 * MINUTE);
    cpu(10);
    await becomes(2);
    await put("scale", setting([], { minimum: "1", default: "1" }, { enabled: false }));
    cloud.azure.clock.leap(20 * MINUTE);
    assert.equal(await capacity(), 2);
    await put("scale", setting([rule("Increase", "GreaterThan", 70)], { minimum: "3", default: "3" }));
    await becomes(3);
    await ask(cloud, "DELETE", url("scale"), { token });
  });

  it("let a deployment be Scaling until its instances are there, and no other write through", async () => {
    const path = "/onlineEndpoints/fraud/deployments/blue";
    const state = async () => (await workspaceAsk(cloud, "GET", path)).body.properties.provisioningState;
    const count = await capacity();
    cloud.azure.settings.online.deployment = 10 * MINUTE;
    await put("scale", setting([], { minimum: String(count + 1), maximum: "9", default: String(count + 1) }));
    cloud.azure.clock.leap(MINUTE);
    await until("it scales", async () => (await state()) === "Scaling");
    assert.equal(await capacity(), count);
    const body = { tags: { a: "b" } };
    for (const at of [path, "/onlineEndpoints/fraud"])
      assert.equal((await workspaceAsk(cloud, "PATCH", at, { body })).status, 409, at);
    cloud.azure.settings.online.deployment = 0;
    cloud.azure.clock.leap(10 * MINUTE);
    await until("it has", async () => (await state()) === "Succeeded" && (await capacity()) === count + 1);
    await ask(cloud, "DELETE", url("scale"), { token });
  });

  it("raise the instance count only as far as the quota has room, and once it has", async () => {
    const { quota } = cloud.azure.settings;
    // Two cores an instance, and a fifth more instances for upgrades: one holds four cores, two hold six.
    quota["standardDSv2Family"] = 4;
    await put("scale", setting([], { minimum: "1", default: "1" }, { enabled: false }));
    await workspaceAsk(cloud, "PATCH", "/onlineEndpoints/fraud/deployments/blue", { body: { sku: { capacity: 1 } } });
    await until("there is one instance", async () => (await capacity()) === 1);
    await put("scale", setting([rule("Increase", "GreaterThan", 70)]));
    cpu(90);
    cloud.azure.clock.leap(3 * MINUTE);
    assert.equal(await capacity(), 1);
    delete quota["standardDSv2Family"];
    cpu(90);
    await becomes(2);
    await ask(cloud, "DELETE", url("scale"), { token });
  });

  it("refuse numbers that are no texts, bounds in disorder, and what is not there", async () => {
    const refused: readonly (readonly [object, RegExp])[] = [
      [setting([], { minimum: 1 }), /minimum of a capacity is a whole number in quotes/],
      [setting([], { minimum: "3", maximum: "2" }), /minimum <= default <= maximum/],
      [setting([], {}, { targetResourceUri: `${deployment}-2` }), /must be an online deployment/],
      [setting([], {}, { profiles: [] }), /1 to 20 profiles/],
      [setting([rule("Increase", "GreaterThan", 70, { metricName: "CPU" })]), /metric 'CPU' is none of its resource/],
      [setting([rule("Increase", "GreaterThan", 70, { metricResourceUri: "/x" })]), /resource '\/x' was not found/],
      [setting([rule("Increase", "Above", 70)]), /operator 'Above'/],
      [setting([rule("Sideways", "GreaterThan", 70)]), /increases or decreases/],
      [setting([rule("Increase", "GreaterThan", 70, {}, { cooldown: "5m" })]), /cooldown must be a duration/],
    ];
    for (const [properties, words] of refused) {
      const answer = await put("wrong", properties);
      assert.equal(answer.status, 400, answer.text);
      assert.match(answer.body.error.message, words);
    }
    assert.equal((await ask(cloud, "GET", url("wrong"), { token })).status, 404);
  });
});
