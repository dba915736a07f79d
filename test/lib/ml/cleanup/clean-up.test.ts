// The clean-up against local Azure: a seeded workspace, twice; what others do in between; failures, lost answers and a cancel.
// Tests: lib/ml/cleanup/clean-up.ts, lib/ml/cleanup/carry-out.ts, lib/ml/cleanup/read-workspace.ts, lib/ml/cleanup/clean-up-report.ts
import assert from "node:assert/strict";
import { cleanUp } from "../../../../lib/ml/cleanup/clean-up.ts";
import { nameOf } from "../../../../lib/ml/cleanup/clean-up-plan.ts";
import { readRules } from "../../../../lib/ml/cleanup/clean-up-rules.ts";
import { contracts } from "../../../../local/azure/contract/contracts.ts";
import { type LocalCloud, startCloud } from "../../../../local/cloud.ts";
import { type Opening, openLocal } from "../world.ts";
import { SEEDED_CHANGES, SEEDED_INPUTS, seededClock, seedWorkspace } from "./seeded-workspace.ts";

const rules = readRules({
  ...SEEDED_INPUTS,
  ...{ idleHours: 72, deploymentDays: 14, keepVersions: 5, versionDays: 30, maxChanges: 100 },
  keepLabels: "champion, production",
});

describe("the clean-up of a seeded workspace of 200 things", () => {
  let cloud: LocalCloud;
  before(async () => {
    cloud = await startCloud({ contracts: contracts(), scenarios: seededClock() });
    await seedWorkspace(cloud);
  });
  after(() => cloud?.close());

  const run = async (opening: Opening = {}) => {
    const workspace = await openLocal({ ...opening, cloud });
    const report = await cleanUp(workspace, { rules });
    return { report, log: workspace.log.text() };
  };

  it("plans exactly the 37 that the rules say, and changes nothing", async () => {
    const { report, log } = await run({ dryRun: true });
    assert.match(log, /Looked at 23 endpoints with 43 deployments, 60 versions of models and 50 of data assets\./);
    assert.deepEqual(report.outcomes.map((one) => `${one.kind} ${nameOf(one)}`).sort(), SEEDED_CHANGES, log);
    assert.equal(report.isPlan, true);
    assert.equal(report.failure, undefined);
  });

  it("does exactly these 37", async () => {
    const { report, log } = await run();
    const done = report.outcomes.filter(({ outcome }) => outcome === "deleted" || outcome === "archived");
    assert.deepEqual(done.map((one) => `${one.kind} ${nameOf(one)}`).sort(), SEEDED_CHANGES, log);
    assert.deepEqual(report.counts, {
      ...{ planned: 37, endpoints: 7, deployments: 8, models: 13, data: 9, failed: 0, left: 0 },
      kept: report.counts.kept,
    });
  });

  it("has nothing to do the second time", async () => {
    const { report, log } = await run();
    assert.deepEqual(report.outcomes, [], log);
    assert.match(log, /Nothing is to be cleaned up\./);
  });
});
