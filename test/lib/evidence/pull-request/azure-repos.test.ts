// Pull requests of Azure Repos: one thread and one status, whatever is pushed, run at once or refused.
import assert from "node:assert/strict";
import { keyOf, marked, THREAD_PROPERTY } from "../../../../lib/evidence/pull-request/marker.ts";
import type { Page } from "../../../../lib/evidence/pull-request/page.ts";
import { openPullRequest } from "../../../../lib/evidence/pull-request/show.ts";
import { isDeleted, type PullRequest } from "../../../../local/devops/state/pull-requests.ts";
import { type Organization, startOrganization } from "../../../local/devops/organization.ts";
import { memoryLog } from "../../ml/world.ts";

const sha = (digit: number) => digit.toString(16).repeat(40).slice(0, 40);

describe("a pull request of Azure Repos", () => {
  let organization: Organization;
  let pull: PullRequest;
  let token: string;
  before(async () => {
    organization = await startOrganization();
  });
  after(() => organization.close());
  beforeEach(() => {
    const { world } = organization;
    const build = world.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" });
    token = world.issueJobToken({ plan: build.plan, jobId: "j" });
    world.permissions.clear();
    build.definition.repository.isDisabled = false;
    pull = world.repositories.openPullRequest({
      repository: build.definition.repository,
      title: "Better",
      createdBy: world.person("Ada"),
      sourceRefName: `refs/heads/better-${world.repositories.pullRequests.length}`,
      targetRefName: "refs/heads/main",
      lastMergeSourceCommit: sha(1),
    });
  });

  interface More {
    readonly pullRequestId?: number | undefined;
    readonly branch?: string;
    readonly commit?: string;
    readonly sourceCommit?: string;
    readonly isFork?: boolean;
    readonly provider?: string;
    readonly opensOnFailure?: boolean;
    readonly accessToken?: string;
  }
  const open = (runId: number, more: More = {}) => {
    const { world, caFile } = organization;
    const log = memoryLog();
    const { opensOnFailure = true, accessToken = token, ...given } = more;
    const place = openPullRequest({
      access: {
        settings: {
          ...{ collectionUri: world.collectionUri, accessToken, userAgent: "test", proxy: undefined, caFile },
        },
        ...{
          provider: "TfsGit",
          project: world.project.name,
          teamProject: world.project.name,
          organization: "contoso",
        },
        ...{ repository: pull.repository.id, repositoryName: pull.repository.name, repositoryUri: "https://x/" },
        ...{ pullRequestId: pull.pullRequestId, branch: "", commit: sha(15), sourceCommit: sha(1), isFork: false },
        ...{ definitionId: 1, runId },
        ...given,
      },
      gitHub: () => assert.fail("It was asked for GitHub."),
      report: {
        wish: { comment: true, status: true, opensOnFailure, name: undefined },
        ...{ key: keyOf(1, "train"), statusName: "train/gate", runId, runUri: "https://dev.azure.com/run" },
      },
      log,
      signal: new AbortController().signal,
    });
    return { ...place, log };
  };
  const page = (state: Page["state"] = "passed", markdown = "**text**"): Page => ({
    state,
    markdown,
    description: state,
  });
  const nextRun = () =>
    organization.world.createBuild("train", { branch: "main", commit: "a", requestedFor: "Ada" }).id;
  const ours = () => pull.threads.filter((one) => !isDeleted(one) && one.status !== undefined);
  const text = () => ours()[0]?.comments[0]?.content ?? "";
  const warnings = ({ log }: ReturnType<typeof open>) => log.lines.filter((line) => line.startsWith("[warning]"));

  it("has one thread and one status after ten pushes, and no new comment", async () => {
    for (let push = 1; push <= 10; push++) {
      if (push > 1) pull.push(sha(push));
      const shown = open(push, { sourceCommit: sha(push) });
      await shown.show(page(push % 2 === 0 ? "passed" : "failed", `push ${push}`));
      assert.deepEqual(warnings(shown), []);
      assert.equal(ours()[0]?.status, push % 2 === 0 ? "closed" : "active");
    }
    assert.deepEqual(
      ours().map(({ comments }) => comments.length),
      [1],
    );
    assert.match(ours()[0]?.comments[0]?.content ?? "", /push 10$/);
    assert.deepEqual(
      pull.shownStatuses.map(({ state, context, iterationId }) => [state, context.genre, context.name, iterationId]),
      [["succeeded", "azureml", "train/gate", 10]],
    );
  });

  it("shows the same on Azure DevOps Server 2022, whose newest version of REST is 7.0", async () => {
    organization.world.newestRest = "7.0";
    try {
      const shown = open(1, { pullRequestId: undefined, branch: pull.sourceRefName, commit: sha(1) });
      await shown.show(page("failed", "2022"));
      assert.deepEqual(warnings(shown), []);
      assert.deepEqual([ours().length, ours()[0]?.status, pull.shownStatuses.length], [1, "active", 1]);
    } finally {
      organization.world.newestRest = "7.2";
    }
  });

  it("changes nothing where nothing has changed, and one comment where a step says first that it runs", async () => {
    await open(1).show(page());
    const { updated } = ours()[0]!;
    await open(1).show(page());
    assert.equal(ours()[0]?.updated, updated);
    const running = open(2);
    await running.show(page("running", "soon"));
    assert.deepEqual(
      pull.shownStatuses.map(({ state }) => state),
      ["pending"],
    );
    await running.show(page("passed", "now"));
    assert.deepEqual([ours().length, pull.shownStatuses[0]?.state], [1, "succeeded"]);
    assert.match(ours()[0]?.comments[0]?.content ?? "", /now$/);
  });

  it("has one thread where two runs write the first time at once, each time", async () => {
    for (let time = 0; time < 5; time++) {
      const before = pull.threads.length;
      for (const thread of ours()) for (const one of thread.comments) pull.change(thread, one, undefined);
      const [one, other] = [open(nextRun()), open(nextRun())];
      await Promise.all([one.show(page("passed", "one")), other.show(page("passed", "other"))]);
      assert.deepEqual([...warnings(one), ...warnings(other)], []);
      assert.equal(ours().length, 1, `${pull.threads.length - before} were made`);
      assert.match(ours()[0]?.comments[0]?.content ?? "", /other$/);
    }
  });

  it("keeps what a newer run has written", async () => {
    const [older, newer] = [nextRun(), nextRun()];
    await open(newer).show(page("passed", "newer"));
    const late = open(older);
    await late.show(page("failed", "older"));
    assert.match(ours()[0]?.comments[0]?.content ?? "", /newer$/);
    assert.match(late.log.text(), new RegExp(`is of the newer run ${newer}, and stays`));
  });

  it("finds its thread by the hidden marker where the property is gone, and another's by neither", async () => {
    const { buildService } = organization.world;
    const content = marked(keyOf(1, "train"), 1, "old");
    const mine = pull.addThread(buildService, [{ content }], { status: "active" });
    const others = pull.addThread(buildService, [{ content: marked(keyOf(2, "train"), 1, "x") }], { status: "active" });
    await open(2).show(page("passed", "new"));
    assert.match(mine.comments[0]?.content ?? "", /new$/);
    assert.match(others.comments[0]?.content ?? "", /x$/);
    assert.equal(ours().length, 2);
  });

  it("makes its own thread beside one of somebody who copied its property, and keeps to it", async () => {
    const properties = { [THREAD_PROPERTY]: { $type: "System.String", $value: keyOf(1, "train") } };
    const copied = pull.addThread(organization.world.person("Mallory"), [{ content: "all is well" }], {
      status: "closed",
      properties,
    });
    for (const runId of [1, 2, 3]) {
      const shown = open(runId);
      await shown.show(page("failed", `run ${runId}`));
      assert.deepEqual(warnings(shown), []);
    }
    assert.equal(copied.comments[0]?.content, "all is well");
    assert.equal(ours().length, 2);
    assert.match(ours()[1]?.comments[0]?.content ?? "", /run 3$/);
  });

  it("is not kept from its comment by one of somebody else that calls itself one of a later run", async () => {
    const content = marked(keyOf(1, "train"), 999_999_999_999, "all is well");
    const forged = pull.addThread(organization.world.person("Mallory"), [{ content }], { status: "closed" });
    const shown = open(1);
    await shown.show(page("failed", "the gate is closed"));
    assert.deepEqual(warnings(shown), []);
    assert.equal(forged.comments[0]?.content, content);
    assert.match(ours().find((one) => one !== forged)?.comments[0]?.content ?? "", /the gate is closed$/);
    await open(2).show(page("failed", "again"));
    assert.deepEqual([ours().length, forged.comments[0]?.content], [2, content]);
  });

  it("is found by the branch of the run, and after the merge by its commit, without a status then", async () => {
    const branch = pull.sourceRefName;
    await open(1, { pullRequestId: undefined, branch, sourceCommit: sha(1) }).show(page("failed", "branch"));
    assert.deepEqual([ours().length, pull.shownStatuses.length], [1, 1]);
    organization.world.repositories.completePullRequest(pull, sha(9));
    const toRelease = organization.world.repositories.openPullRequest({
      ...{ repository: pull.repository, title: "Release", createdBy: pull.createdBy },
      ...{ sourceRefName: "refs/heads/main", targetRefName: "refs/heads/release", lastMergeSourceCommit: sha(9) },
    });
    const merged = open(2, {
      pullRequestId: undefined,
      branch: "refs/heads/main",
      commit: sha(9),
      sourceCommit: sha(9),
    });
    await merged.show(page("passed", "merged"));
    assert.deepEqual([ours().length, ours()[0]?.status, pull.statuses.length], [1, "closed", 1]);
    assert.match(ours()[0]?.comments[0]?.content ?? "", /merged$/);
    assert.equal(toRelease.threads.length, 1, "the system's own");
    const none = open(3, { pullRequestId: undefined, branch: "refs/heads/alone", commit: sha(8) });
    await none.show(page());
    assert.deepEqual(warnings(none), []);
    assert.match(none.log.text(), /belongs to no pull request/);
  });

  it("of a fork is not told of a branch that has the same name in this repository", async () => {
    const ofFork = organization.world.repositories.openPullRequest({
      ...{ repository: pull.repository, title: "From a fork", createdBy: pull.createdBy },
      ...{ sourceRefName: "refs/heads/develop", targetRefName: "refs/heads/main", lastMergeSourceCommit: sha(3) },
      forkId: "00000000-0000-4000-8000-00000000f0f0",
    });
    const given = { pullRequestId: undefined, branch: "refs/heads/develop", commit: sha(8), sourceCommit: sha(8) };
    const run = open(1, given);
    await run.show(page("failed"));
    assert.equal(ofFork.threads.length, 1, "the system's own");
    assert.match(run.log.text(), /belongs to no pull request/);
  });

  it("gets no status of code that it no longer has", async () => {
    pull.push(sha(2));
    const replaced = open(1, { sourceCommit: sha(7) });
    await replaced.show(page());
    assert.deepEqual(pull.statuses, []);
    assert.match(replaced.log.text(), /no longer has the commit 77777777/);
    await open(1, { sourceCommit: sha(1) }).show(page());
    assert.deepEqual(pull.shownStatuses, [], "of an earlier push it is not shown");
  });

  it("gets no status of a run that somebody started by hand, which does not say what it has built", async () => {
    pull.push(sha(2));
    const byHand = open(1, { sourceCommit: "" });
    await byHand.show(page());
    assert.deepEqual(pull.statuses, []);
    assert.match(byHand.log.text(), /does not say which commit of pull request \d+ it has built/);
    assert.deepEqual([ours().length, warnings(byHand)], [1, []]);
  });

  it("is told the end where only the word that the step runs failed", async () => {
    const shown = open(1);
    const { addThread } = pull;
    pull.addThread = () => {
      throw new Error("a bad moment");
    };
    await shown.show(page("running"));
    pull.addThread = addThread;
    await shown.show(page("passed", "end"));
    assert.equal(warnings(shown).length, 1, shown.log.text());
    assert.match(text(), /end$/);
    assert.equal(ours().length, 1);
  });

  it("is never opened where the user said so", async () => {
    await open(1, { opensOnFailure: false }).show(page("failed"));
    assert.equal(ours()[0]?.status, "closed");
  });

  for (const [name, more, seed, words] of [
    [
      "a refusal",
      {},
      () => organization.world.permissions.deny("git", "PullRequestContribute"),
      /403: TF401027.*It takes the permission Contribute to pull requests on the repository .* for "breast-cancer Build Service \(contoso\)", or for "Project Collection Build Service/,
    ],
    ["a token that is none", { accessToken: "none" }, () => {}, /\(401: .*It takes the permission Contribute/],
    [
      "a repository whose pull requests are disabled",
      {},
      () => {
        pull.repository.isDisabled = true;
      },
      /404.*takes the permission Contribute to pull requests/,
    ],
    ["a fork", { isFork: true }, () => {}, /this run builds a fork/],
    ["code elsewhere", { provider: "Bitbucket" }, () => {}, /the code lies in Bitbucket/],
  ] as const)
    it(`is one warning after ${name}, however often the step says something`, async () => {
      seed();
      const shown = open(1, more);
      await shown.show(page("running"));
      await shown.show(page());
      assert.equal(warnings(shown).length, 1, shown.log.text());
      assert.match(warnings(shown)[0] ?? "", words);
      assert.doesNotMatch(shown.log.text(), new RegExp(token));
      assert.deepEqual([ours().length, pull.statuses.length], [0, 0]);
    });
});
