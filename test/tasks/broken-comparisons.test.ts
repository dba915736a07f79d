// Tests: lib/task/comparisons-of-run.ts. A step with AzureMLCompareModels that left no verdict after an older one, and records of other tasks that are lost.
import assert from "node:assert/strict";
import { comparisonFor } from "../../lib/ml/gate/compared-models.ts";
import { RECORD_TYPE, type RunRecord, writeRecord } from "../../lib/record/index.ts";
import { comparisonsOfRun } from "../../lib/task/comparisons-of-run.ts";
import { recordsOfRun } from "../../lib/task/records-of-run.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import { theCloud } from "../lib/ml/world.ts";
import { JOB_ID, newBuild, newPullRequest, stepOf } from "./run-of-steps.ts";

const workspace = { name: "ws", resourceGroup: "rg", subscriptionId: "00000000-0000-0000-0000-000000000000" };
const better: NonNullable<RunRecord["comparison"]> = {
  ...{ passed: true, outcome: "better", challenger: "the output model of the job train", challengerJob: "train" },
  ...{ champion: "house:3", data: "holdout:1", metric: "auc", detail: "The challenger is better." },
};
const COMPARE = "AzureMLCompareModels";

/** A step of the run: what task it runs, how it ended, when by a clock of seconds, and what it left. */
interface Step {
  readonly task?: string;
  readonly at?: number;
  readonly order?: number;
  readonly job?: string;
  readonly result: "succeeded" | "failed" | "canceled" | "skipped";
  readonly leaves?: Partial<RunRecord> | "nothing" | "no workspace";
}

describe("the comparison that a rule means", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await theCloud();
  });

  function leave(build: Build, [name, step]: [string, Step]): void {
    const { task = COMPARE, at, order, result, leaves = {}, job = JOB_ID } = step;
    const record = build.plan.record({
      ...{ parentId: job, type: "Task", name, state: "completed", result },
      ...(at === undefined ? {} : { finishTime: Date.UTC(2026, 0, 1) + at * 1000 }),
      task: { id: JOB_ID, name: task, version: "1.0.0" },
    });
    if (order !== undefined) record.order = order;
    if (leaves === "nothing" || result === "skipped") return;
    const own: RunRecord = {
      ...{ version: 2, task: { name: task, friendlyName: task, version: "1.0.0" } },
      ...{ result, started: "2026-01-01T00:00:00Z" },
      ...(leaves === "no workspace" ? {} : { workspace, ...leaves }),
    };
    build.plan.attach(record.id, RECORD_TYPE, `${name}.json`, writeRecord(own));
  }

  async function found(steps: Readonly<Record<string, Step>>) {
    const build = newBuild(cloud);
    for (const step of Object.entries(steps)) leave(build, step);
    const { records } = stepOf(cloud, build, newPullRequest(cloud, build));
    assert.ok(records);
    // Twenty seconds for a record that never arrives are another test's.
    const heard = await comparisonsOfRun(recordsOfRun({ records }, AbortSignal.timeout(60_000)), workspace);
    return comparisonFor({ ...heard, jobName: "train" }, undefined);
  }

  const passed: Step = { result: "succeeded", at: 10, order: 1, leaves: { comparison: better } };
  const counts: Readonly<Record<string, Readonly<Record<string, Step>>>> = {
    alone: { A: passed },
    "after one that failed": { B: { result: "failed", at: 5, order: 0 }, A: passed },
    "after one that was skipped before it": { B: { result: "skipped", order: 0 }, A: passed },
    "before a dry run": { A: passed, B: { result: "succeeded", at: 20, order: 2 } },
    "before one that failed in another workspace": {
      A: passed,
      B: { result: "failed", at: 20, order: 2, leaves: { workspace: { ...workspace, name: "another" } } },
    },
    "where a step of another task left nothing": {
      A: passed,
      Submit: { task: "AzureMLSubmitJob", result: "failed", at: 20, order: 2, leaves: "nothing" },
    },
    "where another step than the comparison was skipped": {
      A: passed,
      Deploy: { task: "AzureMLDeployEndpoint", result: "skipped", order: 2 },
    },
  };
  for (const [when, steps] of Object.entries(counts))
    it(`is the one that arrived: ${when}`, async () => {
      const one = await found(steps);
      assert.ok(typeof one === "object", String(one));
      assert.equal(one.passed, true);
    });

  const unknown: Readonly<Record<string, [Readonly<Record<string, Step>>, RegExp]>> = {
    "one that failed": [{ A: passed, B: { result: "failed", at: 20, order: 2 } }, /The later step "B" .* failed/],
    "one that failed before it knew its workspace": [
      { A: passed, B: { result: "failed", at: 20, order: 2, leaves: "no workspace" } },
      /The later step "B" .* failed/,
    ],
    "one that was canceled": [{ A: passed, B: { result: "canceled", at: 20, order: 2 } }, /"B" .* canceled/],
    "one that was skipped": [{ A: passed, B: { result: "skipped", order: 2 } }, /The later step "B" .* skipped/],
    "one that was skipped in another job, nobody knows when": [
      { A: passed, B: { result: "skipped", job: "00000000-0000-4000-8000-0000000000ef" } },
      /The later step "B" .* skipped/,
    ],
    "one of a variant of the extension": [
      { A: passed, B: { task: "AzureMLCompareModelsDev", result: "failed", at: 20, order: 2 } },
      /The later step "B" .* failed/,
    ],
    "one whose record is lost": [
      { A: passed, B: { result: "succeeded", at: 20, order: 2, leaves: "nothing" } },
      /No record arrived of B\./,
    ],
  };
  for (const [what, [steps, why]] of Object.entries(unknown))
    it(`is not known after ${what}`, async () => {
      const one = await found(steps);
      assert.ok(typeof one === "string", `The verdict counts: ${JSON.stringify(one)}`);
      assert.match(one, why);
    });
});
