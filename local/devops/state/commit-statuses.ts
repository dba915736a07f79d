// Statuses that services set on commits of the project's repositories.

import type { Repository } from "./git-repository.ts";
import type { Identity } from "./identities.ts";

export type StatusState =
  | "notSet"
  | "pending"
  | "succeeded"
  | "failed"
  | "error"
  | "notApplicable"
  | "partiallySucceeded";

export interface CommitStatus {
  readonly id: number;
  readonly commit: string;
  readonly repository: Repository;
  readonly state: StatusState;
  readonly context: { readonly name: string; readonly genre: string | undefined };
  readonly description: string | undefined;
  readonly targetUrl: string | undefined;
  readonly createdBy: Identity;
  /** Milliseconds since the epoch. */
  readonly created: number;
}

export class CommitStatuses {
  readonly all: CommitStatus[] = [];
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  of(repository: Repository, commit: string): CommitStatus[] {
    return this.all.filter((one) => one.repository === repository && one.commit === commit.toLowerCase());
  }

  add(
    repository: Repository,
    commit: string,
    given: Omit<CommitStatus, "id" | "commit" | "repository" | "created">,
  ): CommitStatus {
    const id = this.of(repository, commit).length + 1;
    const added = { ...given, id, commit: commit.toLowerCase(), repository, created: this.now() };
    this.all.push(added);
    return added;
  }
}
