// Watch models: two steps that watch for something else, or start something else, keep apart; and an agent's clock says nothing.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { systemClock } from "../../lib/poll.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import task from "../../tasks/WatchModels/index.ts";
import { openLocal, theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";
import { type Between, standBetween } from "./devops-between.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "watch-apart-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const HOUR = 3_600_000;

describe("Watch models, apart", () => {
  let cloud: LocalCloud;
  let between: Between;
  let suite = 0;
  let names: { pipeline: string; a: string; b: string; target: string; release: string };

  before(async () => {
    cloud = await theCloud();
    between = await standBetween(cloud);
  });
  after(() => between?.close());
  beforeEach(() => {
    suite += 1;
    const [a, b] = [`apart-a-${suite}`, `apart-b-${suite}`];
    names = { pipeline: `apart-${suite}`, a, b, target: `apart-target-${suite}`, release: `apart-release-${suite}` };
    cloud.devops.builds.define(names.target, cloud.devops.repositories.add("apart"), "release.yml");
    const artifacts = [a, b].map((id) => ({
      ...{ alias: id, type: "TrainJudgeReleaseModel", definitionReference: { definition: { id, name: id } } },
    }));
    cloud.devops.releases.define(names.release, ["prod"], artifacts);
    between.fault = () => undefined;
  });

  /** @param age milliseconds since it was created */
  const register = (name: string, version: string, o: { tags?: object; age?: number } = {}) => {
    const properties = {
      modelUri: "azureml://datastores/workspaceblobstore/paths/x",
      modelType: "custom_model",
      tags: o.tags ?? {},
    };
    const { asset } = cloud.azure.assets.models.put(name, version, properties, { name: "Ada", type: "User" });
    const createdAt = new Date(Date.now() - (o.age ?? 0)).toISOString().replace("Z", "0000+00:00");
    if (o.age !== undefined) asset.stamps = { ...asset.stamps, createdAt };
  };
  const newRun = () => {
    const build = cloud.devops.createBuild(names.pipeline, {
      ...{ branch: "main", commit: "0", requestedFor: "Ada", reason: "schedule" as const },
    });
    cloud.devops.startBuild(build);
    return build;
  };
  async function step(build: Build, given: Record<string, string>, o: { job?: string; ahead?: number } = {}) {
    const accessToken = cloud.devops.issueJobToken({ plan: build.plan, jobId: "11111111-1111-4111-8111-111111111111" });
    const clock = { ...systemClock, now: () => Date.now() + (o.ahead ?? 0) };
    const settings = {
      ...{ collectionUri: between.collectionUri, accessToken, userAgent: "test", proxy: undefined, clock },
      ...{ caFile: cloud.caFile },
    };
    const name = o.job ?? "Job";
    const ran = await runStory(task, { models: names.a, pipelineToStart: names.target, ...given }, scratch, {
      access: () => ({
        ...{ settings, project: cloud.devops.project.name, definitionId: build.definition.id },
        ...{ runId: build.id, attempt: 1, job: { id: name, stage: "Watch", stageAttempt: 1, name, attempt: 1 } },
      }),
    });
    assert.equal(ran.error, undefined, ran.error?.message);
    return ran;
  }
  /** One run with these steps, one after the other. */
  async function run(...steps: Record<string, string>[]) {
    const build = newRun();
    const ran = [];
    for (const given of steps) ran.push(await step(build, given));
    cloud.devops.finishBuild(build, "succeeded");
    return ran;
  }
  const releases = (alias: string) => ({
    ...{ start: "release", pipelineToStart: "", releaseDefinition: names.release, artifactAlias: alias },
  });
  const runsOf = () => cloud.devops.builds.all.filter(({ definition }) => definition.name === names.target);
  const started = (): string[] => [
    ...runsOf().map(({ templateParameters: of }) => `${of["modelName"]}:${of["modelVersion"]}`),
    ...cloud.devops.releases.all
      .filter(({ definition }) => definition.name === names.release)
      .map(({ description }) => /Model (\S+)/.exec(description ?? "")?.[1] ?? ""),
  ];

  const kinds = [
    ["pipelines", (_model: string): Record<string, string> => ({})],
    ["classic releases", releases],
  ] as const;
  for (const [kind, more] of kinds) {
    describe(`starting ${kind}:`, () => {
      it("two steps for one target with other models lose none of either", async () => {
        const steps = [
          { models: names.a, beginAt: "2020-01-01T00:00:00Z", ...more(names.a) },
          { models: names.b, beginAt: "2020-01-01T00:00:00Z", ...more(names.b) },
        ] as const;
        await run(...steps);
        register(names.b, "1", { age: HOUR });
        register(names.a, "1");
        await run(...steps);
        assert.deepEqual(started(), [`${names.a}:1`, `${names.b}:1`]);
        register(names.b, "2");
        await run(...steps);
        await run(...steps);
        assert.deepEqual(started(), [`${names.a}:1`, `${names.b}:1`, `${names.b}:2`]);
      });

      it("two steps for one target with other tags lose none of either", async () => {
        const steps = [
          { requiredTags: "for=one", ...more(names.a) },
          { requiredTags: "for=other", ...more(names.a) },
        ] as const;
        await run(...steps);
        register(names.a, "1", { tags: { for: "other" } });
        register(names.a, "2", { tags: { for: "one" } });
        await run(...steps);
        await run(...steps);
        assert.deepEqual(started().sort(), [`${names.a}:1`, `${names.a}:2`]);
      });

      it("two jobs of one run for one target with other models both do their work", async () => {
        const of = (models: string) => ({ models, ...more(models) });
        await run(of(names.a), of(names.b));
        register(names.a, "1");
        register(names.b, "1");
        const build = newRun();
        await Promise.all([step(build, of(names.a), { job: "One" }), step(build, of(names.b), { job: "Two" })]);
        cloud.devops.finishBuild(build, "succeeded");
        assert.deepEqual(started().sort(), [`${names.a}:1`, `${names.b}:1`]);
      });

      it("a start whose answer is lost is found although the agent's clock is an hour ahead", async () => {
        await run(more(names.a));
        register(names.a, "1");
        let lost = 0;
        between.fault = (request) =>
          /^POST .*\/(runs|releases)\b/i.test(request) && lost++ === 0 ? { kind: "lost" } : undefined;
        const build = newRun();
        await step(build, more(names.a), { ahead: HOUR });
        cloud.devops.finishBuild(build, "succeeded");
        await run(more(names.a));
        assert.deepEqual(started(), [`${names.a}:1`]);
      });

      it("a start that a run with a clock an hour ahead was cut off at is found by the next run", async () => {
        await run(more(names.a));
        register(names.a, "1");
        const cut = newRun();
        await step(cut, more(names.a));
        // As that run would have left it, had it ended between the start and its note of it.
        const since = new Date(Date.now() + HOUR).toISOString();
        for (const [name, text] of cut.properties) {
          if (!name.startsWith("AzureML.WatchModels.")) continue;
          const cursor = JSON.parse(String(text));
          const starting = { version: `${names.a}:1`, since };
          cut.properties.set(name, JSON.stringify({ ...cursor, judged: {}, position: cursor.start, starting }));
        }
        cloud.devops.finishBuild(cut, "failed");
        await run(more(names.a));
        assert.deepEqual(started(), [`${names.a}:1`]);
      });
    });
  }

  it("two steps that start one pipeline on two branches start each version on both", async () => {
    const steps = [{ branch: "main" }, { branch: "dev" }];
    await run(...steps);
    register(names.a, "1");
    await run(...steps);
    await run(...steps);
    assert.deepEqual(
      runsOf()
        .map(({ sourceBranch }) => sourceBranch)
        .sort(),
      ["refs/heads/dev", "refs/heads/main"],
    );
  });

  describe("goes on", () => {
    /** The name under which all steps for a target kept one cursor before each had its own. */
    const sharedName = async () => {
      const { id } = await openLocal();
      const text = `${id.toLowerCase()}\npipeline ${names.target}`;
      return `AzureML.WatchModels.${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
    };

    it("at a cursor that all steps shared, with every step, and starts nothing again", async () => {
      register(names.a, "1", { age: HOUR });
      register(names.b, "1", { age: HOUR });
      const old = newRun();
      const at = new Date(Date.now() - 2 * HOUR).toISOString();
      const judged = { [`${names.a}:1`]: Date.now() - HOUR };
      const position = new Date(Date.now() - HOUR).toISOString();
      old.properties.set(await sharedName(), JSON.stringify({ schema: 1, start: at, position, judged }));
      cloud.devops.finishBuild(old, "succeeded");
      register(names.a, "2");
      const steps = [{ models: names.a }, { models: names.b }] as const;
      // The first run of the new kind ends before its second step.
      await run(steps[0]);
      assert.deepEqual(started(), [`${names.a}:2`]);
      await run(...steps);
      await run(...steps);
      assert.deepEqual(started(), [`${names.a}:2`, `${names.b}:1`]);
    });

    it("after a change of the models that it watches, losing nothing and repeating nothing", async () => {
      await run({ models: "apart-*" });
      register(names.a, "1");
      await run({ models: "apart-*" });
      register(names.a, "2");
      register(names.b, "1");
      await run({ models: names.a, beginAt: "2020-01-01T00:00:00Z" });
      assert.deepEqual(started(), [`${names.a}:1`, `${names.a}:2`]);
      await run({ models: "apart-*" });
      assert.deepEqual(started(), [`${names.a}:1`, `${names.a}:2`, `${names.b}:1`]);
    });

    it("with a step that some runs leave out, also on another branch", async () => {
      await run({}, { branch: "dev" });
      register(names.a, "1");
      await run({ branch: "dev" });
      await run({}, { branch: "dev" });
      await run({}, { branch: "dev" });
      const branches = runsOf().map(({ sourceBranch }) => sourceBranch);
      assert.deepEqual(branches, ["refs/heads/dev", "refs/heads/main"]);
    });

    it("with the same models in another order, and written twice", async () => {
      await run({ models: `${names.a}\n${names.b}` });
      register(names.b, "1");
      const ran = await run({ models: `${names.b}\n${names.a}\n${names.b}` });
      assert.deepEqual(started(), [`${names.b}:1`]);
      const kept = cloud.devops.builds.all
        .filter(({ definition }) => definition.name === names.pipeline)
        .flatMap(({ properties }) => [...properties.keys()].filter((name) => name.startsWith("AzureML.")));
      assert.equal(new Set(kept).size, 1, ran[0]?.log);
    });
  });
});
