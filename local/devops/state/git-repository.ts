// Git repository of the project.

/** A branch policy of type Status, which only the state `succeeded` satisfies (docs/facts/evidence.md#D.3). */
interface RequiredStatus {
  /** The target: `refs/heads/main`. */
  readonly refName: string;
  readonly genre: string;
  readonly name: string;
}

export interface Repository {
  readonly id: string;
  readonly name: string;
  /** Folder of the real repository whose commits are answered; absent: it has none. */
  readonly path?: string | undefined;
  defaultBranch: string;
  /** Statuses without which nothing is merged onto a branch: a policy of each. */
  readonly requiredStatuses: RequiredStatus[];
  /** Nobody reaches it any more, its pull requests included. */
  isDisabled?: boolean;
}
