// View of a step on the pull request of its run. It is a file of its own so that only tasks that have it carry it, and what needs requests
// is loaded only where the user asks for it.
// Tests: test/tasks/pull-request.test.ts
import { type PullRequestAccess, readGitHubConnection, readPullRequestAccess } from "../agent/pull-request-access.ts";
import type { OtherStatus } from "../evidence/pull-request/left-status.ts";
import type { PullRequestInputs } from "../evidence/pull-request/wish.ts";
import { readWish } from "../evidence/pull-request/wish.ts";
import type { RunRecord } from "../record/index.ts";
import { recordsOfRun } from "./records-of-run.ts";
import type { StepView, ViewContext } from "./task.ts";

export interface PullRequestStep extends PullRequestInputs {
  readonly wait?: boolean;
  /** Of a gate. */
  readonly jobName?: string;
}

/** The records of the run that are shown, and what `pullRequestPage` is told of them. */
interface Showing {
  readonly records: readonly RunRecord[];
  readonly missing?: readonly string[];
  readonly failures?: readonly string[];
  readonly isRunning?: boolean;
  readonly isJudgement?: boolean;
  readonly fault?: string | undefined;
}

/** Statuses that other steps left pending, by what is known once the records are read. */
type Ended = (endings: typeof import("../evidence/pull-request/left-status.ts")) => readonly OtherStatus[];

/**
 * For a task's option `view`.
 * @param part of the run that the step is, which follows the status's name: the end of one step is never taken for that of the run. A
 * step that submits a job is shown while it runs, too. So its comment is there before the end, which then costs one round trip alone
 */
export const onPullRequest =
  (part: "gate" | "job") =>
  (context: ViewContext<PullRequestStep>): StepView | undefined => {
    const opened = openOnPullRequest(context, `/${part}`);
    if (opened === undefined) return undefined;
    const { log } = context;
    // Said before the job costs anything: a policy that requires the status waits for what may not follow in this pipeline.
    let isTold = part === "job" && context.inputs.wait === false && opened.wish.status;
    if (isTold) log.info(opened.whoEnds);
    const earlier = recordsOfRun(context.run, context.signal);
    let shown: Promise<unknown> | undefined =
      part === "job" ? earlier.then(({ records }) => opened.show({ records, isRunning: true })) : undefined;
    shown?.catch(() => {});
    const show = async (record: RunRecord) => {
      await shown;
      const { records } = await earlier;
      const { job } = record;
      const isRunning = record.result === "succeeded" && job !== undefined && !ENDED.test(job.status);
      const { jobName } = context.inputs;
      const ended: Ended = ({ endedByGate }) =>
        part === "gate" && jobName !== undefined ? endedByGate(records, record, jobName) : [];
      if (isRunning && opened.wish.status && !isTold) log.info(opened.whoEnds);
      isTold ||= isRunning;
      return opened.show({ records: [...records, record], isRunning, isJudgement: part === "gate" }, ended);
    };
    return {
      ahead(clean) {
        shown = show(clean);
        shown.catch(() => {});
      },
      async end(record, clean) {
        const section = await show(clean);
        if (section !== undefined) record.pullRequest = section;
      },
      canceled: async (clean) => void (await show(clean)),
    };
  };

/**
 * Begins to look up the pull request and what is there of ours.
 * @param suffix of the status's name
 * @returns undefined where nothing is wished, or where this is no run of a pipeline @throws TaskError kind `input`
 */
export function openOnPullRequest({ inputs, log, signal, run }: ViewContext<PullRequestInputs>, suffix = "") {
  const wish = readWish(inputs);
  if (wish === undefined) return undefined;
  const source = run.pullRequest();
  const access = source && readPullRequestAccess(source);
  if (source === undefined || access === undefined) {
    log.info("This step is part of no run of a pipeline: there is no pull request to tell its result.");
    return undefined;
  }
  const { provenance } = run;
  const name = wish.name ?? provenance.definition;
  const loaded = Promise.all([
    import("../evidence/pull-request/show.ts"),
    import("../evidence/pull-request/page.ts"),
    import("../evidence/pull-request/marker.ts"),
    import("../evidence/pull-request/left-status.ts"),
  ]);
  const opened = loaded.then(([{ openPullRequest }, , { keyOf }]) =>
    openPullRequest({
      ...{ access, log, signal },
      gitHub: () => readGitHubConnection(GITHUB, source.connection(GITHUB)),
      report: {
        wish,
        key: keyOf(access.definitionId, name),
        statusName: `${name}${suffix}`,
        runId: access.runId,
        runUri: provenance.runUri,
      },
    }),
  );
  let last: { readonly page: string; readonly section: RunRecord["pullRequest"] } | undefined;
  return {
    wish,
    /** Said where the status stays pending once the step has ended: as soon as that is known. */
    whoEnds: `The status azureml/${name}${suffix} is pending until a later step of this run ends it: AzureMLEvaluateMetrics of the job, or AzureMLReport, with pullRequest: status. A branch policy that requires it holds the pull request back until then.`,
    /** The same page again asks nothing. @returns the section of the record; undefined where no pull request was told anything */
    async show(showing: Showing, ended: Ended = () => []): Promise<RunRecord["pullRequest"]> {
      const [, { pullRequestPage }, , endings] = await loaded;
      const made = pullRequestPage({ run: pageRun(name, access, provenance), ...showing });
      const others = ended(endings);
      const page = JSON.stringify([made, others]);
      if (last?.page === page && last.section && last.section.comment !== "refused") return last.section;
      last = { page, section: await (await opened).show(made, others) };
      return last.section;
    },
  };
}

/** The input that names a connection to GitHub. */
const GITHUB = "gitHubConnection";

/** States of a job that has ended (docs/facts/azureml-services.md). */
const ENDED = /^(completed|failed|canceled|notresponding)$/i;

const pageRun = (
  name: string,
  { repositoryUri, sourceCommit }: PullRequestAccess,
  from: ViewContext<never>["run"]["provenance"],
) => ({
  name,
  number: from.runNumber,
  uri: from.runUri,
  commit: sourceCommit || from.commit,
  branch: from.branch,
  repositoryUri,
});
