// Submit job, as shipped: its log while it grows, its outputs, and one job for all attempts of a step.
import assert from "node:assert/strict";
import { jobService } from "../../local/azure/jobs/service.ts";
import { asked, assertSucceeded, Bench, NODES, needsNode, type TaskRun } from "../harness/bench.ts";

const jobFile = "azureml/job.yml";
const puts = (run: TaskRun) => asked(run, "arm", "PUT", /\/jobs\//).length;
const failing = { "src/learn.py": 'print("about to fail")\nraise SystemExit("the weights are gone")\n' };

describe("AzureMLSubmitJob as shipped", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench?.close());

  for (const node of NODES) {
    it(`shows the log while the job runs, and gives its outputs (Node ${node})`, async function () {
      needsNode(this, node);
      const seen: Record<string, string[]> = {};
      const run = await bench.run(
        "SubmitJob",
        { jobFile, overrides: "inputs:\n  seconds: 3\n  auc: 0.75", tags: "kind=toy", displayName: `Node ${node}` },
        {
          node,
          onLine: (line) => {
            if (line === "learning begins")
              seen[line] = jobService(bench.cloud.azure)
                .all()
                .map(({ status }) => status);
          },
        },
      );
      assertSucceeded(run);
      assert.equal(seen["learning begins"]?.at(-1), "Running", "the line was shown before the job had ended");
      assert.match(run.log, /learning begins\n(Job .*\n)?learning ends\n/);
      const { jobName, jobId, jobStatus, studioUrl } = run.outputs;
      assert.equal(jobStatus, "Completed");
      assert.match(jobId!, new RegExp(`/workspaces/ws1/jobs/${jobName}$`));
      assert.match(studioUrl!, new RegExp(`/runs/${jobName}\\?wsid=`));
      assert.equal(run.outputs["outputs.model"], JSON.parse(run.outputs["outputs"]!)["model"]);
      assert.match(run.outputs["outputs.model"]!, new RegExp(`^azureml://.*${jobName}`));
      const job = jobService(bench.cloud.azure).get(jobName!)!;
      assert.deepEqual([job.displayName, job.tags["kind"], job.experimentName], [`Node ${node}`, "toy", "bundle"]);
      assert.equal(run.record?.job?.status, "Completed");
      assert.equal(run.record?.job?.metrics?.["auc"], 0.75);
      assert.match(run.summaries[0]!, new RegExp(jobName!));
    });
  }

  it("does not wait when told not to", async () => {
    const run = await bench.run("SubmitJob", { jobFile, wait: "false", overrides: "inputs.seconds: 300" });
    assertSucceeded(run);
    assert.notEqual(run.outputs["jobStatus"], "Completed");
    assert.equal(run.stages.at(-1)?.stage, "postjob");
    assert.deepEqual(asked(run, "arm", "POST", /cancel/), [], "and its post-job stage cancels nothing");
    const board = jobService(bench.cloud.azure);
    const job = board.get(run.outputs["jobName"]!)!;
    assert.doesNotMatch(job.status, /^(Completed|Cancel)/);
    await board.cancel(job);
  });

  describe("run again for the same run, stage and step", () => {
    it("joins a job that still runs", async () => {
      const build = bench.newBuild();
      const inputs = { jobFile, overrides: "inputs.seconds: 2" };
      const first = await bench.run("SubmitJob", { ...inputs, wait: "false" }, { build });
      const second = await bench.run("SubmitJob", inputs, { build, attempt: 2 });
      assertSucceeded(second);
      assert.equal(second.outputs["jobName"], first.outputs["jobName"]);
      assert.equal(second.outputs["jobStatus"], "Completed");
      assert.deepEqual([puts(first), puts(second)], [1, 0]);
      assert.equal(second.record?.job?.joined, true);
      assert.match(second.log, /An earlier attempt of this step submitted .*: going on with it/);
    });

    it("joins a job that has completed, unless it was submitted for something else", async () => {
      const build = bench.newBuild();
      const first = await bench.run("SubmitJob", { jobFile }, { build });
      const second = await bench.run("SubmitJob", { jobFile }, { build, attempt: 2 });
      assertSucceeded(second);
      assert.equal(second.outputs["jobName"], first.outputs["jobName"]);
      assert.equal(puts(second), 0);
      const other = await bench.run("SubmitJob", { jobFile, overrides: "inputs.auc: 0.5" }, { build, attempt: 3 });
      assertSucceeded(other);
      assert.equal(other.outputs["jobName"], `${first.outputs["jobName"]}-2`);
      const step = await bench.run("SubmitJob", { jobFile, wait: "false" }, { build, step: "elsewhere" });
      assert.equal(puts(step), 1, "another step has a job of its own");
    });

    it("joins its own job where the agent runs the step again in place, and only that one", async () => {
      const { scenarios } = bench.cloud.azure;
      const details = { plane: "api", path: "**/details" } as const;
      const fault = { kind: "request", name: "once", where: "here", match: details, skip: 0, times: 1 } as const;
      scenarios.add([{ ...fault, effect: { status: 403 } }]);
      const build = bench.newBuild();
      const run = await bench.run("SubmitJob", { jobFile, overrides: "inputs.seconds: 2" }, { build, retries: 1 });
      scenarios.clear();
      assert.equal(run.result, "Succeeded", run.log);
      assert.equal(puts(run), 1);
      assert.match(run.log, /is still running in Azure/);
      assert.match(run.log, /An earlier attempt of this step submitted .*: going on with it/);
      const squatted = await bench.run("SubmitJob", { jobFile, overrides: "inputs.seconds: 2" }, { build });
      assert.equal(squatted.result, "Succeeded", squatted.log);
      assert.equal(squatted.outputs["jobName"], `${run.outputs["jobName"]}-2`, "another agent's job has no part in it");
      assert.match(squatted.warnings.join("\n"), new RegExp(run.outputs["jobName"]!));
    });

    it("submits anew where the earlier job failed, and says why that one did with the end of its log", async () => {
      const build = bench.newBuild();
      const first = await bench.run("SubmitJob", { jobFile }, { build, files: failing });
      assert.equal(first.result, "Failed");
      assert.equal(first.exitCode, 0);
      assert.equal(first.errors.length, 1);
      assert.match(first.errors[0]!, /^The job bundle-\d+-submitjob-\w+ is Failed: Execution failed\. .*status code 1/);
      assert.match(first.errors[0]!, /about to fail\n\s*the weights are gone$/);
      assert.equal(first.outputs["jobStatus"], "Failed");
      assert.equal(first.record?.result, "failed");
      const second = await bench.run("SubmitJob", { jobFile }, { build, attempt: 2 });
      assertSucceeded(second);
      assert.equal(second.outputs["jobName"], `${first.outputs["jobName"]}-2`);
      assert.equal(second.outputs["jobStatus"], "Completed");
    });
  });
});
