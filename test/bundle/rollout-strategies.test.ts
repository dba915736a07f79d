// Strategies of Deploy endpoint, as shipped: what a plan shows, a canary whose stages make one change each, and a change in place.
import assert from "node:assert/strict";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import { deploymentsOfEndpoint, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { asked, assertSucceeded, Bench } from "../harness/bench.ts";
import { ask, tokenOf } from "../local/azure/client.ts";

const MINUTE = 60_000;
const endpointFile = "azureml/endpoint.yml";
const deploymentFile = "azureml/deployment.yml";
const requestFile = "requests/ada.json";
const files = { "weights/greeting.txt": "hello" };

describe("Deploy endpoint as shipped: strategies", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  const traffic = (name: string) => endpointsOf(bench.cloud.azure).get(name)?.traffic;
  const deployments = (name: string) => deploymentsOfEndpoint(bench.cloud.azure, name).map((one) => one.name);

  it("a canary with one change a stage goes to all of the traffic, and its outputs lead the stages", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "staged", requestFile };
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
    const canary = {
      ...inputs,
      deploymentName: "auto",
      strategy: "canary",
      steps: "10, 100",
      advance: "next",
      bakeMinutes: "5",
    };
    const first = await bench.run("DeployEndpoint", canary, { files, variables: { "System.StageName": "ten" } });
    assertSucceeded(first);
    const name = first.outputs["deploymentName"] ?? "";
    assert.match(name, /^(model|[a-z0-9-]+)-[0-9a-f]{8}$/);
    assert.deepEqual(traffic("staged"), { blue: 90, [name]: 10 });
    const said = (run: typeof first) =>
      ["rolloutDone", "rolloutVerdict", "rolloutStep", "nextStep", "liveDeployment"].map((one) => run.outputs[one]);
    assert.deepEqual(said(first), ["false", "", "10", "100", "blue"]);
    assert.match(first.outputs["rolloutSince"] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    /** Twelve minutes later, of which Azure Monitor tells. */
    const pass = (deployments: readonly string[]) => {
      bench.cloud.azure.clock.leap(12 * MINUTE);
      const minutes = { endpoint: "staged", ago: 12 * MINUTE, span: 12 * MINUTE, requests: 60 };
      seedMinutes(
        bench.cloud.azure,
        deployments.map((deployment) => ({ ...minutes, deployment })),
      );
    };
    pass(["blue", name]);
    const second = await bench.run("DeployEndpoint", canary, { files, variables: { "System.StageName": "all" } });
    assertSucceeded(second);
    assert.deepEqual(traffic("staged"), { [name]: 100 });
    assert.deepEqual(said(second), ["false", "pass", "100", "", "blue"]);
    assert.match(second.log, /pass {2}new\.errorRate <= live\.errorRate \+ 0\.01/);
    // The last share is judged against the last minutes of the one that has no traffic any more.
    pass([name]);
    const third = await bench.run("DeployEndpoint", canary, { files, variables: { "System.StageName": "end" } });
    assertSucceeded(third);
    assert.deepEqual(said(third), ["true", "pass", "100", "", "blue"]);
    assert.match(third.log, /pass {2}new\.errorRate <= live\.errorRate \+ 0\.01/);
  });

  it("a canary that is worse fails its stage, with outputs, and the traffic goes back", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "worse", requestFile };
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
    const canary = { ...inputs, deploymentName: "green", strategy: "canary", advance: "next", bakeMinutes: "5" };
    assertSucceeded(await bench.run("DeployEndpoint", canary, { files, variables: { "System.StageName": "ten" } }));
    bench.cloud.azure.clock.leap(12 * MINUTE);
    const minutes = { endpoint: "worse", ago: 12 * MINUTE, span: 12 * MINUTE, requests: 60 };
    seedMinutes(bench.cloud.azure, [
      { ...minutes, deployment: "blue" },
      { ...minutes, deployment: "green", answers: { "503": 20 } },
    ]);
    const run = await bench.run("DeployEndpoint", canary, { files, variables: { "System.StageName": "fifty" } });
    assert.equal(run.result, "Failed");
    assert.match(
      run.errors[0] ?? "",
      /canary rollout failed: green with 10 % .* new\.errorRate .*The traffic of worse is blue 100 % again/,
    );
    assert.deepEqual([run.outputs["rolloutVerdict"], run.outputs["rolloutStep"]], ["fail", ""]);
    assert.deepEqual([traffic("worse"), deployments("worse")], [{ blue: 100 }, ["blue"]]);
  });

  it("a canary is taken back by an alert rule that fired since its share was set, and by none that fired before", async () => {
    const { azure, urls } = bench.cloud;
    const inputs = { endpointFile, deploymentFile, endpointName: "alarmed", requestFile };
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
    const rule = `/subscriptions/${azure.subscriptionId}/resourceGroups/${azure.resourceGroup}/providers/Microsoft.Insights/metricAlerts/alarmed-errors`;
    const put = await ask(bench.cloud, "PUT", `${urls.arm}${rule}?api-version=2018-03-01`, {
      token: await tokenOf(bench.cloud),
      body: {
        location: "global",
        properties: {
          ...{ severity: 1, enabled: true, scopes: [`${azure.workspaceId}/onlineEndpoints/alarmed`] },
          // Nothing resolves it: it stays fired.
          ...{ evaluationFrequency: "PT1M", windowSize: "PT5M", autoMitigate: false },
          criteria: {
            "odata.type": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            allOf: [
              {
                ...{ name: "errors", criterionType: "StaticThresholdCriterion", metricName: "RequestsPerMinute" },
                metricNamespace: "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
                dimensions: [{ name: "statusCodeClass", operator: "Include", values: ["5xx"] }],
                ...{ operator: "GreaterThan", threshold: 1, timeAggregation: "Average" },
              },
            ],
          },
        },
      },
    });
    assert.equal(put.status, 200, put.text);
    const canary = {
      ...{
        ...inputs,
        deploymentName: "green",
        strategy: "canary",
        steps: "50, 100",
        advance: "next",
        bakeMinutes: "5",
      },
      // Of themselves these rules find nothing.
      ...{ canaryRules: "new.requests > 0", alertRules: "alarmed-errors" },
    };
    const stage = (name: string, runId: string) =>
      bench.run("DeployEndpoint", canary, {
        files,
        variables: { "System.StageName": name, "Build.BuildId": runId },
      });
    const pass = (errors: number) => {
      azure.clock.leap(12 * MINUTE);
      const minutes = { endpoint: "alarmed", ago: 12 * MINUTE, span: 10 * MINUTE, requests: 60 };
      seedMinutes(azure, [
        { ...minutes, deployment: "blue" },
        { ...minutes, deployment: "green", answers: errors > 0 ? { "503": errors } : {} },
      ]);
    };
    assertSucceeded(await stage("half", "70"));
    pass(20);
    const failed = await stage("all", "70");
    assert.equal(failed.result, "Failed", failed.log);
    assert.match(
      failed.errors[0] ?? "",
      /canary rollout failed: green with 50 % .* The alert rule alarmed-errors fired at \d{4}-.*The traffic of alarmed is blue 100 % again/,
    );
    assert.deepEqual([traffic("alarmed"), deployments("alarmed")], [{ blue: 100 }, ["blue"]]);

    azure.clock.leap(60 * MINUTE);
    assertSucceeded(await stage("half", "71"));
    pass(0);
    const second = await stage("all", "71");
    assertSucceeded(second);
    assert.match(
      second.log,
      /The alert rule alarmed-errors did not fire .*before the share was set, which does not count/,
    );
    assert.deepEqual(traffic("alarmed"), { green: 100 });
  });

  it("a plan of a canary shows its shares, its rules and its first write, and writes nothing", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "planned", requestFile };
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
    const run = await bench.run(
      "DeployEndpoint",
      { ...inputs, deploymentName: "green", strategy: "canary", plan: "true" },
      { files },
    );
    assertSucceeded(run);
    assert.match(run.log, /traffic blue 100 % -> blue 90 %, green 10 % -> blue 50 %, green 50 % -> green 100 %/);
    assert.match(run.log, /the default ones:\s+.*new\.errorRate <= live\.errorRate \+ 0\.01/);
    assert.match(run.log, /"traffic":\{"blue":90,"green":10\}/);
    assert.deepEqual([...asked(run, "arm", "PUT"), ...asked(run, "storage", "PUT")], []);
    assert.deepEqual([traffic("planned"), deployments("planned")], [{ blue: 100 }, ["blue"]]);
  });

  it("a deployment that is changed in place and answers wrongly has its previous specification again", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "inplace", requestFile, strategy: "inPlace" };
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
    const run = await bench.run("DeployEndpoint", { ...inputs, expectations: "$.nothing == 1" }, { files });
    assert.equal(run.result, "Failed");
    assert.match(run.errors[0] ?? "", /The previous specification of blue was put back/);
    assert.deepEqual([traffic("inplace"), deployments("inplace")], [{ blue: 100 }, ["blue"]]);
  });
});
