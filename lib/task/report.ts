// Report of a whole run: the records of its steps as one page, which its pull request is told. It is a file of its own so that only the
// task that makes it carries it.
// Tests: test/bundle/report.test.ts
import type { Page } from "../evidence/pull-request/page.ts";
import { pullRequestPage } from "../evidence/pull-request/page.ts";
import type { PullRequestInputs } from "../evidence/pull-request/wish.ts";
import type { RunRecord } from "../record/index.ts";
import { counted } from "../record/words.ts";
import { leaveEvidence } from "./evidence.ts";
import { openOnPullRequest } from "./pull-request.ts";
import { type RecordsOfRun, recordsOfRun } from "./records-of-run.ts";
import type { StoryContext, ViewContext } from "./task.ts";

interface Report {
  readonly page: Page;
  readonly records: readonly RunRecord[];
  /** Of the whole run, in short. */
  readonly evidence: string;
  readonly pullRequest: RunRecord["pullRequest"];
}

/** @throws TaskError kind `input` */
export async function reportRun(
  context: ViewContext<PullRequestInputs> & Pick<StoryContext<never, never>, "run">,
  record: RunRecord,
): Promise<Report> {
  const opened = openOnPullRequest(context);
  const { provenance } = context.run;
  const known = await recordsOfRun(context.run, context.signal);
  const { records, missing, failed } = known;
  context.signal.throwIfAborted();
  const fault = known.fault ?? faultOf(known);
  const showing = { records, missing, fault, ...(failed === undefined ? {} : { failures: failed }) };
  const run = {
    ...{ name: provenance.definition, number: provenance.runNumber, uri: provenance.runUri },
    ...{ commit: provenance.commit, branch: provenance.branch, repositoryUri: provenance.repositoryUri },
  };
  const page = pullRequestPage({ run, ...showing });
  const [pullRequest, evidence] = await Promise.all([
    opened?.show(showing, ({ endedByReport }) => endedByReport(records)),
    leaveEvidence(context.run, record, { ...known, ...(fault === undefined ? {} : { fault }) }),
  ]);
  return { page, records, evidence, pullRequest };
}

/** Tasks that judge what the run made. */
const JUDGES = /^AzureML(?:EvaluateMetrics|CompareModels|CheckData|VerifyModel)(?![a-z])[A-Za-z]{0,20}$/;

/** The reason why the run is not known as a whole: it is never shown as passed then. */
function faultOf({ records, missing, running = [], steps = [] }: RecordsOfRun): string | undefined {
  const skipped = steps.filter(({ task, isSkipped }) => isSkipped && JUDGES.test(task)).map(({ step }) => step);
  const [first, ...more] = skipped;
  if (running.length > 0) return `Steps of this run have not ended: ${running.join(", ")}.`;
  if (missing.length > 0) return `${counted(missing.length, "step")} of this run left no record that can be read.`;
  if (first !== undefined)
    return more.length === 0
      ? `The step ${first}, which judges, was skipped: what it would have found is not known.`
      : `The steps ${skipped.join(", ")}, which judge, were skipped: what they would have found is not known.`;
  return records.length === 0 ? "No step of this run has left a record." : undefined;
}
