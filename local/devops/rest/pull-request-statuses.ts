// Statuses and iterations of pull requests. Shapes: the released REST reference (git 7.1) and its examples (docs/facts/evidence.md#D.3).
import type { PullRequest, PullRequestStatus } from "../state/pull-requests.ts";
import { badRequest, collection, enumName, json, none, notFound, time } from "./answers.ts";
import { callerIdentity } from "./callers.ts";
import { gitUrl, pullRequestOf } from "./git.ts";
import { states, statusFields } from "./git-statuses.ts";
import { identityReference } from "./references.ts";
import { type Call, resourcesOf } from "./routes.ts";
import { requireContribution } from "./security.ts";

function statusBody(call: Call, one: PullRequestStatus): object {
  const pull = pullRequestOf(call);
  const url = `${gitUrl(call, pull.repository)}/pullRequests/${pull.pullRequestId}`;
  return {
    ...statusFields(call, one),
    ...(one.iterationId === undefined ? {} : { iterationId: one.iterationId }),
    _links: { self: { href: `${url}/statuses/${one.id}` }, repository: { href: gitUrl(call, pull.repository) } },
  };
}

function iterationIn(pull: PullRequest, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const iteration = pull.iterations.find(({ id }) => id === value);
  if (iteration === undefined)
    throw badRequest(`The iteration ${value} is not there.`, "InvalidArgumentValueException");
  return iteration.id;
}

const textIn = (value: unknown, name: string): string | undefined => {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw badRequest(`The field ${name} is a text.`);
  return value;
};

function post(call: Call, iteration?: number) {
  const pull = pullRequestOf(call);
  requireContribution(call);
  const body = (call.body ?? {}) as Readonly<Record<string, unknown>>;
  const { name, genre } = (body["context"] ?? {}) as { name?: unknown; genre?: unknown };
  if (typeof name !== "string" || name === "")
    throw badRequest("The name of a status's context is needed. Parameter name: context.name");
  const state = enumName(body["state"], states);
  if (state === undefined) throw badRequest("The state is not valid. Parameter name: state");
  const added = pull.addStatus({
    state,
    context: { name, genre: textIn(genre, "genre") },
    description: textIn(body["description"], "description"),
    targetUrl: textIn(body["targetUrl"], "targetUrl"),
    iterationId: iterationIn(pull, iteration ?? body["iterationId"]),
    createdBy: callerIdentity(call),
  });
  return json(statusBody(call, added));
}

/** `[{"op":"remove","path":"/1"}]` */
function remove(call: Call) {
  const pull = pullRequestOf(call);
  requireContribution(call);
  if (!Array.isArray(call.body)) throw badRequest("You must pass a valid patch document in the body of the request.");
  for (const { op, path } of call.body as { op?: unknown; path?: unknown }[]) {
    const at = pull.statuses.findIndex(({ id }) => `/${id}` === path);
    if (op !== "remove" || at < 0) throw badRequest(`The patch operation ${op} of ${path} is not supported.`);
    pull.statuses.splice(at, 1);
  }
  return none();
}

function iterationOf(call: Call) {
  const id = Number(call.route["iterationId"]);
  const found = pullRequestOf(call).iterations.find((one) => one.id === id);
  if (found === undefined)
    throw notFound("GitPullRequestIterationNotFoundException", `The iteration ${id} was not found.`);
  return found;
}

function iterationBody(
  call: Call,
  { id, sourceCommit, targetCommit, created }: ReturnType<typeof iterationOf>,
): object {
  const pull = pullRequestOf(call);
  return {
    id,
    description: "",
    author: identityReference(call.world, pull.createdBy),
    createdDate: time(created),
    updatedDate: time(created),
    sourceRefCommit: { commitId: sourceCommit },
    ...(targetCommit === undefined
      ? {}
      : { targetRefCommit: { commitId: targetCommit }, commonRefCommit: { commitId: targetCommit } }),
    hasMoreCommits: false,
    reason: id === 1 ? "create" : "push",
  };
}

const resource = resourcesOf("git");
const pullRequest = "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}";

export const pullRequestStatuses = [
  resource("b5f6bb4f-8d1e-4d79-8d11-4c9172c99c35", "statuses", `${pullRequest}/{resource}/{statusId}`, 2, {
    GET: (call) => {
      const all = pullRequestOf(call).statuses;
      const id = call.route["statusId"];
      if (id === undefined) return collection(all.map((one) => statusBody(call, one)));
      const found = all.find((one) => String(one.id) === id);
      if (found === undefined) throw notFound("GitStatusNotFoundException", `The status ${id} was not found.`);
      return json(statusBody(call, found));
    },
    POST: (call) => post(call),
    PATCH: remove,
  }),
  resource("d43911ee-6958-46b0-a42b-8445b8a0d004", "iterations", `${pullRequest}/{resource}/{iterationId}`, 2, {
    GET: (call) =>
      call.route["iterationId"] === undefined
        ? collection(pullRequestOf(call).iterations.map((one) => iterationBody(call, one)))
        : json(iterationBody(call, iterationOf(call))),
  }),
  resource(
    "75cf11c5-979f-4038-a76e-058a06adf2bf",
    "statuses",
    `${pullRequest}/iterations/{iterationId}/{resource}`,
    2,
    {
      GET: (call) => {
        const { id } = iterationOf(call);
        const own = pullRequestOf(call).statuses.filter(({ iterationId }) => iterationId === id);
        return collection(own.map((one) => statusBody(call, one)));
      },
      POST: (call) => post(call, iterationOf(call).id),
    },
  ),
];
