// Checked data in the record and on the page of a run: kept as they are known, and nothing in them is markup.
import assert from "node:assert/strict";
import type { DataCheckSection, RunRecord } from "../../../lib/record/index.ts";
import { readRecord, summaryMarkdown, writeRecord } from "../../../lib/record/index.ts";

const check: DataCheckSection = {
  ...{
    data: "sales:4",
    baseline: "sales:3",
    passed: false,
    files: 1,
    bytes: 10,
    rows: 1234,
    baselineRows: 1000,
    duplicates: 0,
  },
  exactness: "All numbers were compared.",
  rules: [
    { rule: "rows", passed: true, outcome: "passed", detail: "1,234 rows." },
    { rule: "country: known values", passed: false, outcome: "failed", detail: 'country has "<b>|x" (1 row).' },
  ],
  columns: [{ name: "a|<i>", type: "number", nulls: 0.125, distinct: 7, minimum: 1, mean: 2.5, maximum: 9, psi: 0.31 }],
};
const record: RunRecord = {
  ...{ version: 2, result: "failed", started: "2026-11-27T10:00:00Z" },
  task: { name: "AzureMLCheckData", friendlyName: "Azure ML: Check data", version: "1.0.0" },
  dataCheck: check,
};

describe("checked data in a record", () => {
  it("are read as they were written, without what is no part of them", () => {
    const odd = { ...check, more: 1, columns: [...check.columns, { name: 1 }] };
    const { dataCheck } = readRecord(writeRecord({ ...record, dataCheck: odd as typeof check })).record ?? {};
    assert.deepEqual(dataCheck, check);
  });

  it("are a table of checks and one of columns, and no markup", () => {
    const page = summaryMarkdown(record);
    assert.match(page, /\*\*The data do not pass\*\*: `sales:4`, 1,234 rows, against `sales:3`/);
    assert.match(page, /\| ❌ \| `country: known values` \| country has "&lt;b>&#124;x" \(1 row\)\. \|/);
    assert.match(page, /number \| 12\.5 % \| 7 \| 1 \| 2\.5 \| 9 \| 0\.31 \|/);
    assert.doesNotMatch(page, /<b>|<i>[^`]*$/m);
  });

  it("say why there was no baseline", () => {
    const { baseline: _baseline, ...first } = check;
    const page = summaryMarkdown({ ...record, dataCheck: { ...first, noBaseline: "sales has no earlier version" } });
    assert.match(page, /without a baseline: sales has no earlier version/);
  });

  it("are left out of a record that does not say how many rows there are: a page of others' records shows the rest", () => {
    const { rows: _rows, ...odd } = check;
    const read = readRecord(JSON.stringify({ ...record, dataCheck: odd })).record;
    assert.deepEqual([read?.result, read?.dataCheck], ["failed", undefined]);
    assert.doesNotMatch(summaryMarkdown(read as RunRecord), /undefined/);
  });
});
