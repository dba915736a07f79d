// The evidence that a model was judged. On a model it is what CheckModel asks for, and it comes from the record of a judgement that is
// read through the API of the run that made it. On a job it only informs people, because the job itself may write it there.
import { segment } from "../../azure/index.ts";
import { EVIDENCE, isJudgement } from "../../documents/assets/evidence-names.ts";
import { TaskError } from "../../errors.ts";
import { secondaryWrite } from "../../secondary-write.ts";
import { findVersion } from "../assets/assets.ts";
import { retag } from "../assets/retag.ts";
import { getJob, type Job } from "../jobs/jobs.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { jobOf } from "./model-job.ts";

export { EVIDENCE, isEvidence, refuseEvidence } from "../../documents/assets/evidence-names.ts";

/** The permission to write to a job; the role's name is general knowledge. */
const JOB_ROLE = "a role such as AzureML Data Scientist on the workspace";

/**
 * Writes the result of an evaluation to a job's tags, and replaces an earlier one. Two round trips: the job as it is, and the
 * PATCH of run history by which the studio and the official client (azure-ai-ml 1.35) change tags. The service merges the tags
 * (Azure/azure-sdk-for-python#47819); a PUT of a finished job with other tags is refused. These tags inform people, and never
 * become a model's evidence, so a refusal is a warning.
 * @throws TaskError where an earlier "passed" would stand against this evaluation, on the job or on a model that was made of it
 */
export async function recordEvaluation(workspace: Workspace, jobName: string, passed: boolean): Promise<void> {
  const { provenance, azure, signal } = workspace;
  const stale = passed ? undefined : await failModelsOf(workspace, jobName);
  let has: Readonly<Record<string, string>> | undefined;
  await secondaryWrite(
    workspace,
    {
      failed: `The evaluation could not be written to the job ${jobName}, where people would see it`,
      missing: "The run's own record is kept and counts.",
      needs: JOB_ROLE,
    },
    async () => {
      const { properties } = await getJob(workspace, jobName);
      has = properties?.tags ?? {};
      const judgedByPipeline = provenance.kind !== "none";
      const tags: Record<string, string> = {
        // No tag can be removed: what an earlier evaluation wrote and this one does not say becomes empty.
        ...Object.fromEntries(
          Object.keys(has)
            .filter(isJudgement)
            .map((name) => [name, ""]),
        ),
        [EVIDENCE.result]: passed ? "passed" : "failed",
        ...(judgedByPipeline ? { [EVIDENCE.pipeline]: provenance.definition, [EVIDENCE.run]: provenance.runUri } : {}),
        [EVIDENCE.time]: new Date().toISOString(),
      };
      const experiment = segment(properties?.experimentName ?? "Default", "the name of the experiment");
      const run = segment(jobName, "the name of the job");
      const at = `${await workspace.serviceUrl("history")}/experiments/${experiment}/runs/${run}`;
      await azure.request("PATCH", at, {
        doing: `write the evaluation of the job ${jobName}`,
        body: { tags },
        // The same tags again change nothing.
        repeats: true,
        signal,
      });
    },
    (failure) => {
      // Where its tags could not be read, they may say so too.
      if (!passed && (has === undefined || has[EVIDENCE.result] === "passed"))
        throw stale ?? staysPassed(jobName, has !== undefined, failure);
    },
  );
  if (stale !== undefined) throw stale;
}

/** A job that failed a later evaluation must not keep the tag `passed`. */
function staysPassed(jobName: string, isKnown: boolean, error: Error): TaskError {
  const { kind, status, requestId } = error instanceof TaskError ? error : {};
  return new TaskError(
    kind ?? "service",
    `The job ${jobName} failed its evaluation, and its tag "${EVIDENCE.result}" ${isKnown ? "still says" : "may still say"} "passed", because the evaluation could not be written: ${error.message}`,
    {
      errorCode: "AML1506",
      hint: `Give the service connection's identity ${JOB_ROLE}, and run the step again.`,
      ...(status === undefined ? {} : { status }),
      ...(requestId === undefined ? {} : { requestId }),
      cause: error,
    },
  );
}

/** Models of one job that are asked for at a time, and pages that are read of them: what is beyond is said. */
const PAGE = 100;
const MOST_PAGES = 50;

/**
 * Where a job fails its judgement, models that were made of it and carry `passed` get `failed`. One round trip to
 * find a page of them by their job, as MLflow's clients do (that Azure ML finds those of the management plane so is not verified against live
 * Azure), and two a model. Where they cannot be looked for, that is a warning: the judgement itself has failed in any case.
 * @returns the error of the first that carries `passed` and could not be changed; the others are changed all the same
 */
