// The pull request of a run as variables name it, and where a token for GitHub may go.
import assert from "node:assert/strict";
import { readGitHubConnection, readPullRequestAccess } from "../../../lib/agent/pull-request-access.ts";

const settings = {
  ...{ collectionUri: "https://dev.azure.com/contoso/", accessToken: "t", userAgent: "test" },
  ...{ proxy: undefined, caFile: undefined },
};
const build: Record<string, string> = {
  "Build.BuildId": "42",
  "System.DefinitionId": "7",
  "System.TeamProject": "pipelines",
  "Build.Repository.Provider": "TfsGit",
  "Build.Repository.ID": "5a9e",
  "Build.Repository.Name": "model",
  "Build.Repository.Uri": "https://contoso@dev.azure.com/contoso/a%20b/_git/model",
  "Build.SourceBranch": "refs/pull/7/merge",
  "Build.SourceVersion": "merge",
  "System.PullRequest.PullRequestId": "7",
  "System.PullRequest.SourceCommitId": "reviewed",
  "System.PullRequest.IsFork": "False",
};
const read = (more: Record<string, string | undefined> = {}) =>
  readPullRequestAccess({ variable: (name) => ({ ...build, ...more })[name], settings: () => settings });

describe("the pull request of a run", () => {
  it("is the one that the agent names, in the project of the repository", () => {
    const { settings: _settings, ...access } = read()!;
    assert.deepEqual(access, {
      ...{ provider: "TfsGit", teamProject: "pipelines", project: "a b", organization: "contoso", repository: "5a9e" },
      ...{ repositoryName: "model", repositoryUri: "https://dev.azure.com/contoso/a%20b/_git/model" },
      ...{ pullRequestId: 7, branch: "", commit: "merge", sourceCommit: "reviewed", isFork: false },
      ...{ definitionId: 7, runId: 42 },
    });
  });

  it("is known by its merge where nothing else names it, and by nothing in a run of a branch", () => {
    const none = { "System.PullRequest.PullRequestId": undefined, "System.PullRequest.SourceCommitId": undefined };
    assert.deepEqual([read(none)?.pullRequestId, read(none)?.sourceCommit], [7, ""]);
    const branch = read({ ...none, "Build.SourceBranch": "refs/heads/main" });
    assert.deepEqual(
      [branch?.pullRequestId, branch?.branch, branch?.sourceCommit],
      [undefined, "refs/heads/main", "merge"],
    );
  });

  it("is GitHub's number there, and not the id that Azure Pipelines gives it", () => {
    const more = { "Build.Repository.Provider": "GitHub", "Build.Repository.Name": "contoso/model" };
    const found = read({
      ...more,
      "System.PullRequest.PullRequestId": "1234567",
      "System.PullRequest.PullRequestNumber": "9",
    });
    assert.deepEqual([found?.pullRequestId, found?.repository], [9, "contoso/model"]);
    assert.equal(read({ ...more, "System.PullRequest.PullRequestId": "1234567" })?.pullRequestId, 7);
  });

  it("has the project of a repository whose address is short, and an organization of the older address", () => {
    assert.equal(read({ "Build.Repository.Uri": "https://dev.azure.com/contoso/_git/model" })?.project, "model");
    assert.equal(read({ "Build.Repository.Uri": "nonsense" })?.project, "pipelines");
    const older = readPullRequestAccess({
      variable: (name) => build[name],
      settings: () => ({ ...settings, collectionUri: "https://contoso.visualstudio.com/" }),
    });
    assert.equal(older?.organization, "contoso");
  });

  for (const [uri, collectionUri, project] of [
    ["https://contoso.visualstudio.com/DefaultCollection/_git/model", "https://contoso.visualstudio.com/", "model"],
    ["https://contoso.visualstudio.com/DefaultCollection/a/_git/model", "https://contoso.visualstudio.com/", "a"],
    ["https://contoso.visualstudio.com/_git/model", "https://contoso.visualstudio.com/DefaultCollection/", "model"],
    ["https://contoso.visualstudio.com/_git/model", "https://dev.azure.com/contoso/", "model"],
    ["https://dev.azure.com/contoso/_git/model", "https://contoso.visualstudio.com/", "model"],
    ["https://dev.azure.com/contoso/a/_git/model", "https://contoso.visualstudio.com/", "a"],
    ["https://tfs.example/tfs/Own/_git/model", "https://tfs.example/tfs/Own/", "model"],
    ["https://tfs.example/tfs/Own/a/_git/model", "https://tfs.example/tfs/Own/", "a"],
  ] as const)
    it(`is in the project ${project} at ${uri}, of a run at ${collectionUri}`, () => {
      const access = readPullRequestAccess({
        variable: (name) => (name === "Build.Repository.Uri" ? uri : build[name]),
        settings: () => ({ ...settings, collectionUri }),
      });
      assert.equal(access?.project, project);
      assert.equal(access?.organization, collectionUri.includes("tfs.example") ? "Own" : "contoso");
    });

  it("is none in a classic release and outside of a run", () => {
    assert.equal(read({ "Release.ReleaseId": "1" }), undefined);
    assert.equal(read({ "Build.BuildId": undefined }), undefined);
  });
});

describe("a connection to GitHub", () => {
  const connect = (
    url: string | undefined,
    scheme = "PersonalAccessToken",
    parameters: object = { accessToken: "t" },
  ) =>
    readGitHubConnection("gitHubConnection", {
      id: "id-1",
      source: {
        ...{ url, scheme, data: () => undefined },
        parameter: (name) => (parameters as Record<string, string>)[name],
      },
    });

  it("sends its token to GitHub's API or to its own enterprise host alone", () => {
    assert.deepEqual(connect("https://github.com/"), {
      api: "https://api.github.com/",
      host: "github.com",
      token: "t",
    });
    assert.equal(connect(undefined).api, "https://api.github.com/");
    assert.deepEqual(connect("https://code.contoso.example/x"), {
      ...{ api: "https://code.contoso.example/api/v3/", host: "code.contoso.example", token: "t" },
    });
    for (const url of ["http://github.com", "https://a:b@github.com", "nonsense"])
      assert.throws(() => connect(url), /no token was sent/);
    assert.equal(connect("https://github.com.evil.example").host, "github.com.evil.example", "which is its own host");
  });

  it("explains itself where it gives no token, is not there or is not named", () => {
    assert.throws(() => connect("https://github.com", "InstallationToken", {}), /signs in by InstallationToken/);
    const none = { url: undefined, scheme: undefined, data: () => undefined, parameter: () => undefined };
    assert.throws(
      () => readGitHubConnection("gitHubConnection", { id: "gone", source: none }),
      /names the service connection "gone"/,
    );
    assert.throws(
      () => readGitHubConnection("gitHubConnection", { id: "", source: none }),
      /is empty, and the code of this run/,
    );
  });
});
