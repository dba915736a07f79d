// A stopped step does not leave a job behind: SIGINT, SIGKILL and the post-job stage, and deadlines.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Job } from "../../local/agent/index.ts";
import { jobService } from "../../local/azure/jobs/service.ts";
import { asked, Bench, NODES, needsNode, type RunOptions, type TaskRun } from "../harness/bench.ts";
import { needs } from "../harness/needs.ts";
import { fastClock, pausesWhenStopped, preloaded } from "../harness/preload.ts";
import { processesOf } from "../harness/processes.ts";
import { holdTimer } from "../harness/timers.ts";

/**
 * Between SIGINT and SIGTERM the real agent waits 7.5 s (docs/facts/agent.md#4): enough for one request, where no pause of the task's own
 * comes before it. That none does is what is shown here; how long a request takes is this machine's business.
 */
const PATIENT = { PROCESS_SIGINT_TIMEOUT: "100000" };
const inputs = { jobFile: "azureml/job.yml", overrides: "inputs.seconds: 300" };

describe("AzureMLSubmitJob when it is stopped", () => {
  let bench: Bench;
  const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-stopped-"));
  const statuses = new Map<string, string[]>();
  before(async () => {
    bench = await Bench.open();
    bench.cloud.azure.events.on("jobStatus", ({ name, status }) => {
      statuses.set(name, [...(statuses.get(name) ?? []), status]);
    });
  });
  after(async () => {
    rmSync(folder, { recursive: true, force: true });
    await bench?.close();
  });

  /** Runs a job of five minutes and calls `stop` as soon as its log is there. Gives also the task's pauses from then on. */
  async function stopped(
    stop: (job: Job) => void,
    options: RunOptions = {},
    more: Record<string, string> = {},
  ): Promise<{ run: TaskRun; pauses: string }> {
    let job: Job | undefined;
    let done = false;
    const place = mkdtempSync(path.join(folder, "run-"));
    const file = path.join(place, "pauses");
    const run = await bench.run(
      "SubmitJob",
      { ...inputs, ...more },
      {
        nodes: preloaded(place, pausesWhenStopped(file)),
        ...options,
        variables: { ...PATIENT, ...options.variables },
        onJob: (one) => {
          job = one;
        },
        onLine: (line) => {
          if (line !== "learning begins" || done) return;
          done = true;
          stop(job!);
        },
      },
    );
    return { run, pauses: existsSync(file) ? readFileSync(file, "utf8") : "" };
  }

  /** The job is asked to end without a pause before, and ends. */
  async function assertCanceled(run: TaskRun, pauses: string): Promise<void> {
    const name = run.outputs["jobName"]!;
    assert.ok(statuses.get(name)?.includes("CancelRequested"), `${name} was asked to cancel:\n${run.jobLog}`);
    assert.equal(pauses, "", "milliseconds that the task paused once it was stopped");
    await jobService(bench.cloud.azure).ended(name);
    assert.equal(jobService(bench.cloud.azure).get(name)?.status, "Canceled");
  }

  const kill = (job: Job) => {
    for (const pid of processesOf(job)) process.kill(pid, "SIGKILL");
  };

  for (const node of NODES) {
    it(`SIGINT: the job is CancelRequested in time, then Canceled (Node ${node})`, async function () {
      needsNode(this, node);
      const cancel = new AbortController();
      const { run, pauses } = await stopped(() => cancel.abort(), { node, signal: cancel.signal });
      await assertCanceled(run, pauses);
      const [main, post] = run.stages;
      assert.equal(run.result, "Canceled");
      assert.deepEqual(main?.signals, ["SIGINT"], "it ended by itself, before the agent became rude");
      assert.equal(run.record?.result, "canceled");
      assert.match(run.outputs["jobStatus"]!, /Running|CancelRequested|Canceled/);
      assert.equal(post?.stage, "postjob");
      assert.equal(post?.result, "Succeeded");
      assert.match(
        main?.lines.join("\n") ?? "",
        /^Cancelling the job/m,
        "and it did not leave that to the post-job stage",
      );
    });

    it(`SIGKILL: the post-job stage cancels the job (Node ${node})`, async function () {
      needsNode(this, node);
      needs(this, process.platform === "linux", "Linux");
      const { run, pauses } = await stopped(kill, { node });
      await assertCanceled(run, pauses);
      const [main, post] = run.stages;
      assert.equal(main?.exitCode, 137);
      assert.deepEqual(main?.attachments, [], "nothing was left to tell of it");
      assert.equal(post?.stage, "postjob");
      assert.equal(post?.result, "Succeeded");
      assert.match(run.jobLog, /Cancelling the job .*, which this step left when it was stopped/);
    });
  }

  it("a cancel with no time between SIGINT and SIGKILL: the post-job stage cancels the job", async () => {
    const cancel = new AbortController();
    const { run, pauses } = await stopped(() => cancel.abort(), {
      signal: cancel.signal,
      variables: { PROCESS_SIGINT_TIMEOUT: "0", PROCESS_SIGTERM_TIMEOUT: "0" },
    });
    await assertCanceled(run, pauses);
    assert.deepEqual(run.stages[0]?.signals.slice(0, 1), ["SIGINT"]);
    assert.equal(run.result, "Canceled");
    assert.equal(run.stages[1]?.result, "Succeeded");
  });

  it("a step that reaches its own time limit leaves no job either", async () => {
    const limit = holdTimer(7 * 60_000);
    const { run } = await stopped(limit.end, { timeoutInMinutes: 7 }).finally(limit.restore);
    assert.equal(run.result, "Failed");
    assert.match(run.errors.join("\n"), /The task has timed out/);
    const name = run.outputs["jobName"]!;
    await jobService(bench.cloud.azure).ended(name);
    assert.equal(jobService(bench.cloud.azure).get(name)?.status, "Canceled");
  });

  it("timeoutInMinutes: the step fails at its deadline and the job is cancelled", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "azure-ml-clock-"));
    try {
      // A minute of the task's clock is two seconds of ours.
      const options = { nodes: preloaded(folder, fastClock(30)) };
      const { run } = await stopped(() => {}, options, { timeoutInMinutes: "1" });
      assert.deepEqual([run.result, run.exitCode], ["Failed", 0]);
      assert.equal(run.errors.length, 1);
      assert.match(run.errors[0]!, /Waited 60 seconds for the job .* to end.* It has been asked to cancel\./);
      const name = run.outputs["jobName"]!;
      await jobService(bench.cloud.azure).ended(name);
      assert.equal(jobService(bench.cloud.azure).get(name)?.status, "Canceled");
      assert.equal(asked(run, "arm", "POST", /\/cancel$/).length, 1, "the post-job stage has nothing left to do");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("run again after a cancel submits anew", async () => {
    const build = bench.newBuild();
    const cancel = new AbortController();
    const { run } = await stopped(() => cancel.abort(), { build, signal: cancel.signal });
    await jobService(bench.cloud.azure).ended(run.outputs["jobName"]!);
    const again = await bench.run("SubmitJob", { ...inputs, overrides: "inputs.seconds: 0" }, { build, attempt: 2 });
    assert.equal(again.result, "Succeeded", again.log);
    assert.equal(again.outputs["jobName"], `${run.outputs["jobName"]}-2`);
  });
});
