// State of the local GitHub: repositories with pull requests, comments and commit statuses, and the tokens that may write to them.
import { randomUUID } from "node:crypto";

export interface Comment {
  readonly id: number;
  body: string;
  readonly login: string;
  readonly created: number;
  updated: number;
}

export interface PullRequest {
  readonly number: number;
  readonly title: string;
  state: "open" | "closed";
  headCommit: string;
  mergeCommit?: string | undefined;
  /** Nobody but people who may write can comment any more. */
  isLocked: boolean;
  readonly comments: Comment[];
}

export interface Status {
  readonly id: number;
  readonly sha: string;
  readonly state: "error" | "failure" | "pending" | "success";
  readonly context: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly login: string;
}

export interface Repository {
  readonly owner: string;
  readonly name: string;
  readonly pulls: PullRequest[];
  readonly statuses: Status[];
}

/** A token's owner, and what it may do. */
export interface Token {
  readonly login: string;
  readonly canRead: boolean;
  readonly canComment: boolean;
  readonly canSetStatus: boolean;
}

export class GitHubWorld {
  readonly repositories: Repository[] = [];
  /** Routes that were asked for and are not built. */
  readonly notBuilt: string[] = [];
  /** Set once by the listener: `https://localhost:<port>`. */
  url = "";
  readonly #tokens = new Map<string, Token>();
  readonly #now: () => number;
  readonly #addSecret: (value: string) => void;
  #lastId = 1_000;

  constructor(now: () => number = Date.now, addSecret: (value: string) => void = () => {}) {
    this.#now = now;
    this.#addSecret = addSecret;
  }

  /** A personal access token with the scope `repo`, or less. */
  issueToken(login: string, may: Partial<Omit<Token, "login">> = {}): string {
    const token = `ghp_${randomUUID().replaceAll("-", "")}0123`;
    this.#addSecret(token);
    this.#tokens.set(token, { login, canRead: true, canComment: true, canSetStatus: true, ...may });
    return token;
  }

  token(value: string): Token | undefined {
    return this.#tokens.get(value);
  }

  add(owner: string, name: string): Repository {
    const repository: Repository = { owner, name, pulls: [], statuses: [] };
    this.repositories.push(repository);
    return repository;
  }

  repository(owner: string, name: string): Repository | undefined {
    const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
    return this.repositories.find((one) => same(one.owner, owner) && same(one.name, name));
  }

  openPullRequest(repository: Repository, title: string, headCommit: string): PullRequest {
    const pull: PullRequest = {
      number: repository.pulls.length + 1,
      ...{ title, headCommit, state: "open", isLocked: false, comments: [] },
    };
    repository.pulls.push(pull);
    return pull;
  }

  addComment(pull: PullRequest, login: string, body: string): Comment {
    const now = this.#now();
    const comment = { id: this.nextId(), login, body, created: now, updated: now };
    pull.comments.push(comment);
    return comment;
  }

  edit(comment: Comment, body: string): void {
    comment.body = body;
    comment.updated = this.#now();
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** The latest status of each context of a commit. */
  shownStatuses(repository: Repository, sha: string): Status[] {
    const own = repository.statuses.filter((one) => one.sha === sha);
    return [...new Map(own.map((one) => [one.context, one])).values()];
  }
}
