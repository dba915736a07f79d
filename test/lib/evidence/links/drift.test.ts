// Tests: lib/evidence/links/drift.ts, and what lib/evidence/links/bug.ts and linked.ts make of a breach
import assert from "node:assert/strict";
import { bugOf, bugQuery } from "../../../../lib/evidence/links/bug.ts";
import { breachOf, driftTags } from "../../../../lib/evidence/links/drift.ts";
import { linkedOf } from "../../../../lib/evidence/links/linked.ts";
import type { RunRecord } from "../../../../lib/record/index.ts";
import { provenance } from "../../ml/world.ts";

const record = (sections: Partial<RunRecord>): RunRecord => ({
  version: 2,
  task: { name: "AzureMLCheckMonitor", friendlyName: "Check", version: "1.0.0" },
  result: "failed",
  started: "2026-11-27T13:40:00.000Z",
  workspace: { name: "ws-ml", resourceGroup: "rg-ml", subscriptionId: "s" },
  ...sections,
});
const checked = record({
  monitor: {
    ...{ outcome: "breached", name: "drift", job: "amber_1", at: "2026-11-27T12:00:00.000Z", liveModel: "m:7" },
    signals: [
      { name: "inputs", outcome: "breached", sentence: "inputs: age is <b>4</b>, above 0.5." },
      { name: "outputs", outcome: "healthy", sentence: "outputs: fine." },
    ],
  },
});
const watched = record({
  result: "succeeded",
  watch: {
    started: [{ version: "drift:amber_1", reference: "run 9", url: "https://dev.azure.com/contoso/p/9" }],
    breach: { monitor: "drift", run: "amber_1", at: "2026-11-27T12:10:00.000Z", signals: ["inputs"], liveModel: "m:7" },
  },
});

describe("the bug of a breach", () => {
  const value = (of: RunRecord, path: string) => bugOf(of, provenance)?.find((one) => one.path === path)?.value;

  it("names monitor, signals, job and live model, and lets nothing of others be markup", () => {
    assert.equal(value(checked, "/fields/System.Title"), "The monitor drift is breached (inputs)");
    const text = String(value(checked, "/fields/System.Description"));
    assert.match(text, /inputs: age is &lt;b&gt;4/);
    assert.match(text, /Measured by the job amber_1, 2026-11-27T12:00:00\.000Z\.<\/p><p>The model m:7 is live\./);
    assert.doesNotMatch(text, /outputs/);
    const second = String(value(watched, "/fields/System.Description"));
    assert.match(second, /run 9 retrains for it/);
    assert.match(JSON.stringify(bugOf(watched, provenance)), /Hyperlink.*contoso\/p\/9/);
  });

  it("is the same for every step and pipeline that meets the breach, and of no other breach or monitor", () => {
    const tags = String(value(checked, "/fields/System.Tags"));
    assert.equal(value(watched, "/fields/System.Tags"), tags);
    const { monitor, breach } = driftTags(checked, { monitor: "drift", run: "amber_1" }, provenance);
    assert.equal(tags, `azureml; drift; ${monitor}; ${breach}`);
    const other = { ...provenance, step: "other", definition: "another" };
    const next = driftTags(checked, { monitor: "drift", run: "amber_2" }, other);
    assert.deepEqual([next.monitor === monitor, next.breach === breach], [true, false]);
    const elsewhere = { workspace: { ...checked.workspace!, name: "ws-other" } };
    assert.notEqual(driftTags(elsewhere, { monitor: "drift", run: "amber_1" }, provenance).monitor, monitor);
    const query = bugQuery(monitor, breach);
    assert.ok(query.includes(`([System.Tags] CONTAINS '${breach}' OR [System.Tags] CONTAINS '${monitor}') AND (`));
    assert.ok(query.includes(`AND ([System.Tags] CONTAINS '${breach}' OR [System.State] NOT IN (`), query);
  });

  it("is none where nothing broke, where nobody knows, and where the breach has started nothing", () => {
    const { breach: _breach, ...looked } = watched.watch!;
    const noEvidence = { ...checked.monitor!, outcome: "noEvidence" as const, signals: [] };
    for (const one of [record({ watch: looked }), record({ monitor: noEvidence })]) {
      assert.equal(breachOf(one), undefined);
      assert.equal(bugOf(one, provenance), undefined);
    }
    const unhealthy = { outcome: "breached" as const, endpoint: "prod", deployments: [] };
    assert.equal(bugOf(record({ monitor: unhealthy }), provenance), undefined);
  });

  it("goes with a tag and a property of the run, by which searches find it", () => {
    for (const one of [checked, watched]) {
      const { tags, properties } = linkedOf(one, provenance);
      assert.deepEqual([tags, properties], [["azureml:drift=drift"], { "AzureML.Drift.drift": "amber_1" }]);
    }
  });
});
