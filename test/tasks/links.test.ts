// Tests: lib/evidence/links/run-links.ts and lib/task/links.ts. Links of a step to work items, commit and run, in local Azure DevOps: written side
// by side, once, and never a reason to fail.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { WritesAccess } from "../../lib/agent/run-writes.ts";
import { RunLinks } from "../../lib/evidence/links/run-links.ts";
import { findVersion } from "../../lib/ml/assets/assets.ts";
import type { Provenance } from "../../lib/provenance.ts";
import type { RunRecord } from "../../lib/record/index.ts";
import { deploymentsOfEndpoint } from "../../local/azure/records/online-endpoint.ts";
import type { WorkItem } from "../../local/devops/state/work-items.ts";
import evaluateMetrics from "../../tasks/EvaluateMetrics/index.ts";
import registerModel from "../../tasks/RegisterModel/index.ts";
import rollback from "../../tasks/Rollback/index.ts";
import { until } from "../harness/until.ts";
import { liveEndpoint, release } from "../lib/ml/rollouts.ts";
import { memoryLog, openLocal, provenance, theCloud } from "../lib/ml/world.ts";
import { JobClient } from "../local/azure/job-client.ts";
import { type Ran, runStory } from "./context.ts";
import { type Between, standBetween } from "./devops-between.ts";

interface Stage {
  readonly between: Between;
  readonly item: WorkItem;
  readonly build: number;
  readonly own: Provenance;
  readonly writes: () => WritesAccess;
}

