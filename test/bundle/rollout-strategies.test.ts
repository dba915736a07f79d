// Strategies of Deploy endpoint, as shipped: what a plan shows, a canary whose stages make one change each, and a change in place.
import assert from "node:assert/strict";
import { seedMinutes } from "../../local/azure/monitor/seed.ts";
import { deploymentsOfEndpoint, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { asked, assertSucceeded, Bench } from "../harness/bench.ts";

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
