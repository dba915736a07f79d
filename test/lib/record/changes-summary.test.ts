// The parts of the summary on changes: Apply and WatchModels, with text of others as text, through the writer and the reader.
import assert from "node:assert/strict";
import { type RunRecord, readRecord, summaryMarkdown, writeRecord } from "../../../lib/record/index.ts";

const base: RunRecord = {
  version: 2,
  task: { name: "AzureMLApply", friendlyName: "Azure ML: Apply", version: "1.0.0" },
  result: "succeeded",
  started: "2026-11-23T05:00:00.000Z",
};
const page = (more: Partial<RunRecord>) => {
  const { record } = readRecord(writeRecord({ ...base, ...more }));
  assert.ok(record);
  return summaryMarkdown(record);
};

describe("the summary of what was applied", () => {
  const resources = [
    { kind: "online deployment", name: "blue|x", file: "<d>.yml", outcome: "failed" },
    { kind: "data asset", name: "d:1", file: "a.yml", outcome: "created" },
    { kind: "schedule", name: "s", file: "s.yml", outcome: "left" },
    { kind: "model", name: "m:3", file: "m.yml", outcome: "unchanged" },
  ] as const;
  const counts = { failed: 1, created: 1, left: 1, unchanged: 1 };

  it("counts all, lists what is not as it was, and shows text of others as text", () => {
    const text = page({ applied: { counts, resources } });
    assert.match(text, /\*\*Applied\*\*: 1 created, 0 updated, 1 unchanged, 1 failed, 1 not reached/);
    assert.match(text, /\| ❌ failed \| online deployment \| `blue\\\|x` \| `<d>\.yml` \|/);
    assert.match(text, /\| ⏭️ not reached \| schedule \|/);
    assert.doesNotMatch(text, /m:3/);
  });

  it("says of a plan that nothing was changed", () => {
    const [, created] = resources;
    const text = page({ applied: { isPlan: true, counts: { created: 1 }, resources: [created] } });
    assert.match(text, /\*\*Plan, nothing was changed\*\*: 1 to create, 0 to update, 0 unchanged/);
    assert.match(text, /\| ✅ create \| data asset \| `d:1` \|/);
  });
});

describe("the summary of what new versions started", () => {
  it("links each run, and says which an earlier run had started", () => {
    const url = "https://dev.azure.com/contoso/p/_build/results?buildId=8";
    const started = [
      { version: "m:1", reference: "run 7", url: "javascript:alert(1)", before: true },
      { version: "m:2", reference: "run 8", url },
    ];
    const text = page({ watch: { started } });
    assert.match(text, /\| `m:2` \| \[run 8\]\(https:\/\/dev\.azure\.com\/\S+buildId=8\) \| this run \|/);
    assert.match(text, /\| `m:1` \| `run 7` \| an earlier run \|/);
    assert.doesNotMatch(text, /javascript/);
    assert.match(page({ watch: { started: [] } }), /No new version/);
  });
});
