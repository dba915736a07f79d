// Warnings of Deploy endpoint, as shipped: nobody called the deployment, its name was taken, it stays behind.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { deploymentsOfEndpoint, endpointsOf } from "../../local/azure/records/online-endpoint.ts";
import { parseScenarios } from "../../local/azure/scenarios/document.ts";
import { asked, assertSucceeded, Bench } from "../harness/bench.ts";
import { fastClock, preloaded } from "../harness/preload.ts";

const endpointFile = "azureml/endpoint.yml";
const deploymentFile = "azureml/deployment.yml";
const requestFile = "requests/ada.json";

describe("Deploy endpoint as shipped: what people are told", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());
  const traffic = (name: string) => endpointsOf(bench.cloud.azure).get(name)?.traffic;
  const deployments = (name: string) => deploymentsOfEndpoint(bench.cloud.azure, name).map((one) => one.name);

  it("traffic for a deployment that nobody called is a warning that says what to give", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "uncalled" };
    const run = await bench.run("DeployEndpoint", inputs);
    assert.equal(run.result, "Succeeded", run.log);
    assert.equal(run.warnings.length, 1);
    assert.match(run.warnings[0]!, /Nobody has called the deployment blue.*requestFile/);
    // Nothing moves any more: that is no news.
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
  });

  it("requireCall refuses a rollout that calls nobody, before anything is changed", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "strict", requireCall: "true" };
    const run = await bench.run("DeployEndpoint", inputs);
    assert.equal(run.result, "Failed");
    assert.match(run.errors[0]!, /requireCall is true.*requestFile/);
    assert.equal(traffic("strict"), undefined);
    assert.deepEqual([...asked(run, "arm", "PUT"), ...asked(run, "storage", "PUT")], []);
    // At 0 % nobody is served by it.
    assertSucceeded(await bench.run("DeployEndpoint", { ...inputs, trafficPercent: "0" }));
    assertSucceeded(await bench.run("DeployEndpoint", { ...inputs, requestFile }));
    assert.deepEqual(traffic("strict"), { blue: 100 });
  });

  it("a taken name is told with its reason, in the log and in an output", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "taken", requestFile };
    const first = await bench.run("DeployEndpoint", inputs);
    assertSucceeded(first);
    assert.equal(first.outputs["deploymentNameReason"], "");
    const second = await bench.run("DeployEndpoint", inputs, { files: { "weights/greeting.txt": "hello" } });
    assertSucceeded(second);
    assert.equal(second.outputs["deploymentName"], "blue-2");
    assert.match(second.outputs["deploymentNameReason"]!, /^blue has other content and gets 100 % of the traffic$/);
    assert.match(second.log, /create the deployment blue-2; it has this name because blue has other content/);
  });

  it("cancelled while a deployment comes up for longer than anybody waits: it is named, with what removes it", async () => {
    const inputs = { endpointFile, deploymentFile, endpointName: "long", requestFile };
    assertSucceeded(await bench.run("DeployEndpoint", inputs));
    const rules = "rules:\n  - { deployment: { endpoint: long, name: late }, then: { takes: 20m } }\n";
    bench.cloud.azure.scenarios.add(parseScenarios(rules).rules);
    const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-clock-"));
    try {
      const cancel = new AbortController();
      const run = await bench.run(
        "DeployEndpoint",
        { ...inputs, deploymentName: "late" },
        {
          files: { "weights/greeting.txt": "hello" },
          signal: cancel.signal,
          // A minute of the task's clock is two seconds of ours.
          nodes: preloaded(folder, fastClock(30)),
          onLine: (line) => void (/^Deployment late: Updating/.test(line) && cancel.abort()),
        },
      );
      assert.equal(run.result, "Canceled");
      assert.deepEqual([run.stages[1]?.stage, run.stages[1]?.result], ["postjob", "Succeeded"], run.jobLog);
      assert.match(run.jobLog, /The deployment late of long is Creating, and Azure does not delete it before/);
      assert.match(run.jobLog, /az ml online-deployment delete --name late --endpoint-name long /);
      assert.match(run.jobLog, /The traffic of long is blue 100 %\./);
      assert.ok(run.build.tags.has("azureml-left-long-late"), [...run.build.tags].join());
      assert.deepEqual([traffic("long"), deployments("long")], [{ blue: 100 }, ["blue", "late"]]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
