// Threads of comments on pull requests: who may write, and what a body has to hold. Shapes: the released REST reference (git 7.1) and its
// examples (docs/facts/evidence.md#D.2); words of refusals are general knowledge, not verified against live Azure DevOps.
import { type Comment, isDeleted, type Thread, type ThreadStatus } from "../state/pull-requests.ts";
import { badRequest, collection, enumName, json, none, notFound, RestError, time } from "./answers.ts";
import { callerIdentity } from "./callers.ts";
import { gitUrl, pullRequestOf } from "./git.ts";
import { identityReference } from "./references.ts";
import { type Call, resourcesOf } from "./routes.ts";
import { requireContribution } from "./security.ts";

const threadStatuses: Readonly<Record<ThreadStatus, number>> = {
  unknown: 0,
  active: 1,
  fixed: 2,
  wontFix: 3,
  closed: 4,
  byDesign: 5,
  pending: 6,
};
const commentTypes = { text: 1, codeChange: 2, system: 3 };
/** Public reports speak of about this many characters (docs/facts/evidence.md#D.11). */
const LONGEST = 150_000;

const threadUrl = (call: Call, id: number): string => {
  const pull = pullRequestOf(call);
  return `${gitUrl(call, pull.repository)}/pullRequests/${pull.pullRequestId}/threads/${id}`;
};

function commentBody({ world }: Call, one: Comment): object {
  return {
    id: one.id,
    parentCommentId: one.parentCommentId,
    author: identityReference(world, one.author),
    ...(one.isDeleted ? {} : { content: one.content }),
    publishedDate: time(one.published),
    lastUpdatedDate: time(one.updated),
    lastContentUpdatedDate: time(one.updated),
    commentType: one.commentType,
    ...(one.isDeleted ? { isDeleted: true } : {}),
    usersLiked: [],
  };
}

function threadBody(call: Call, thread: Thread): object {
  return {
    pullRequestThreadContext: null,
    id: thread.id,
    publishedDate: time(thread.published),
    lastUpdatedDate: time(thread.updated),
    comments: thread.comments.map((one) => commentBody(call, one)),
    ...(thread.status === undefined ? {} : { status: thread.status }),
    threadContext: thread.threadContext,
    properties: thread.properties,
    identities: null,
    isDeleted: isDeleted(thread),
    _links: { self: { href: threadUrl(call, thread.id) } },
  };
}

function threadOf(call: Call): Thread {
  const id = Number(call.route["threadId"]);
  const thread = pullRequestOf(call).threads.find((one) => one.id === id);
  if (thread === undefined)
    throw notFound("GitPullRequestCommentThreadNotFoundException", `The comment thread ${id} was not found.`);
  return thread;
}

function commentOf(call: Call, thread: Thread): Comment {
  const id = Number(call.route["commentId"]);
  const comment = thread.comments.find((one) => one.id === id && !one.isDeleted);
  if (comment === undefined)
    throw notFound("CommentNotFoundException", `The comment ${id} of thread ${thread.id} was not found.`);
  return comment;
}

interface CommentGiven {
  readonly content?: unknown;
  readonly parentCommentId?: unknown;
  readonly commentType?: unknown;
}

function contentIn(body: CommentGiven | null): string {
  const content = body?.content;
  if (typeof content !== "string" || content.trim() === "")
    throw badRequest("A comment needs content. Parameter name: content", "InvalidArgumentValueException");
  if (content.length > LONGEST)
    throw badRequest(`A comment has at most ${LONGEST} characters.`, "InvalidArgumentValueException");
  return content;
}

function commentIn(thread: Thread | undefined, body: CommentGiven | null) {
  const commentType = enumName(body?.commentType ?? "text", commentTypes);
  if (commentType === undefined || commentType === "system")
    throw badRequest("The type of the comment is not valid.", "InvalidArgumentValueException");
  const parentCommentId = Number(body?.parentCommentId ?? 0);
  if (parentCommentId !== 0 && !thread?.comments.some(({ id }) => id === parentCommentId))
    throw badRequest("The parent comment is not there.", "InvalidArgumentValueException");
  return { content: contentIn(body), commentType, parentCommentId };
}

