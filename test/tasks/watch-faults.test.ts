// Watch models under faults: invalid answers, answers that are lost, two jobs of one run, and a job that dies.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { systemClock } from "../../lib/poll.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import task from "../../tasks/WatchModels/index.ts";
import { theCloud } from "../lib/ml/world.ts";
import { runStory } from "./context.ts";
import { type Between, type Fault, SIGN_IN, standBetween } from "./devops-between.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "watch-faults-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface JobOfTest {
  id: string;
  stage: string;
  stageAttempt: number;
  name: string;
  attempt: number;
}
const job = (name: string, attempt = 1): JobOfTest => ({
  ...{ id: `${name}-${attempt}`, stage: "Watch", stageAttempt: attempt },
  ...{ name, attempt },
});

describe("Watch models on bad days", () => {
  let cloud: LocalCloud;
  let between: Between;
  let suite = 0;
  let names: { pipeline: string; model: string; target: string; release: string };

  before(async () => {
    cloud = await theCloud();
    between = await standBetween(cloud);
  });
  after(() => between?.close());
  beforeEach(() => {
    suite += 1;
    names = {
      ...{ pipeline: `bad-${suite}`, model: `bad-model-${suite}` },
      ...{ target: `bad-target-${suite}`, release: `bad-release-${suite}` },
    };
    cloud.devops.builds.define(names.target, cloud.devops.repositories.add("bad-days"), "release.yml");
    const reference = { definition: { id: names.model, name: names.model } };
    const artifact = { alias: "_model", type: "TrainJudgeReleaseModel", definitionReference: reference };
    cloud.devops.releases.define(names.release, ["prod"], [artifact]);
    between.fault = () => undefined;
  });

  const register = (version: string) => {
    const properties = {
      modelUri: "azureml://datastores/workspaceblobstore/paths/x",
      modelType: "custom_model",
      tags: {},
    };
    cloud.azure.assets.models.put(names.model, version, properties, { name: "Ada", type: "User" });
  };
  const newRun = () => {
    const build = cloud.devops.createBuild(names.pipeline, {
      ...{ branch: "main", commit: "0", requestedFor: "Ada", reason: "schedule" as const },
    });
    cloud.devops.startBuild(build);
    return build;
  };
  async function run(
    given: Record<string, string> = {},
    o: { build?: Build; open?: boolean; job?: JobOfTest; direct?: boolean; signal?: AbortSignal; ahead?: number } = {},
  ) {
    const build = o.build ?? newRun();
    const accessToken = cloud.devops.issueJobToken({ plan: build.plan, jobId: "11111111-1111-4111-8111-111111111111" });
    const settings = {
      collectionUri: o.direct ? cloud.devops.collectionUri : between.collectionUri,
      ...{ accessToken, userAgent: "test", proxy: undefined, caFile: cloud.caFile },
      ...(o.ahead === undefined ? {} : { clock: { ...systemClock, now: () => Date.now() + (o.ahead ?? 0) } }),
    };
    const of = o.job ?? job("Job");
    const ran = await runStory(task, { models: names.model, pipelineToStart: names.target, ...given }, scratch, {
      access: () => ({
        ...{ settings, project: cloud.devops.project.name, definitionId: build.definition.id },
        ...{ runId: build.id, attempt: of.attempt, job: of },
      }),
      ...(o.signal === undefined ? {} : { signal: o.signal }),
    });
    if (o.open !== true) cloud.devops.finishBuild(build, ran.error === undefined ? "succeeded" : "failed");
    return ran;
  }
  const releases = () => ({
    ...{ start: "release", pipelineToStart: "", releaseDefinition: names.release, artifactAlias: "_model" },
  });
  const kinds = [
    ["pipelines", () => ({}), /^POST .*\/_apis\/pipelines\/\d+\/runs/i],
    ["classic releases", releases, /^POST .*\/_apis\/Release\/releases/i],
  ] as const;
  const started = (kind: string): unknown[] =>
    kind === "pipelines"
      ? cloud.devops.builds.all
          .filter(({ definition }) => definition.name === names.target)
          .map(({ templateParameters }) => templateParameters["modelVersion"])
      : cloud.devops.releases.all
          .filter(({ definition }) => definition.name === names.release)
          .map(({ artifacts }) => artifacts[0]?.definitionReference["version"]?.id);

  for (const denied of ["QueueBuilds", "EditPipelineQueueConfigurationPermission"] as const)
    it(`names both rights that a start with parameters takes where ${denied} is missing`, async () => {
      register("1");
      cloud.devops.permissions.deny("build", denied);
      try {
        const { error } = await run({ beginAt: "2020-01-01T00:00:00Z" });
        assert.match(error?.message ?? "", /Azure DevOps could not start .+ \(403\): TF215106: Access denied\./);
        const { hint = "" } = (error ?? {}) as { hint?: string };
        assert.match(hint, /the right Queue builds on the pipeline /);
        assert.match(hint, /Edit queue build configuration/);
      } finally {
        cloud.devops.permissions.clear();
      }
      assert.deepEqual(started("pipelines"), []);
    });

  for (const [kind, more, start] of kinds) {
    describe(`starting ${kind}:`, () => {
      for (const [title, request, right] of [
        [
          "starting",
          start,
          kind === "pipelines" ? /the right Queue builds on the pipeline/ : /the right Create releases on the release/,
        ],
        ["keeping what was started", /^PATCH .*\/properties/i, /the right Update build information on this pipeline/],
        ["reading runs", /^GET .*\/_apis\/build\/builds\?/i, /the right View builds on this pipeline/],
        [
          "looking for the definition",
          /^GET .*\/_apis\/(build|release)\/definitions\?/i,
          kind === "pipelines" ? /the right View build pipeline/ : /the right View release pipeline/,
        ],
      ] as const)
        it(`a refusal of ${title} names the right that it takes`, async () => {
          register("1");
          const given = { beginAt: "2020-01-01T00:00:00Z", ...more() };
          const body = '{"message":"Access denied."}';
          between.fault = (asked) => (request.test(asked) ? { kind: "instead", status: 403, body } : undefined);
          const { error } = await run(given);
          assert.match(error?.message ?? "", /Azure DevOps could not .+ \(403\)/);
          assert.match((error as { hint?: string } | undefined)?.hint ?? "", right);
        });

      for (const [title, fault] of [
        ["a sign-in page with 203", { kind: "instead", status: 203, ...SIGN_IN }],
        ["HTML with 200", { kind: "instead", status: 200, ...SIGN_IN }],
        ["nothing with 200", { kind: "instead", status: 200, body: "" }],
        ["JSON that breaks off", { kind: "instead", status: 200, body: '{"count":1,"value":[{"id' }],
        ["JSON of something else", { kind: "instead", status: 200, body: '{"message":"hello"}' }],
      ] as const) {
        for (const [what, pattern] of [
          ["the list of runs", /^GET .*\/_apis\/build\/builds\?/i],
          ["the properties of a run", /^GET .*\/_apis\/build\/builds\/\d+\/properties/i],
        ] as const)
          it(`${title} is no answer to the question for ${what}: nothing is lost or done twice`, async () => {
            await run(more());
            register("1");
            between.fault = (request) => (pattern.test(request) ? (fault as Fault) : undefined);
            const ran = await run(more());
            assert.match(ran.error?.message ?? "", /Azure DevOps could not|did not report/);
            between.fault = () => undefined;
            assert.deepEqual(started(kind), []);
            assert.equal((await run(more())).error, undefined);
            assert.deepEqual(started(kind), ["1"]);
          });
      }

      for (const [title, fault] of [
        ["502", { kind: "lost", status: 502 }],
        ["200 and HTML", { kind: "lost", status: 200 }],
        ["no answer at all", { kind: "lost" }],
      ] as const)
        it(`a start that happened and was answered with ${title} is found, and not repeated`, async () => {
          await run(more());
          register("1");
          register("2");
          let lost = 0;
          between.fault = (request) => (start.test(request) && lost++ === 0 ? fault : undefined);
          const ran = await run(more());
          assert.equal(ran.error, undefined, ran.error?.message);
          assert.equal(lost, 2, "one post for each version");
          assert.deepEqual(started(kind), ["1", "2"]);
          assert.match(ran.log, /:1 (was )?started.*: (run|release) \d+/);
          await run(more());
          assert.deepEqual(started(kind), ["1", "2"]);
        });

      it("an agent whose clock is hours ahead finds what it started", async () => {
        await run(more());
        register("1");
        let lost = 0;
        between.fault = (request) => (start.test(request) && lost++ === 0 ? { kind: "lost" } : undefined);
        const ran = await run(more(), { ahead: 5 * 3_600_000 });
        assert.equal(ran.error, undefined, ran.error?.message);
        assert.deepEqual(started(kind), ["1"]);
      });

      it("two jobs of one run start each version once", async () => {
        await run(more());
        for (const version of ["1", "2", "3"]) register(version);
        const build = newRun();
        const jobs = ["One", "Two", "Three"].map((name) => run(more(), { build, open: true, job: job(name) }));
        for (const { error } of await Promise.all(jobs)) assert.equal(error, undefined, error?.message);
        cloud.devops.finishBuild(build, "succeeded");
        assert.deepEqual(started(kind), ["1", "2", "3"]);
        await run(more());
        assert.deepEqual(started(kind), ["1", "2", "3"]);
      });

      it("a later attempt takes up what a job that died had claimed", async () => {
        await run(more());
        register("1");
        const build = newRun();
        // The job dies with its request in the air: nothing comes back, and nothing is tidied up.
        const dead = new Promise<void>((resolve) => {
          between.fault = (request) => {
            if (!start.test(request)) return undefined;
            resolve();
            return { kind: "instead", status: 200, body: "" };
          };
        });
        const cut = run(more(), { build, open: true, job: job("One") });
        await dead;
        const properties = new Map(build.properties);
        await cut;
        // As the run stood at that moment.
        build.properties.clear();
        for (const [name, value] of properties) build.properties.set(name, value);
        between.fault = () => undefined;
        const again = await run(more(), { build, job: job("One", 2) });
        assert.equal(again.error, undefined, again.error?.message);
        assert.deepEqual(started(kind), ["1"]);
      });
    });
  }
});
