// Curves of a run, read from local Azure: those with steps alone, and no more of them than a chart shows.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { runCurves } from "../../../../lib/ml/jobs/run-curves.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import { openLocal, theCloud } from "../world.ts";

describe("curves of a run", () => {
  const runWith = async (metrics: Readonly<Record<string, readonly unknown[]>>) => {
    const { tracking } = jobService((await theCloud()).azure);
    const run = tracking.addRun({ id: randomUUID(), experimentId: tracking.defaultExperiment.id, name: "curves" });
    for (const [key, values] of Object.entries(metrics))
      values.forEach((value, step) => {
        run.metrics.push({ key, value: value as number, step, timestamp: step, visibleAt: 0 });
      });
    return run.id;
  };

  it("are those of metrics with more than one step, read side by side", async () => {
    const asked: string[] = [];
    const id = await runWith({ loss: [3, 2, 1], auc: [0.9], odd: [1, "NaN", 3] });
    const workspace = await openLocal({ onRequest: (_method, url) => void asked.push(url) });
    asked.length = 0;
    const curves = await runCurves(workspace, id);
    assert.deepEqual(
      [...curves].sort((one, other) => one.metric.localeCompare(other.metric)),
      [
        { run: id, metric: "loss", steps: [0, 1, 2], values: [3, 2, 1] },
        { run: id, metric: "odd", steps: [0, 2], values: [1, 3] },
      ],
    );
    assert.equal(asked.filter((url) => url.includes("get-history")).length, 2, "no history of a metric without steps");
  });

  it("end after some pages of a very long history", async () => {
    const id = await runWith({ loss: Array.from({ length: 9_000 }, (_, step) => 1 / (step + 1)) });
    const [curve] = await runCurves(await openLocal(), id);
    assert.ok(curve && curve.values.length >= 1_000 && curve.values.length < 9_000, `${curve?.values.length}`);
  });

  it("are none of a run that MLflow does not know", async () => {
    assert.deepEqual(await runCurves(await openLocal(), randomUUID()), []);
  });
});
