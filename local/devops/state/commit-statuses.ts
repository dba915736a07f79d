// Statuses that services set on commits of the project's repositories.

import type { Repository } from "./git-repository.ts";
import type { GitStatus } from "./git-statuses.ts";

export interface CommitStatus extends GitStatus {
  readonly commit: string;
  readonly repository: Repository;
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
