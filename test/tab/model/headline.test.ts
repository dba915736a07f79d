// The run in one line: which attempts of steps count, and what the timeline says beside the records.
import assert from "node:assert/strict";
import type { RunRecord } from "../../../lib/record/index.ts";
import { lastAttempts } from "../../../tab/model/headline.ts";

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
