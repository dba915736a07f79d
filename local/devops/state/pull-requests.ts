// Pull requests of the project: their pushes (iterations), threads of comments, and statuses.
import type { Repository } from "./git-repository.ts";
import type { GitStatus } from "./git-statuses.ts";
import type { Identity } from "./identities.ts";

/** A push to the source branch. */
interface Iteration {
  readonly id: number;
  readonly sourceCommit: string;
  readonly targetCommit: string | undefined;
  readonly created: number;
}

export interface Comment {
  readonly id: number;
  readonly parentCommentId: number;
  readonly author: Identity;
  readonly commentType: "text" | "codeChange" | "system";
  /** Absent once it is deleted. */
  content: string | undefined;
  readonly published: number;
  updated: number;
  isDeleted: boolean;
}

export type ThreadStatus = "unknown" | "active" | "fixed" | "wontFix" | "closed" | "byDesign" | "pending";

export interface Thread {
  readonly id: number;
  readonly comments: Comment[];
  /** Absent for a thread that the system wrote. */
  status: ThreadStatus | undefined;
  readonly properties: Readonly<Record<string, { readonly $type: string; readonly $value: unknown }>>;
  readonly threadContext: unknown;
  readonly published: number;
  updated: number;
}

export interface PullRequestStatus extends GitStatus {
  readonly iterationId: number | undefined;
}

export interface PullRequestWanted {
  readonly repository: Repository;
  readonly title: string;
  readonly description?: string;
  readonly createdBy: Identity;
  readonly sourceRefName: string;
  readonly targetRefName: string;
  /** Id of the fork that has the source branch. */
  readonly forkId?: string;
  readonly lastMergeSourceCommit?: string;
  readonly lastMergeTargetCommit?: string;
  readonly lastMergeCommit?: string;
}

export class PullRequest {
  readonly pullRequestId: number;
  readonly repository: Repository;
  title: string;
  description: string;
  status: "active" | "completed" | "abandoned" = "active";
  readonly createdBy: Identity;
  readonly creationDate: number;
  closedDate: number | undefined;
  readonly sourceRefName: string;
  readonly targetRefName: string;
  readonly forkId: string | undefined;
  lastMergeSourceCommit: string | undefined;
  lastMergeTargetCommit: string | undefined;
  lastMergeCommit: string | undefined;
  readonly workItems = new Set<number>();
  readonly iterations: Iteration[] = [];
  readonly threads: Thread[] = [];
  readonly statuses: PullRequestStatus[] = [];
  readonly #now: () => number;
  /** Ids are given once, also where something is deleted. */
  #lastStatus = 0;

  constructor(id: number, wanted: PullRequestWanted, now: () => number) {
    this.#now = now;
    this.pullRequestId = id;
    this.repository = wanted.repository;
    this.title = wanted.title;
    this.description = wanted.description ?? "";
    this.createdBy = wanted.createdBy;
    this.creationDate = now();
    this.sourceRefName = wanted.sourceRefName;
    this.targetRefName = wanted.targetRefName;
    this.forkId = wanted.forkId;
    this.lastMergeSourceCommit = wanted.lastMergeSourceCommit;
    this.lastMergeTargetCommit = wanted.lastMergeTargetCommit;
    this.lastMergeCommit = wanted.lastMergeCommit;
    if (wanted.lastMergeSourceCommit !== undefined) this.#iterate(wanted.lastMergeSourceCommit);
  }

  /** Somebody pushes to the source branch. @param mergeCommit what its builds check out */
  push(sourceCommit: string, mergeCommit?: string): void {
    this.lastMergeSourceCommit = sourceCommit;
    this.lastMergeCommit = mergeCommit;
    this.#iterate(sourceCommit);
  }

  #iterate(sourceCommit: string): void {
    const id = this.iterations.length + 1;
    this.iterations.push({ id, sourceCommit, targetCommit: this.lastMergeTargetCommit, created: this.#now() });
    // The service writes a thread of its own for each push.
    const text = `${this.createdBy.displayName} pushed 1 commit creating update ${id}`;
    this.addThread(this.createdBy, [{ content: text, commentType: "system" }], {
      status: undefined,
      properties: { CodeReviewThreadType: { $type: "System.String", $value: "RefUpdate" } },
    });
  }

  addThread(
    author: Identity,
    comments: readonly { content: string; commentType?: Comment["commentType"]; parentCommentId?: number }[],
    more: { status?: ThreadStatus | undefined; properties?: Thread["properties"]; threadContext?: unknown } = {},
  ): Thread {
    const now = this.#now();
    const thread: Thread = {
      id: this.threads.length + 1,
      comments: [],
      status: more.status,
      properties: more.properties ?? {},
      threadContext: more.threadContext ?? null,
      published: now,
      updated: now,
    };
    this.threads.push(thread);
    for (const one of comments) this.addComment(thread, author, one);
    return thread;
  }

  addComment(
    thread: Thread,
    author: Identity,
    { content, commentType = "text", parentCommentId = 0 }: Partial<Comment> & { content: string },
  ): Comment {
    const now = this.#now();
    const comment: Comment = {
      id: thread.comments.length + 1,
      ...{ parentCommentId, author, commentType, content },
      published: now,
      updated: now,
      isDeleted: false,
    };
    thread.comments.push(comment);
    thread.updated = now;
    return comment;
  }

  change(thread: Thread, comment: Comment | undefined, content: string | undefined): void {
    thread.updated = this.#now();
    if (comment === undefined) return;
    comment.content = content;
    comment.isDeleted = content === undefined;
    comment.updated = thread.updated;
  }

  addStatus(status: Omit<PullRequestStatus, "id" | "created">): PullRequestStatus {
    this.#lastStatus += 1;
    const added = { ...status, id: this.#lastStatus, created: this.#now() };
    this.statuses.push(added);
    return added;
  }

  /** The status of each genre and name that counts: the latest, and no longer those of an iteration that a push has replaced. */
  get shownStatuses(): PullRequestStatus[] {
    const last = this.iterations.length;
    const latest = new Map<string, PullRequestStatus>();
    for (const one of this.statuses)
      if (one.iterationId === undefined || one.iterationId === last)
        latest.set(JSON.stringify([one.context.genre ?? "", one.context.name]), one);
    return [...latest.values()];
  }
}

/** Without deleted ones: a thread whose every comment was deleted is deleted. */
export const isDeleted = ({ comments }: Thread): boolean => comments.every((one) => one.isDeleted);
