// Metrics as a gate reads them from local Azure: long histories, histories that break off, and numbers that are none.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { latestMetrics, metricHistory } from "../../../../lib/ml/jobs/metrics.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { openLocal, theCloud } from "../world.ts";

describe("metrics", () => {
  /** A run that logged these values of `loss`, put where the cloud keeps them: by the service's own road it takes too long. */
  const runWith = async (values: readonly unknown[]) => {
    const { tracking } = jobService((await theCloud()).azure);
    const run = tracking.addRun({ id: randomUUID(), experimentId: tracking.defaultExperiment.id, name: "metrics" });
    values.forEach((value, step) => {
      run.metrics.push({ key: "loss", value: value as number, step, timestamp: step, visibleAt: 0 });
    });
    return { run, tracking };
  };
  const rows = Array.from({ length: 1500 }, (_, step) => 1 / (step + 1));

  it("have a history of more pages than one, in the order of its steps", async () => {
    const { run } = await runWith(rows);
    run.metrics.reverse();
    assert.deepEqual(await metricHistory(await openLocal(), run.id, "loss"), rows);
  });

  it("whose history breaks off between two pages are not judged by its beginning", async () => {
    const { run, tracking } = await runWith(rows);
    const workspace = await openLocal({
      onRequest: (_method, url) => void (/[?&]page_token=./.test(url) && tracking.runs.delete(run.id)),
    });
    await assert.rejects(metricHistory(workspace, run.id, "loss"), /loss/);
  });

  const values: [unknown, number][] = [
    [0.5, 0.5],
    ["0.5", 0.5],
    ["-1e-3", -0.001],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    [Number.MAX_VALUE, Number.POSITIVE_INFINITY],
    ["-1.7976931348623157e+308", Number.NEGATIVE_INFINITY],
    ["NaN", Number.NaN],
    ["0x10", Number.NaN],
    ["0b1", Number.NaN],
    ["", Number.NaN],
    [" ", Number.NaN],
    ["1 or so", Number.NaN],
    [null, Number.NaN],
    [true, Number.NaN],
    [[1], Number.NaN],
    [{ value: 1 }, Number.NaN],
  ];
  for (const [value, expected] of values) {
    it(`that are ${JSON.stringify(value)} are ${expected}`, async () => {
      const { run } = await runWith([value]);
      const workspace = await openLocal();
      assert.deepEqual(await latestMetrics(workspace, run.id), { loss: expected });
      assert.deepEqual(await metricHistory(workspace, run.id, "loss"), [expected]);
    });
  }

  it("are none of a run that is not there, which is another answer than no metrics", async () => {
    const { run } = await runWith([]);
    const workspace = await openLocal();
    assert.deepEqual(await latestMetrics(workspace, run.id), {});
    assert.equal(await latestMetrics(workspace, randomUUID()), undefined);
  });
});
