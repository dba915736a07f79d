// Provenance: the pipeline run, commit and branch, from the variables that the agent predefines (docs/facts/agent.md#1.9).

export interface Provenance {
  kind: "build" | "release" | "none";
  /** Address of the organization, such as `https://dev.azure.com/contoso/`. */
  organization: string;
  project: string;
  definition: string;
  /** Definitions of several folders may share a name. */
  definitionId?: string;
  /** Build id or release id. */
  runId: string;
  /** Build number or release name. */
  runNumber: string;
  /** Page of the run. */
  runUri: string;
  /** Empty where the pipeline has no stages. */
  stage: string;
  job: string;
  /** The step's `name:`, or else its display name. */
  step: string;
  /** Attempt of the job, from 1. */
  attempt: number;
  /** Never with user information. */
  repositoryUri: string;
  /** `main`, `feature/x`, `refs/pull/7/merge`. */
  branch: string;
  commit: string;
  requestedFor?: string;
  pullRequestId?: string;
}

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
  const provenance: Provenance = {
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
  };
  const requestedFor = first(...(kind === "release" ? ["Release.RequestedFor"] : []), "Build.RequestedFor");
  const pullRequestId = first("System.PullRequest.PullRequestId");
  const definitionId = first(...(kind === "release" ? ["Release.DefinitionId"] : []), "System.DefinitionId");
  if (definitionId !== "") provenance.definitionId = definitionId;
  if (requestedFor !== "") provenance.requestedFor = requestedFor;
  if (pullRequestId !== "") provenance.pullRequestId = pullRequestId;
  return provenance;
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

/** Removes user and password: the clone address of Azure Repos has a user in it (docs/facts/azureml-documents.md#9.1). */
export const withoutUserInformation = (uri: string): string => uri.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1");

const withSlash = (url: string) => (url === "" || url.endsWith("/") ? url : `${url}/`);
