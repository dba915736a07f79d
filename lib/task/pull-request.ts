// View of a step on the pull request of its run. It is a file of its own so that only tasks that have it carry it, and what needs requests
// is loaded only where the user asks for it.
// Tests: test/tasks/pull-request.test.ts
import type { PullRequestAccess } from "../agent/pull-request-access.ts";
import type { PullRequestInputs } from "../evidence/pull-request/wish.ts";
import { readWish } from "../evidence/pull-request/wish.ts";
import { RECORD_TYPE, type RunRecord, readRecord } from "../record/index.ts";
import type { StepView, ViewContext } from "./task.ts";

/** Tasks that leave records, of this extension or of a variant of it: those of the server leave none. */
const LEAVES_RECORDS = /^AzureML(?!CheckModel|CheckRollout|WaitForJob)[A-Za-z]{1,40}$/;
/** A post-job stage is in the timeline under the same task, and leaves no record. */
const POST_JOB = /^Post-job: /;
/** Milliseconds that records of this run's earlier steps are waited for. */
const PATIENCE = 15_000;

export interface PullRequestStep extends PullRequestInputs {
  readonly wait?: boolean;
}

/**
 * For a task's option `view`.
 * @param part of the run that the step is, which follows the status's name: the end of one step is never taken for that of the run. A
 * step that waits for its job is shown while it runs, too
 */
export const onPullRequest =
  (part: "gate" | "job") =>
  ({ inputs, log, signal, run }: ViewContext<PullRequestStep>): StepView | undefined => {
    const wish = readWish(inputs);
    if (wish === undefined) return undefined;
    const access = run.pullRequest();
    if (access === undefined) {
      log.info("This step is part of no run of a pipeline: there is no pull request to tell its result.");
      return undefined;
    }
    const { provenance } = run;
    const name = wish.name ?? provenance.definition;
    const loaded = Promise.all([
      import("../evidence/pull-request/show.ts"),
      import("../evidence/pull-request/page.ts"),
      import("../evidence/pull-request/marker.ts"),
    ]);
    const opened = loaded.then(([{ openPullRequest }, , { keyOf }]) =>
      openPullRequest({
        ...{ access, log, signal },
        gitHub: () => run.gitHub("gitHubConnection"),
        report: {
          wish,
          key: keyOf(access.definitionId, name),
          statusName: `${name}/${part}`,
          runId: access.runId,
          runUri: provenance.runUri,
        },
      }),
    );
    const earlier = recordsOfRun(run, signal);
    const page = async (records: readonly RunRecord[], isRunning: boolean) => {
      const [, { pullRequestPage }] = await loaded;
      return pullRequestPage({
        run: pageRun(name, access, provenance),
        records,
        isRunning,
        isJudgement: part === "gate",
      });
    };
    const announced =
      part === "job" && inputs.wait
        ? earlier.then(async ({ records }) => (await opened).show(await page(records, true)))
        : undefined;
    announced?.catch(() => {});
    const show = async (record: RunRecord) => {
      await announced;
      const { records } = await earlier;
      const { job } = record;
      const isRunning = record.result === "succeeded" && job !== undefined && !ENDED.test(job.status);
      await (await opened).show(await page([...records, record], isRunning));
    };
    return { end: (_record, clean) => show(clean), canceled: show };
  };

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

interface RunRecords {
  readonly records: readonly RunRecord[];
  /** Names of steps whose record did not arrive. */
  readonly missing: readonly string[];
}

/**
 * Records of the other steps of this run, in the order in which they ended. Requests: three rounds, and one for each record.
 * @param limit what is waited for those of earlier steps, in milliseconds
 * @returns none where they cannot be read: a view shows what there is
 */
async function recordsOfRun(
  run: Pick<ViewContext<never>["run"], "records">,
  signal: AbortSignal,
  limit = PATIENCE,
): Promise<RunRecords> {
  const access = run.records();
  if (access?.kind !== "build") return { records: [], missing: [] };
  try {
    const { RunRecords } = await import("../agent/run-records.ts");
    const records = new RunRecords(access);
    const wanted = { type: RECORD_TYPE, task: LEAVES_RECORDS, without: POST_JOB, patience: limit };
    const read = records.own && (await records.read(records.own, wanted, signal));
    return {
      records: (read?.attachments ?? []).flatMap(({ content }) => readRecord(content).record ?? []),
      missing: read?.missing ?? [],
    };
  } catch {
    return { records: [], missing: [] };
  }
}
