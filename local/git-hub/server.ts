// HTTP face of the local GitHub, as an enterprise server has it below /api/v3: pull requests of a commit, issue comments, commit statuses.
// Routes, fields and statuses follow GitHub's public REST reference (issues/comments, commits/statuses, version 2022-11-28) from general
// knowledge; nothing was recorded, and it is not verified against GitHub.
import express, { type Request, type Response } from "express";
import type { Comment, GitHubWorld, PullRequest, Repository, Status, Token } from "./world.ts";

/** The most characters of a comment. */
const LONGEST = 65_536;
const STATES = ["error", "failure", "pending", "success"];

class Refusal extends Error {
  readonly status: number;
  readonly errors: readonly object[] | undefined;

  constructor(status: number, message: string, errors?: readonly object[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

const notFound = () => new Refusal(404, "Not Found");
const invalid = (resource: string, field: string, code = "missing_field") =>
  new Refusal(422, "Validation Failed", [{ resource, field, code }]);

interface Call {
  readonly world: GitHubWorld;
  readonly request: Request;
  readonly token: Token;
  readonly repository: Repository;
  readonly body: Readonly<Record<string, unknown>>;
}

type Handler = (call: Call) => { status?: number; body?: unknown };

export function gitHubApplication(world: GitHubWorld): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.set("etag", false);
  app.use(express.json({ limit: "10mb", strict: false, type: () => true }));
  const api = "/api/v3";
  const repository = `${api}/repos/:owner/:name`;

  app.get(`${api}/user`, (request, response) =>
    answer(response, () => ({ body: userBody(world, tokenOf(world, request).login) })),
  );
  const on = (verb: "get" | "post" | "patch" | "delete", path: string, handler: Handler) =>
    app[verb](`${repository}${path}`, (request, response) =>
      answer(response, () => {
        const token = tokenOf(world, request);
        const found = world.repository(String(request.params["owner"]), String(request.params["name"]));
        // What a token may not read is not there.
        if (found === undefined || !token.canRead) throw notFound();
        const body = (request.body ?? {}) as Readonly<Record<string, unknown>>;
        return handler({ world, request, token, repository: found, body });
      }),
    );
  on("get", "/commits/:sha/pulls", ({ repository: { pulls }, request }) => ({
    body: pulls
      .filter((pull) => [pull.headCommit, pull.mergeCommit].includes(String(request.params["sha"])))
      .map(pullBody),
  }));
  on("get", "/issues/:number/comments", (call) => ({
    body: pageOf(
      call,
      pullOf(call).comments.map((one) => commentBody(call, one)),
    ),
  }));
  on("post", "/issues/:number/comments", (call) => {
    const pull = pullOf(call);
    if (!call.token.canComment) throw new Refusal(403, "Resource not accessible by personal access token");
    if (pull.isLocked) throw new Refusal(403, "Unable to create comment because issue is locked.");
    return { status: 201, body: commentBody(call, call.world.addComment(pull, call.token.login, textIn(call))) };
  });
  on("patch", "/issues/comments/:id", (call) => {
    const { comment } = commentOf(call);
    if (!call.token.canComment) throw new Refusal(403, "Resource not accessible by personal access token");
    call.world.edit(comment, textIn(call));
    return { body: commentBody(call, comment) };
  });
  on("delete", "/issues/comments/:id", (call) => {
    const { pull, comment } = commentOf(call);
    if (!call.token.canComment) throw new Refusal(403, "Resource not accessible by personal access token");
    pull.comments.splice(pull.comments.indexOf(comment), 1);
    return { status: 204 };
  });
  on("post", "/statuses/:sha", (call) => ({ status: 201, body: statusBody(call, addStatus(call)) }));
  app.use((request, response) => {
    const what = `${request.method} ${request.path}`;
    world.notBuilt.push(what);
    response.status(501).json({ message: `local GitHub has not built: ${what}` });
  });
  return app;
}

function answer(response: Response, work: () => { status?: number; body?: unknown }): void {
  try {
    const { status = 200, body } = work();
    if (body === undefined) response.status(status).end();
    else response.status(status).json(body);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, message, errors } = error;
    response
      .status(status)
      .json({ message, ...(errors && { errors }), documentation_url: "https://docs.github.com/rest" });
  }
}

function tokenOf(world: GitHubWorld, request: Request): Token {
  const [, value = ""] = /^(?:bearer|token) (\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  const token = world.token(value);
  if (token === undefined) throw new Refusal(401, "Bad credentials");
  // GitHub refuses requests that do not say who they are.
  if (!request.headers["user-agent"])
    throw new Refusal(
      403,
      "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
    );
  return token;
}

function pullOf({ repository, request }: Call): PullRequest {
  const found = repository.pulls.find(({ number }) => String(number) === request.params["number"]);
  if (found === undefined) throw notFound();
  return found;
}

function commentOf({ repository, request }: Call): { pull: PullRequest; comment: Comment } {
  for (const pull of repository.pulls)
    for (const comment of pull.comments) if (String(comment.id) === request.params["id"]) return { pull, comment };
  throw notFound();
}

function textIn({ body }: Call): string {
  const text = body["body"];
  if (typeof text !== "string" || text.trim() === "") throw invalid("IssueComment", "body");
  if (text.length > LONGEST) throw invalid("IssueComment", "body", "custom");
  return text;
}

function pageOf({ request }: Call, all: readonly object[]): readonly object[] {
  const size = Math.min(Number(request.query["per_page"] ?? 30) || 30, 100);
  const page = Math.max(1, Number(request.query["page"] ?? 1) || 1);
  return all.slice((page - 1) * size, page * size);
}

function addStatus({ world, repository, request, token, body }: Call): Status {
  if (!token.canSetStatus) throw new Refusal(403, "Resource not accessible by personal access token");
  const sha = String(request.params["sha"]);
  if (!/^[0-9a-f]{40}$/.test(sha)) throw new Refusal(422, `No commit found for SHA: ${sha}`);
  const { state, context = "default", description = null, target_url: target = null } = body;
  if (!STATES.includes(String(state))) throw invalid("Status", "state", "invalid");
  if (typeof context !== "string" || context === "") throw invalid("Status", "context", "invalid");
  if (description !== null && (typeof description !== "string" || description.length > 140))
    throw new Refusal(422, "Validation Failed: description is too long (maximum is 140 characters)");
  if (target !== null && (typeof target !== "string" || !/^https?:\/\//.test(target)))
    throw invalid("Status", "target_url", "invalid");
  const status: Status = {
    ...{ id: world.nextId(), sha, context, login: token.login },
    ...{ state: state as Status["state"], description, targetUrl: target },
  };
  repository.statuses.push(status);
  return status;
}

const userBody = ({ url }: GitHubWorld, login: string) => ({
  login,
  type: "User",
  url: `${url}/api/v3/users/${login}`,
});

const pullBody = ({ number, title, state, headCommit, mergeCommit }: PullRequest) => ({
  ...{ number, title, state },
  head: { sha: headCommit },
  merge_commit_sha: mergeCommit ?? null,
  merged_at: state === "closed" && mergeCommit !== undefined ? "2026-01-01T00:00:00Z" : null,
});

const commentBody = ({ world, repository }: Call, { id, body, login, created, updated }: Comment) => ({
  id,
  body,
  url: `${world.url}/api/v3/repos/${repository.owner}/${repository.name}/issues/comments/${id}`,
  user: userBody(world, login),
  created_at: new Date(created).toISOString(),
  updated_at: new Date(updated).toISOString(),
});

const statusBody = ({ world }: Call, { id, state, context, description, targetUrl, login }: Status) => ({
  ...{ id, state, context, description },
  target_url: targetUrl,
  creator: userBody(world, login),
});
