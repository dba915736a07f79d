// Curves and pictures that EvaluateMetrics leaves on its run: attached under names of our own, and never a reason to fail.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readCurves } from "../../lib/record/index.ts";
import { leaveViews } from "../../lib/task/run-views.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { memoryLog, openLocal, theCloud } from "../lib/ml/world.ts";

const PNG = Buffer.from("89504e470d0a1a0a0000000d494844520000000100000001", "hex");

async function runWith(metrics: readonly string[], picture?: string): Promise<string> {
  const { azure } = await theCloud();
  const { tracking } = jobService(azure);
  const run = tracking.addRun({ id: randomUUID(), experimentId: tracking.defaultExperiment.id, name: "views" });
  for (const key of metrics)
    for (const step of [0, 1, 2]) run.metrics.push({ key, value: step / 2, step, timestamp: step, visibleAt: 0 });
  if (picture !== undefined) await azure.blobs.put("azureml", `ExperimentRun/dcid.${run.id}/${picture}`, PNG);
  return run.id;
}

function attachments() {
  const left = new Map<string, string | Uint8Array>();
  const run = {
    attach: async (type: string, name: string, content: string | Uint8Array) =>
      void left.set(`${type}/${name}`, content),
  };
  return { left, run };
}

describe("what a judged job leaves to look at", () => {
  it("are its curves beside the champion's, and its pictures", async () => {
    const [jobName, championJob] = [
      await runWith(["loss", "auc"], "a b/confusion;x=1.png"),
      await runWith(["loss", "other"]),
    ];
    const { left, run } = attachments();
    const views = await leaveViews(run, await openLocal(), { jobName, championJob });
    assert.deepEqual(views, {
      curves: { type: "azureml-curves", name: "curves.json" },
      images: [
        {
          ...{ type: "azureml-image", name: "image-1.png", path: "a b/confusion;x=1.png" },
          ...{ mediaType: "image/png", bytes: PNG.length },
        },
      ],
    });
    assert.deepEqual([...left.keys()], ["azureml-image/image-1.png", "azureml-curves/curves.json"]);
    assert.deepEqual(left.get("azureml-image/image-1.png"), PNG);
    const curves = readCurves(String(left.get("azureml-curves/curves.json")));
    assert.deepEqual(
      curves.map(({ of, run: id, metric }) => `${of} ${id} ${metric}`).sort(),
      [`champion ${championJob} loss`, `job ${jobName} auc`, `job ${jobName} loss`].sort(),
    );
  });

  it("is nothing where there is nothing, without a word", async () => {
    const { left, run } = attachments();
    const log = memoryLog();
    const workspace = { ...(await openLocal()), log };
    assert.deepEqual(await leaveViews(run, workspace, { jobName: randomUUID() }), {});
    assert.equal(left.size, 0);
    assert.doesNotMatch(log.text(), /not shown/);
  });

  it("is missing with a line in the log where the services refuse", async () => {
    const { left, run } = attachments();
    const log = memoryLog();
    const local = await openLocal({
      onRequest(_method, url) {
        if (/\/runs\/get|contentinfo/.test(url)) throw new Error("refused");
      },
    });
    const workspace = { ...local, log };
    assert.deepEqual(await leaveViews(run, workspace, { jobName: await runWith(["loss"]) }), {});
    assert.equal(left.size, 0);
    assert.match(log.text(), /The curves of \S+ are not shown on the run: /);
    assert.match(log.text(), /The pictures of \S+ are not shown on the run: /);
  });
});
