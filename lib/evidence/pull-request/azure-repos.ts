// Pull requests of Azure Repos: one thread per pipeline, updated in place, and a status for branch policies. Routes and bodies:
// docs/facts/evidence.md#D.2, #D.3.
// Tests: test/lib/evidence/pull-request/azure-repos.test.ts
import type { PullRequestAccess } from "../../agent/pull-request-access.ts";
import type { Rest } from "../../agent/rest-door.ts";
import { REST_VERSION } from "../../agent/rest-version.ts";
import { TaskError } from "../../errors.ts";
import { segment } from "../../segment.ts";
import type { StatusPage } from "./left-status.ts";
import { marked, runOfComment, THREAD_PROPERTY } from "./marker.ts";
import type { Page, PageState } from "./page.ts";
import type { Commented, PullRequestPlace, Report } from "./place.ts";

/** Threads of our key that are tried: somebody else's, who copied the property, refuses the change. */
const MOST_CANDIDATES = 5;

interface Thread {
  readonly id?: number;
  readonly status?: string;
  readonly isDeleted?: boolean;
  readonly properties?: Readonly<Record<string, { readonly $value?: unknown } | undefined>>;
  readonly comments?: readonly { readonly content?: string; readonly isDeleted?: boolean }[];
}

interface PullRequest {
  readonly pullRequestId?: number;
  readonly status?: string;
  /** There where its source branch is one of a fork. */
  readonly forkSource?: unknown;
}

interface Iteration {
  readonly id?: number;
  readonly sourceRefCommit?: { readonly commitId?: string };
}

interface List<T> {
  readonly value?: readonly T[];
}

const STATES: Readonly<Record<PageState, string>> = {
  passed: "succeeded",
  failed: "failed",
  running: "pending",
  canceled: "error",
  unknown: "error",
};

/** The pull request of a run, with what is there of ours. */
export class AzureReposPullRequest implements PullRequestPlace {
  readonly #rest: Rest;
  readonly #report: Report;
  readonly #access: PullRequestAccess;
  readonly #path: string;
  readonly provider = "azureRepos";
  readonly id: number;
  readonly url: string;
  readonly #isActive: boolean;
  /** Read when this is made, side by side with the step's own work. */
  #threads: Promise<readonly Thread[]>;
  readonly #iterations: Promise<readonly Iteration[]>;
  readonly #sourceCommit: string;

