// Git repository of the project.

export interface Repository {
  readonly id: string;
  readonly name: string;
  /** Folder of the real repository whose commits are answered; absent: it has none. */
  readonly path?: string | undefined;
  defaultBranch: string;
  /** Nobody reaches it any more, its pull requests included. */
  isDisabled?: boolean;
}
