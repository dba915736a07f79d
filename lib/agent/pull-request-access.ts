// Pull request of a run, as the agent's variables name it (docs/facts/agent.md#1.9, docs/facts/evidence.md#D.2, #D.8).
// Tests: test/lib/agent/pull-request-access.test.ts
import { type ErrorCode, TaskError } from "../errors.ts";
import { withoutUserInformation } from "../provenance.ts";
import type { AzureDevOpsSettings } from "./azure-devops.ts";
import { organizationOf } from "./collection.ts";
import type { ConnectionSource } from "./connection.ts";

export interface PullRequestAccess {
  readonly settings: AzureDevOpsSettings;
  /** Where the code lies, as Build.Repository.Provider says it: `TfsGit`, `GitHub`, `GitHubEnterprise`, … */
  readonly provider: string;
  /** The project of the repository, and that of the pipeline. */
  readonly project: string;
  readonly teamProject: string;
  readonly organization: string;
  /** Id in Azure Repos, `owner/name` on GitHub. */
  readonly repository: string;
  readonly repositoryName: string;
  /** Without user information. */
  readonly repositoryUri: string;
  /** Id in Azure Repos, number on GitHub; undefined where the run was not started by one. */
  readonly pullRequestId: number | undefined;
  /** Full reference, such as `refs/heads/main`; empty where the run builds a merge of a pull request. */
  readonly branch: string;
  /** Commit that the run has checked out. */
  readonly commit: string;
  /** The commit that is reviewed: not the merge that a build of a pull request checks out. Empty where it is not known. */
  readonly sourceCommit: string;
  readonly isFork: boolean;
  readonly definitionId: number;
  readonly runId: number;
}

/** A connection to GitHub: the address of its API, and a token that goes nowhere else. */
export interface GitHubConnection {
  readonly api: string;
  /** Host whose repositories it is for: `github.com`. */
  readonly host: string;
  readonly token: string;
}

type Variable = (name: string) => string | undefined;

/** Sources of it: the run's variables and connections, as the agent says them. */
export interface PullRequestSource {
  readonly variable: Variable;
  readonly settings: () => AzureDevOpsSettings;
  /** The connection that an input names; its secrets are masked before this returns. */
  readonly connection: (inputName: string) => { readonly id: string; readonly source: ConnectionSource };
}

/** @returns undefined where this is no run of a pipeline */
export function readPullRequestAccess({
  variable,
  settings,
}: Pick<PullRequestSource, "variable" | "settings">): PullRequestAccess | undefined {
  const runId = Number(variable("Build.BuildId"));
  if (!runId || variable("Release.ReleaseId") !== undefined) return undefined;
  const given = settings();
  const provider = variable("Build.Repository.Provider") ?? "";
  const isAzureRepos = provider.toLowerCase() === "tfsgit";
  const ref = variable("Build.SourceBranch") ?? "";
  const merged = /^refs\/pull\/(\d{1,9})\/(?:merge|head)$/.exec(ref)?.[1];
  const said = variable(isAzureRepos ? "System.PullRequest.PullRequestId" : "System.PullRequest.PullRequestNumber");
  const id = Number(said ?? merged);
  const commit = variable("Build.SourceVersion") ?? "";
  const teamProject = variable("System.TeamProject") ?? "";
  const uri = withoutUserInformation(variable("Build.Repository.Uri") ?? "");
  return {
    settings: given,
    provider,
    teamProject,
    project: (isAzureRepos ? projectIn(uri, given.collectionUri) : undefined) ?? teamProject,
    organization: organizationIn(given.collectionUri),
    repository: variable(isAzureRepos ? "Build.Repository.ID" : "Build.Repository.Name") ?? "",
    repositoryName: variable("Build.Repository.Name") ?? "",
    repositoryUri: uri,
    pullRequestId: Number.isInteger(id) && id > 0 ? id : undefined,
    branch: merged === undefined ? ref : "",
    commit,
    sourceCommit: variable("System.PullRequest.SourceCommitId") ?? (merged === undefined ? commit : ""),
    isFork: variable("System.PullRequest.IsFork")?.toLowerCase() === "true",
    definitionId: Number(variable("System.DefinitionId")) || 0,
    runId,
  };
}

