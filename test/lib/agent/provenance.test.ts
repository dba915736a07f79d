// Provenance of a run, without any user information in it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { readProvenance, stepIdentity } from "../../../lib/agent/provenance.ts";
import { withoutUserInformation } from "../../../lib/provenance.ts";

const build: Record<string, string> = {
  "System.CollectionUri": "https://dev.azure.com/contoso/",
  "System.TeamProject": "breast cancer",
  "System.StageName": "train",
  "System.PhaseName": "fit",
  "System.JobName": "__default",
  "System.JobAttempt": "2",
  "System.TaskInstanceName": "trainer",
  "Build.BuildId": "17",
  "Build.BuildNumber": "20261123.1",
  "Build.DefinitionName": "train and judge",
  "Build.Repository.Uri": "https://contoso:secret@dev.azure.com/contoso/_git/ml",
  "Build.SourceBranch": "refs/heads/feature/x",
  "Build.SourceVersion": "abc",
  "Build.RequestedFor": "Ada",
};
const read = (variables: Record<string, string>) => readProvenance((name) => variables[name]);

describe("provenance", () => {
  it("reads a build", () => {
    assert.deepEqual(read(build), {
      kind: "build",
      organization: "https://dev.azure.com/contoso/",
      project: "breast cancer",
      definition: "train and judge",
      runId: "17",
      runNumber: "20261123.1",
      runUri: "https://dev.azure.com/contoso/breast%20cancer/_build/results?buildId=17",
      stage: "train",
      job: "fit",
      step: "trainer",
      attempt: 2,
      repositoryUri: "https://dev.azure.com/contoso/_git/ml",
      branch: "feature/x",
      commit: "abc",
      requestedFor: "Ada",
    });
  });

  it("reads a release, also where a build is its artifact", () => {
    const release = read({
      ...build,
      "Release.ReleaseId": "3",
      "Release.ReleaseName": "Release-3",
      "Release.DefinitionName": "roll out",
      "Release.EnvironmentName": "prod",
      "Release.AttemptNumber": "4",
      "Release.ReleaseWebUrl": "https://dev.azure.com/contoso/p/_release?releaseId=3",
    });
    assert.equal(release.kind, "release");
    assert.deepEqual([release.runId, release.runNumber, release.definition], ["3", "Release-3", "roll out"]);
    assert.deepEqual([release.stage, release.attempt], ["prod", 4]);
  });

  it("is of kind none outside of a pipeline", () => {
    const none = read({});
    assert.deepEqual([none.kind, none.runUri, none.attempt], ["none", "", 1]);
  });

  it("tells the jobs of a matrix apart, and keeps a pull request", () => {
    const one = read({ ...build, "System.JobName": "linux", "System.PullRequest.PullRequestId": "7" });
    assert.deepEqual([one.job, one.pullRequestId], ["fit.linux", "7"]);
  });

  it("has one identity for all attempts of a step, and another for every other step", () => {
    const first = stepIdentity(read(build));
    assert.equal(first, "dev.azure.com/contoso/breast%20cancer/build/17/train/fit/trainer");
    assert.equal(stepIdentity(read({ ...build, "System.JobAttempt": "3", "System.StageAttempt": "2" })), first);
    const others: Record<string, string> = {
      "Build.BuildId": "18",
      "System.StageName": "judge",
      "System.PhaseName": "other",
      "System.TaskInstanceName": "second",
      "System.TeamProject": "other",
    };
    for (const [name, value] of Object.entries(others)) {
      assert.notEqual(stepIdentity(read({ ...build, [name]: value })), first, name);
    }
  });

  it("strips user information from any URL, and nothing else", () => {
    assert.equal(withoutUserInformation("https://contoso@dev.azure.com/a"), "https://dev.azure.com/a");
    assert.equal(withoutUserInformation("https://u:p@ss@host/a@b"), "https://host/a@b");
    assert.equal(withoutUserInformation("https://host/a@b?c=d@e"), "https://host/a@b?c=d@e");
    assert.equal(withoutUserInformation("https://host?c=d@e"), "https://host?c=d@e");
    fc.assert(
      fc.property(fc.webUrl(), fc.stringMatching(/^[\w:%!$*-]{1,20}$/), (url, user) => {
        assert.equal(withoutUserInformation(url.replace("://", `://${user}@`)), url);
      }),
    );
  });
});
