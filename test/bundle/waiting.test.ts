// Waiting of packaged tasks: failures beside the job, a step that ends while its job runs on, and silence.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { jobService } from "../../local/azure/jobs/service.ts";
import type { RequestEffect, RequestMatch, Rule } from "../../local/azure/scenarios/rules.ts";
import { asked, assertSucceeded, Bench, type RunOptions, type TaskRun } from "../harness/bench.ts";
import { type LogServer, serveLogs, textLog } from "../harness/log-server.ts";
import { needs } from "../harness/needs.ts";
import { fastClock, preloaded } from "../harness/preload.ts";

const jobFile = "azureml/job.yml";
const rule = (match: RequestMatch, effect: RequestEffect, more: { skip?: number; times?: number } = {}): Rule => ({
  kind: "request",
  name: "a fault of this test",
  where: "here",
  match,
  skip: 0,
  effect,
  ...more,
});
const DETAILS: RequestMatch = { plane: "api", path: "**/details" };
const CANCEL: RequestMatch = { plane: "arm", method: "POST", path: "**/cancel" };

describe("AzureMLSubmitJob while its job goes on", () => {
  let bench: Bench;
  let folder: string;
  before(async () => {
    bench = await Bench.open();
    folder = mkdtempSync(path.join(tmpdir(), "azure-ml-waiting-"));
  });
  afterEach(() => bench.cloud.azure.scenarios.clear());
  after(async () => {
    await bench?.close();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const add = (...rules: Rule[]) => bench.cloud.azure.scenarios.add(rules);
  /** A minute of the task's clock is a second of ours. */
  const hurried = () => ({ nodes: preloaded(folder, fastClock(60)) });
  const board = () => jobService(bench.cloud.azure);
  const submit = (options: RunOptions = {}, inputs: Record<string, string> = {}) =>
    bench.run("SubmitJob", { jobFile, ...inputs }, options);
  /** Runs a job of minutes, and does `then` as soon as its log is there. */
  const running = (then: () => void, options: RunOptions = {}, inputs: Record<string, string> = {}) => {
    let done = false;
    return submit(
      {
        ...options,
        onLine: (line) => {
          if (line !== "learning begins" || done) return;
          done = true;
          then();
        },
      },
      { overrides: "inputs.seconds: 300", ...inputs },
    );
  };
  const statusOf = (run: TaskRun) => board().get(run.outputs["jobName"]!)?.status;
  async function assertCanceled(run: TaskRun): Promise<void> {
    await board().ended(run.outputs["jobName"]!);
    assert.equal(statusOf(run), "Canceled");
  }
  async function end(run: TaskRun): Promise<void> {
    const job = board().get(run.outputs["jobName"]!);
    if (job) await board().cancel(job);
  }

  describe("once the job has completed", () => {
    const beside: [string, RequestMatch, RequestEffect, number, RegExp][] = [
      [
        "metrics that are refused",
        { plane: "api", path: "**/runs/get" },
        { status: 403 },
        0,
        /metrics of the job .* are missing/,
      ],
      [
        "metrics that nobody answers for",
        { plane: "api", path: "**/runs/get" },
        { status: 503 },
        0,
        /metrics of the job .* are missing/,
      ],
      [
        "its own record that is refused",
        { plane: "arm", method: "GET", path: "**/jobs/*" },
        { status: 403 },
        1,
        /outputs? of the job/,
      ],
      [
        "its own record that is not there",
        { plane: "arm", method: "GET", path: "**/jobs/*" },
        { status: 404 },
        1,
        /outputs? of the job/,
      ],
    ];
    for (const [what, match, effect, skip, warning] of beside)
      it(`${what} do not change the result`, async () => {
        add(rule(match, effect, { skip }));
        const run = await submit(hurried());
        assert.deepEqual([run.result, run.errors], ["Succeeded", []], run.log);
        assert.equal(run.outputs["jobStatus"], "Completed");
        assert.match(run.outputs["outputs.model"]!, /^azureml:\/\//);
        assert.match(run.warnings.join("\n"), warning);
      });

    it("what is asked for again and then comes is no warning", async () => {
      add(rule({ plane: "api", path: "**/runs/get" }, { status: 403 }, { times: 2 }));
      const run = await submit();
      assertSucceeded(run);
      assert.equal(run.record?.job?.metrics?.["auc"], 0.9);
    });

    describe("its log", () => {
      let logs: LogServer;
      before(async () => {
        logs = await serveLogs(bench.cloud);
      });
      after(() => logs?.close());
      for (const fault of ["reset", 403, 500] as const)
        it(`that cannot be read (${fault}) is a warning`, async () => {
          logs.log = textLog("never seen\n");
          logs.fault = () => fault;
          const run = await submit({ ...hurried(), network: logs.network });
          assert.deepEqual([run.result, run.errors], ["Succeeded", []], run.log);
          assert.match(run.warnings.join("\n"), /log of the job .*(cannot|could not) be read/);
        });

      it("that breaks off now and then is whole", async () => {
        logs.log = textLog("one\ntwo\nthree\n");
        logs.fault = (asked) => (asked % 2 === 1 ? "reset" : undefined);
        const run = await submit({ network: logs.network });
        assert.equal(run.result, "Succeeded", run.log);
        assert.match(run.log, /^one\ntwo\nthree$/m);
      });
    });
  });

  describe("when the step gives up", () => {
    for (const status of [400, 401, 403])
      it(`a bare ${status} in the wait: says that the job goes on, where, and how to join and to end it`, async () => {
        const build = bench.newBuild();
        const run = await running(() => add(rule(DETAILS, { status, headers: {} })), { build });
        try {
          assert.equal(run.result, "Failed");
          const name = run.outputs["jobName"]!;
          assert.equal(run.errors.length, 1);
          assert.match(run.errors[0]!, new RegExp(`The job ${name} is still running`));
          assert.ok(run.errors[0]!.includes(run.outputs["studioUrl"]!));
          assert.match(run.errors[0]!, /[Rr]unning the failed job .* again joins it/);
          assert.match(run.errors[0]!, new RegExp(`az ml job cancel --name ${name}`));
          assert.equal(statusOf(run), "Running", "and it does");
          assert.deepEqual(asked(run, "arm", "POST", /cancel$/), [], "the post-job stage leaves it alone too");
          bench.cloud.azure.scenarios.clear();
          const cancel = new AbortController();
          const again = await running(() => cancel.abort(), { build, attempt: 2, signal: cancel.signal });
          assert.equal(again.outputs["jobName"], name, "a rerun joins it");
        } finally {
          await end(run);
        }
      });

    it("an outage of half an hour: says that the job goes on", async () => {
      const run = await running(() => add(rule(DETAILS, { drop: "request" })), hurried());
      try {
        assert.equal(run.result, "Failed");
        assert.match(run.errors[0]!, new RegExp(`The job ${run.outputs["jobName"]} is still running`));
        assert.equal(statusOf(run), "Running");
      } finally {
        await end(run);
      }
    });

    it("cancelOnFailure: the job is asked to cancel", async () => {
      const run = await running(() => add(rule(DETAILS, { status: 403 })), {}, { cancelOnFailure: "true" });
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /has been asked to cancel/);
      assert.doesNotMatch(run.errors[0]!, /is still running/);
      await assertCanceled(run);
      assert.equal(asked(run, "arm", "POST", /cancel$/).length, 1);
    });

    it("cancelOnFailure: what the step could not ask for, its post-job stage does", async () => {
      const rules = () => add(rule(DETAILS, { status: 403 }), rule(CANCEL, { status: 403 }, { times: 1 }));
      const run = await running(rules, {}, { cancelOnFailure: "true" });
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /could not be asked to cancel .* the end of the pipeline job tries once more/);
      await assertCanceled(run);
    });

    it("a deadline at which the job cannot be asked to cancel: says so, and the post-job stage asks it", async () => {
      const rules = () => add(rule(CANCEL, { status: 403 }, { times: 1 }));
      const run = await running(rules, hurried(), { timeoutInMinutes: "5" });
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /Waited 300 seconds .* could not be asked to cancel/);
      await assertCanceled(run);
    });
  });

  it("SIGTERM alone: the job is cancelled", async function () {
    needs(this, process.platform === "linux", "Linux");
    const { readdirSync, readFileSync } = await import("node:fs");
    let lookup = "";
    const run = await running(
      () => {
        for (const entry of readdirSync("/proc")) {
          if (!/^\d+$/.test(entry)) continue;
          try {
            const environment = readFileSync(`/proc/${entry}/environ`, "utf8").split("\0");
            if (environment.includes(`VSTS_PROCESS_LOOKUP_ID=${lookup}`)) process.kill(Number(entry), "SIGTERM");
          } catch {}
        }
      },
      {
        onJob: (job) => {
          lookup = job.lookupId;
        },
      },
    );
    assert.match(run.log, /Cancelling the job/);
    assert.equal(run.record?.result, "canceled");
    await assertCanceled(run);
  });

  describe("when nobody says how the job stands", () => {
    it("run history does not know the run: the job's own record tells its end", async () => {
      add(rule(DETAILS, { status: 404 }));
      const run = await submit(hurried());
      assert.deepEqual([run.result, run.errors], ["Succeeded", []], run.log);
      assert.equal(run.outputs["jobStatus"], "Completed");
      assert.match(run.warnings.join("\n"), /log of the job .* run history/);
    });

    it("run history does not know the run, and the job failed: the step fails", async () => {
      add(rule(DETAILS, { status: 404 }));
      const run = await submit({ ...hurried(), files: { "src/learn.py": "raise SystemExit(3)\n" } });
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /^The job .* is Failed/);
    });

    it("a job that is nowhere: ends, and says so", async () => {
      const run = await running(() => {
        const { tracking } = board();
        for (const job of board()
          .all()
          .filter(({ status }) => status === "Running")) {
          tracking.runs.delete(job.name);
          board().forget(job);
        }
      }, hurried());
      assert.equal(run.result, "Failed");
      assert.match(run.errors[0]!, /neither the workspace ws1 nor its run history has had it/);
      assert.doesNotMatch(run.errors[0]!, /is still running/);
    });

    for (const status of ["", "Mystery", "Unknown"])
      it(`a status of ${JSON.stringify(status)}: ends, and says that the job goes on`, async () => {
        const say = (said: string, writable: boolean) => {
          for (const job of board().all()) {
            if (job.status !== "Running" && writable === false) continue;
            if (job.status !== status && writable) continue;
            Object.defineProperty(job, "status", { value: said, configurable: true, enumerable: true, writable });
          }
        };
        const run = await running(() => say(status, false), hurried());
        say("Running", true);
        await end(run);
        assert.equal(run.result, "Failed");
        assert.match(run.errors[0]!, /Azure has not said for 10 minutes how the job .* stands/);
        assert.match(run.errors[0]!, /is still running/);
      });
  });
});
