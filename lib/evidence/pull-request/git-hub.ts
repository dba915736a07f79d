// Pull requests on GitHub: one comment per pipeline, kept up to date, and a commit status. Routes: docs/facts/evidence.md#D.8; the Checks
// API is for GitHub apps alone.
// Tests: test/lib/evidence/pull-request/git-hub.test.ts
import type { PullRequestAccess } from "../../agent/pull-request-access.ts";
import type { Rest } from "../../agent/rest-door.ts";
import { TaskError } from "../../errors.ts";
import { segment } from "../../segment.ts";
import type { StatusPage } from "./left-status.ts";
import { marked, runOfComment } from "./marker.ts";
import type { Page, PageState } from "./page.ts";
import type { Commented, PullRequestPlace, Report } from "./place.ts";

const HEADERS = { "X-GitHub-Api-Version": "2022-11-28" };
const PER_PAGE = 100;
/** Pages of comments that are looked through for ours. */
const MOST_PAGES = 10;

interface Comment {
  readonly id?: number;
  readonly body?: string;
  readonly user?: { readonly login?: string };
}

interface PullRequest {
  readonly number?: number;
  readonly state?: string;
  /** ISO 8601; null where it is open, or was closed without a merge. */
  readonly merged_at?: string | null;
}

const STATES: Readonly<Record<PageState, string>> = {
  passed: "success",
  failed: "failure",
  running: "pending",
  canceled: "error",
  unknown: "error",
};

export class GitHubPullRequest implements PullRequestPlace {
  readonly #rest: Rest;
  readonly #report: Report;
  readonly #path: string;
  readonly provider = "gitHub";
  readonly id: number;
  readonly url: string;
  readonly #sourceCommit: string;
  /** Read when this is made, side by side with the step's own work. */
  #comments: Promise<readonly Comment[]>;

  private constructor(rest: Rest, access: PullRequestAccess, report: Report, number: number) {
    this.#rest = rest;
    this.#report = report;
    this.#path = repositoryPath(access);
    this.id = number;
    this.url = `${access.repositoryUri.replace(/\.git$/, "")}/pull/${number}`;
    this.#sourceCommit = access.sourceCommit;
    this.#comments = report.wish.comment ? this.#readOurs() : Promise.resolve([]);
    this.#comments.catch(() => {});
  }

  static async find(rest: Rest, access: PullRequestAccess, report: Report): Promise<GitHubPullRequest | undefined> {
    const number = access.pullRequestId ?? (await lookUp(rest, access));
    return number === undefined ? undefined : new GitHubPullRequest(rest, access, report, number);
  }

