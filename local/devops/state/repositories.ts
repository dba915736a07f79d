// Git repositories of the project: the commits of a real repository on disk, and pull requests kept here.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { guidOf } from "../../text/guid.ts";
import type { Repository } from "./git-repository.ts";
import { PullRequest, type PullRequestWanted } from "./pull-requests.ts";

const run = promisify(execFile);

export interface Commit {
  readonly commitId: string;
  readonly author: { readonly name: string; readonly email: string; readonly date: string };
  readonly committer: { readonly name: string; readonly email: string; readonly date: string };
  readonly comment: string;
  readonly parents: readonly string[];
}

const commitFormat = ["%H", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%P", "%B"].join("%x1f");

/** All repositories and pull requests of the project. */
export class Repositories {
  readonly all: Repository[] = [];
  readonly pullRequests: PullRequest[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Adds a repository, or gives the one of that name. */
  add(name: string, options: { path?: string; defaultBranch?: string } = {}): Repository {
    const known = this.get(name);
    if (known !== undefined) return known;
    const repository: Repository = {
      id: guidOf(`repository ${name}`),
      name,
      path: options.path,
      defaultBranch: options.defaultBranch ?? "refs/heads/main",
      requiredStatuses: [],
    };
    this.all.push(repository);
    return repository;
  }

  get(idOrName: string): Repository | undefined {
    const wanted = idOrName.toLowerCase();
    return this.all.find((each) => each.id === wanted || each.name.toLowerCase() === wanted);
  }

  /** Commits reachable from `from` (a branch, tag or commit), newest first; empty where git knows none. */
  async commits(repository: Repository, from: string, skip: number, top: number): Promise<Commit[]> {
    if (repository.path === undefined || from.startsWith("-")) return [];
    try {
      const { stdout } = await run(
        "git",
        [
          "-C",
          repository.path,
          "log",
          `--format=${commitFormat}%x1e`,
          `--skip=${skip}`,
          `--max-count=${top}`,
          from,
          "--",
        ],
        { maxBuffer: 64 * 1024 * 1024 },
      );
      return stdout
        .split("\x1e")
        .map((entry) => entry.replace(/^\n/, "").split("\x1f"))
        .filter((fields) => fields.length === 9)
        .map(
          ([commitId, authorName, authorEmail, authored, committerName, committerEmail, committed, parents, body]) => ({
            commitId: commitId!,
            author: { name: authorName!, email: authorEmail!, date: authored! },
            committer: { name: committerName!, email: committerEmail!, date: committed! },
            comment: body!.trimEnd(),
            parents: parents === "" ? [] : parents!.split(" "),
          }),
        );
    } catch {
      return [];
    }
  }

  async commit(repository: Repository, commitId: string): Promise<Commit | undefined> {
    return (await this.commits(repository, commitId, 0, 1))[0];
  }

  /** Opens a pull request; branches are given short or as full refs. */
  openPullRequest(wanted: PullRequestWanted): PullRequest {
    const pullRequest = new PullRequest(this.pullRequests.length + 1, wanted, this.now);
    this.pullRequests.push(pullRequest);
    return pullRequest;
  }

  /** Completes a pull request with the commit that its merge made. */
  completePullRequest(pullRequest: PullRequest, mergeCommit: string): void {
    pullRequest.status = "completed";
    pullRequest.lastMergeCommit = mergeCommit;
    pullRequest.closedDate = this.now();
  }
}
