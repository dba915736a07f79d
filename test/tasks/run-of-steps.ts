// A run of a pipeline in local Azure DevOps, as a step of it sees it: with a pull request, records of earlier steps, and the right to write.
import assert from "node:assert/strict";
import { RECORD_TYPE, type RunRecord, writeRecord } from "../../lib/record/index.ts";
import type { LocalCloud } from "../../local/cloud.ts";
import type { Build } from "../../local/devops/state/builds.ts";
import type { PullRequest } from "../../local/devops/state/pull-requests.ts";
import { provenance } from "../lib/ml/world.ts";
import type { StoryOptions } from "./context.ts";

export const JOB_ID = "00000000-0000-4000-8000-0000000000ee";
const COMMIT = "1".repeat(40);

export const newBuild = (cloud: LocalCloud): Build =>
  cloud.devops.createBuild("train-pr", { branch: "refs/pull/1/merge", commit: COMMIT, requestedFor: "Ada" });

/** A pull request of that pipeline's repository. */
export function newPullRequest({ devops }: LocalCloud, build: Build): PullRequest {
  return devops.repositories.openPullRequest({
    ...{ repository: build.definition.repository, title: "Better", createdBy: devops.person("Ada") },
    ...{ sourceRefName: "refs/heads/better", targetRefName: "refs/heads/main", lastMergeSourceCommit: COMMIT },
  });
}

/** What the agent gives a step of the run. @param collectionUri another address of the same organization, which a test looks at */
export function stepOf(
  { devops, caFile }: LocalCloud,
  build: Build,
  pull: PullRequest,
  collectionUri = devops.collectionUri,
): StoryOptions {
  const settings = {
    ...{ collectionUri, accessToken: devops.issueJobToken({ plan: build.plan, jobId: JOB_ID }), userAgent: "test" },
    ...{ proxy: undefined, caFile },
  };
  const project = devops.project.name;
  const variables: Readonly<Record<string, string>> = {
    "Build.BuildId": String(build.id),
    "System.DefinitionId": String(build.definition.id),
    "System.TeamProject": project,
    "Build.Repository.Provider": "TfsGit",
    "Build.Repository.ID": pull.repository.id,
    "Build.Repository.Name": "model",
    "Build.SourceBranch": "refs/pull/1/merge",
    "Build.SourceVersion": COMMIT,
    "System.PullRequest.PullRequestId": String(pull.pullRequestId),
    "System.PullRequest.SourceCommitId": COMMIT,
  };
  const pullRequest = () => ({
    variable: (name: string) => variables[name],
    settings: () => settings,
    connection: () => assert.fail("It was asked for GitHub."),
  });
  return {
    pullRequest,
    provenance: {
      ...provenance,
      runId: String(build.id),
      runUri: devops.buildUrl(build),
      commit: COMMIT,
      projectId: devops.project.id,
      repositoryId: build.definition.repository.id,
    },
    records: () => ({
      ...{ settings, project, kind: "build", runId: build.id, definitionId: build.definition.id, stepId: "" },
    }),
    writes: () => ({
      ...{ settings, project, buildId: build.id, release: undefined },
      place: { stage: "", phase: "", job: "", attempt: 1 },
    }),
  };
}

/** A step of the run that has ended and left its record. */
export function leaveStep(build: Build, name: string, record: RunRecord): void {
  const step = build.plan.record({
    ...{ parentId: JOB_ID, type: "Task", name, state: "completed", result: "succeeded", finishTime: Date.now() },
    task: { id: JOB_ID, name: record.task.name, version: "1.0.0" },
  });
  build.plan.attach(step.id, RECORD_TYPE, `${name}.json`, writeRecord(record));
}
