// Builds, definitions, tags, properties, timelines, logs and attachments through the official client.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import type { IBuildApi } from "azure-devops-node-api/BuildApi.js";
import { BuildReason, BuildResult, BuildStatus } from "azure-devops-node-api/interfaces/BuildInterfaces.js";
import { TaskResult, TimelineRecordState } from "azure-devops-node-api/interfaces/TaskAgentInterfaces.js";
import type { ITaskApi } from "azure-devops-node-api/TaskApi.js";
import type { Build } from "../../../../local/devops/state/builds.ts";
import { type Organization, startOrganization } from "../organization.ts";

const project = "breast-cancer";
const read = async (stream: NodeJS.ReadableStream): Promise<string> => {
  let text = "";
  for await (const piece of stream) text += piece.toString();
  return text;
};

describe("local Azure DevOps: builds", () => {
  let organization: Organization;
  let builds: IBuildApi;
  let tasks: ITaskApi;
  let build: Build;

  before(async () => {
    organization = await startOrganization();
    const client = organization.client(organization.world.issuePersonalToken("Ada"));
    builds = await client.getBuildApi();
    tasks = await client.getTaskApi();
  });
  after(() => organization.close());

  beforeEach(() => {
    build = organization.world.createBuild("train", {
      branch: "main",
      commit: "a".repeat(40),
      reason: "individualCI",
      requestedFor: "Ada Lovelace",
    });
  });

  it("shows a build by id, with the client's own enumerations and dates", async () => {
    const seen = await builds.getBuild(project, build.id);
    assert.equal(seen.id, build.id);
    assert.equal(seen.status, BuildStatus.NotStarted);
    assert.equal(seen.reason, BuildReason.IndividualCI);
    assert.equal(seen.sourceBranch, "refs/heads/main");
    assert.equal(seen.requestedFor?.displayName, "Ada Lovelace");
    assert.equal(seen.definition?.name, "train");
    assert.equal(seen.orchestrationPlan?.planId, build.plan.planId);
    assert.ok(seen.queueTime instanceof Date);
    assert.match(seen.buildNumber ?? "", /^\d{8}\.\d+$/);
  });

  it("finds the project by its id as well, and refuses another", async () => {
    assert.equal((await builds.getBuild(organization.world.project.id, build.id)).id, build.id);
    // The official client turns every 404 into null; what the service said is only on the wire.
    assert.equal(await builds.getBuild("elsewhere", build.id), null);
    assert.equal(await builds.getBuild(project, 4711), null);
    assert.match(JSON.stringify(organization.har.toHar()), /TF200016: The following project does not exist: elsewhere/);
  });

  it("updates status, result and number", async () => {
    await builds.updateBuild({ status: BuildStatus.InProgress }, project, build.id);
    assert.equal(build.status, "inProgress");
    const done = await builds.updateBuild(
      { status: BuildStatus.Completed, result: BuildResult.Failed, buildNumber: "7.1" },
      project,
      build.id,
    );
    assert.equal(done.result, BuildResult.Failed);
    assert.equal(done.buildNumber, "7.1");
    assert.ok(build.finishTime !== undefined);
  });

  it("queues a build of a definition, and tells whoever runs pipelines", async () => {
    const told: number[] = [];
    organization.world.builds.once("queued", (queued) => told.push(queued.id));
    const queued = await builds.queueBuild(
      {
        definition: { id: build.definition.id },
        sourceBranch: "refs/heads/topic",
        sourceVersion: "b".repeat(40),
        parameters: '{"seed":"7"}',
      },
      project,
    );
    assert.deepEqual(told, [queued.id]);
    assert.equal(organization.world.builds.get(queued.id!)?.sourceBranch, "refs/heads/topic");
    assert.deepEqual(organization.world.builds.get(queued.id!)?.parameters, { seed: "7" });
    assert.equal(await builds.queueBuild({ definition: { id: 99 } }, project), null);
  });

  it("lists by definition, branch, result and tag, newest first", async () => {
    organization.world.finishBuild(build, "succeeded");
    build.tags.add("candidate");
    const other = organization.world.createBuild("train", { branch: "topic", commit: "c", requestedFor: "Ada" });
    const definition = [build.definition.id];
    const list = (branch?: string, result?: BuildResult, tags?: string[]) =>
      builds.getBuilds(
        project,
        definition,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        result,
        tags,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        branch,
      );
    assert.equal((await list())[0]?.id, other.id);
    assert.deepEqual((await list("refs/heads/topic")).map((each) => each.id).includes(build.id), false);
    assert.deepEqual(
      (await list(undefined, BuildResult.Succeeded, ["candidate"])).map((each) => each.id),
      [build.id],
    );
  });

  it("pages a list by continuation token", async () => {
    const token = organization.world.issuePersonalToken("Ada");
    const rest = organization.client(token).rest;
    const all: number[] = [];
    let next: string | undefined = "";
    for (let pages = 0; next !== undefined && pages < 100; pages += 1) {
      const url: string = `${organization.world.collectionUri}${project}/_apis/build/builds?api-version=7.1&$top=2${next === "" ? "" : `&continuationToken=${next}`}`;
      const answer: { result: { value: { id: number }[] } | null; headers: object } = await rest.get(url);
      assert.ok((answer.result?.value.length ?? 0) <= 2);
      all.push(...(answer.result?.value.map((each) => each.id) ?? []));
      next = (answer.headers as Record<string, string | undefined>)["x-ms-continuationtoken"];
    }
    assert.deepEqual(all, organization.world.builds.all.map((each) => each.id).toReversed());
  });

  it("adds and takes away tags", async () => {
    assert.deepEqual(await builds.addBuildTag(project, build.id, "aml-evaluated"), ["aml-evaluated"]);
    assert.deepEqual(await builds.addBuildTags(["a", "b"], project, build.id), ["aml-evaluated", "a", "b"]);
    await builds.deleteBuildTag(project, build.id, "a");
    assert.deepEqual(await builds.getBuildTags(project, build.id), ["aml-evaluated", "b"]);
  });

  it("refuses characters that a path may not have, however they are written, and takes them in a body", async () => {
    for (const tag of ["aml:live", "a*b", "a<b", "a%b", "a?b"])
      await assert.rejects(
        builds.addBuildTag(project, build.id, tag),
        /A potentially dangerous Request\.Path value was detected from the client \(.\)\./,
        tag,
      );
    assert.deepEqual(await builds.addBuildTags(["aml:live=x"], project, build.id), ["aml:live=x"]);
    assert.deepEqual(await builds.addBuildTag(project, build.id, "a&b"), ["aml:live=x", "a&b"]);
  });

  it("keeps properties", async () => {
    await builds.updateBuildProperties(null, [{ op: "add", path: "/cursor", value: "12" }] as never, project, build.id);
    assert.deepEqual(await builds.getBuildProperties(project, build.id), {
      count: 1,
      value: { cursor: { $type: "System.String", $value: "12" } },
    });
    assert.equal(build.properties.get("cursor"), "12");
  });

  it("shows definitions", async () => {
    const found = await builds.getDefinitions(project, "train");
    assert.equal(found[0]?.id, build.definition.id);
    assert.deepEqual((await builds.getDefinition(project, build.definition.id)).process, {
      yamlFilename: "azure-pipelines.yml",
      type: 2,
    });
  });

  it("takes an attachment from the agent's side and gives it on the build's", async () => {
    const { plan } = build;
    const record = plan.record({ name: "EvaluateMetrics", type: "Task", state: "inProgress" });
    const content = JSON.stringify({ schema: 1, passed: true });
    const made = await tasks.createAttachment(
      null,
      Readable.from([content]),
      organization.world.project.id,
      plan.hub,
      plan.planId,
      plan.timelineId,
      record.id,
      "azureml.run",
      "record 1.json",
    );
    assert.equal(made.name, "record 1.json");
    const [listed] = await builds.getAttachments(project, build.id, "azureml.run");
    assert.equal(listed?.name, "record 1.json");
    assert.match(listed?._links.self.href, /\/attachments\/azureml\.run\/record%201\.json$/);
    const stream = await builds.getAttachment(
      project,
      build.id,
      plan.timelineId,
      record.id,
      "azureml.run",
      "record 1.json",
    );
    assert.equal(await read(stream), content);
    assert.deepEqual(
      (await tasks.getPlanAttachments(organization.world.project.id, "build", plan.planId, "azureml.run")).map(
        (each) => each.name,
      ),
      ["record 1.json"],
    );
    assert.equal(
      await read(
        await tasks.getAttachmentContent(
          organization.world.project.id,
          "build",
          plan.planId,
          plan.timelineId,
          record.id,
          "azureml.run",
          "record 1.json",
        ),
      ),
      content,
    );
    assert.deepEqual(await builds.getAttachments(project, build.id, "other"), []);
  });

  it("answers a browser without the envelope of a list", async () => {
    build.plan.attach("11111111-1111-4111-8111-111111111111", "azureml.run", "x", "1");
    const answer = await organization
      .client(organization.world.issuePersonalToken("Ada"))
      .rest.get(
        `${organization.world.collectionUri}${project}/_apis/build/builds/${build.id}/attachments/azureml.run`,
        {
          acceptHeader:
            "application/json;api-version=7.2-preview.2;excludeUrls=true;enumsAsNumbers=true;msDateFormat=true;noArrayWrap=true",
        },
      );
    assert.ok(Array.isArray(answer.result));
  });

  it("keeps the timeline and the logs that an agent writes", async () => {
    const { plan } = build;
    const scope = organization.world.project.id;
    await tasks.updateRecords(
      {
        count: 1,
        value: [
          {
            id: "22222222-2222-4222-8222-222222222222",
            name: "Train",
            type: "Task",
            state: TimelineRecordState.Completed,
            result: TaskResult.Failed,
            issues: [{ type: 1, message: "no" }],
          },
        ],
      } as never,
      scope,
      "build",
      plan.planId,
      plan.timelineId,
    );
    const log = await tasks.createLog({ path: "logs\\1" } as never, scope, "build", plan.planId);
    await tasks.appendLogContent(null, Readable.from(["one\ntwo\n"]), scope, "build", plan.planId, log.id!);
    const timeline = await builds.getBuildTimeline(project, build.id);
    assert.equal(timeline.records?.[0]?.name, "Train");
    assert.equal(timeline.records?.[0]?.result, TaskResult.Failed);
    assert.equal(timeline.records?.[0]?.errorCount, 1);
    assert.deepEqual(await builds.getBuildLogLines(project, build.id, log.id!), ["one", "two"]);
    assert.equal((await builds.getBuildLogs(project, build.id))[0]?.lineCount, 2);
  });

  it("names work items of a build", async () => {
    build.workItems.add(organization.world.workItems.create("User Story", "A better model").id);
    assert.deepEqual(
      (await builds.getBuildWorkItemsRefs(project, build.id)).map((each) => each.id),
      ["1"],
    );
  });
});
