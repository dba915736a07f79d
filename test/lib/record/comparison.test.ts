// The comparison in a record and on its page.
import assert from "node:assert/strict";
import { type RunRecord, readRecord, summaryMarkdown, writeRecord } from "../../../lib/record/index.ts";

const comparison = {
  ...{ passed: true, outcome: "better", challenger: "prices:7", champion: "prices:6", data: "holdout:3" },
  ...{ metric: "auc", require: "better", confidence: 0.95, jobName: "compare-1", isReused: true, rows: 400 },
  ...{ championValue: 0.81, challengerValue: 0.86, difference: 0.05, low: 0.02, high: 0.08, pValue: 0.001 },
  ...{ method: "DeLong's test", detail: "The challenger is better." },
} as const satisfies RunRecord["comparison"];
const record = (of: RunRecord["comparison"]): RunRecord => ({
  ...{ version: 2, task: { name: "AzureMLCompareModels", friendlyName: "Azure ML: Compare models", version: "1.0.0" } },
  ...{ result: "succeeded", started: "2026-11-27T17:00:00Z", ...(of ? { comparison: of } : {}) },
});

describe("the comparison in a record", () => {
  it("is read as it was written", () => {
    assert.deepEqual(readRecord(writeRecord(record(comparison))).record?.comparison, comparison);
  });

  it("stands on the page with its values and its interval", () => {
    const page = summaryMarkdown(record(comparison));
    assert.match(page, /\*\*The challenger passes\*\*: The challenger is better\./);
    assert.match(page, /\| Champion's auc \| 0\.81 \|/);
    assert.match(page, /\| Scored \| by the job `compare-1`, which was there already \|/);
    assert.match(page, /\| Difference \| 0\.05 \(95 %: 0\.02 to 0\.08\) \|/);
  });

  it("says on the page why there are no values", () => {
    const { challenger, data, metric } = comparison;
    const detail = "There is no champion: there is no endpoint <b>prices</b>.";
    const page = summaryMarkdown(record({ passed: false, outcome: "noChampion", challenger, data, metric, detail }));
    assert.match(page, /does not pass\*\*: There is no champion: there is no endpoint &lt;b>prices/);
    assert.doesNotMatch(page, /Difference/);
  });
});