  get #title(): string {
    return `pull request ${this.id}`;
  }

  /** One round where the comment is there; where it is new a second one, which looks for one that another run made meanwhile. */
  async comment(page: Page): Promise<Commented> {
    const { key, runId } = this.#report;
    const body = marked(key, runId, page.markdown);
    const [there] = await this.#comments;
    if (there !== undefined) return this.#update(there, body);
    const made = await this.#rest<Comment>({
      doing: `comment on ${this.#title}`,
      verb: "POST",
      path: `${this.#path}/issues/${this.id}/comments`,
      body: { body },
      headers: HEADERS,
    });
    // Two runs at once make one each: the older comment stays.
    const ours = await this.#readOurs();
    this.#comments = Promise.resolve(ours);
    const [oldest] = ours;
    if (oldest?.id === undefined || made?.id === undefined || oldest.id >= made.id) return { change: "created" };
    const outcome = await this.#update(oldest, body);
    await this.#rest({
      doing: `delete the second comment on ${this.#title}`,
      verb: "DELETE",
      path: `${this.#path}/issues/comments/${made.id}`,
      headers: HEADERS,
    });
    return outcome;
  }

  async status(page: StatusPage, name = this.#report.statusName): Promise<string | undefined> {
    if (this.#sourceCommit === "")
      return `The agent does not say which commit ${this.#title} reviews: it gets no status.`;
    await this.#rest({
      doing: `set a status on ${this.#sourceCommit.slice(0, 8)}`,
      verb: "POST",
      path: `${this.#path}/statuses/${segment(this.#sourceCommit, "the commit")}`,
      body: {
        state: STATES[page.state],
        context: `azureml/${name}`,
        description: page.description,
        target_url: this.#report.runUri,
      },
      headers: HEADERS,
    });
    return undefined;
  }

  async #update(there: Comment, body: string): Promise<Commented> {
    const { key, runId } = this.#report;
    const last = runOfComment(there.body, key) ?? 0;
    if (last > runId)
      return { change: "unchanged", said: `The comment on ${this.#title} is of the newer run ${last}, and stays.` };
    if (there.body === body) return { change: "unchanged" };
    await this.#rest({
      doing: `update the comment on ${this.#title}`,
      verb: "PATCH",
      path: `${this.#path}/issues/comments/${there.id}`,
      body: { body },
      headers: HEADERS,
    });
    this.#comments = Promise.resolve([{ ...there, body }]);
    return { change: "updated" };
  }

  /** Comments with our marker, the oldest first; of our own user, where the token says who that is: a marker can be copied. */
  async #readOurs(): Promise<readonly Comment[]> {
    const [all, login] = await Promise.all([this.#readComments(), this.#login()]);
    const isOurs = ({ body, user }: Comment) =>
      runOfComment(body, this.#report.key) !== undefined && (login === undefined || user?.login === login);
    return all.filter(isOurs).sort((one, other) => (one.id ?? 0) - (other.id ?? 0));
  }

  async #readComments(): Promise<readonly Comment[]> {
    const doing = `list the comments on ${this.#title}`;
    const all: Comment[] = [];
    for (let page = 1; page <= MOST_PAGES; page++) {
      const path = `${this.#path}/issues/${this.id}/comments?per_page=${PER_PAGE}&page=${page}`;
      const some = await this.#rest<readonly Comment[]>({ doing, verb: "GET", path, headers: HEADERS });
      if (!Array.isArray(some))
        throw new TaskError("service", `GitHub was asked to ${doing}, and answered with something else.`, {
          errorCode: "AML1902",
        });
      all.push(...some);
      if (some.length < PER_PAGE) break;
    }
    return all;
  }

  /** Undefined for tokens that belong to nobody. */
  async #login(): Promise<string | undefined> {
    try {
      const doing = "read the user of the token";
      const user = await this.#rest<{ login?: string }>({ doing, verb: "GET", path: "user", headers: HEADERS });
      return user?.login;
    } catch (error) {
      if (error instanceof TaskError && (error.status === 403 || error.status === 404)) return undefined;
      throw error;
    }
  }
}

/** The pull request that has the commit, or that was merged as it. */
async function lookUp(rest: Rest, access: PullRequestAccess): Promise<number | undefined> {
  if (access.commit === "") return undefined;
  const path = `${repositoryPath(access)}/commits/${segment(access.commit, "the commit")}/pulls`;
  const doing = "look for the pull request of this run";
  const found = await rest<readonly PullRequest[]>({ doing, verb: "GET", path, headers: HEADERS });
  if (!Array.isArray(found)) return undefined;
  const newest = (some: readonly PullRequest[]) => Math.max(0, ...some.map(({ number = 0 }) => number));
  return (
    newest(found.filter(({ state }) => state === "open")) || newest(found.filter((one) => one.merged_at)) || undefined
  );
}

function repositoryPath({ repository }: PullRequestAccess): string {
  const [owner = "", name = "", ...more] = repository.split("/");
  if (more.length > 0)
    throw new TaskError("input", `The repository ${JSON.stringify(repository)} has no name of the form owner/name.`, {
      errorCode: "AML1207",
    });
  return `repos/${segment(owner, "the owner of the repository")}/${segment(name, "the name of the repository")}`;
}