  private constructor(rest: Rest, access: PullRequestAccess, report: Report, found: { id: number; isActive: boolean }) {
    this.#rest = rest;
    this.#report = report;
    this.#access = access;
    this.id = found.id;
    this.url = `${access.repositoryUri}/pullrequest/${found.id}`;
    this.#isActive = found.isActive;
    this.#path = `${repositoryPath(access)}/pullRequests/${found.id}`;
    this.#sourceCommit = access.sourceCommit;
    this.#threads = report.wish.comment ? this.#readThreads() : Promise.resolve([]);
    this.#iterations = report.wish.status && found.isActive ? this.#readIterations() : Promise.resolve([]);
    // They are awaited later, or never where the step ends before.
    for (const one of [this.#threads, this.#iterations]) one.catch(() => {});
  }

  /** @returns undefined where the run belongs to no pull request: no request where the agent names it, else one round */
  static async find(rest: Rest, access: PullRequestAccess, report: Report): Promise<AzureReposPullRequest | undefined> {
    const found =
      access.pullRequestId === undefined ? await lookUp(rest, access) : { id: access.pullRequestId, isActive: true };
    return found && new AzureReposPullRequest(rest, access, report, found);
  }

  get #title(): string {
    return `pull request ${this.id}`;
  }

  /** One round where the thread is there; where it is new a second one, which looks for a thread that another run made meanwhile. */
  async comment(page: Page): Promise<Commented> {
    const { key, runId } = this.#report;
    const content = marked(key, runId, page.markdown);
    const status = page.state === "failed" && this.#report.wish.opensOnFailure ? "active" : "closed";
    for (const thread of this.#ours(await this.#threads).slice(0, MOST_CANDIDATES)) {
      const outcome = await this.#update(thread, content, status);
      if (outcome !== "refused") return outcome;
    }
    const made = await this.#create(content, status);
    // Two runs at once make one each: the older thread stays.
    const threads = await this.#readThreads();
    this.#threads = Promise.resolve(threads);
    const [oldest] = this.#ours(threads);
    if (oldest?.id === undefined || made === undefined || oldest.id >= made) return { change: "created" };
    const outcome = await this.#update(oldest, content, status);
    if (outcome === "refused") return { change: "created" };
    await this.#rest({
      doing: `delete the second thread of ${this.#title}`,
      verb: "DELETE",
      path: `${this.#path}/threads/${made}/comments/1?${REST_VERSION}`,
    });
    return outcome;
  }

  /** @returns a sentence where no status was set, because it would be one of other code */
  async status(page: StatusPage, name = this.#report.statusName): Promise<string | undefined> {
    if (!this.#isActive) return `${this.#title} is completed, and gets no status any more.`;
    // Without an iteration it would count for every push, newer ones too.
    if (this.#sourceCommit === "")
      return `This run does not say which commit of ${this.#title} it has built: it sets no status. A run that the pull request starts does.`;
    const iterations = await this.#iterations;
    const own = iterations.findLast(({ sourceRefCommit }) => sourceRefCommit?.commitId === this.#sourceCommit);
    if (own === undefined && iterations.length > 0)
      return `${this.#title} no longer has the commit ${this.#sourceCommit.slice(0, 8)} of this run, and gets no status of it.`;
    await this.#rest({
      doing: `set a status on ${this.#title}`,
      verb: "POST",
      path: `${this.#path}/statuses?${REST_VERSION}`,
      body: {
        state: STATES[page.state],
        description: page.description,
        context: { name, genre: "azureml" },
        targetUrl: this.#report.runUri,
        ...(own?.id === undefined ? {} : { iterationId: own.id }),
      },
    });
    return undefined;
  }

  async #readThreads(): Promise<readonly Thread[]> {
    const doing = `list the threads of ${this.#title}`;
    return listOf(
      doing,
      await this.#rest<List<Thread>>({ doing, verb: "GET", path: `${this.#path}/threads?${REST_VERSION}` }),
    );
  }

  async #readIterations(): Promise<readonly Iteration[]> {
    const doing = `list the pushes of ${this.#title}`;
    const path = `${this.#path}/iterations?${REST_VERSION}`;
    return listOf(doing, await this.#rest<List<Iteration>>({ doing, verb: "GET", path }));
  }

  /** By the property first, then by the hidden marker; the oldest first. Never by the author alone. */
  #ours(threads: readonly Thread[]): readonly Thread[] {
    const { key } = this.#report;
    const there = threads.filter((one) => one.isDeleted !== true && one.comments?.[0]?.isDeleted !== true);
    const hasProperty = ({ properties }: Thread) => properties?.[THREAD_PROPERTY]?.$value === key;
    const hasMarker = ({ comments }: Thread) => runOfComment(comments?.[0]?.content, key) !== undefined;
    const byAge = (one: Thread, other: Thread) => (one.id ?? 0) - (other.id ?? 0);
    return [
      ...there.filter(hasProperty).sort(byAge),
      ...there.filter((one) => !hasProperty(one) && hasMarker(one)).sort(byAge),
    ];
  }

  /** @returns `refused` where it is somebody else's or gone */
  async #update(thread: Thread, content: string, status: string): Promise<Commented | "refused"> {
    const { key, runId } = this.#report;
    const there = thread.comments?.[0]?.content;
    const last = runOfComment(there, key) ?? 0;
    if (last > runId && (await this.#isRun(last)))
      return { change: "unchanged", said: `The comment on ${this.#title} is of the newer run ${last}, and stays.` };
    const path = `${this.#path}/threads/${thread.id}`;
    const write = (doing: string, where: string, body: object) =>
      this.#rest({ doing: `${doing} ${this.#title}`, verb: "PATCH", path: `${where}?${REST_VERSION}`, body });
    try {
      await Promise.all([
        ...(there === content ? [] : [write("update the comment on", `${path}/comments/1`, { content })]),
        ...(thread.status === status ? [] : [write("change the status of the thread on", path, { status })]),
      ]);
      // A second page of this step, as after "is running", has nothing to look up any more.
      this.#threads = Promise.resolve([{ ...thread, status, comments: [{ content }] }]);
      return { change: there === content ? "unchanged" : "updated" };
    } catch (error) {
      if (error instanceof TaskError && (error.status === 403 || error.status === 404)) return "refused";
      throw error;
    }
  }

  /** Whether this pipeline has such a run: whoever may comment can write our marker, too, with a number that no run has. */
  async #isRun(id: number): Promise<boolean> {
    const { teamProject, definitionId } = this.#access;
    const path = `${segment(teamProject, "the name of the project")}/_apis/build/builds/${id}?${REST_VERSION}`;
    try {
      const run = await this.#rest<{ definition?: { id?: number } }>({ doing: `read run ${id}`, verb: "GET", path });
      return run?.definition?.id === definitionId;
    } catch (error) {
      // Where it is not known, nothing newer is overwritten.
      return !(error instanceof TaskError && error.status === 404);
    }
  }

  async #create(content: string, status: string): Promise<number | undefined> {
    const made = await this.#rest<Thread>({
      doing: `comment on ${this.#title}`,
      verb: "POST",
      path: `${this.#path}/threads?${REST_VERSION}`,
      body: {
        comments: [{ parentCommentId: 0, content, commentType: 1 }],
        status,
        properties: { [THREAD_PROPERTY]: { $type: "System.String", $value: this.#report.key } },
      },
    });
    return made?.id;
  }
}