async function failModelsOf(workspace: Workspace, jobName: string): Promise<TaskError | undefined> {
  const { log, provenance, signal } = workspace;
  const stale: TaskError[] = [];
  await secondaryWrite(
    workspace,
    {
      failed: `Models made of the job ${jobName} may still carry the evaluation passed`,
      missing: "CheckModel goes by what they carry.",
      needs: JOB_ROLE,
    },
    async () => {
      for await (const { name, version } of modelsOf(workspace, jobName)) {
        const there = name && version ? await findVersion(workspace, "models", name, version) : undefined;
        if (!name || !there || jobOf(there, workspace) !== jobName) continue;
        if (there.properties?.tags?.[EVIDENCE.result] !== "passed") continue;
        const inRun = provenance.kind !== "none";
        const failed = evidenceFrom({
          passed: false,
          pipeline: inRun ? provenance.definition : "",
          runUri: inRun ? provenance.runUri : "",
          time: new Date().toISOString(),
        });
        try {
          await retag(workspace, "models", name, there, failed, (stands) => ({
            ...stands,
            tags: withEvidence(stands.tags, failed),
          }));
          log.info(`The model ${name}:${version} was made of this job, and its evaluation now says failed.`);
        } catch (error) {
          if (!(error instanceof TaskError) || signal.aborted) throw error;
          stale.push(error);
        }
      }
    },
  );
  return stale[0];
}

interface VersionsAnswer {
  model_versions?: { name?: string; version?: string }[];
  next_page_token?: string;
}

/** Versions of models that MLflow says are of this run. One round trip a page. */
async function* modelsOf(workspace: Workspace, runId: string): AsyncGenerator<{ name?: string; version?: string }> {
  const { azure, mlflowUrl, signal } = workspace;
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = { filter: `run_id='${runId.replaceAll("'", "")}'`, max_results: String(PAGE), page_token: token };
    const answer: { body: VersionsAnswer | undefined } = await azure.request(
      "GET",
      `${mlflowUrl}/model-versions/search`,
      { doing: `look for models made of the job ${runId}`, query, signal },
    );
    yield* answer.body?.model_versions ?? [];
    token = answer.body?.next_page_token || undefined;
    if (token === undefined) return;
  }
  throw new TaskError(
    "service",
    `MLflow lists more than ${MOST_PAGES} pages of them, and the others were not looked at.`,
    { errorCode: "AML1507" },
  );
}

/** The judgement of a job by a step of a pipeline run. */
export interface Judgement {
  readonly jobName: string;
  readonly jobCreated?: string | undefined;
  readonly workspace: {
    readonly name: string;
    readonly resourceGroup?: string | undefined;
    readonly subscriptionId?: string | undefined;
  };
  readonly passed: boolean;
  /** Name of the pipeline and page of the run, as Azure DevOps says them. */
  readonly pipeline: string;
  readonly runUri: string;
  readonly time: string;
}

/** Judgements that were read, the newest last, and sentences about what could not be read. */
interface Heard {
  readonly judgements: readonly Judgement[];
  readonly unread: readonly string[];
}

/** Reads judgements; lib/task has an implementation. */
export interface Judges {
  /** Judgements of this run and of its resources. */
  here(): Promise<Heard>;
  /** Judgements of the run with this page. */
  ofRun(uri: string): Promise<Heard>;
}

/** A job whose judgement is looked for. */
export interface Judged {
  readonly workspace: Workspace;
  readonly job: Job;
  readonly jobName: string;
}

/** Evidence that a version is to carry; undefined leaves what it has. */
export type Evidence = Readonly<Record<string, string>>;

/**
 * The evidence that this run has for a job, of its own judgements and those of the runs that it takes up; undefined where it has none. One that
 * passed does not count where another run has judged the job later, and failed it: up to three round trips more, where tags name such a run.
 * @param version tags of the version that is there already
 */
export async function evidenceHere(
  judged: Judged | undefined,
  judges: Judges | undefined,
  version?: Tags,
): Promise<Evidence | undefined> {
  if (!judged || !judges) return undefined;
  const { log } = judged.workspace;
  const { judgements, unread } = await judges.here();
  const found = newestOf(judgements, judged);
  for (const sentence of unread) log.warn(mayBeMissed(judged, sentence));
  if (found) {
    log.info(`The job ${judged.jobName} was judged, and ${found.passed ? "passed" : "did not pass"}: ${found.runUri}`);
    return (found.passed ? await failedSince(found, judged, judges, version) : undefined) ?? evidenceFrom(found);
  }
  log.info(
    `No step of this run, or of a run that it takes up, has judged the job ${judged.jobName}: it brings no evidence to the model.`,
  );
  return undefined;
}

type Tags = Readonly<Record<string, string>> | null | undefined;

