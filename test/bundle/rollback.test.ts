// Roll back endpoint, as shipped: the traffic goes back in one write, and a second run writes nothing.
import assert from "node:assert/strict";
import { LAST_KNOWN_GOOD } from "../../lib/ml/endpoints/endpoint-tags.ts";
import { endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { asked, assertSucceeded, Bench } from "../harness/bench.ts";

const files = { endpointFile: "azureml/endpoint.yml", deploymentFile: "azureml/deployment.yml" };
const requestFile = "requests/ada.json";

describe("AzureMLRollback as shipped", () => {
  let bench: Bench;
  const endpointName = "returns";
  before(async () => {
    bench = await Bench.open();
    assertSucceeded(await bench.run("DeployEndpoint", { ...files, endpointName, requestFile }));
    const next = { ...files, endpointName, requestFile, deploymentName: "green" };
    assertSucceeded(await bench.run("DeployEndpoint", next, { files: { "weights/greeting.txt": "hello" } }));
  });
  after(() => bench?.close());
  const traffic = () => endpointsOf(bench.cloud.azure).get(endpointName)?.traffic;

  it("shows what it would write where only a plan is wanted", async () => {
    const run = await bench.run("Rollback", { endpointName, plan: "true" });
    assert.equal(run.result, "Succeeded", run.log);
    assert.match(run.log, /roll back to blue, because it is the last known good deployment/);
    assert.match(run.log, /Plan: 1 write/);
    assert.deepEqual(traffic(), { green: 100 });
    assert.deepEqual(asked(run, "arm", "PUT"), []);
  });

  it("moves nothing where the deployment does not answer as expected, and the record has its reply", async () => {
    const run = await bench.run("Rollback", { endpointName, requestFile, expectations: '$.greeting == "nobody"' });
    assert.equal(run.result, "Failed");
    assert.match(run.errors.join("\n"), /not as expected[\s\S]*The traffic was not moved: it is green 100 %/);
    assert.deepEqual(traffic(), { green: 100 });
    assert.equal(run.record?.invocation?.deployment, "blue");
    assert.equal(run.record?.rollback?.changed, false);
  });

  it("gives the traffic back: outputs, record and summary say so, and the next run changes nothing and warns", async () => {
    const run = await bench.run("Rollback", { endpointName, requestFile });
    assertSucceeded(run);
    assert.deepEqual(traffic(), { blue: 100 });
    assert.equal(endpointsOf(bench.cloud.azure).get(endpointName)?.tags[LAST_KNOWN_GOOD], "blue");
    const { outputs } = run;
    assert.deepEqual(
      [outputs["endpointName"], outputs["deploymentName"], outputs["previousDeployment"], outputs["changed"]],
      [endpointName, "blue", "green", "true"],
    );
    assert.equal(outputs["traffic.blue"], "100");
    assert.deepEqual(run.record?.rollback?.trafficBefore, { green: 100 });
    assert.equal(asked(run, "arm", "PUT", /onlineEndpoints/).length, 1);
    assert.deepEqual(asked(run, "arm", "GET", /\/(models|environments|codes)\//), []);

    const again = await bench.run("Rollback", { endpointName, requestFile });
    assert.equal(again.result, "Succeeded", again.log);
    assert.match(again.warnings.join("\n"), /was not rolled back any further: blue has all of the traffic since/);
    assert.deepEqual(asked(again, "arm", "PUT"), []);
    assert.deepEqual([again.outputs["changed"], again.outputs["deploymentName"]], ["false", "blue"]);
    assert.match(again.log, /blue has all of the traffic of returns already, so nothing was changed/);
  });

  it("refuses a deployment that is not there, with those that are", async () => {
    const run = await bench.run("Rollback", { endpointName, deploymentName: "$(lost)/../x" });
    assert.equal(run.result, "Failed");
    assert.match(
      run.errors.join("\n"),
      /has no deployment .*it has blue \(Succeeded, 100 %\), green \(Succeeded, 0 %\)/,
    );
    assert.deepEqual(asked(run, "arm", "PUT"), []);
  });
});