/** By the branch of an active one, or by the commit that a completed one was merged as: one round for both. */
async function lookUp(rest: Rest, access: PullRequestAccess): Promise<{ id: number; isActive: boolean } | undefined> {
  const { branch, commit } = access;
  const path = repositoryPath(access);
  const doing = "look for the pull request of this run";
  const query = `searchCriteria.sourceRefName=${encodeURIComponent(branch)}&searchCriteria.status=active&${REST_VERSION}`;
  const queries = [{ type: "lastMergeCommit", items: [commit] }];
  const [open, merged] = await Promise.all([
    branch === "" ? undefined : rest<List<PullRequest>>({ doing, verb: "GET", path: `${path}/pullrequests?${query}` }),
    commit === ""
      ? undefined
      : rest<{ results?: readonly Readonly<Record<string, readonly PullRequest[] | undefined>>[] }>({
          doing,
          verb: "POST",
          path: `${path}/pullrequestquery?${REST_VERSION}`,
          body: { queries },
        }),
  ]);
  const newest = (found: readonly PullRequest[] | undefined) =>
    Math.max(0, ...(found ?? []).map(({ pullRequestId = 0 }) => pullRequestId));
  // The commit is the exacter word: the branch that was merged into may have a pull request of its own, as from main to a release.
  const completed = newest(merged?.results?.[0]?.[commit]?.filter(({ status }) => status === "completed"));
  if (completed > 0) return { id: completed, isActive: false };
  // A branch of a fork may have the same name.
  const active = newest(open?.value?.filter(({ forkSource }) => !forkSource));
  return active > 0 ? { id: active, isActive: true } : undefined;
}

const repositoryPath = ({ project, repository }: PullRequestAccess): string =>
  `${segment(project, "the name of the project")}/_apis/git/repositories/${segment(repository, "the id of the repository")}`;

function listOf<T>(doing: string, answer: List<T> | undefined): readonly T[] {
  if (Array.isArray(answer?.value)) return answer.value;
  throw new TaskError("service", `Azure DevOps was asked to ${doing}, and answered with something else.`, {
    errorCode: "AML1902",
  });
}