/** `contoso` of `https://dev.azure.com/contoso/` and of `https://contoso.visualstudio.com/`; on a server the collection. */
function organizationIn(collectionUri: string): string {
  if (!URL.canParse(collectionUri)) return "";
  const url = new URL(collectionUri);
  return organizationOf(url) ?? partsOf(url).at(-1) ?? url.host.split(".")[0] ?? "";
}

/**
 * The project in the address of a repository: `<collection>/<project>/_git/<repository>`, shortened where both have one name. The repository may stand
 * at another address of the organization than the collection.
 */
function projectIn(repositoryUri: string, collectionUri: string): string | undefined {
  if (!URL.canParse(repositoryUri) || !URL.canParse(collectionUri)) return undefined;
  const url = new URL(repositoryUri);
  const home = new URL(collectionUri);
  const parts = organizationOf(url) === undefined ? partsOf(url).slice(partsOf(home).length) : belowOrganization(url);
  const at = parts.indexOf("_git");
  const found = at === 0 ? parts[1] : parts[at - 1];
  if (found === undefined) return undefined;
  try {
    return decodeURIComponent(found);
  } catch {
    return undefined;
  }
}

/** Older addresses name the one collection that an organization has, or leave it out: `https://contoso.visualstudio.com/DefaultCollection/`. */
function belowOrganization(url: URL): string[] {
  const parts = partsOf(url);
  const hasMore = url.host === "dev.azure.com" || parts[0]?.toLowerCase() === "defaultcollection";
  return hasMore ? parts.slice(1) : parts;
}

const partsOf = ({ pathname }: URL): string[] => pathname.split("/").filter((part) => part !== "");

/**
 * Reads a connection to GitHub: scheme PersonalAccessToken has the parameter accessToken, OAuth and Token have AccessToken
 * (docs/facts/evidence.md#D.8); the agent tells parameters apart without regard to case.
 * @throws TaskError kind `connection`
 */
export function readGitHubConnection(
  inputName: string,
  { id, source }: ReturnType<PullRequestSource["connection"]>,
): GitHubConnection {
  const fault = (message: string, hint: string, errorCode: ErrorCode = "AML1003") =>
    new TaskError("connection", message, { errorCode, hint });
  if (id === "" || (source.url === undefined && source.scheme === undefined))
    throw fault(
      id === ""
        ? `Input ${inputName} is empty, and the code of this run lies on GitHub.`
        : `Input ${inputName} names the service connection "${id}", and the agent was given none by that id.`,
      "Name a service connection of type GitHub that this pipeline may use; builds of forks get no connections.",
      "AML1002",
    );
  const token = source.parameter("accessToken") ?? source.parameter("idToken");
  if (!token)
    throw fault(
      `The service connection ${id} of input ${inputName} signs in by ${source.scheme ?? "nothing"}, and gives the task no token.`,
      "Use a GitHub connection with a personal access token or OAuth. One of the GitHub app gives its token to Azure Pipelines alone.",
    );
  return { ...apiOf(source.url ?? "https://github.com", fault), token };
}

function apiOf(address: string, fault: (message: string, hint: string) => TaskError) {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "")
    throw fault(
      "The connection to GitHub has no address that begins with https:// and has no user in it: no token was sent.",
      "Edit the connection in the project settings.",
    );
  const isPublic = ["github.com", "www.github.com", "api.github.com"].includes(url.host);
  if (isPublic) return { api: "https://api.github.com/", host: "github.com" };
  // GitHub Enterprise Cloud with data residency has its API on a host beside it (docs/facts/evidence.md#D.8).
  return /^[a-z0-9-]+\.ghe\.com$/.test(url.host)
    ? { api: `https://api.${url.host}/`, host: url.host }
    : { api: `${url.origin}/api/v3/`, host: url.host };
}
