// Check monitor, as shipped: a breach of a monitor over collected data, its verdict on the monitor's run, and one that knows nothing.
import assert from "node:assert/strict";
import { asked, assertSucceeded, Bench } from "../harness/bench.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "../local/azure/jobs/monitors/monitors.ts";

const rows = (from: number) =>
  Array.from({ length: 30 }, (_, index) => ({ age: from + index, city: "x".repeat((index % 3) + 1) }));

describe("AzureMLCheckMonitor as shipped", () => {
  let bench: Bench;
  let jobs: JobClient;
  const drift = (asset: string) => ({
    inputs: {
      ...{ signalType: "DataDrift", productionData: rolling(asset), referenceData: fixed("reference") },
      metricThresholds: [
        limit("Numerical", "JensenShannonDistance", 0.3),
        limit("Categorical", "JensenShannonDistance", 0.3),
      ],
    },
  });
  before(async () => {
    bench = await Bench.open();
    jobs = new JobClient(bench.cloud);
    await jobs.prepare();
    await table(jobs, "reference", rows(20));
    await collect(jobs, "shifted", "2026/03/08/11", rows(60));
    await collect(jobs, "alike", "2026/03/08/11", rows(20));
    await monitor(jobs, "drifts", drift("shifted"));
    await monitor(jobs, "holds", drift("alike"));
  });
  after(() => bench?.close());

  it("knows nothing before the monitor has run, and fails for that", async () => {
    const run = await bench.run("CheckMonitor", { monitor: "holds" });
    assert.equal(run.result, "Failed", run.log);
    assert.match(
      run.errors.join(),
      /There is no evidence, which is not healthy: No run of the monitor holds has ended/,
    );
    assert.equal(run.outputs["outcome"], "noEvidence");
    assert.deepEqual([...asked(run, "arm", "PUT"), ...asked(run, "api", "PATCH")], []);
  });

  it("fails on a breach and says where, and leaves the verdict on the monitor's run", async () => {
    const name = await look(jobs, "drifts");
    const run = await bench.run("CheckMonitor", { monitor: "drifts" });
    assert.equal(run.result, "Failed", run.log);
    assert.match(run.errors.join(), /JensenShannonDistance of age is [\d.]+, above 0\.3/);
    assert.deepEqual([run.outputs["breachedSignals"], run.outputs["jobName"]], ["inputs", name]);
    const { tags } = (await jobs.arm("GET", `/jobs/${name}`)).body.properties;
    assert.equal(tags["monitorVerdict"], "breached");
    assert.match(run.summaries.join(), /❌ breached\*\*: monitor `drifts`/);
    assert.equal(run.record?.monitor?.signals?.[0]?.metrics?.[0]?.of, "age");
  });

  it("passes once the newest run is healthy", async () => {
    await look(jobs, "holds");
    const run = await bench.run("CheckMonitor", { monitor: "holds" });
    assertSucceeded(run);
    assert.match(run.log, /inputs: 2 metrics are within their thresholds, over 30 rows\./);
  });
});
