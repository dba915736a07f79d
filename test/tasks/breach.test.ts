// A breach by the tasks that act on it: one bug in local Azure DevOps, whichever step and run meets it, and a note on the live model.
// Tests: tasks/WatchModels/index.ts, tasks/CheckMonitor/index.ts, lib/evidence/links/run-links.ts
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import checkMonitor from "../../tasks/CheckMonitor/index.ts";
import watchModels from "../../tasks/WatchModels/index.ts";
import { addDeployment, addEndpoint, addVersion } from "../lib/ml/cleanup/things.ts";
import { provenance } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { collect, fixed, limit, look, monitor, rolling, table } from "../local/azure/jobs/monitors/monitors.ts";
import { runStory } from "./context.ts";

const scratch = mkdtempSync(path.join(os.tmpdir(), "breach-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const rows = (from: number) => Array.from({ length: 40 }, (_, index) => ({ age: from + index * 0.5 }));

describe("a breach", () => {
  const jobs = JobClient.ofSuite({ immediate: true });
  let suite = 0;
  let name: string;
  let measured: string;

  before(async () => {
    await table(jobs, "people", rows(20));
    await collect(jobs, "older", "2026/03/08/11", rows(60));
  });
  beforeEach(async () => {
    suite += 1;
    name = `breach-${suite}`;
    const { azure, devops } = jobs.cloud;
    devops.permissions.clear();
    devops.builds.define(`retrain-${suite}`, devops.repositories.add("retraining"), "train.yml");
    const at = azure.clock.now();
    addVersion(azure, "models", `${name}:3`, {}, at, { owner: "Ada" });
    addEndpoint(azure, name, { traffic: { blue: 100 } }, at);
    addDeployment(azure, name, "blue", { model: `${name}:3` }, at);
    const signal = {
      ...{ signalType: "DataDrift", productionData: rolling("older"), referenceData: fixed("people") },
      ...{ features: { filterType: "AllFeatures" } },
      metricThresholds: [limit("Numerical", "NormalizedWassersteinDistance", 0.5)],
    };
    const deploymentId = `${azure.workspaceId}/onlineEndpoints/${name}/deployments/blue`;
    const monitoringTarget = { taskType: "classification", deploymentId };
    await monitor(jobs, name, { inputs: signal }, { monitoringTarget });
    measured = await look(jobs, name);
  });

  /** A run of a pipeline with one step. */
  async function step(kind: "watch" | "check", traceability: string) {
    const { devops, caFile } = jobs.cloud;
    const build = devops.createBuild(`${kind}-${suite}`, { branch: "main", commit: "0", requestedFor: "Ada" });
    devops.startBuild(build);
    const accessToken = devops.issueJobToken({ plan: build.plan, jobId: "11111111-1111-4111-8111-111111111111" });
    const settings = {
      ...{ collectionUri: devops.collectionUri, accessToken, userAgent: "test", proxy: undefined },
      ...{ caFile },
    };
    const place = { stage: "", phase: "Job", job: "__default", attempt: 1 };
    const job = { id: "job-1", stage: "Watch", stageAttempt: 1, name: "Job", attempt: 1 };
    const project = devops.project.name;
    const options = {
      cloud: jobs.cloud,
      provenance: {
        ...provenance,
        ...{ runId: String(build.id), runUri: devops.buildUrl(build), definition: build.definition.name },
        ...{ projectId: devops.project.id, repositoryId: build.definition.repository.id },
      },
      writes: () => ({ settings, project, buildId: build.id, release: undefined, place }),
      access: () => ({
        ...{ settings, project, definitionId: build.definition.id, runId: build.id, attempt: 1, job },
      }),
    };
    const watching = { watch: "monitors", monitors: name, pipelineToStart: `retrain-${suite}`, traceability };
    const checking = { monitor: name, maxAgeInHours: "8000", traceability };
    const ran =
      kind === "watch"
        ? await runStory(watchModels, watching, scratch, options)
        : await runStory(checkMonitor, checking, scratch, options);
    devops.finishBuild(build, ran.error === undefined ? "succeeded" : "failed");
    return { ...ran, error: ran.error?.message, build };
  }
  const bugs = () =>
    jobs.cloud.devops.workItems.all.filter(({ fields }) => String(fields["System.Title"]).includes(`${name} is`));
  const tags = async () => (await jobs.arm("GET", `/models/${name}/versions/3`)).body.properties.tags;

  it("that starts a retraining gets one bug and one note, however often and by whatever step it is met", async () => {
    const first = await step("watch", "linkAndBug");
    assert.equal(first.error, undefined, first.log);
    assert.doesNotMatch(first.log, /\[warning\]/);
    const [bug] = bugs();
    assert.match(first.log, new RegExp(`Filed work item ${bug?.id}`));
    const text = String(bug?.fields["System.Description"]);
    for (const part of [measured, `The model ${name}:3 is live`, /run \d+ retrains for it/])
      assert.match(text, RegExp(part));
    assert.ok(bug?.relations.some(({ attributes }) => attributes?.["name"] === "Found in build"));
    const noted = await tags();
    assert.deepEqual(
      [noted["azureDevOps.drift"], noted["azureDevOps.driftMonitor"], noted["azureDevOps.driftRun"], noted.owner],
      ["inputs", `${name}:${measured}`, jobs.cloud.devops.buildUrl(first.build), "Ada"],
    );
    const { breach } = first.record.watch ?? {};
    assert.deepEqual([breach?.run, breach?.liveModel], [measured, `${name}:3`]);
    assert.ok(first.record.workItems?.some(({ id, change }) => id === String(bug?.id) && change === "created"));
    assert.deepEqual([...first.build.tags], [`azureml:drift=${name}`]);
    assert.equal(first.build.properties.get(`AzureML.Drift.${name}`), measured);

    const again = await step("watch", "linkAndBug");
    assert.match(again.log, new RegExp(`No bug is filed: work item ${bug?.id} is about this breach`));
    // Long closed: the breach is the same one.
    Object.assign(bug!.fields, { "System.State": "Closed", "System.ChangedDate": "2020-01-01T00:00:00.000Z" });
    const check = await step("check", "linkAndBug");
    assert.match(check.error ?? "", /Not healthy: inputs/);
    assert.match(check.log, /No bug is filed/);
    assert.equal(bugs().length, 1);
    assert.deepEqual(await tags(), noted);

    // Another breach of the monitor has a bug of its own once the first is done with.
    await look(jobs, name);
    await step("check", "linkAndBug");
    assert.equal(bugs().length, 2);
    await look(jobs, name);
    await step("check", "linkAndBug");
    assert.equal(bugs().length, 2, "one while it is open");
    assert.deepEqual(jobs.cloud.devops.notBuilt, []);
  });

  it("leaves nothing where no input asks for it, and no bug where links are asked for", async () => {
    assert.equal((await step("watch", "none")).set["startedCount"], "1");
    assert.deepEqual([await tags(), bugs().length], [{ owner: "Ada" }, 0]);
    assert.match((await step("check", "link")).error ?? "", /Not healthy/);
    assert.equal((await tags())["azureDevOps.drift"], "inputs");
    assert.equal(bugs().length, 0);
  });

  it("starts its retraining where bug and note are refused, with a warning for each, and the next look makes them", async () => {
    const { devops } = jobs.cloud;
    devops.permissions.deny("areas", "WORK_ITEM_WRITE");
    const ran = await step("watch", "linkAndBug");
    assert.deepEqual([ran.error, ran.set["startedCount"]], [undefined, "1"]);
    assert.match(ran.log, /\[warning\] A link of this step was not written.*Edit work items in this node/);
    assert.equal(bugs().length, 0);
    devops.permissions.clear();
    const next = await step("watch", "linkAndBug");
    assert.equal(next.set["startedCount"], "0");
    assert.equal(bugs().length, 1);
  });
});
