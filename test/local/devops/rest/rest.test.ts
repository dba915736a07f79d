// Test runs, git, work items, releases and artifacts through the official client.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { GitPullRequestQueryType } from "azure-devops-node-api/interfaces/GitInterfaces.js";
import type { WebApi } from "azure-devops-node-api/WebApi.js";
import { unzipSync } from "fflate";
import type { Repository } from "../../../../local/devops/state/git-repository.ts";
import { type Organization, startOrganization } from "../organization.ts";

const project = "breast-cancer";
const read = async (stream: NodeJS.ReadableStream): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(Buffer.from(piece as Uint8Array));
  return Buffer.concat(pieces);
};

/** As a file is read: the client's own cutting into pieces loses bytes of larger ones. */
function* pieces(content: Buffer): Generator<Buffer> {
  for (let from = 0; from < content.length; from += 65_536) yield content.subarray(from, from + 65_536);
}

describe("local Azure DevOps: tests, git, work items, releases, artifacts", () => {
  let organization: Organization;
  let client: WebApi;
  let folder: string;
  let repository: Repository;
  const git = (...words: string[]): string =>
    execFileSync("git", ["-C", folder, "-c", "user.name=Ada", "-c", "user.email=ada@contoso.example", ...words], {
      encoding: "utf8",
    }).trim();

  before(async () => {
    organization = await startOrganization();
    client = organization.client(organization.world.issuePersonalToken("Ada"));
    folder = mkdtempSync(join(tmpdir(), "repository-"));
    git("init", "-q", "-b", "main");
    for (const text of ["one", "two\n\nwith a reason"]) {
      writeFileSync(join(folder, "file"), text);
      git("add", "file");
      git("commit", "-q", "-m", text);
    }
    repository = organization.world.repositories.add("model", { path: folder });
  });
  after(async () => {
    await organization.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("takes no newer version of REST than its own, and tells the official client which that is", async () => {
    const { world } = organization;
    world.newestRest = "7.0";
    try {
      const own = organization.client(world.issuePersonalToken("Ada"));
      const ask = (version: string) =>
        own.rest.get(`${world.collectionUri}${project}/_apis/build/builds?api-version=${version}`);
      await assert.rejects(ask("7.1"), {
        statusCode: 400,
        message:
          "The requested REST API version of 7.1 is out of range for this server. The latest REST API version this server supports is 7.0.",
      });
      for (const version of ["7.0", "6.0-preview.1"]) assert.equal((await ask(version)).statusCode, 200);
      const build = world.createBuild("older", { branch: "main", commit: "a", requestedFor: "Ada" });
      assert.equal((await (await own.getBuildApi()).getBuild(project, build.id)).id, build.id);
      assert.deepEqual(await (await own.getBuildApi()).getAttachments(project, build.id, "azureml"), []);
    } finally {
      world.newestRest = "7.2";
    }
  });

  it("keeps a test run with results and attachments, and counts outcomes", async () => {
    const test = await client.getTestApi();
    const build = organization.world.createBuild("gate", { branch: "main", commit: "a", requestedFor: "Ada" });
    const run = await test.createTestRun(
      { name: "Gate", automated: true, configurationIds: [], plan: {}, build: { id: String(build.id) } } as never,
      project,
    );
    const [passed, failed] = await test.addTestResultsToTestRun(
      [
        { testCaseTitle: "accuracy >= 0.9", automatedTestName: "r1", outcome: "Passed", state: "Completed" },
        {
          testCaseTitle: "auc >= champion.auc",
          automatedTestName: "r2",
          outcome: "Failed",
          errorMessage: "0.8 is less",
          state: "Completed",
        },
      ],
      project,
      run.id,
    );
    assert.equal(passed?.outcome, "Passed");
    assert.equal(failed?.id, 100_001);
    const attachment = await test.createTestRunAttachment(
      {
        fileName: "rules.xml",
        stream: Buffer.from("<testsuite/>").toString("base64"),
        attachmentType: "GeneralAttachment",
      },
      project,
      run.id,
    );
    assert.equal(
      (await read(await test.getTestRunAttachmentContent(project, run.id, attachment.id))).toString(),
      "<testsuite/>",
    );
    const done = await test.updateTestRun({ state: "Completed" } as never, project, run.id);
    assert.deepEqual([done.state, done.totalTests, done.passedTests], ["Completed", 2, 1]);
    assert.ok(done.completedDate instanceof Date);
    assert.deepEqual(
      (await test.getTestRuns(project, `vstfs:///Build/Build/${build.id}`)).map((each) => each.name),
      ["Gate"],
    );
    const onlyFailed = await test.getTestResults(project, run.id, undefined, undefined, undefined, [3]);
    assert.deepEqual(
      onlyFailed.map((each) => each.errorMessage),
      ["0.8 is less"],
    );
    assert.equal(organization.world.testRuns.ofBuild(build.id)[0]?.results.length, 2);
  });

  it("shows repositories with the user in the clone URL, as Azure Repos does", async () => {
    const api = await client.getGitApi();
    const found = await api.getRepository("model", project);
    assert.equal(found.id, repository.id);
    assert.match(found.remoteUrl ?? "", /^https:\/\/contoso@localhost:\d+\/contoso\/breast-cancer\/_git\/model$/);
    assert.doesNotMatch(found.webUrl ?? "", /contoso@/);
    assert.equal((await api.getRepositories(project)).length, organization.world.repositories.all.length);
  });

  it("shows the commits of the real repository", async () => {
    const api = await client.getGitApi();
    const head = git("rev-parse", "HEAD");
    const commit = await api.getCommit(head, "model", project);
    assert.equal(commit.comment, "two\n\nwith a reason");
    assert.equal(commit.author?.email, "ada@contoso.example");
    assert.equal(commit.parents?.length, 1);
    const commits = await api.getCommits("model", { itemVersion: { version: "main" } }, project);
    assert.deepEqual(
      commits.map((each) => each.comment),
      ["two", "one"],
    );
    assert.deepEqual(
      (await api.getCommits("model", {}, project, 1, 1)).map((each) => each.comment),
      ["one"],
    );
    assert.equal(await api.getCommit("0".repeat(40), "model", project), null);
    assert.equal(await api.getCommit("--all", "model", project), null);
  });

  it("finds the pull request that a commit came with", async () => {
    const api = await client.getGitApi();
    const head = git("rev-parse", "HEAD");
    const pull = organization.world.repositories.openPullRequest({
      repository,
      title: "Better model",
      createdBy: organization.world.person("Ada"),
      sourceRefName: "refs/heads/better",
      targetRefName: "refs/heads/main",
      lastMergeSourceCommit: "5".repeat(40),
    });
    pull.workItems.add(organization.world.workItems.create("User Story", "A better model").id);
    assert.deepEqual(
      (await api.getPullRequests("model", {}, project)).map((each) => each.title),
      ["Better model"],
    );
    organization.world.repositories.completePullRequest(pull, head);
    assert.deepEqual(await api.getPullRequests("model", {}, project), [], "only active ones unless asked");
    const byCommit = await api.getPullRequestQuery(
      {
        queries: [
          { type: GitPullRequestQueryType.LastMergeCommit, items: [head, "6".repeat(40)] },
          { type: GitPullRequestQueryType.Commit, items: ["5".repeat(40)] },
        ],
      },
      "model",
      project,
    );
    assert.equal(byCommit.results?.[0]?.[head]?.[0]?.pullRequestId, pull.pullRequestId);
    assert.deepEqual(Object.keys(byCommit.results?.[0] ?? {}), [head]);
    // The client leaves the enumerations within this dictionary as they are on the wire.
    assert.equal(String(byCommit.results?.[1]?.["5".repeat(40)]?.[0]?.status), "completed");
    assert.equal((await api.getPullRequestById(pull.pullRequestId, project)).lastMergeCommit?.commitId, head);
    assert.deepEqual(
      (await api.getPullRequestWorkItemRefs("model", pull.pullRequestId, project)).map((each) => each.id),
      [...pull.workItems].map(String),
    );
  });

  it("makes and changes work items", async () => {
    const api = await client.getWorkItemTrackingApi();
    const made = await api.createWorkItem(
      null,
      [{ op: "add", path: "/fields/System.Title", value: "Model drifts" }] as never,
      project,
      "Bug",
    );
    assert.equal(made.fields?.["System.WorkItemType"], "Bug");
    const changed = await api.updateWorkItem(
      null,
      [
        { op: "add", path: "/fields/System.State", value: "Active" },
        { op: "add", path: "/relations/-", value: { rel: "Hyperlink", url: "https://ml.azure.com" } },
      ] as never,
      made.id!,
    );
    assert.equal(changed.rev, 2);
    const found = await api.getWorkItem(made.id!, ["System.Title", "System.State"]);
    assert.deepEqual(found.fields, { "System.Title": "Model drifts", "System.State": "Active" });
    assert.deepEqual(
      (await api.getWorkItems([made.id!])).map((each) => each.id),
      [made.id],
    );
    assert.equal(await api.getWorkItem(999), null);
    await assert.rejects(api.createWorkItem(null, [] as never, project, "Bug"), { statusCode: 400, message: /Title/ });
  });

  it("creates a release of a definition with the artifact version that was asked for, and renames it", async () => {
    organization.world.releases.define(
      "deploy",
      ["dev", "prod"],
      [
        {
          alias: "_model",
          type: "Build",
          isPrimary: true,
          definitionReference: { definition: { id: "1", name: "train" } },
        },
      ],
    );
    const api = await client.getReleaseApi();
    const definitions = await api.getReleaseDefinitions(project);
    const release = await api.createRelease(
      {
        definitionId: definitions[0]!.id!,
        description: "again",
        artifacts: [{ alias: "_model", instanceReference: { id: "7", name: "20261123.1" } }],
      },
      project,
    );
    assert.equal(release.name, "Release-1");
    assert.deepEqual(
      release.environments?.map((each) => each.name),
      ["dev", "prod"],
    );
    assert.deepEqual(release.artifacts?.[0]?.definitionReference?.["version"], { id: "7", name: "20261123.1" });
    await api.updateReleaseResource({ name: "Release-best" } as never, project, release.id!);
    assert.equal((await api.getRelease(project, release.id!)).name, "Release-best");
    assert.equal((await api.getReleases(project)).length, 1);
    assert.ok(organization.world.plans.has(organization.world.releases.all[0]!.environments[0]!.plan.planId));
  });

  it("keeps the files of an artifact, piece by piece", async () => {
    const build = organization.world.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" });
    const containers = await client.getFileContainerApi();
    const big = Buffer.alloc(17 * 1024 * 1024, "x"); // the client sends pieces of 16 MiB
    for (const [name, content] of [
      ["drop/metrics.json", Buffer.from("{}")],
      ["drop/deep/model.bin", big],
    ] as const) {
      await containers.createItem(
        Readable.from(pieces(content)) as never,
        content.length,
        build.id,
        name,
        organization.world.project.id,
        {} as never,
      );
    }
    const builds = await client.getBuildApi();
    await builds.createArtifact(
      { name: "drop", resource: { type: "container", data: `#/${build.id}/drop` } },
      project,
      build.id,
    );
    assert.deepEqual(
      (await builds.getArtifacts(project, build.id)).map((each) => each.name),
      ["drop"],
    );
    const zip = unzipSync(await read(await builds.getArtifactContentZip(project, build.id, "drop")));
    assert.deepEqual(Object.keys(zip).sort(), ["drop/deep/model.bin", "drop/metrics.json"]);
    assert.equal(zip["drop/deep/model.bin"]?.length, big.length);
    assert.equal(organization.world.containers.filesOf(build.artifacts[0]!).get("metrics.json")?.toString(), "{}");
    await assert.rejects(
      builds.createArtifact({ name: "drop", resource: { type: "container", data: "" } }, project, build.id),
      { statusCode: 400 },
    );
  });

  it("lists projects", async () => {
    const api = await client.getCoreApi();
    assert.deepEqual(
      (await api.getProjects()).map((each) => each.name),
      [project],
    );
    assert.equal((await api.getProject(project)).id, organization.world.project.id);
  });
});
