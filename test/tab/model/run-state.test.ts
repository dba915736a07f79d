// The state of a run: what its timeline knows beside the records.
import assert from "node:assert/strict";
import type { TimelineStep } from "../../../tab/attachments.ts";
import type { Step } from "../../../tab/load.ts";
import { runStateOf } from "../../../tab/model/run-state.ts";

const line = (id: string, type: string, state: string, result = "", parent?: string): [string, TimelineStep] => [
  id,
  { id: id.toUpperCase(), name: `the ${id}`, type, state, result, ...(parent === undefined ? {} : { parent }) },
];
const step = (id: string, result: Step["record"]["result"]) => ({
  id,
  isOurs: true,
  record: {
    ...{ version: 2 as const, result, started: "2026-11-27T09:00:00Z" },
    task: { name: "AzureMLSubmitJob", friendlyName: "Submit job", version: "1.0.0" },
  },
});

describe("the state of a run", () => {
  it("is not over while a stage waits, and a checkpoint says nothing", () => {
    const over = new Map([line("task", "Task", "completed", "succeeded"), line("check", "Checkpoint", "pending")]);
    assert.equal(runStateOf(over, []).isOver, true);
    assert.equal(runStateOf(new Map([...over, line("stage", "Stage", "pending")]), []).isOver, false);
  });

  it("names each failure once: the step, else its job, and none that a record tells of", () => {
    const timeline = new Map([
      ...[line("told", "Task", "completed", "failed", "first"), line("first", "Job", "completed", "failed")],
      ...[line("quiet", "Task", "completed", "abandoned", "second"), line("second", "Job", "completed", "failed")],
      ...[line("lost", "Job", "completed", "failed"), line("late", "Task", "completed", "canceled")],
      line("kept", "Task", "completed", "succeededWithIssues"),
    ]);
    assert.deepEqual(runStateOf(timeline, [step("told", "failed"), step("late", "failed")]), {
      isOver: true,
      failed: ["the quiet", "the lost"],
      canceled: [],
    });
    assert.deepEqual(runStateOf(timeline, [step("told", "succeeded")]).failed, ["the told", "the quiet", "the lost"]);
  });

  it("says nothing against a run whose timeline could not be read", () => {
    assert.deepEqual(runStateOf(undefined, []), { isOver: true, failed: [], canceled: [] });
  });
});