describe("links of a step", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "links-"));
  let open: Between[] = [];
  let count = 0;
  after(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => {
    for (const between of open) between.close();
    open = [];
    (await theCloud()).devops.permissions.clear();
  });

  /** A run with a work item, and what a step of it knows and may write. */
  async function stage(): Promise<Stage> {
    const { devops } = await theCloud();
    const build = devops.createBuild("train", { branch: "main", commit: "a".repeat(40), requestedFor: "Ada" });
    const item = devops.workItems.create("User Story", "A better model");
    build.workItems.add(item.id);
    const between = await standBetween(await theCloud());
    open.push(between);
    const own: Provenance = {
      ...provenance,
      runId: String(build.id),
      runUri: devops.buildUrl(build),
      commit: "a".repeat(40),
      projectId: devops.project.id,
      repositoryId: build.definition.repository.id,
    };
    const settings = {
      collectionUri: between.collectionUri,
      accessToken: devops.issueJobToken({ plan: build.plan, jobId: "00000000-0000-4000-8000-0000000000ed" }),
      userAgent: "test",
      proxy: undefined,
      caFile: undefined,
    };
    const place = { stage: "", phase: "Job", job: "__default", attempt: 1 };
    const writes = () => ({ settings, project: devops.project.name, buildId: build.id, release: undefined, place });
    return { between, item, build: build.id, own, writes };
  }

  /** Registers a model of its own, or that one again. */
  function register({ own, writes }: Stage, traceability: string, name = `linked-${++count}`): Promise<Ran<unknown>> {
    const content = path.join(folder, `${name}.txt`);
    writeFileSync(content, name);
    const given = { name, source: "folder", modelPath: content, traceability };
    // The provenance is the step's own: a step writes to it.
    return runStory(registerModel, given, folder, { writes, provenance: { ...own } }) as Promise<Ran<unknown>>;
  }

  const isWrite = (request: string) => !request.startsWith("GET ") && !/\/wiql/i.test(request);

  it("are written side by side once the model is registered, and name it from both ends", async () => {
    const made = await stage();
    const seen: string[] = [];
    let release = () => {};
    const all = new Promise<void>((resolve) => {
      release = resolve;
    });
    // No answer is given until all four writes are on their way: in turn they would wait forever.
    made.between.hold = (request) => {
      if (!isWrite(request)) return;
      seen.push(request);
      if (seen.length === 4) release();
      return all;
    };
    const ran = await register(made, "link", "linked-both");
    assert.equal(ran.error, undefined, ran.log);
    assert.doesNotMatch(ran.log, /\[warning\]/);
    const { devops } = await theCloud();
    const build = devops.builds.get(made.build);
    const pages = made.item.relations.map(({ rel, url }) => [rel, url.replace(/\?.*/, "")]);
    assert.deepEqual(pages, [
      ["ArtifactLink", `vstfs:///Build/Build/${made.build}`],
      ["ArtifactLink", `vstfs:///Git/Commit/${devops.project.id}%2F${made.own.repositoryId}%2F${"a".repeat(40)}`],
      ["Hyperlink", `${(await openLocal()).azure.cloud.studio}/model/linked-both:1/details`],
    ]);
    assert.deepEqual([...(build?.tags ?? [])], ["azureml:model=linked-both:1"]);
    assert.equal(build?.properties.get("AzureML.Model.linked-both"), "1");
    const [status] = devops.commitStatuses.all.filter(({ context }) => context.name === "model/linked-both");
    assert.deepEqual([status?.state, status?.context.genre], ["succeeded", "azureml"]);
    const tags = (await findVersion(await openLocal(), "models", "linked-both", "1"))?.properties?.tags;
    assert.equal(tags?.["azureDevOps.workItems"], String(made.item.id));
    const first = made.between.asked.findIndex(isWrite);
    assert.ok(made.between.asked.slice(first).every(isWrite), "reads run beside the work");

    const before = made.item.rev;
    made.between.hold = () => {};
    const again = await register(made, "link", "linked-both");
    assert.equal(again.error, undefined);
    assert.equal(made.item.rev, before, "nothing is linked twice");
  });

  it("are written to Azure DevOps Server 2022, whose newest version of REST is 7.0", async () => {
    const made = await stage();
    const { devops } = await theCloud();
    devops.newestRest = "7.0";
    try {
      const ran = await register(made, "link");
      assert.equal(ran.error, undefined, ran.log);
      assert.doesNotMatch(ran.log, /\[warning\]/);
      assert.equal(made.item.relations.length, 3);
      assert.deepEqual([devops.builds.get(made.build)?.tags.size, made.item.comments.length], [1, 0]);
    } finally {
      devops.newestRest = "7.2";
    }
  });

  it("ask Azure DevOps for nothing where no input wants them", async () => {
    const made = await stage();
    assert.equal((await register(made, "none")).error, undefined);
    assert.deepEqual(made.between.asked, []);
  });

  it("are written to the other work items where one cannot be read, as that of another project", async () => {
    const made = await stage();
    const { devops } = await theCloud();
    const gone = devops.workItems.create("User Story", "Elsewhere");
    devops.builds.get(made.build)?.workItems.add(gone.id);
    made.between.fault = (request) =>
      request.includes(`/workitems/${gone.id}`) ? { kind: "instead", status: 404, body: "{}" } : undefined;
    const ran = await register(made, "link");
    assert.equal(ran.error, undefined, ran.log);
    assert.match(ran.log, new RegExp(`\\[warning\\] .*read work item ${gone.id}`));
    assert.ok(made.item.relations.length > 0, ran.log);
  });

  it("are one warning with permission and identity where they are refused", async () => {
    const made = await stage();
    const { devops } = await theCloud();
    devops.permissions.deny("areas", "WORK_ITEM_WRITE");
    devops.permissions.deny("build", "UpdateBuildInformation");
    devops.permissions.deny("git", "GenericContribute");
    const ran = await register(made, "link");
    assert.equal(ran.error, undefined, ran.log);
    const warnings = ran.log.split("\n").filter((line) => line.startsWith("[warning]"));
    assert.equal(warnings.length, 1, ran.log);
    for (const part of [
      /4 links of this step were not written/,
      /Edit work items in this node/,
      /Update build information/,
      /Contribute of the repository/,
      /"breast-cancer Build Service \(contoso\)"/,
    ])
      assert.match(warnings[0] ?? "", part);
  });

  it("say nothing of what only the record in memory holds: a file's secret is taken out before", async () => {
    const made = await stage();
    const log = memoryLog();
    const links = new RunLinks(made.writes(), { ...made.own }, "link", { log, signal: new AbortController().signal });
    const failed = (message: string): RunRecord => ({
      version: 2,
      task: { name: "AzureMLDeployEndpoint", friendlyName: "Deploy", version: "1.0.0" },
      result: "failed",
      started: "2026-11-27T13:40:00.000Z",
      deployment: { endpoint: "prod", name: "green" },
      error: { message },
    });
    const record = failed("The key hunter2 is wrong.");
    await links.end(record, failed("The key *** is wrong."));
    const [comment] = made.item.comments;
    assert.match(comment?.text ?? "", /The key \*\*\* is wrong/, log.text());
    assert.doesNotMatch(JSON.stringify(made.item), /hunter2/);
    assert.deepEqual(
      record.workItems?.map(({ id, change }) => [id, change]),
      [[String(made.item.id), "commented"]],
    );
  });

  it("stand where somebody else changes the work item at the same time", async () => {
    const made = await stage();
    let times = 0;
    const { devops } = await theCloud();
    made.between.fault = (request) => {
      const change = [{ op: "add", path: "/fields/System.Title", value: `Changed ${times}` }];
      if (/^PATCH .*workitems/i.test(request) && times++ < 2) devops.workItems.patch(made.item, change, "Grace");
      return undefined;
    };
    const ran = await register(made, "link");
    assert.doesNotMatch(ran.log, /\[warning\]/);
    assert.equal(made.item.fields["System.Title"], "Changed 1");
    assert.equal(made.item.relations.length, 3);
  });

  it("file one bug for a gate that does not pass, and none while it is open or was closed just now", async () => {
    const cloud = await theCloud();
    const made = await stage();
    const jobs = new JobClient(cloud);
    await jobs.prepare();
    const name = jobs.name();
    await jobs.arm("PUT", `/jobs/${name}`, jobs.properties("true"));
    await until(`${name} has ended`, async () =>
      /^(Completed|Failed)$/.test((await jobs.arm("GET", `/jobs/${name}`)).body.properties.status),
    );
    const judge = (traceability: string) =>
      runStory(evaluateMetrics, { jobName: name, rules: "1 == 2", traceability }, folder, {
        writes: made.writes,
        provenance: { ...made.own },
      });
    const bugs = () => cloud.devops.workItems.all.filter(({ fields }) => fields["System.WorkItemType"] === "Bug");
    const there = bugs().length;
    assert.match((await judge("link")).error?.message ?? "", /1 == 2/);
    assert.equal(bugs().length, there, "only where it is asked for");
    const filed = await judge("linkAndBug");
    assert.match(filed.error?.message ?? "", /1 == 2/, "the step fails all the same");
    assert.equal(bugs().length, there + 1);
    const bug = bugs().at(-1)!;
    assert.match(String(bug.fields["System.Description"]), /1 == 2/);
    assert.ok(bug.relations.some(({ attributes }) => attributes?.["name"] === "Found in build"));
    assert.match((await judge("linkAndBug")).log, new RegExp(`No bug is filed: work item ${bug.id} is open`));
    bug.fields["System.State"] = "Closed";
    await judge("linkAndBug");
    assert.equal(bugs().length, there + 1, "closed a moment ago");
    bug.fields["System.ChangedDate"] = "2020-01-01T00:00:00.000Z";
    await judge("linkAndBug");
    assert.equal(bugs().length, there + 2);
    const [status] = cloud.devops.commitStatuses.all.filter(({ context }) => context.name === "gate/train");
    assert.equal(status?.state, "failed");
  });

  it("say a rollback once on the work items of what was rolled back, also after a rerun", async () => {
    const endpointName = await liveEndpoint();
    const made = await stage();
    const theirs = (await theCloud()).devops.workItems.create("Feature", "It was made for this");
    await release(endpointName, { deployment: "green", how: "a" });
    const green = deploymentsOfEndpoint((await theCloud()).azure, endpointName).find(({ name }) => name === "green");
    Object.assign(green?.tags ?? {}, { "azureDevOps.workItems": `${theirs.id}, x` });
    const run = () =>
      runStory(rollback, { endpointName, traceability: "link" }, folder, {
        writes: made.writes,
        provenance: { ...made.own },
      });
    const first = await run();
    assert.equal(first.error, undefined, first.log);
    for (const { comments } of [made.item, theirs]) {
      assert.equal(comments.length, 1, first.log);
      assert.match(
        comments[0]?.text ?? "",
        new RegExp(`^<p>${endpointName} was rolled back to blue at .*green lost its`),
      );
    }
    await run();
    assert.deepEqual([made.item.comments.length, theirs.comments.length], [1, 1]);
  });
});
