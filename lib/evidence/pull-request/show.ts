// Shows a page on the pull request of a run. Whatever goes wrong is one warning with the permission that it takes: a view fails no step.
// Tests: test/lib/evidence/pull-request/azure-repos.test.ts, test/lib/evidence/pull-request/git-hub.test.ts
import type { GitHubConnection, PullRequestAccess } from "../../agent/pull-request-access.ts";
import { openRest } from "../../agent/rest-door.ts";
import { TaskError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { RunRecord } from "../../record/index.ts";
import { secondaryWrite } from "../../secondary-write.ts";
import { AzureReposPullRequest } from "./azure-repos.ts";
import { GitHubPullRequest } from "./git-hub.ts";
import type { OtherStatus } from "./left-status.ts";
import type { Page } from "./page.ts";
import type { PullRequestPlace, Report } from "./place.ts";

/** Milliseconds until everything must have been written, and after a cancel, when the agent soon ends the process. */
const PATIENCE = 60_000;
const PATIENCE_AFTER_CANCEL = 1_500;

interface Given {
  readonly access: PullRequestAccess;
  /** Asked only where the code lies on GitHub. @throws TaskError kind `connection` */
  readonly gitHub: () => GitHubConnection;
  readonly report: Report;
  readonly log: Pick<Log, "info" | "warn" | "debug">;
  readonly signal: AbortSignal;
}

/** The section of the record; undefined where no pull request was told anything. */
export type Shown = NonNullable<RunRecord["pullRequest"]> | undefined;

/** Looks up the pull request and what is there of ours; the look-up runs side by side with the step's own work. */
export function openPullRequest(given: Given): {
  /** @param others statuses of other steps, which end by what this one knows */
  show(page: Page, others?: readonly OtherStatus[]): Promise<Shown>;
} {
  const { access, log, signal } = given;
  const skip = reasonToSkip(access);
  if (skip !== undefined) {
    let isSaid = false;
    return {
      async show() {
        if (!isSaid) log.warn(skip);
        isSaid = true;
        return undefined;
      },
    };
  }
  const begin = () => {
    const place = find(given);
    place.catch(() => {});
    return place;
  };
  let place: ReturnType<typeof find> | undefined = begin();
  let isRefused = false;
  let isAbsent = false;
  const onFailure = (failure: Error) => {
    isRefused = isRefusal(failure);
    // After a bad moment, the next page of this step begins anew.
    place = undefined;
  };
  return {
    async show(page, others = []) {
      // The same refusal is said once.
      if (isRefused || isAbsent) return undefined;
      let shown: Shown;
      const work = async () => {
        place ??= begin();
        const found = await within(place, signal);
        isAbsent = found === undefined;
        if (found === undefined) return void log.info("This run belongs to no pull request: none is told its result.");
        shown = { id: String(found.id), provider: found.provider, url: found.url, comment: "refused" };
        shown = await within(write(found, page, others, given), signal);
      };
      // After a cancel the last word is still said, and its failure is a warning too.
      await secondaryWrite({ log, signal: NEVER }, warning(given), work, onFailure);
      return shown;
    },
  };
}

/** Tells what is no better a moment later: a missing permission, and a connection that is none. */
const isRefusal = (failure: Error): boolean =>
  failure instanceof TaskError && (failure.kind === "connection" || [401, 403, 404].includes(failure.status ?? 0));

const NEVER = new AbortController().signal;

const isGitHub = ({ provider }: PullRequestAccess) => /^github(enterprise)?$/i.test(provider);

function reasonToSkip(access: PullRequestAccess): string | undefined {
  if (access.isFork)
    return "The pull request is not told the result: this run builds a fork, and builds of forks are given no right to write.";
  if (access.provider.toLowerCase() === "tfsgit" || isGitHub(access)) return undefined;
  return `The pull request is not told the result: the code lies in ${access.provider || "no repository"}, and only Azure Repos and GitHub are supported.`;
}

async function find({ access, gitHub, report }: Given): Promise<PullRequestPlace | undefined> {
  if (!isGitHub(access)) return AzureReposPullRequest.find(await openRest(access.settings), access, report);
  const { api, host, token } = gitHub();
  const home = URL.canParse(access.repositoryUri) ? new URL(access.repositoryUri).host : "";
  if (home !== host)
    throw new TaskError(
      "connection",
      `The connection to GitHub is for ${host}, and the code of this run lies at ${home}.`,
      {
        errorCode: "AML1003",
      },
    );
  const settings = { ...access.settings, collectionUri: api, accessToken: token };
  return GitHubPullRequest.find(await openRest(settings, "GitHub"), access, report);
}

/** Comment and statuses side by side; all are tried, and all failures are one. */
async function write(
  place: PullRequestPlace,
  page: Page,
  others: readonly OtherStatus[],
  { report, log }: Given,
): Promise<Shown> {
  const { wish, statusName } = report;
  const [comment, status, ...further] = await Promise.allSettled([
    wish.comment ? place.comment(page) : undefined,
    wish.status ? place.status(page) : undefined,
    ...(wish.status ? others : []).map((one) => place.status(one, one.name)),
  ]);
  const sentences = [
    comment.status === "fulfilled" ? comment.value?.said : undefined,
    status.status === "fulfilled" ? status.value : undefined,
  ];
  for (const sentence of sentences) if (sentence !== undefined) log.info(sentence);
  throwAll([comment, status, ...further].flatMap((one) => (one.status === "rejected" ? [one.reason as unknown] : [])));
  const change = comment.status === "fulfilled" ? comment.value?.change : undefined;
  const isSet = wish.status && status.status === "fulfilled" && status.value === undefined;
  return {
    ...{ id: String(place.id), provider: place.provider, url: place.url },
    ...(change === undefined ? {} : { comment: change }),
    ...(isSet ? { status: { name: `azureml/${statusName}`, state: page.state } } : {}),
  };
}

function throwAll(failures: readonly unknown[]): void {
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (!(first instanceof TaskError) || others.length === 0) throw first;
  const messages = [...new Set(failures.map((one) => (one instanceof Error ? one.message : String(one))))];
  throw new TaskError(first.kind, messages.join(" "), {
    errorCode: first.errorCode ?? "AML1901",
    ...(first.status === undefined ? {} : { status: first.status }),
    cause: first,
  });
}

/** Both identities that a job's token may have are named (docs/facts/evidence.md#D.10). */
function warning({ access }: Given) {
  const { repositoryName, teamProject, organization } = access;
  return {
    failed: "The pull request could not be told the result",
    missing: "The step's result, its outputs and its record count all the same.",
    needs: isGitHub(access)
      ? `a GitHub connection whose token has the scope "repo", or of a fine-grained one the permissions "Pull requests: write" and "Commit statuses: write" on ${repositoryName}`
      : `the permission Contribute to pull requests on the repository ${repositoryName} for "${teamProject} Build Service (${organization})", ` +
        `or for "Project Collection Build Service (${organization})" where jobs are authorized for the whole collection`,
  };
}

/** Ends the wait, not the request: an answer that comes later is not needed any more. */
async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = signal.aborted ? PATIENCE_AFTER_CANCEL : PATIENCE;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new TaskError("timeout", `It took longer than ${limit / 1000} seconds.`, { errorCode: "AML1902" });
    timer = setTimeout(() => reject(error), limit);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
