// The folder that git keeps of a repository, the job's token and its hooks among it: never read from for others, never written to.
// Tests: test/lib/documents/language/upload-folders.test.ts

/** Characters that a file system of macOS passes over in names. */
const PASSED_OVER = /\p{Default_Ignorable_Code_Point}/gu;

/**
 * Whether a file or folder of this name is git's, for any file system: in any case, with the dots, blanks or the stream's name that
 * Windows drops, by its short name there; also a file `.git`, as worktrees and submodules have.
 */
export const isGit = (name: string): boolean =>
  /^(\.git|git~\d+)[. ]*(:.*)?$/i.test(name.length > 255 ? "" : name.replace(PASSED_OVER, ""));
