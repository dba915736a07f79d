// CheckMonitorResult on the server: the verdict that AzureMLCheckMonitor left on the newest run of a monitor, in an agentless job.
// Tests: tasks/CheckMonitorResult/contract.json
import assert from "node:assert/strict";
import { collect, fixed, limit, look, monitor, rolling, table } from "../local/azure/jobs/monitors/monitors.ts";
import { Agentless, jobsOf } from "./agentless.ts";

const rows = (from: number) => Array.from({ length: 30 }, (_, index) => ({ age: from + index }));

describe("the result of a monitor without an agent", () => {
  let place: Agentless;
  const drift = (asset: string) => ({
    inputs: {
      ...{ signalType: "DataDrift", productionData: rolling(asset), referenceData: fixed("reference") },
      metricThresholds: [limit("Numerical", "NormalizedWassersteinDistance", 0.5)],
    },
  });
  before(async () => {
    place = await Agentless.open();
    Object.assign(place.cloud.azure.settings.phases, { starting: 0, preparing: 0, queued: 0, finalizing: 0 });
    await table(place.jobs, "reference", rows(20));
    await collect(place.jobs, "alike", "2026/03/08/11", rows(20));
    await collect(place.jobs, "shifted", "2026/03/08/11", rows(60));
    await monitor(place.jobs, "holds", drift("alike"));
    await monitor(place.jobs, "drifts", drift("shifted"));
  });
  after(() => place?.close());

  const ask = async (monitorName: string) => {
    const inputs = { azureSubscription: "azure-ml-workspace", monitorName };
    const outcome = await place.run(`jobs:
- job: check
  pool: server
  steps:
  - task: AzureMLCheckMonitorResult@1
    inputs: ${JSON.stringify(inputs)}`);
    assert.equal(jobsOf(outcome)["check"]?.agentMilliseconds, 0);
    return outcome.result;
  };
  const judge = async (name: string) => {
    const outcome = await place.run(`jobs:
- job: look
  steps:
  - task: AzureMLCheckMonitor@1
    inputs: { azureSubscription: azure-ml, resourceGroup: rg1, workspace: ws1, monitor: ${name}, onBreach: continue, onNoEvidence: continue }`);
    assert.equal(outcome.result, "succeeded", place.log);
  };

  it("does not pass before a run, nor a run that nobody looked at, and passes what was found healthy", async () => {
    assert.equal(await ask("holds"), "failed", place.log);
    await look(place.jobs, "holds");
    assert.equal(await ask("holds"), "failed", place.log);
    await judge("holds");
    assert.equal(await ask("holds"), "succeeded", place.log);
  });

  it("does not pass by the verdict of an older run", async () => {
    await look(place.jobs, "holds");
    assert.equal(await ask("holds"), "failed", place.log);
    await judge("holds");
    assert.equal(await ask("holds"), "succeeded", place.log);
    await look(place.jobs, "holds", "Failed", "2026-05-20T12:00:00Z");
    await judge("holds");
    assert.equal(await ask("holds"), "failed", place.log);
  });

  it("does not pass a breach, nor a name that leads elsewhere", async () => {
    await look(place.jobs, "drifts");
    await judge("drifts");
    assert.equal(await ask("drifts"), "failed", place.log);
    for (const name of ["nobody", "holds,drifts", "holds&listViewType=All", "*"])
      assert.equal(await ask(name), "failed", `${name}\n${place.log}`);
  });
});
