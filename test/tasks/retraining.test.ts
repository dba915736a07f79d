// Watch models for breaches of monitors: real monitors on local Azure, and what a breach starts over the real client.
// Tests: tasks/WatchModels/index.ts
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Build } from "../../local/devops/state/builds.ts";
import task from "../../tasks/WatchModels/index.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "../local/azure/jobs/monitors/monitors.ts";
import { runStory } from "./context.ts";
import { standBetween } from "./devops-between.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "retraining-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const rows = (from: number) => Array.from({ length: 40 }, (_, index) => ({ age: from + index * 0.5 }));

describe("Watch models, for breaches of monitors", () => {
  const jobs = JobClient.ofSuite({ immediate: true });
  let suite = 0;
  let names: { drift: string; target: string; watching: string };

  const drift = (data: string) => ({
    inputs: {
      signalType: "DataDrift",
      ...{ productionData: rolling(data), referenceData: fixed("people") },
      features: { filterType: "AllFeatures" },
      metricThresholds: [limit("Numerical", "NormalizedWassersteinDistance", 0.5)],
    },
  });

  before(async () => {
    await table(jobs, "people", rows(20));
    await collect(jobs, "older", "2026/03/08/11", rows(60));
    await collect(jobs, "alike", "2026/03/08/11", rows(20));
  });
  beforeEach(() => {
    suite += 1;
    names = { drift: `drift-${suite}`, target: `retrain-${suite}`, watching: `watch-${suite}` };
    const { builds, repositories } = jobs.cloud.devops;
    builds.define(names.target, repositories.add("retraining"), "train.yml");
  });

  function newRun(): Build {
    const { devops } = jobs.cloud;
    const build = devops.createBuild(names.watching, { branch: "main", commit: "0", requestedFor: "Ada" });
    devops.startBuild(build);
    return build;
  }
  async function run(
    given: Record<string, string> = {},
    collectionUri = jobs.cloud.devops.collectionUri,
    { build, attempt } = { build: newRun(), attempt: 1 },
  ) {
    const { devops, caFile } = jobs.cloud;
    const accessToken = devops.issueJobToken({ plan: build.plan, jobId: "11111111-1111-4111-8111-111111111111" });
    const settings = {
      ...{ collectionUri, accessToken, userAgent: "test", proxy: undefined },
      ...{ caFile },
    };
    const job = { id: "job-1", stage: "Watch", stageAttempt: 1, name: "Job", attempt: 1 };
    const asked = { watch: "monitors", monitors: names.drift, pipelineToStart: names.target, ...given };
    const ran = await runStory(task, asked, scratch, {
      cloud: jobs.cloud,
      access: () => ({
        ...{ settings, project: devops.project.name, definitionId: build.definition.id, runId: build.id },
        ...{ attempt, job },
      }),
    });
    devops.finishBuild(build, ran.error === undefined ? "succeeded" : "failed");
    return ran;
  }
  const started = () => jobs.cloud.devops.builds.all.filter(({ definition }) => definition.name === names.target);

  it("one breach starts one retraining, which knows the monitor and the job that measured", async () => {
    await monitor(jobs, names.drift, drift("older"));
    const measured = await look(jobs, names.drift);
    const first = await run();
    assert.equal(first.error, undefined);
    const key = `${names.drift}:${measured}`;
    assert.deepEqual(first.outputs, { startedCount: "1", versions: key, breached: true });
    assert.deepEqual(
      started().map(({ templateParameters }) => templateParameters),
      [{ monitorName: names.drift, monitorRun: measured }],
    );
    assert.match(first.log, /The breach of drift-1 \(inputs\) in the job .* started run \d+: https:/);
    const { watch } = first.record;
    // The address is a link of the record's own: where the decision is shown, it is no link.
    assert.match(watch?.decision ?? "", /started run \d+\.$/);
    assert.match(watch?.started[0]?.url ?? "", /^https:/);
    assert.deepEqual(
      [watch?.started.map(({ version }) => version), watch?.monitors?.map(({ name, breached }) => [name, breached])],
      [[key], [[names.drift, ["inputs"]]]],
    );
    const second = await run();
    assert.deepEqual(second.outputs, { startedCount: "0", versions: "", breached: true });
    assert.match(second.log, /starts nothing: run \d+ was started for it, or went on when it was measured/);
    assert.equal(second.record.watch?.started[0]?.before, true);
    jobs.cloud.devops.finishBuild(started()[0]!, "succeeded");
    await look(jobs, names.drift);
    const third = await run();
    assert.match(third.log, /was started less than the cool-down of 3d before it/);
    assert.equal(started().length, 1);
    assert.deepEqual(jobs.cloud.devops.notBuilt, []);
  });

  it("a training that goes on is respected, whoever started it, and the breach starts its own when that has failed", async () => {
    await monitor(jobs, names.drift, drift("older"));
    await look(jobs, names.drift);
    const { devops } = jobs.cloud;
    const other = devops.createBuild(names.target, { branch: "main", commit: "0", requestedFor: "Ada" });
    devops.startBuild(other);
    const waits = await run();
    assert.equal(waits.error, undefined);
    assert.match(waits.log, new RegExp(`starts nothing now: run ${other.id} of the pipeline goes on`));
    devops.finishBuild(other, "failed");
    assert.equal((await run()).outputs?.startedCount, "1");
    assert.equal(started().length, 2);
  });

  it("a training that people started after the breach, and that succeeded, is its retraining", async () => {
    await monitor(jobs, names.drift, drift("older"));
    await look(jobs, names.drift);
    const { devops } = jobs.cloud;
    const branch = devops.createBuild(names.target, { branch: "feature", commit: "0", requestedFor: "Ada" });
    devops.finishBuild(branch, "succeeded");
    const other = devops.createBuild(names.target, { branch: "main", commit: "0", requestedFor: "Ada" });
    devops.finishBuild(other, "succeeded");
    const ran = await run();
    assert.match(ran.log, new RegExp(`starts nothing: run ${other.id} of the pipeline began after it and succeeded`));
  });

  it("nothing starts while all is within its thresholds, and a monitor without a result is no evidence", async () => {
    await monitor(jobs, names.drift, drift("alike"));
    await look(jobs, names.drift);
    // A monitor whose name only begins like it.
    await monitor(jobs, `${names.drift}-other`, drift("older"));
    await look(jobs, `${names.drift}-other`);
    const ran = await run({ monitors: `${names.drift}\nnever-ran` });
    assert.equal(ran.error, undefined);
    assert.deepEqual([ran.outputs?.startedCount, ran.outputs?.breached, started().length], ["0", false, 0]);
    assert.match(ran.log, /within its thresholds/);
    assert.match(ran.log, /\[warning\] Nothing is known of the monitor never-ran: no job of it has completed/);
  });

  it("a monitor whose newest job failed is not said to be within its thresholds without a warning", async () => {
    await monitor(jobs, names.drift, drift("alike"));
    await look(jobs, names.drift);
    const failed = await look(jobs, names.drift, "Failed", "2026-05-20T12:00:00Z");
    const ran = await run();
    assert.equal(ran.error, undefined);
    assert.match(
      ran.log,
      new RegExp(
        `\\[warning\\] The newest job ${failed} of the monitor ${names.drift} is Failed: nothing is known since`,
      ),
    );
  });

  it("a run that is tried again after others have looked starts nothing that these would not know of", async () => {
    const { devops } = jobs.cloud;
    await monitor(jobs, names.drift, drift("older"));
    const early = newRun();
    devops.finishBuild(early, "failed");
    await run();
    await look(jobs, names.drift);
    devops.startBuild(early);
    const again = await run({}, undefined, { build: early, attempt: 2 });
    assert.equal(again.error, undefined);
    assert.deepEqual([again.outputs?.startedCount, again.outputs?.breached], ["0", true]);
    assert.match(again.log, /starts nothing now: run \d+ of this pipeline, which is newer, has looked since/);
    assert.equal((await run()).outputs?.startedCount, "1");
    for (const training of started()) devops.finishBuild(training, "failed");
    await run();
    assert.equal(started().length, 1);
  });

  it("a look that is left to an older run says what is breached, and is no green one once that run goes on for hours", async () => {
    const { devops } = jobs.cloud;
    await monitor(jobs, names.drift, drift("older"));
    await look(jobs, names.drift);
    const stuck = newRun();
    const young = await run();
    assert.deepEqual(
      [young.error, young.outputs, young.issues],
      [undefined, { startedCount: "0", versions: "", breached: true }, []],
    );
    assert.match(young.log, new RegExp(`Run ${stuck.id} of this pipeline has not ended`));
    assert.deepEqual(
      young.record.watch?.monitors?.map(({ name, outcome }) => [name, outcome]),
      [[names.drift, "breached"]],
    );
    Object.assign(stuck, { queueTime: stuck.queueTime - 3 * 60 * 60_000 });
    const late = await run();
    assert.deepEqual([late.error, late.outputs?.startedCount], [undefined, "0"]);
    assert.match(
      late.issues.join(),
      new RegExp(`^Run ${stuck.id} of this pipeline was queued 3 hours before this one and has not ended`),
    );
    devops.finishBuild(stuck, "canceled");
    assert.equal((await run()).outputs?.startedCount, "1");
  });

  it("what was started is known behind many runs that kept nothing, and a training that goes on behind many of other branches", async () => {
    const { devops } = jobs.cloud;
    const many = (pipeline: string, count: number, branch: string) => {
      for (let index = 0; index < count; index++)
        devops.finishBuild(devops.createBuild(pipeline, { branch, commit: "0", requestedFor: "Ada" }), "succeeded");
    };
    await monitor(jobs, names.drift, drift("older"));
    await look(jobs, names.drift);
    await run();
    const [training] = started();
    many(names.watching, 60, "main");
    many(names.target, 210, "feature");
    await look(jobs, names.drift);
    const open = await run();
    assert.deepEqual([open.error, open.outputs?.startedCount], [undefined, "0"]);
    devops.finishBuild(training!, "failed");
    assert.match((await run()).log, new RegExp(`starts nothing: run ${training!.id} was started`));
    const mine = started().filter(({ sourceBranch }) => /main$/.test(sourceBranch));
    assert.equal(mine.length, 1);
  });

  it("a monitor whose name goes on like a time is another one", async () => {
    await monitor(jobs, names.drift, drift("alike"));
    await look(jobs, names.drift);
    await monitor(jobs, `${names.drift}-2`, drift("older"));
    await look(jobs, `${names.drift}-2`);
    const ran = await run();
    assert.deepEqual([ran.outputs?.startedCount, ran.outputs?.breached, started().length], ["0", false, 0]);
  });

  it("a start whose answer was lost is found, and not repeated", async () => {
    await monitor(jobs, names.drift, drift("older"));
    await look(jobs, names.drift);
    const between = await standBetween(jobs.cloud);
    try {
      let lost = 0;
      between.fault = (request) =>
        /^POST .*\/_apis\/pipelines\/\d+\/runs/i.test(request) && lost++ === 0 ? { kind: "lost" } : undefined;
      const ran = await run({}, between.collectionUri);
      assert.deepEqual([ran.error, ran.outputs?.startedCount, lost], [undefined, "1", 1]);
    } finally {
      between.close();
    }
    await run();
    assert.equal(started().length, 1);
  });

  for (const [given, said] of [
    [{ coolDown: "5m" }, /The input coolDown is "5m", which is no cool-down/],
    [{ coolDown: "0h" }, /The input coolDown is "0h"/],
    [{ monitors: "a/../b" }, /The input monitors has the line "a\/\.\.\/b", which is no name of a schedule/],
    [{ monitors: " \n " }, /The input monitors is/],
    [{ beginAt: "soon" }, /Input beginAt is "soon", which is no time/],
    [
      { start: "release", releaseDefinition: "x", artifactAlias: "_m" },
      /A breach of a monitor starts a pipeline; the input start is release/,
    ],
  ] as const) {
    it(`an input that is not understood changes nothing: ${JSON.stringify(given)}`, async () => {
      const ran = await run(given);
      assert.match(ran.error?.message ?? "", said);
      assert.deepEqual(
        ran.requests.filter((request) => !request.startsWith("GET")),
        [],
      );
    });
  }
});
