// Statuses of commits, the newest first. Shapes: the released REST reference (git 7.1; docs/facts/evidence.md#D.1). Any commit may have one here:
// whether the service refuses a commit that it does not have is not verified.
// Tests: test/local/devops/rest/boards.test.ts
import type { CommitStatus } from "../state/commit-statuses.ts";
import { badRequest, collection, enumName, json } from "./answers.ts";
import { callerIdentity } from "./callers.ts";
import { gitUrl, repositoryOf } from "./git.ts";
import { states, statusFields } from "./git-statuses.ts";
import { type Call, type Resource, resourcesOf } from "./routes.ts";
import { requirePermission } from "./security.ts";

function statusBody(call: Call, one: CommitStatus): object {
  const url = `${gitUrl(call, repositoryOf(call))}/commits/${one.commit}`;
  return {
    _links: { self: { href: `${url}/statuses/${one.id}` }, commit: { href: url } },
    ...statusFields(call, one),
  };
}

function list(call: Call) {
  const repository = repositoryOf(call);
  const all = call.world.commitStatuses.of(repository, call.route["commitId"] ?? "").toReversed();
  const isLatest = call.query.get("latestOnly") === "true";
  const seen = new Set<string>();
  const kept = all.filter(({ context }) => {
    const key = `${context.genre ?? ""}/${context.name}`;
    return !isLatest || (!seen.has(key) && seen.add(key));
  });
  const skip = Number(call.query.get("skip") ?? 0);
  const bodies = kept.slice(skip, skip + Number(call.query.get("top") ?? 1_000));
  return collection(bodies.map((one) => statusBody(call, one)));
}

function post(call: Call) {
  const repository = repositoryOf(call);
  requirePermission(call, "git", "GenericContribute");
  const commit = call.route["commitId"] ?? "";
  if (!/^[0-9a-f]{40}$/i.test(commit)) throw badRequest(`The commit ${commit} is not a full id of a commit.`);
  const { state: given, description, context, targetUrl } = (call.body ?? {}) as Readonly<Record<string, unknown>>;
  const { name, genre } = (context ?? {}) as { name?: unknown; genre?: unknown };
  if (typeof name !== "string" || name === "")
    throw badRequest("The name of a status's context is needed. Parameter name: context.name");
  const state = enumName(given, states);
  if (state === undefined) throw badRequest("The state is not valid. Parameter name: state");
  for (const text of [description, genre, targetUrl])
    if (text !== undefined && text !== null && typeof text !== "string")
      throw badRequest("description, genre and targetUrl are texts.");
  const added = call.world.commitStatuses.add(repository, commit, {
    state,
    context: { name, genre: (genre as string | undefined) ?? undefined },
    description: (description as string | undefined) ?? undefined,
    targetUrl: (targetUrl as string | undefined) ?? undefined,
    createdBy: callerIdentity(call),
  });
  return json(statusBody(call, added));
}

const resource = resourcesOf("git");

export const commitStatuses: readonly Resource[] = [
  resource(
    "428dd4fb-fda5-4722-af02-9313b80305da",
    "statuses",
    "{project}/_apis/{area}/repositories/{repositoryId}/commits/{commitId}/{resource}",
    2,
    { GET: list, POST: post },
  ),
];
