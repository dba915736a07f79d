// Writes beside a task's work: whatever becomes of them, the task ends as its work did, and says what is missing and what it takes. All but
// one: a refused write that would leave a wrong "passed" standing.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { addBuildTag, type WritesAccess } from "../../lib/agent/run-writes.ts";
import { findVersion } from "../../lib/ml/assets/assets.ts";
import { recordEvaluation } from "../../lib/ml/gate/evidence.ts";
import { getJob } from "../../lib/ml/jobs/jobs.ts";
import { secondaryWrite } from "../../lib/secondary-write.ts";
import { tagRun } from "../../lib/task/publishing.ts";
import evaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import registerData from "../../tasks/RegisterData/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import { until } from "../harness/until.ts";
import { answered, memoryLog, type Opening, openLocal, theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { type Ran, runStory } from "./context.ts";
import { type Between, standBetween } from "./devops-between.ts";
import { judgedRun } from "./judged.ts";

/** What may become of a write: a status, or no answer at all. */
const FAULTS = [401, 403, 404, 409, 500, "no answer"] as const;
type Fault = (typeof FAULTS)[number];

/** Answers requests of one kind with a fault. */
function refusing(method: string, place: RegExp, fault: Fault) {
  let met = 0;
  const between: NonNullable<Opening["between"]> = async (request, send) => {
    if (request.method !== method || !place.test(request.url)) return send();
    met += 1;
    if (fault === "no answer") throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
    const answer = answered(request, fault, { error: { code: "Refused", message: "Not by this identity" } });
    answer.headers.set("Retry-After", "0");
    return answer;
  };
  return { between, met: () => met };
}

describe("secondary writes", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "secondary-"));
  let jobs: JobClient;
  before(async () => {
    jobs = new JobClient(await theCloud());
    await jobs.prepare();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function judgedJob(auc = "0.9"): Promise<string> {
    const name = jobs.name();
    const command = `mkdir -p outputs && echo m > outputs/m.txt && echo '{"auc": ${auc}}' > outputs/metrics.json`;
    const answer = await jobs.arm("PUT", `/jobs/${name}`, jobs.properties(command));
    assert.equal(answer.status, 201, answer.text);
    await until(`${name} has ended`, async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${name}`)).body.properties.status),
    );
    return name;
  }
  const evaluate = (jobName: string, rules: string, more: object = {}, inputs: Record<string, string> = {}) =>
    runStory(evaluateMetrics, { jobName, rules, onFail: "continue", ...inputs }, folder, more);
  const warned = ({ log, error }: Ran<unknown>, what: RegExp, needs: RegExp) => {
    assert.equal(error, undefined, error?.stack);
    const warning = log.split("\n").find((line) => line.startsWith("[warning]") && what.test(line));
    assert.ok(warning, log);
    assert.match(warning, needs);
  };
  const rules = "1 == 1";

  for (const fault of FAULTS)
    describe(`that meet ${fault}`, () => {
      it("leave a judgement standing where it cannot be written to the job", async () => {
        const job = await judgedJob();
        const { between, met } = refusing("PATCH", /\/runs\/[^/?]+/, fault);
        const ran = await evaluate(job, rules, { between });
        warned(ran, /could not be written to the job/, /AzureML Data Scientist on the workspace\.$/);
        assert.ok(met() >= 1);
        assert.equal(ran.outputs?.passed, true);
      });

      it("leave a judgement standing where its tests cannot be published", async () => {
        const job = await judgedJob();
        const cloud = await theCloud();
        const between = await standBetween(cloud);
        between.fault = (request) =>
          /\/_apis\/test\//i.test(request)
            ? fault === "no answer"
              ? { kind: "lost" }
              : { kind: "instead", status: fault, body: '{"message":"TF400813: The user is not authorized."}' }
            : undefined;
        try {
          const ran = await evaluate(job, rules, { writes: () => writesTo(between, cloud) });
          warned(ran, /tests could not be published on the run/, /Create test runs and View test runs/);
          assert.equal(ran.outputs?.passed, true);
        } finally {
          between.close();
        }
      });

      for (const kind of ["models", "data"] as const)
        it(`leave a version registered whose tags cannot be updated (${kind})`, async () => {
          const name = `v-${randomUUID().slice(0, 8)}`;
          const content = path.join(folder, `${name}.txt`);
          writeFileSync(content, name);
          const inputs: Record<string, string> =
            kind === "data"
              ? { name, source: "inline", type: "uri_file", path: path.basename(content) }
              : { name, source: "folder", modelPath: content };
          const task = kind === "data" ? registerData : registerModel;
          const run = (tags: string, more = {}) =>
            runStory(task as typeof registerData, { ...inputs, tags }, folder, more);
          assert.equal((await run("team=a")).error, undefined);
          const { between } = refusing("PUT", /\/versions\/1\?/, fault);
          const ran = await run("team=b", { between });
          warned(ran, /tags and the description of .+:1 could not be updated/, /AzureML Data Scientist/);
          assert.equal(ran.outputs?.version, "1");
          assert.doesNotMatch(ran.log, /Updated the tags/);
          const there = await findVersion(await openLocal(), kind, name, "1");
          assert.equal(there?.properties?.tags?.["team"], "a");
        });

      it("fail the judgement where a job would go on saying that it passed", async () => {
        const job = await judgedJob();
        await recordEvaluation(await openLocal(), job, true);
        const { between } = refusing("PATCH", /\/runs\/[^/?]+/, fault);
        const { error } = await evaluate(job, "1 == 2", { between });
        assert.match(error?.message ?? "", /failed its evaluation, and its tag "evaluation" still says "passed"/);
      });

      it("fail the judgement where a model would go on saying that it passed", async () => {
        const job = await judgedJob();
        const model = `m-${randomUUID().slice(0, 8)}`;
        const inputs = { name: model, source: "job", jobName: job, outputName: "default", outputPath: "outputs/m.txt" };
        const registered = await runStory(registerModel, inputs, folder, {
          records: judgedRun(await theCloud(), job, "passed"),
        });
        assert.equal(registered.error, undefined, registered.error?.stack);
        const tagOf = async () =>
          (await findVersion(await openLocal(), "models", model, "1"))?.properties?.tags?.["evaluation"];
        assert.equal(await tagOf(), "passed");
        const { between, met } = refusing("PUT", /\/models\/[^/?]+\/versions\/1\?/, fault);
        const { error } = await evaluate(job, "1 == 2", { between });
        assert.match(error?.message ?? "", new RegExp(`${model}:1 still has the tag "evaluation".*"passed"`));
        assert.ok(met() >= 1);
        const { tags } = (await getJob(await openLocal(), job)).properties ?? {};
        assert.equal(tags?.["evaluation"], "failed", "the job says so all the same");
        // The same evidence, refuted where the model is registered again.
        const again = await runStory(registerModel, inputs, folder, {
          records: judgedRun(await theCloud(), job, "failed"),
          between: refusing("PUT", /\/models\/[^/?]+\/versions\/1\?/, fault).between,
        });
        assert.match(again.error?.message ?? "", /still has the tag "evaluation"/);
        assert.equal(await tagOf(), "passed");
      });

      it("say that a run could not be tagged", async () => {
        const cloud = await theCloud();
        const between = await standBetween(cloud);
        between.fault = (request) =>
          /\/tags\//i.test(request)
            ? fault === "no answer"
              ? { kind: "lost" }
              : { kind: "instead", status: fault, body: '{"message":"Access denied."}' }
            : undefined;
        const log = memoryLog();
        try {
          const access = writesTo(between, cloud);
          const run = { writes: () => access, publishTests() {}, addBuildTag: () => assert.fail("by the agent") };
          await tagRun(run, { log, signal: new AbortController().signal }, ["left-a"]);
        } finally {
          between.close();
        }
        assert.match(log.text(), /\[warning\] The run could not be tagged with left-a: .+Update build information/);
      });
    });

  it("publish tests and a tag on the run where nothing is refused, as the agent does", async () => {
    const cloud = await theCloud();
    const between = await standBetween(cloud);
    const access = writesTo(between, cloud);
    const job = await judgedJob();
    try {
      const ran = await evaluate(job, "1 == 1\n1 == 2", { writes: () => access });
      assert.equal(ran.error, undefined);
      assert.doesNotMatch(ran.log, /\[warning\]/);
      assert.deepEqual(ran.tests, [], "not by the agent's command as well");
      await addBuildTag(access, "left-b");
    } finally {
      between.close();
    }
    const { testRuns } = cloud.devops;
    const run = testRuns.all.findLast(({ buildId }) => buildId === access.buildId);
    assert.equal(run?.state, "Completed");
    assert.deepEqual(
      run?.results.map(({ values }) => [values["testCaseTitle"], values["outcome"]]),
      [
        ["1 == 1", "Passed"],
        ["1 == 2", "Failed"],
      ],
    );
    const build = cloud.devops.builds.get(access.buildId ?? 0);
    assert.ok(build?.tags.has("left-b"));
  });

  it("are left out of no cancel: what stops the step stops them too", async () => {
    const stop = new AbortController();
    const log = memoryLog();
    const said = { failed: "It failed", missing: "Nothing is there.", needs: "a role" };
    const work = async () => {
      stop.abort(new Error("canceled"));
      throw stop.signal.reason;
    };
    await assert.rejects(secondaryWrite({ log, signal: stop.signal }, said, work), /canceled/);
    assert.deepEqual(log.lines, []);
  });
});

/** How a step writes on a new run, through what stands between. */
function writesTo(between: Between, cloud: Awaited<ReturnType<typeof theCloud>>): WritesAccess {
  const { devops } = cloud;
  const build = devops.createBuild("train", { branch: "main", commit: "0".repeat(40), requestedFor: "Ada" });
  return {
    settings: {
      collectionUri: between.collectionUri,
      accessToken: devops.issueJobToken({ plan: build.plan, jobId: "00000000-0000-4000-8000-0000000000ef" }),
      userAgent: "test",
      proxy: undefined,
      caFile: undefined,
    },
    project: devops.project.name,
    buildId: build.id,
    release: undefined,
    place: { stage: "", phase: "Job", job: "__default", attempt: 1 },
  };
}
