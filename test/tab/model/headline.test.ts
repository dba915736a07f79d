// The run in one line: which attempts of steps count, and what the timeline says beside the records.
import assert from "node:assert/strict";
import type { RunRecord } from "../../../lib/record/index.ts";
import { headlineOf, lastAttempts } from "../../../tab/model/headline.ts";

const record = (attempt: number, result: RunRecord["result"], started: string): RunRecord => ({
  version: 2,
  task: { name: "AzureMLSubmitJob", friendlyName: "Submit job", version: "1.0.0" },
  result,
  started,
  run: { kind: "build", stage: "Train", job: "train", step: "train", attempt },
});

describe("last attempts of steps", () => {
  it("replace all steps of that name, and not only the first", () => {
    const steps = [
      record(1, "succeeded", "2026-11-27T09:00:00Z"),
      record(1, "failed", "2026-11-27T09:01:00Z"),
      record(2, "succeeded", "2026-11-27T09:10:00Z"),
      record(2, "succeeded", "2026-11-27T09:11:00Z"),
    ].map((one) => ({ record: one }));
    assert.deepEqual(
      lastAttempts(steps).map(({ record: { result, started } }) => `${result} ${started.slice(11, 16)}`),
      ["succeeded 09:10", "succeeded 09:11"],
    );
  });
});

describe("the run in one line", () => {
  it("names what is watched where that is not healthy", () => {
    const run = { isOver: true, failed: [], canceled: [] };
    const parts = (outcome: "healthy" | "breached" | "noEvidence", name: object = { name: "fraud-drift" }) =>
      headlineOf([{ ...record(1, "succeeded", "2026-11-27T09:00:00Z"), monitor: { outcome, ...name } }], true, run)
        .parts;
    assert.deepEqual(parts("breached"), ["fraud-drift is breached"]);
    assert.deepEqual(parts("noEvidence", { endpoint: "fraud" }), ["fraud has no evidence"]);
    assert.deepEqual(parts("healthy"), []);
  });

  it("names the monitors that a watch found breached, each once", () => {
    const run = { isOver: true, failed: [], canceled: [] };
    const monitors = [
      { name: "fraud-drift", run: "m1", breached: ["inputs"], outcome: "breached" as const },
      { name: "churn-drift", breached: [], outcome: "noEvidence" as const },
      { name: "iris-drift", run: "m2", breached: [], outcome: "healthy" as const },
      // Of an earlier release.
      { name: "old-drift", run: "m3", breached: ["outputs"] },
      { name: "older-drift", run: "m4", breached: [] },
    ];
    const of = (...more: Partial<RunRecord>[]) =>
      headlineOf(
        more.map((one) => ({ ...record(1, "succeeded", "2026-11-27T09:00:00Z"), ...one })),
        true,
        run,
      ).parts;
    const found = ["fraud-drift is breached", "churn-drift has no evidence", "old-drift is breached"];
    assert.deepEqual(of({ watch: { started: [], monitors } }), found);
    assert.deepEqual(
      of({ watch: { started: [], monitors } }, { monitor: { outcome: "breached", name: "fraud-drift" } }),
      found,
    );
    assert.deepEqual(of({ watch: { started: [] } }), []);
    const many = Array.from({ length: 9 }, (_, index) => ({ name: `m${index}`, breached: ["inputs"] }));
    assert.deepEqual(of({ watch: { started: [], monitors: many } }), [
      ...["m0 is breached", "m1 is breached", "m2 is breached"],
      "6 more are not healthy",
    ]);
  });

  it("has not passed where checked data did not", () => {
    const dataCheck = {
      ...{ data: "people:4", files: 1, bytes: 1, rows: 7, duplicates: 0, exactness: "", rules: [], columns: [] },
    };
    const run = { isOver: true, failed: [], canceled: [] };
    const state = (passed: boolean) =>
      headlineOf(
        [{ ...record(1, "succeeded", "2026-11-27T09:00:00Z"), dataCheck: { ...dataCheck, passed } }],
        true,
        run,
      );
    assert.deepEqual(state(false), { state: "failed", word: "Failed", parts: ["the data people:4 do not pass"] });
    assert.deepEqual(state(true), { state: "passed", word: "Passed", parts: [] });
  });
});
