// Git: repositories, commits (of the real repository on disk) and pull requests.

import type { Repository } from "../state/git-repository.ts";
import type { PullRequest } from "../state/pull-requests.ts";
import type { Commit } from "../state/repositories.ts";
import { badRequest, collection, enumName, json, notFound, time } from "./answers.ts";
import { projectReference, requireProject } from "./core.ts";
import { identityReference } from "./references.ts";
import { type Call, type Resource, resourcesOf } from "./routes.ts";

const statuses = { notSet: 0, active: 1, abandoned: 2, completed: 3, all: 4 };
const queryTypes = { notSet: 0, lastMergeCommit: 1, commit: 2 };

/** The repository that the route names. */
export function repositoryOf(call: Call): Repository {
  requireProject(call.world, call.route["project"]);
  const id = call.route["repositoryId"] ?? "";
  const repository = call.world.repositories.get(id);
  // A disabled one is answered as one that is not there, but where it is asked for itself.
  const isHidden = repository?.isDisabled === true && call.route["pullRequestId"] !== undefined;
  if (repository === undefined || isHidden) {
    throw notFound(
      "GitRepositoryNotFoundException",
      `TF401019: The Git repository with name or identifier ${id} does not exist or you do not have permissions for the operation you are attempting.`,
    );
  }
  return repository;
}

export const gitUrl = (call: Call, repository: Repository): string =>
  `${call.world.collectionUri}${call.world.project.id}/_apis/git/repositories/${repository.id}`;

function repositoryBody(call: Call, repository: Repository): object {
  const { world } = call;
  return {
    id: repository.id,
    name: repository.name,
    url: gitUrl(call, repository),
    project: projectReference(world),
    defaultBranch: repository.defaultBranch,
    size: 0,
    remoteUrl: world.repositoryUri(repository.name),
    webUrl: world.repositoryUri(repository.name, false),
    isDisabled: repository.isDisabled ?? false,
    isInMaintenance: false,
  };
}

function commitBody(call: Call, repository: Repository, commit: Commit, whole: boolean): object {
  const first = commit.comment.split("\n")[0] ?? "";
  return {
    commitId: commit.commitId,
    author: commit.author,
    committer: commit.committer,
    comment: whole ? commit.comment : first,
    ...(!whole && first !== commit.comment ? { commentTruncated: true } : {}),
    ...(whole ? { parents: commit.parents } : {}),
    url: `${gitUrl(call, repository)}/commits/${commit.commitId}`,
    remoteUrl: `${call.world.repositoryUri(repository.name, false)}/commit/${commit.commitId}`,
  };
}

async function commits(call: Call) {
  const repository = repositoryOf(call);
  const id = call.route["commitId"];
  if (id !== undefined) {
    const commit = await call.world.repositories.commit(repository, id);
    if (commit === undefined) {
      throw notFound(
        "GitUnresolvableToCommitException",
        `TF401175: The version descriptor <Commit: ${id} > could not be resolved to a version in the repository ${repository.name}`,
      );
    }
    return json(commitBody(call, repository, commit, true));
  }
  const criterion = (name: string): string | null => call.query.get(`searchCriteria.${name}`) ?? call.query.get(name);
  const from = criterion("itemVersion.version") ?? criterion("version") ?? repository.defaultBranch;
  const skip = Number(criterion("$skip") ?? 0);
  const top = Number(criterion("$top") ?? 100);
  const found = await call.world.repositories.commits(repository, from, skip, top);
  return collection(found.map((commit) => commitBody(call, repository, commit, false)));
}

function pullRequestBody(call: Call, pull: PullRequest): object {
  const { world } = call;
  const url = `${gitUrl(call, pull.repository)}/pullRequests/${pull.pullRequestId}`;
  const commit = (commitId: string | undefined) =>
    commitId === undefined ? undefined : { commitId, url: `${gitUrl(call, pull.repository)}/commits/${commitId}` };
  return {
    repository: repositoryBody(call, pull.repository),
    pullRequestId: pull.pullRequestId,
    codeReviewId: pull.pullRequestId,
    status: pull.status,
    createdBy: identityReference(world, pull.createdBy),
    creationDate: time(pull.creationDate),
    closedDate: time(pull.closedDate),
    title: pull.title,
    description: pull.description,
    sourceRefName: pull.sourceRefName,
    targetRefName: pull.targetRefName,
    ...(pull.forkId === undefined
      ? {}
      : {
          forkSource: {
            name: pull.sourceRefName,
            objectId: pull.lastMergeSourceCommit,
            repository: { id: pull.forkId },
          },
        }),
    mergeStatus: "succeeded",
    isDraft: false,
    lastMergeSourceCommit: commit(pull.lastMergeSourceCommit),
    lastMergeTargetCommit: commit(pull.lastMergeTargetCommit),
    lastMergeCommit: commit(pull.lastMergeCommit),
    reviewers: [],
    url,
    supportsIterations: true,
    artifactId: `vstfs:///Git/PullRequestId/${encodeURIComponent(`${world.project.id}/${pull.repository.id}/${pull.pullRequestId}`)}`,
  };
}