function statusIn(value: unknown): ThreadStatus {
  const status = enumName(value, threadStatuses);
  if (status === undefined) throw badRequest("The status of the thread is not valid.", "InvalidArgumentValueException");
  return status;
}

/** Properties are sent as plain values or with their type, and read with it. */
function propertiesIn(value: unknown): Thread["properties"] {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw badRequest("Properties are an object.");
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => {
      const plain = typeof one === "object" && one !== null && "$value" in one ? one.$value : one;
      if (typeof plain !== "string" && typeof plain !== "number")
        throw badRequest(`The property ${name} has no value.`);
      return [name, { $type: typeof plain === "string" ? "System.String" : "System.Int32", $value: plain }];
    }),
  );
}

function create(call: Call) {
  const pull = pullRequestOf(call);
  requireContribution(call);
  const body = (call.body ?? {}) as Readonly<Record<string, unknown>>;
  const { comments } = body;
  if (!Array.isArray(comments) || comments.length === 0)
    throw badRequest("A thread needs at least one comment. Parameter name: comments");
  const thread = pull.addThread(
    callerIdentity(call),
    comments.map((one) => commentIn(undefined, one)),
    {
      status: body["status"] === undefined ? "unknown" : statusIn(body["status"]),
      properties: propertiesIn(body["properties"]),
      threadContext: body["threadContext"],
    },
  );
  return json(threadBody(call, thread));
}

function change(call: Call) {
  const thread = threadOf(call);
  requireContribution(call);
  const { status } = (call.body ?? {}) as { status?: unknown };
  if (status !== undefined) thread.status = statusIn(status);
  pullRequestOf(call).change(thread, undefined, undefined);
  return json(threadBody(call, thread));
}

function reply(call: Call) {
  const thread = threadOf(call);
  requireContribution(call);
  const given = commentIn(thread, (call.body ?? null) as CommentGiven | null);
  return json(commentBody(call, pullRequestOf(call).addComment(thread, callerIdentity(call), given)));
}

/** People and services change and delete their own comments alone. */
function ownComment(call: Call, thread: Thread): Comment {
  const comment = commentOf(call, thread);
  if (comment.author.id === callerIdentity(call).id) return comment;
  throw new RestError(
    403,
    "GitPullRequestCommentUpdateForbiddenException",
    "TF401192: The current user may not change a comment of somebody else.",
  );
}

function rewrite(call: Call) {
  const thread = threadOf(call);
  requireContribution(call);
  const comment = ownComment(call, thread);
  pullRequestOf(call).change(thread, comment, contentIn((call.body ?? null) as CommentGiven | null));
  return json(commentBody(call, comment));
}

function remove(call: Call) {
  const thread = threadOf(call);
  requireContribution(call);
  pullRequestOf(call).change(thread, ownComment(call, thread), undefined);
  return none(200);
}

const resource = resourcesOf("git");
const pullRequest = "{project}/_apis/{area}/repositories/{repositoryId}/pullRequests/{pullRequestId}";

export const pullRequestThreads = [
  resource("ab6e2e5d-a0b7-4153-b64a-a4efe0d49449", "threads", `${pullRequest}/{resource}/{threadId}`, 1, {
    GET: (call) =>
      call.route["threadId"] === undefined
        ? collection(pullRequestOf(call).threads.map((one) => threadBody(call, one)))
        : json(threadBody(call, threadOf(call))),
    POST: create,
    PATCH: change,
  }),
  resource(
    "965a3ec7-5ed8-455a-bdcb-835a5ea7fe7b",
    "comments",
    `${pullRequest}/threads/{threadId}/{resource}/{commentId}`,
    1,
    {
      GET: (call) =>
        call.route["commentId"] === undefined
          ? collection(threadOf(call).comments.map((one) => commentBody(call, one)))
          : json(commentBody(call, commentOf(call, threadOf(call)))),
      POST: reply,
      PATCH: rewrite,
      DELETE: remove,
    },
  ),
];
