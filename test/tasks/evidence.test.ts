// Tests: lib/task/evidence.ts. Evidence for an approver: of one gate with what the run's other steps left, and of the whole run; attached in full,
// short as an output.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { PACK_LIMIT } from "../../lib/evidence/evidence-pack.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import evaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import report from "../../tasks/Report/index.ts";
import { until } from "../harness/until.ts";
import { record } from "../lib/evidence/pull-request/samples.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { type Ran, runStory } from "./context.ts";
import { JOB_ID, leaveStep, newBuild, newPullRequest, stepOf } from "./run-of-steps.ts";

const task = (name: string) => ({ name: `AzureML${name}`, friendlyName: name, version: "1.0.0" });

describe("evidence for an approver", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "evidence-"));
  let cloud: LocalCloud;
  let jobName: string;
  before(async () => {
    cloud = await theCloud();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    jobName = jobs.name();
    await jobs.arm("PUT", `/jobs/${jobName}`, jobs.properties("true"));
    await until("the job has ended", async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${jobName}`)).body.properties.status),
    );
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** A run whose earlier steps registered data, trained, and judged something else. */
  function stage(): Build {
    const build = newBuild(cloud);
    const change = {
      since: "3",
      added: 1,
      changed: 2,
      removed: 0,
      files: [{ path: "a.csv", change: "added" as const }],
    };
    leaveStep(build, "Data", record({ task: task("RegisterData"), data: { name: "rows", version: "4", change } }));
    const cost = { label: "list prices", nodeHours: 0.5, amount: 0.4, currency: "USD" };
    const inputs = { train: "rows:4" };
    leaveStep(
      build,
      "Train",
      record({ task: task("SubmitJob"), job: { name: jobName, status: "Completed", inputs, cost } }),
    );
    const gate = { passed: false, jobName: "another", rules: [] };
    leaveStep(build, "Other gate", record({ task: task("EvaluateMetrics"), gate }));
    return build;
  }
  const full = (ran: Ran<unknown>) => ran.attached.get("azureml-evidence/evidence.md") ?? "";
  const judge = (build: Build) =>
    runStory(evaluateMetrics, { jobName, rules: "1 == 1" }, folder, stepOf(cloud, build, newPullRequest(cloud, build)));

  it("has the data and the cost that other steps left, and this gate alone", async () => {
    const ran = await judge(stage());
    assert.equal(ran.error, undefined, ran.error?.stack);
    assert.doesNotMatch(ran.log, /\[warning\]/);
    for (const text of [full(ran), ran.outputs?.evidence ?? ""])
      for (const line of [
        ": the gate is open**",
        "- data rows:4; since version 3: 1 file added, 2 changed, 0 removed",
        "- rows:4: a.csv added",
        "- input train: rows:4",
        `- ${jobName.replace("_", "\\_")}: 0.5 node-hours, 0.4 USD (list prices)`,
      ])
        assert.ok(text.includes(line), `${line}\n--- in\n${text}`);
    assert.ok((ran.outputs?.evidence.length ?? 0) <= PACK_LIMIT);
    assert.deepEqual(ran.record.evidence?.attachment, { type: "azureml-evidence", name: "evidence.md" });
    assert.equal(ran.uploaded.get("evidence.md"), full(ran));
  });

  it("says which records did not arrive, and that no cost is known", async () => {
    const build = newBuild(cloud);
    const of = { parentId: "another-job", type: "Task", state: "completed", finishTime: Date.now() } as const;
    build.plan.record({
      ...of,
      name: "Train",
      result: "canceled",
      task: { id: JOB_ID, name: "AzureMLSubmitJob", version: "1.0.0" },
    });
    const text = full(await judge(build));
    assert.match(text, /Cost:\n- not known: no step of this run has left the cost of a job/);
    assert.match(text, /Risks:[\s\S]*- no record arrived of Train/);
  });

  it("misses no record of a step that ran on the server", async () => {
    const build = newBuild(cloud);
    for (const name of ["CheckMonitorResult", "CheckMonitorResultDev", "CheckModel", "WaitForJob"])
      build.plan.record({
        ...{
          parentId: "server-job",
          type: "Task",
          state: "completed",
          finishTime: Date.now(),
          result: "succeeded",
          name,
        },
        task: { id: JOB_ID, name: `AzureML${name}`, version: "1.0.0" },
      });
    const ran = await judge(build);
    assert.doesNotMatch(full(ran), /no record arrived/);
  });

  it("is there without records of others where Azure DevOps does not give them", async () => {
    const ran = await runStory(evaluateMetrics, { jobName, rules: "1 == 1" }, folder);
    assert.equal(ran.error, undefined, ran.error?.stack);
    assert.match(full(ran), /- what other steps of this run did is not known: This is no run of a pipeline/);
  });

  it("is of the whole run where AzureMLReport makes it: every gate counts", async () => {
    const build = stage();
    const given = { pullRequest: "none" };
    const ran = await runStory(report, given, folder, stepOf(cloud, build, newPullRequest(cloud, build)));
    assert.equal(ran.error, undefined, ran.error?.stack);
    assert.match(full(ran), /: the gate is closed\*\*/);
    assert.match(full(ran), /- the gate is closed: approving overrules it/);
    assert.match(ran.outputs?.evidence ?? "", /0\.5 node-hours, 0\.4 USD/);
  });
});
