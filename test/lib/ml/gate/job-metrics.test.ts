// The metrics of a job that ends while the gate looks at it: those of its end count, and none that were read before it.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { evaluateGate } from "../../../../lib/ml/gate/gate.ts";
import { parseRules } from "../../../../lib/ml/gate/rules.ts";
import { submitJob } from "../../../../lib/ml/submit/submit-job.ts";
import { jobService } from "../../../../local/azure/jobs/service.ts";
import type { Metric } from "../../../../local/azure/tracking/store.ts";
import { until } from "../../../harness/until.ts";
import { commandJob, project } from "../projects.ts";
import { type Opening, openLocal, theCloud } from "../world.ts";

describe("the metrics of a job that ends while the gate looks at it", () => {
  /** A job that goes on until it is let go, and its run. */
  const running = async () => {
    const flag = `${project({ wait: "" })}/go`;
    const workspace = await openLocal();
    const { document, folder } = commandJob(`until [ -e '${flag}' ]; do sleep 0.05; done`);
    const { name } = await submitJob(workspace, document, { stepIdentity: randomUUID(), root: folder });
    const jobs = jobService((await theCloud()).azure);
    await until("the job to run", () => jobs.get(name)?.status === "Running");
    const run = jobs.tracking.runs.get(name);
    assert.ok(run, "the job has a run");
    let time = 0;
    const log = (of: typeof run, metric: Pick<Metric, "key" | "value" | "step">) => {
      time += 1;
      jobs.tracking.logMetric(of, { ...metric, timestamp: time });
    };
    return {
      name,
      run,
      log,
      tracking: jobs.tracking,
      async end() {
        writeFileSync(flag, "");
        await until("the job to end", () => jobs.get(name)?.status === "Completed");
      },
    };
  };

  /** The gate, where the job's own record is answered only once `before` has been done, which begins after the metrics of `lastRun` were answered. */
  const judgedAround = async (name: string, before: () => Promise<void>, lastRun?: string) => {
    const seen: string[] = [];
    let answered = () => {};
    const metricsAnswered = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const between: Opening["between"] = async (request, send) => {
      const { pathname, searchParams } = new URL(request.url);
      if (pathname.endsWith("/runs/get")) {
        const answer = await send();
        seen.push("metrics");
        if (searchParams.get("run_id") === (lastRun ?? name)) answered();
        return answer;
      }
      if (request.method !== "GET" || !pathname.endsWith(`/jobs/${name}`)) return send();
      // Where nobody asks for metrics before the job, nothing is stale. A slow machine can only miss a request that must not come.
      await Promise.race([metricsAnswered, pause(1_000)]);
      await before();
      seen.push("job");
      return send();
    };
    const workspace = await openLocal({ between });
    const result = await evaluateGate(workspace, {
      ...{ jobName: name, rules: parseRules("metrics.auc >= 0.8"), champion: { kind: "none" } },
      ...{ missingChampion: "fail", includeChildRuns: lastRun !== undefined, patience: 60_000 },
    });
    return { result, seen };
  };

  it("are those of its end, where it ends after its metrics were read and before it was", async () => {
    const job = await running();
    job.log(job.run, { key: "auc", value: 0.9, step: 0 });
    const { result, seen } = await judgedAround(job.name, async () => {
      job.log(job.run, { key: "auc", value: 0.1, step: 1 });
      await job.end();
    });
    assert.deepEqual([result.passed, result.metrics["auc"]], [false, 0.1], seen.join(" "));
  });

  it("are those of its end with child runs, too, of which one may have begun meanwhile", async () => {
    const job = await running();
    const { experimentId } = job.run;
    const child = (name: string, value: number) => {
      const tags = { "mlflow.parentRunId": job.name, "mlflow.rootRunId": job.name };
      const run = job.tracking.addRun({ experimentId, name, status: "FINISHED", tags });
      job.log(run, { key: "auc", value, step: 0 });
      return run.id;
    };
    const first = child("first", 0.9);
    const { result, seen } = await judgedAround(
      job.name,
      async () => {
        child("last", 0.1);
        await job.end();
      },
      first,
    );
    assert.deepEqual([result.passed, result.metrics["auc"]], [false, 0.1], seen.join(" "));
  });

  for (const status of ["FAILED", "KILLED"] as const)
    it(`are none of a child run that is ${status}, also where all are merged`, async () => {
      const job = await running();
      const { experimentId } = job.run;
      const child = (name: string, ended: "FINISHED" | typeof status, key: string, value: number) => {
        const tags = { "mlflow.parentRunId": job.name, "mlflow.rootRunId": job.name };
        const run = job.tracking.addRun({ experimentId, name, status: ended, tags });
        job.log(run, { key, value, step: 0 });
      };
      child("whole", "FINISHED", "auc", 0.1);
      child("broken off", status, "auc", 0.9);
      child("alone", status, "f1", 0.9);
      await job.end();
      const result = await evaluateGate(await openLocal(), {
        ...{ jobName: job.name, rules: parseRules("metrics.auc >= 0.8\nmetrics.f1 >= 0.8") },
        ...{ champion: { kind: "none" }, missingChampion: "fail", includeChildRuns: true, patience: 0 },
      });
      assert.deepEqual(
        result.rules.map(({ outcome }) => outcome),
        ["failed", "failed"],
      );
      assert.equal(result.metrics["auc"], 0.1);
    });

  it("take no second request of a job that had ended before", async () => {
    const job = await running();
    job.log(job.run, { key: "auc", value: 0.9, step: 0 });
    await job.end();
    const { result, seen } = await judgedAround(job.name, async () => {});
    assert.deepEqual([result.passed, seen], [true, ["metrics", "job"]]);
  });
});