const mayBeMissed = ({ jobName }: Judged, sentence: string) =>
  `A judgement of the job ${jobName} may have been missed: ${sentence}`;

/**
 * The failure by a later run than that of a judgement which passed. Tags of the version and of the job say where to look, and that run's record counts.
 * Where it cannot be read, those of the version do: nothing passes by them.
 */
async function failedSince(
  passed: Judgement,
  judged: Judged,
  judges: Judges,
  version: Tags,
): Promise<Evidence | undefined> {
  const { log } = judged.workspace;
  for (const tags of [version, judged.job.properties?.tags]) {
    const run = tags?.[EVIDENCE.run] ?? "";
    if (tags?.[EVIDENCE.result] !== "failed" || run === "" || run === passed.runUri) continue;
    const { judgements, unread } = await judges.ofRun(run);
    const found = newestOf(judgements, judged);
    if (found ? found.passed || !isAfter(found.time, passed) : unread.length === 0) continue;
    if (found === undefined) for (const sentence of unread) log.warn(mayBeMissed(judged, sentence));
    if (found === undefined && (tags !== version || !isAfter(tags[EVIDENCE.time], passed))) continue;
    log.warn(`The run ${run} judged the job ${judged.jobName} again later, and it did not pass.`);
    return found ? evidenceFrom(found) : evidenceIn(tags);
  }
  return undefined;
}

/** Whether a time is after that of a judgement: also where nobody knows. */
export const isAfter = (time: string | undefined, judgement: Pick<Judgement, "time">): boolean =>
  !(Date.parse(time ?? "") <= Date.parse(judgement.time));

/**
 * The evidence that a version which is there already may go on carrying, where this run has none: what the run that it names confirms.
 * Tags that are refuted, or name no run, are removed, because anybody with write access to the workspace may have written them.
 * @param called `name:version`, for the log
 * @returns undefined where nothing is to change
 */
export async function evidenceKept(
  has: Tags,
  called: string,
  judged: Judged | undefined,
  judges: Judges | undefined,
  log: Workspace["log"],
): Promise<{ keep: Evidence; isVerified: boolean }> {
  const claimed = evidenceIn(has);
  if (Object.keys(claimed).length === 0) return { keep: claimed, isVerified: true };
  const run = claimed[EVIDENCE.run] ?? "";
  const { judgements, unread } = judged && judges ? await judges.ofRun(run) : NOTHING;
  const found = judged && newestOf(judgements, judged);
  if (found) return { keep: evidenceFrom(found), isVerified: true };
  if (judged && (!judges || unread.length > 0)) {
    log.warn(
      `${called} carries an evaluation that could not be verified: ${unread.join(" ") || "this is no run of a pipeline."}`,
    );
    return { keep: claimed, isVerified: false };
  }
  const why = judged ? `the run that it names (${run || "none"}) has not judged its job` : "it was made of no job";
  log.warn(`${called} carried an evaluation that no run confirms, so it was removed: ${why}.`);
  return { keep: {}, isVerified: true };
}

const NOTHING: Heard = { judgements: [], unread: [] };

export function newestOf(judgements: readonly Judgement[], { workspace, job, jobName }: Judged): Judgement | undefined {
  const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
  const created = Date.parse(job.systemData?.createdAt ?? "");
  return judgements.findLast((one) => {
    const { name, resourceGroup, subscriptionId } = one.workspace;
    const of = Date.parse(one.jobCreated ?? "");
    return (
      one.jobName === jobName &&
      same(name, workspace.name) &&
      same(resourceGroup, workspace.resourceGroup) &&
      same(subscriptionId, workspace.subscriptionId) &&
      // A job that was deleted and made again under its name is another job.
      (Number.isNaN(created) || Number.isNaN(of) || Math.abs(created - of) < 1_000)
    );
  });
}

export function evidenceFrom({
  passed,
  pipeline,
  runUri,
  time,
}: Pick<Judgement, "passed" | "pipeline" | "runUri" | "time">): Evidence {
  const tags = {
    [EVIDENCE.result]: passed ? "passed" : "failed",
    [EVIDENCE.pipeline]: pipeline,
    [EVIDENCE.run]: runUri,
    [EVIDENCE.time]: time,
  };
  return Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== ""));
}

/** The evidence among tags. */
export function evidenceIn(tags: Readonly<Record<string, string>> | null | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(tags ?? {}).filter(([name]) => isJudgement(name)));
}

/** Tags with this evidence in place of any other. */
export const withEvidence = (
  tags: Readonly<Record<string, string>> | null | undefined,
  evidence: Evidence,
): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(tags ?? {}).filter(([name]) => !isJudgement(name))),
  ...evidence,
});
