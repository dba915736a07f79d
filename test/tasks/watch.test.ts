// Watch models, over the real client: what is new starts once and in order, whatever overlaps, fails or is cut off.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import task from "../../tasks/WatchModels/index.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "watch-models-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const jobOf = (attempt = 1) => ({ id: `job-${attempt}`, stage: "Watch", stageAttempt: attempt, name: "Job", attempt });

describe("Watch models", () => {
  let cloud: LocalCloud;
  let suite = 0;
  let pipeline: string;
  let model: string;
  let target: string;

  before(async () => {
    cloud = await theCloud();
  });
  beforeEach(() => {
    suite += 1;
    [pipeline, model, target] = [`watch-${suite}`, `watched-${suite}`, `release-${suite}`];
    cloud.devops.builds.define(target, cloud.devops.repositories.add("watched"), "release.yml");
  });

  function register(version: string, tags: Record<string, string> = {}, name = model): void {
    const properties = { modelUri: "azureml://datastores/workspaceblobstore/paths/x", modelType: "custom_model", tags };
    cloud.azure.assets.models.put(name, version, properties, { name: "Ada", type: "User" });
  }
  function newRun(): Build {
    const build = cloud.devops.createBuild(pipeline, {
      branch: "main",
      commit: "0",
      requestedFor: "Ada",
      reason: "schedule",
    });
    cloud.devops.startBuild(build);
    return build;
  }
  async function run(given: Record<string, string> = {}, o: { build?: Build; attempt?: number; open?: boolean } = {}) {
    const build = o.build ?? newRun();
    const accessToken = cloud.devops.issueJobToken({ plan: build.plan, jobId: "11111111-1111-4111-8111-111111111111" });
    const settings = {
      ...{ collectionUri: cloud.devops.collectionUri, accessToken, userAgent: "test", proxy: undefined },
      ...{ caFile: cloud.caFile },
    };
    const ran = await runStory(task, { models: model, pipelineToStart: target, ...given }, scratch, {
      access: () => ({
        ...{ settings, project: cloud.devops.project.name, definitionId: build.definition.id },
        ...{ runId: build.id, attempt: o.attempt ?? 1, job: jobOf(o.attempt) },
      }),
    });
    if (o.open !== true) cloud.devops.finishBuild(build, ran.error === undefined ? "succeeded" : "failed");
    return ran;
  }
  /** Versions that runs of the target were started for. */
  const started = () =>
    cloud.devops.builds.all
      .filter(({ definition }) => definition.name === target)
      .map(({ templateParameters }) => templateParameters["modelVersion"]);

  it("starts nothing for history, then each new version once and in order", async () => {
    register("1");
    const first = await run();
    assert.equal(first.error, undefined);
    assert.deepEqual([first.outputs, started()], [{ startedCount: "0", versions: "", breached: false }, []]);
    assert.deepEqual(first.record.watch, { started: [] });
    for (const version of ["9", "10", "2"]) register(version);
    const second = await run();
    assert.deepEqual(started(), ["9", "10", "2"]);
    assert.deepEqual(second.outputs, {
      ...{ startedCount: "3", breached: false },
      versions: `${model}:9,${model}:10,${model}:2`,
    });
    const inRecord = second.record.watch?.started ?? [];
    assert.deepEqual(
      inRecord.map(({ version, before }) => [version, before]),
      ["9", "10", "2"].map((version) => [`${model}:${version}`, undefined]),
    );
    assert.match(inRecord[0]?.url ?? "", /^https:\/\/localhost.*buildId=/);
    assert.match(second.log, new RegExp(`${model}:9 started: run \\d+, https://localhost.*buildId=`));
    await run();
    await run();
    assert.deepEqual(started(), ["9", "10", "2"], "and nothing again");
    register("11");
    await run();
    assert.deepEqual(started(), ["9", "10", "2", "11"]);
    assert.deepEqual(cloud.devops.notBuilt, []);
  });

  it("begins where it is told to, and watches the models and tags that it is told to", async () => {
    register("1", { stage: "prod" });
    register("2", { stage: "dev" });
    register("1", { stage: "prod" }, `another-${suite}`);
    const more = { beginAt: "2020-01-01T00:00:00Z", requiredTags: "stage=prod", models: `watch*-${suite}` };
    await run(more);
    assert.deepEqual(started(), ["1"]);
    register("2", { stage: "prod" });
    await run(more);
    assert.deepEqual(started(), ["1"], "a version is judged once");
  });

  it("creates classic releases with the version as their artifact", async () => {
    const reference = { definition: { id: model, name: model } };
    const definition = cloud.devops.releases.define(
      target,
      ["prod"],
      [{ alias: "_model", type: "TrainJudgeReleaseModel", definitionReference: reference }],
    );
    const more = { start: "release", pipelineToStart: "", releaseDefinition: target, artifactAlias: "_model" };
    await run(more);
    register("1");
    register("2");
    const ran = await run(more);
    assert.equal(ran.error, undefined);
    const made = cloud.devops.releases.all.filter((release) => release.definition === definition);
    assert.deepEqual(
      made.map(({ artifacts }) => artifacts[0]?.definitionReference["version"]?.id),
      ["1", "2"],
    );
    assert.equal(made[0]?.reason, "continuousIntegration");
    assert.match(ran.log, /started: release \d+, https:.*releaseId=/);
  });

  describe("is safe where runs overlap:", () => {
    it("only the oldest unfinished run starts anything", async () => {
      await run();
      const [older, newer] = [newRun(), newRun()];
      register("1");
      const [one, other] = await Promise.all([
        run({}, { build: older, open: true }),
        run({}, { build: newer, open: true }),
      ]);
      assert.deepEqual(started(), ["1"]);
      assert.equal(one.outputs?.startedCount, "1");
      assert.match(other.log, new RegExp(`Run ${older.id} of this pipeline has not ended`));
      cloud.devops.finishBuild(newer, "succeeded");
      cloud.devops.finishBuild(older, "succeeded");
    });

    it("what is left to another run is found by the next", async () => {
      await run();
      const stuck = newRun();
      register("1");
      assert.equal((await run()).outputs?.startedCount, "0");
      cloud.devops.finishBuild(stuck, "canceled");
      await run();
      assert.deepEqual(started(), ["1"]);
    });

    it("a run that is tried again waits for any other", async () => {
      await run();
      const again = newRun();
      cloud.devops.finishBuild(again, "failed");
      const newer = newRun();
      register("1");
      assert.equal((await run({}, { build: again, attempt: 2 })).outputs?.startedCount, "0");
      cloud.devops.finishBuild(newer, "succeeded");
      await run();
      assert.deepEqual(started(), ["1"]);
    });
  });

  it("goes on after a start that was refused, in order, and starts none twice", async () => {
    await run();
    register("1");
    register("2");
    const broken = await run({ pipelineToStart: target.toUpperCase(), branch: "main" });
    assert.equal(broken.error, undefined, "names match in any case");
    assert.deepEqual(started(), ["1", "2"]);
    const wrong = await run({ pipelineToStart: "nowhere" });
    assert.equal(wrong.error, undefined, "another target has a cursor of its own, which begins now");
    register("3");
    const refused = await run({ pipelineToStart: "nowhere" });
    assert.match(refused.error?.message ?? "", /has no pipeline "nowhere" that this pipeline may see/);
    await run();
    assert.deepEqual(started(), ["1", "2", "3"]);
  });

  it("asks first whether a start happened whose run was cut off, and does not repeat it", async () => {
    const since = new Date(Date.now() - 1000).toISOString();
    await run();
    register("1");
    const cut = newRun();
    await run({}, { build: cut, open: true });
    // As if the run had ended between the start and its note of it.
    const [name, text] = [...cut.properties].find(([key]) => key.startsWith("AzureML.WatchModels."))!;
    const cursor = JSON.parse(String(text));
    const before = { ...cursor, judged: {}, position: cursor.start, starting: { version: `${model}:1`, since } };
    cut.properties.set(name, JSON.stringify(before));
    cloud.devops.finishBuild(cut, "failed");
    const next = await run();
    assert.match(next.log, new RegExp(`${model}:1 was started by an earlier run: run \\d+`));
    assert.deepEqual(started(), ["1"]);
    // And starts it where it did not happen.
    register("2");
    const other = newRun();
    const starting = { version: `${model}:2`, since };
    other.properties.set(
      name,
      JSON.stringify({
        ...JSON.parse(
          String(
            next &&
              [...cloud.devops.builds.all]
                .filter(({ properties }) => properties.has(name))
                .at(-1)
                ?.properties.get(name),
          ),
        ),
        starting,
      }),
    );
    cloud.devops.finishBuild(other, "failed");
    await run();
    assert.deepEqual(started(), ["1", "2"]);
  });

  it("refuses what it cannot understand", async () => {
    assert.match(
      (await run({ beginAt: "yesterday" })).error?.message ?? "",
      /Input beginAt is "yesterday", which is no time/,
    );
    await run();
    const last = cloud.devops.builds.all.at(-1)!;
    const name = [...last.properties.keys()].find((key) => key.startsWith("AzureML.WatchModels."));
    last.properties.set(name!, "{");
    assert.match(
      (await run()).error?.message ?? "",
      /The cursor that an earlier run of this pipeline kept cannot be read/,
    );
  });
});
