// Wishes of a step about a pull request: comment, status or both, and the name that its thread and status have.
// Tests: test/lib/evidence/pull-request/wish.test.ts
import { TaskError } from "../../errors.ts";

/** The inputs that several tasks have. */
export interface PullRequestInputs {
  readonly pullRequest: string;
  readonly pullRequestName: string | undefined;
  readonly pullRequestThread: string | undefined;
}

export interface Wish {
  readonly comment: boolean;
  readonly status: boolean;
  /** True: the thread is active while the run has failed, and closed when it has passed. False: it is always closed. */
  readonly opensOnFailure: boolean;
  /** The user's name for both; undefined: the pipeline's. */
  readonly name: string | undefined;
}

/** Longest name of a thread and status, in characters. */
const LONGEST_NAME = 100;

/** @returns undefined where nothing is wished @throws TaskError kind `input` */
export function readWish({ pullRequest, pullRequestName, pullRequestThread }: PullRequestInputs): Wish | undefined {
  const words = pullRequest
    .split(/[\s,;]+/)
    .map((word) => word.toLowerCase())
    .filter((word) => word !== "");
  const unknown = words.find((word) => !["none", "comment", "status"].includes(word));
  if (unknown !== undefined || (words.includes("none") && words.length > 1))
    throw new TaskError(
      "input",
      `Input pullRequest is "${pullRequest.slice(0, 100)}"; it can be none, comment, status, or "comment, status".`,
      { errorCode: "AML1301" },
    );
  const [comment, status] = [words.includes("comment"), words.includes("status")];
  if (!comment && !status) return undefined;
  if (pullRequestName !== undefined && !/^[\w. /-]+$/.test(pullRequestName.slice(0, LONGEST_NAME + 1)))
    throw nameFault("holds other characters than letters, digits, blanks and . _ - /");
  if (pullRequestName !== undefined && pullRequestName.length > LONGEST_NAME)
    throw nameFault(`is longer than ${LONGEST_NAME} characters`);
  return { comment, status, opensOnFailure: pullRequestThread !== "closed", name: pullRequestName };
}

const nameFault = (fault: string) =>
  new TaskError("input", `Input pullRequestName ${fault}.`, { errorCode: "AML1301" });