export function pullRequestOf(call: Call): PullRequest {
  requireProject(call.world, call.route["project"]);
  const repository = call.route["repositoryId"] === undefined ? undefined : repositoryOf(call);
  const id = call.route["pullRequestId"] ?? "";
  const pull = call.world.repositories.pullRequests.find(
    (each) => String(each.pullRequestId) === id && (repository === undefined || each.repository === repository),
  );
  if (pull === undefined)
    throw notFound("GitPullRequestNotFoundException", `TF401180: The requested pull request was not found.`);
  return pull;
}

function listPullRequests(call: Call) {
  requireProject(call.world, call.route["project"]);
  const { query } = call;
  const repository = call.route["repositoryId"] === undefined ? undefined : repositoryOf(call);
  const status = enumName(query.get("searchCriteria.status") ?? "active", statuses) ?? "active";
  const target = query.get("searchCriteria.targetRefName");
  const source = query.get("searchCriteria.sourceRefName");
  const found = call.world.repositories.pullRequests.filter(
    (pull) =>
      (repository === undefined || pull.repository === repository) &&
      (status === "all" || pull.status === status) &&
      (target === null || pull.targetRefName === target) &&
      (source === null || pull.sourceRefName === source),
  );
  const skip = Number(query.get("$skip") ?? 0);
  const top = Number(query.get("$top") ?? 100);
  return collection(
    found
      .toReversed()
      .slice(skip, skip + top)
      .map((pull) => pullRequestBody(call, pull)),
  );
}

/** Pull requests of these commits: by merge commit, or by any commit of the source branch that we know of. */
function queryPullRequests(call: Call) {
  const repository = repositoryOf(call);
  const queries = ((call.body ?? {}) as { queries?: { type?: unknown; items?: string[] }[] }).queries;
  if (!Array.isArray(queries)) throw badRequest("Value cannot be null. Parameter name: queries");
  const ofIt = call.world.repositories.pullRequests.filter((pull) => pull.repository === repository);
  // `results` has one dictionary for each query: pull requests by the commit that was asked for.
  const results = queries.map((query) => {
    const type = enumName(query.type, queryTypes);
    const found: Record<string, object[]> = {};
    for (const item of query.items ?? []) {
      const matching = ofIt.filter((pull) =>
        type === "lastMergeCommit"
          ? pull.lastMergeCommit === item
          : [pull.lastMergeSourceCommit, pull.lastMergeCommit].includes(item),
      );
      if (matching.length > 0) found[item] = matching.map((pull) => pullRequestBody(call, pull));
    }
    return found;
  });
  return json({ queries, results });
}

const resource = resourcesOf("git");

const readPullRequests = (call: Call) =>
  call.route["pullRequestId"] === undefined ? listPullRequests(call) : json(pullRequestBody(call, pullRequestOf(call)));

export const git: readonly Resource[] = [
  resource(
    "225f7195-f9c7-4d14-ab28-a83f7ff77e1f",
    "repositories",
    "{project}/_apis/{area}/{resource}/{repositoryId}",
    2,
    {
      GET: (call) => {
        requireProject(call.world, call.route["project"]);
        if (call.route["repositoryId"] !== undefined) return json(repositoryBody(call, repositoryOf(call)));
        return collection(call.world.repositories.all.map((each) => repositoryBody(call, each)));
      },
    },
  ),
  resource(
    "c2570c3b-5b3f-41b8-98bf-5407bfde8d58",
    "commits",
    "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{commitId}",
    2,
    { GET: commits },
  ),
  resource(
    "9946fd70-0d40-406e-b686-b4744cbbcc37",
    "pullRequests",
    "{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{pullRequestId}",
    2,
    { GET: readPullRequests },
  ),
  resource(
    "01a46dea-7d46-4d40-bc84-319e7c260d99",
    "pullRequests",
    "{project}/_apis/{area}/{resource}/{pullRequestId}",
    2,
    { GET: readPullRequests },
  ),
  resource("a5d28130-9cd2-40fa-9f08-902e7daa9efb", "pullRequests", "{project}/_apis/{area}/{resource}", 2, {
    GET: listPullRequests,
  }),
  resource(
    "0a637fcc-5370-4ce8-b0e8-98091f5f9482",
    "workitems",
    "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}/{resource}",
    1,
    {
      GET: (call) =>
        collection(
          [...pullRequestOf(call).workItems].map((id) => ({
            id: String(id),
            url: `${call.world.collectionUri}_apis/wit/workItems/${id}`,
          })),
        ),
    },
  ),
  resource(
    "b3a6eebe-9cf0-49ea-b6cb-1a4c5f5007b0",
    "pullRequestQuery",
    "{project}/_apis/{area}/repositories/{repositoryId}/{resource}",
    1,
    { POST: queryPullRequests },
  ),
];
