// Provenance: the pipeline run, commit and branch, from the variables that the agent predefines (docs/facts/agent.md#1.9).
import { type Provenance, withoutUserInformation } from "../provenance.ts";

/** Looks at variables; absent ones are empty texts in the result, and its `kind` is `none` outside of a pipeline. */
export function readProvenance(variable: (name: string) => string | undefined): Provenance {
  const first = (...names: string[]) => names.map(variable).find((value) => value !== undefined && value !== "") ?? "";
  const organization = withSlash(first("System.CollectionUri", "System.TeamFoundationCollectionUri"));
  const project = first("System.TeamProject");
  const releaseId = first("Release.ReleaseId");
  const buildId = first("Build.BuildId");
  const kind = releaseId !== "" ? "release" : buildId !== "" ? "build" : "none";
  // A job that is not one of several has `__default` for its own name, and its phase the name that the YAML gives.
  const named = (name: string) => (name === "__default" ? "" : name);
  const phase = named(first("System.PhaseName"));
  const job = named(first("System.JobName"));
  const requestedFor = first(...(kind === "release" ? ["Release.RequestedFor"] : []), "Build.RequestedFor");
  const isAzureRepos = first("Build.Repository.Provider").toLowerCase() === "tfsgit";
  const more = {
    pullRequestId: first("System.PullRequest.PullRequestId"),
    targetBranch: first("System.PullRequest.TargetBranch").replace(/^refs\/heads\//, ""),
    projectId: first("System.TeamProjectId"),
    repository: first("Build.Repository.Name"),
    repositoryId: isAzureRepos ? first("Build.Repository.ID") : "",
    environment: kind === "release" ? "" : first("Environment.Name"),
  };
  const definitionId = first(...(kind === "release" ? ["Release.DefinitionId"] : []), "System.DefinitionId");
  return {
    kind,
    organization,
    project,
    definition: first(
      ...(kind === "release" ? ["Release.DefinitionName"] : []),
      "Build.DefinitionName",
      "System.DefinitionName",
    ),
    runId: kind === "release" ? releaseId : buildId,
    runNumber: kind === "release" ? first("Release.ReleaseName") : first("Build.BuildNumber"),
    runUri:
      kind === "release"
        ? first("Release.ReleaseWebUrl")
        : kind === "build"
          ? `${organization}${encodeURIComponent(project)}/_build/results?buildId=${buildId}`
          : "",
    stage: kind === "release" ? first("Release.EnvironmentName") : named(first("System.StageName")),
    job:
      [phase, job].filter((part, index, all) => part !== "" && all.indexOf(part) === index).join(".") ||
      first("Agent.JobName"),
    step: first("System.TaskInstanceName", "System.TaskDisplayName", "Task.DisplayName"),
    // A stage that is run again may begin to count its jobs' attempts anew (not verified against live Azure DevOps).
    attempt: Math.max(
      1,
      ...[...(kind === "release" ? ["Release.AttemptNumber"] : []), "System.JobAttempt", "System.StageAttempt"].map(
        (name) => Number(variable(name)) || 1,
      ),
    ),
    repositoryUri: withoutUserInformation(first("Build.Repository.Uri")),
    branch: first("Build.SourceBranch").replace(/^refs\/heads\//, ""),
    commit: first("Build.SourceVersion"),
    ...(definitionId === "" ? {} : { definitionId }),
    ...(requestedFor === "" ? {} : { requestedFor }),
    ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== "")),
  };
}

/**
 * The same for every attempt of a step in a run, and for no other step that has a `name:` of its own. Two steps of one
 * job that share a display name and have no names are only told apart where the agent says System.TaskInstanceName
 * (that it always does is not verified against live Azure DevOps).
 */
export function stepIdentity(provenance: Provenance): string {
  const { organization, project, kind, runId, stage, job, step } = provenance;
  const place = organization.replace(/^https?:\/\//, "").replace(/\/$/, "");
  return [place, ...[project, kind, runId, stage, job, step].map(encodeURIComponent)].join("/");
}

const withSlash = (url: string) => (url === "" || url.endsWith("/") ? url : `${url}/`);
