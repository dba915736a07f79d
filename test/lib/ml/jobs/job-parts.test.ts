// The parts of a job that take machines, for each kind of job.
import assert from "node:assert/strict";
import path from "node:path";
import { parseJob, readSource } from "../../../../lib/documents/index.ts";
import { partsOf } from "../../../../lib/ml/jobs/job-parts.ts";
import { AUTOML, SWEEP } from "../job-samples.ts";
import { project } from "../projects.ts";

const command = { command: "echo", environment: { image: "ubuntu" } };
function parts(job: object) {
  const folder = project({ "job.yml": JSON.stringify(job) });
  return partsOf(parseJob(readSource(path.join(folder, "job.yml"), { root: folder })));
}
const shortly = (job: object) =>
  parts(job).map(({ step, kind, compute, size, nodes, tier }) =>
    [step || "-", kind, compute ?? "-", size ?? "-", nodes, tier ?? "-"].join(" "),
  );

describe("the parts of a job", () => {
  it("are the job itself, where it is no pipeline", () => {
    const resources = { instance_type: "Standard_DS3_v2", instance_count: 3 };
    const job = { ...command, resources, queue_settings: { job_tier: "spot" }, limits: { timeout: 600 } };
    assert.deepEqual(shortly(job), ["- command - Standard_DS3_v2 3 lowPriority"]);
    assert.equal(parts(job)[0]?.timeout, 600);
    assert.deepEqual(shortly({ ...command, compute: "azureml:cpu-cluster" }), ["- command cpu-cluster - 1 -"]);
    assert.deepEqual(shortly({ ...command, compute: "azureml:serverless" }), ["- command - - 1 -"]);
    assert.deepEqual(shortly({ ...SWEEP, resources: { instance_count: 2 } }), ["- sweep cpu-cluster - 2 -"]);
    assert.deepEqual(shortly(AUTOML), ["- automl cpu-cluster - 1 -"]);
  });

  it("are a pipeline's steps, those of its local components too, with the compute that they inherit", () => {
    const inner = {
      type: "pipeline",
      jobs: { clean: { type: "command", ...command, resources: { instance_count: 4 } } },
    };
    const jobs = {
      prepare: { type: "pipeline", component: inner, compute: "azureml:gpu-cluster" },
      train: { type: "command", ...command, resources: { instance_count: 2 } },
      registered: { type: "command", component: "azureml:fit:1", compute: "azureml:gpu-cluster" },
    };
    const all = parts({ type: "pipeline", settings: { default_compute: "azureml:cpu-cluster" }, jobs });
    assert.deepEqual(
      all.map(({ step, kind, compute, nodes, isNodesKnown }) => [step, kind, compute, nodes, isNodesKnown]),
      [
        ["prepare/clean", "command", "gpu-cluster", 4, true],
        ["train", "command", "cpu-cluster", 2, true],
        ["registered", "command", "gpu-cluster", 1, false],
      ],
    );
  });

  it("are one that is not known where a registered component hides them", () => {
    const job = { type: "pipeline", component: "azureml:whole:1", compute: "azureml:cpu-cluster" };
    assert.deepEqual(shortly(job), ["- pipeline cpu-cluster - 1 -"]);
  });
});
