// Pull requests of local Azure DevOps by the official client: threads, comments, statuses, iterations, and who may write.
import assert from "node:assert/strict";
import type { IGitApi } from "azure-devops-node-api/GitApi.js";
import { CommentThreadStatus, GitStatusState } from "azure-devops-node-api/interfaces/GitInterfaces.js";
import type { PullRequest } from "../../../../local/devops/state/pull-requests.ts";
import { type Organization, startOrganization } from "../organization.ts";

describe("pull requests of local Azure DevOps", () => {
  let organization: Organization;
  let api: IGitApi;
  let person: IGitApi;
  let pull: PullRequest;
  let repository: string;
  let project: string;
  before(async () => {
    organization = await startOrganization();
    const { world } = organization;
    project = world.project.name;
    const build = world.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" });
    api = await organization.client(world.issueJobToken({ plan: build.plan, jobId: "j" })).getGitApi();
    person = await organization.client(world.issuePersonalToken("Grace")).getGitApi();
    repository = build.definition.repository.id;
    pull = world.repositories.openPullRequest({
      repository: build.definition.repository,
      title: "Better",
      createdBy: world.person("Ada"),
      sourceRefName: "refs/heads/better",
      targetRefName: "refs/heads/main",
      lastMergeSourceCommit: "1".repeat(40),
    });
  });
  after(() => organization.close());
  const id = () => pull.pullRequestId;
  const refused = async (work: Promise<unknown>, status: number, words: RegExp) => {
    const error = (await work.then(
      () => assert.fail("It was not refused."),
      (cause: unknown) => cause,
    )) as { statusCode?: number; message: string };
    assert.equal(error.statusCode, status, error.message);
    assert.match(error.message, words);
  };
  const thread = {
    comments: [{ parentCommentId: 0, content: "<!-- mine --> **hello**", commentType: 1 }],
    status: CommentThreadStatus.Active,
    properties: { "AzureML.Report": { $type: "System.String", $value: "gate" } },
  };

  it("keep a thread with its properties and its text byte by byte, beside those of the system", async () => {
    const made = await api.createThread(thread, repository, id(), project);
    const all = await api.getThreads(repository, id(), project);
    assert.equal(all.length, pull.threads.length);
    assert.ok(all.some(({ properties }) => properties?.["CodeReviewThreadType"]));
    const found = all.find((one) => one.properties?.["AzureML.Report"]?.$value === "gate");
    assert.deepEqual([found?.id, found?.comments?.[0]?.id], [made.id, 1]);
    assert.equal(found?.comments?.[0]?.content, "<!-- mine --> **hello**");
    await api.updateComment({ content: "new" }, repository, id(), made.id!, 1, project);
    await api.updateThread({ status: CommentThreadStatus.Fixed }, repository, id(), made.id!, project);
    const again = await api.getPullRequestThread(repository, id(), made.id!, project);
    assert.deepEqual([again.status, again.comments?.[0]?.content], [CommentThreadStatus.Fixed, "new"]);
  });

  it("delete a thread with its last comment", async () => {
    const made = await api.createThread(thread, repository, id(), project);
    await api.deleteComment(repository, id(), made.id!, 1, project);
    const found = await api.getPullRequestThread(repository, id(), made.id!, project);
    assert.deepEqual([found.isDeleted, found.comments?.[0]?.content], [true, undefined]);
  });

  it("let nobody change another's comment, and refuse bodies that are none", async () => {
    const made = await person.createThread(thread, repository, id(), project);
    await refused(api.updateComment({ content: "x" }, repository, id(), made.id!, 1, project), 403, /somebody else/);
    await refused(api.createThread({ comments: [] }, repository, id(), project), 400, /at least one comment/);
    await refused(api.createThread({ comments: [{ content: "" }] }, repository, id(), project), 400, /needs content/);
    const status = { state: GitStatusState.Succeeded, context: { genre: "azureml" } };
    await refused(api.createPullRequestStatus(status, repository, id(), project), 400, /context\.name/);
  });

  it("show the latest status of each genre and name, until a push where it belongs to an iteration", async () => {
    const context = { genre: "azureml", name: "gate" };
    for (const state of [GitStatusState.Failed, GitStatusState.Succeeded])
      await api.createPullRequestStatus({ state, context, iterationId: 1 }, repository, id(), project);
    assert.equal((await api.getPullRequestStatuses(repository, id(), project)).length, 2);
    assert.deepEqual(
      pull.shownStatuses.map(({ state }) => state),
      ["succeeded"],
    );
    pull.push("2".repeat(40));
    const iterations = await api.getPullRequestIterations(repository, id(), project);
    assert.deepEqual(
      iterations.map((one) => [one.id, one.sourceRefCommit?.commitId]),
      [
        [1, "1".repeat(40)],
        [2, "2".repeat(40)],
      ],
    );
    assert.deepEqual(pull.shownStatuses, []);
    const other = { state: GitStatusState.Pending, context, iterationId: 9 };
    await refused(api.createPullRequestStatus(other, repository, id(), project), 400, /iteration 9/);
  });

  it("take the permission Contribute to pull requests, of the build service", async () => {
    const { permissions } = organization.world;
    permissions.deny("git", "PullRequestContribute");
    try {
      await refused(api.createThread(thread, repository, id(), project), 403, /TF401027.*PullRequestContribute/);
      await person.createThread(thread, repository, id(), project);
    } finally {
      permissions.clear();
    }
  });

  it("are not there in a repository that was disabled", async () => {
    pull.repository.isDisabled = true;
    try {
      assert.equal(await api.getThreads(repository, id(), project), null);
    } finally {
      pull.repository.isDisabled = false;
    }
  });
});
