// Pull requests on GitHub, against the local one: one comment and one status, what is refused, and where the token goes.
import assert from "node:assert/strict";
import { readGitHubConnection } from "../../../../lib/agent/pull-request-access.ts";
import { keyOf, marked } from "../../../../lib/evidence/pull-request/marker.ts";
import type { Page } from "../../../../lib/evidence/pull-request/page.ts";
import { openPullRequest } from "../../../../lib/evidence/pull-request/show.ts";
import type { LocalCloud } from "../../../../local/cloud.ts";
import type { PullRequest, Repository } from "../../../../local/git-hub/world.ts";
import { memoryLog, theCloud } from "../../ml/world.ts";

const sha = (digit: number) => digit.toString(16).repeat(40).slice(0, 40);

describe("a pull request on GitHub", () => {
  let cloud: LocalCloud;
  let repository: Repository;
  let pull: PullRequest;
  let token: string;
  before(async () => {
    cloud = await theCloud();
  });
  beforeEach(() => {
    repository = cloud.gitHub.add("contoso", `model-${cloud.gitHub.repositories.length}`);
    pull = cloud.gitHub.openPullRequest(repository, "Better", sha(1));
    token = cloud.gitHub.issueToken("contoso-bot");
  });

  interface More {
    readonly pullRequestId?: number | undefined;
    readonly commit?: string;
    readonly sourceCommit?: string;
    readonly isFork?: boolean;
    readonly repositoryUri?: string;
    readonly scheme?: string;
    readonly parameters?: Readonly<Record<string, string>>;
  }
  const open = (runId: number, more: More = {}) => {
    const log = memoryLog();
    const { scheme = "PersonalAccessToken", parameters = { accessToken: token }, ...given } = more;
    const { host } = new URL(cloud.urls.gitHub);
    const place = openPullRequest({
      access: {
        settings: {
          ...{ collectionUri: cloud.devops.collectionUri, accessToken: "token-of-the-job", userAgent: "test" },
          ...{ proxy: undefined, caFile: cloud.caFile },
        },
        ...{ provider: "GitHubEnterprise", project: "p", teamProject: "p", organization: "contoso" },
        ...{ repository: `contoso/${repository.name}`, repositoryName: `contoso/${repository.name}` },
        ...{ repositoryUri: `https://${host}/contoso/${repository.name}.git`, pullRequestId: pull.number, branch: "" },
        ...{ commit: sha(15), sourceCommit: sha(1), isFork: false, definitionId: 1, runId },
        ...given,
      },
      gitHub: () =>
        readGitHubConnection("gitHubConnection", {
          id: "id-1",
          source: {
            ...{ url: cloud.urls.gitHub, scheme, data: () => undefined },
            parameter: (name) => parameters[name],
          },
        }),
      report: {
        wish: { comment: true, status: true, opensOnFailure: true, name: undefined },
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
  const warnings = ({ log }: ReturnType<typeof open>) => log.lines.filter((line) => line.startsWith("[warning]"));

  it("has one comment and one status of its commit after ten pushes", async () => {
    for (let push = 1; push <= 10; push++) {
      pull.headCommit = sha(push);
      const shown = open(push, { sourceCommit: sha(push) });
      await shown.show(page(push === 10 ? "failed" : "passed", `push ${push}`));
      assert.deepEqual(warnings(shown), []);
    }
    assert.equal(pull.comments.length, 1);
    assert.match(pull.comments[0]?.body ?? "", /push 10$/);
    assert.deepEqual(
      cloud.gitHub.shownStatuses(repository, sha(10)).map(({ state, context }) => [state, context]),
      [["failure", "azureml/train/gate"]],
    );
  });

  it("has one comment where two runs write the first time at once", async () => {
    for (let time = 0; time < 3; time++) {
      pull.comments.length = 0;
      const [one, other] = [open(100 + time * 2), open(101 + time * 2)];
      await Promise.all([one.show(page("passed", "one")), other.show(page("passed", "other"))]);
      assert.deepEqual([...warnings(one), ...warnings(other)], []);
      assert.equal(pull.comments.length, 1);
      assert.match(pull.comments[0]?.body ?? "", /other$/);
    }
  });

  it("is found among many comments, and one that somebody else marked stays", async () => {
    for (let count = 0; count < 130; count++) cloud.gitHub.addComment(pull, "ada", `comment ${count}`);
    const copied = cloud.gitHub.addComment(pull, "mallory", marked(keyOf(1, "train"), 1, "all is well"));
    const mine = cloud.gitHub.addComment(pull, "contoso-bot", marked(keyOf(1, "train"), 1, "old"));
    await open(2).show(page("passed", "new"));
    assert.match(copied.body, /all is well$/);
    assert.match(mine.body, /new$/);
    assert.equal(pull.comments.length, 132);
  });

  it("is found by the commit of the run, and after the merge by the commit that it was merged as", async () => {
    await open(1, { pullRequestId: undefined, commit: sha(1) }).show(page());
    pull.state = "closed";
    pull.mergeCommit = sha(9);
    await open(2, { pullRequestId: undefined, commit: sha(9), sourceCommit: sha(9) }).show(page("passed", "merged"));
    assert.deepEqual([pull.comments.length, pull.comments[0]?.body.endsWith("merged")], [1, true]);
    const none = open(3, { pullRequestId: undefined, commit: sha(8) });
    await none.show(page());
    assert.match(none.log.text(), /belongs to no pull request/);
  });

  it("is none that was closed and never merged, where no pull request of the commit is open", async () => {
    pull.state = "closed";
    const ran = open(1, { pullRequestId: undefined, commit: sha(1) });
    await ran.show(page());
    assert.match(ran.log.text(), /belongs to no pull request/);
    assert.equal(pull.comments.length, 0);
  });

  it("is told with a token of OAuth too, and one of the app is explained", async () => {
    await open(1, { scheme: "OAuth" }).show(page());
    assert.equal(pull.comments.length, 1);
    const app = open(2, { scheme: "InstallationToken", parameters: {} });
    await app.show(page());
    assert.match(warnings(app)[0] ?? "", /signs in by InstallationToken, and gives the task no token/);
  });

  for (const [name, seed, words] of [
    [
      "a token that may not write",
      () => ({ parameters: { accessToken: cloud.gitHub.issueToken("b", { canComment: false, canSetStatus: false }) } }),
      /403: Resource not accessible.*It takes a GitHub connection whose token has the scope "repo"/,
    ],
    [
      "a token that sees nothing",
      () => ({ parameters: { accessToken: cloud.gitHub.issueToken("b", { canRead: false }) } }),
      /404/,
    ],
    ["a token that is none", () => ({ parameters: { accessToken: "none" } }), /401: Bad credentials/],
    ["a fork", () => ({ isFork: true }), /builds a fork/],
    [
      "a repository of another host",
      () => ({ repositoryUri: "https://github.com/contoso/model" }),
      /is for localhost:\d+, and the code of this run lies at github\.com/,
    ],
  ] as const)
    it(`is one warning after ${name}`, async () => {
      const shown = open(1, seed());
      await shown.show(page("running"));
      await shown.show(page());
      assert.equal(warnings(shown).length, 1, shown.log.text());
      assert.match(warnings(shown)[0] ?? "", words);
      assert.deepEqual([pull.comments.length, repository.statuses.length], [0, 0]);
    });

  it("is one warning where its conversation is locked, and has its status all the same", async () => {
    pull.isLocked = true;
    const shown = open(1);
    await shown.show(page());
    assert.match(warnings(shown)[0] ?? "", /403: Unable to create comment because issue is locked/);
    assert.deepEqual([warnings(shown).length, pull.comments.length, repository.statuses.length], [1, 0, 1]);
  });
});
