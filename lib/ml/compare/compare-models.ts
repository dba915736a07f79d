// Compares two models on one data version: finds them, scores both by one job, reads the scores row by row, and judges the difference.
// Tests: test/tasks/CompareModels.test.ts, test/bundle/compare-models.test.ts
import { TaskError } from "../../errors.ts";
import { capital } from "../../sentence.ts";
import { type FollowOptions, followJob } from "../jobs/follow-job.ts";
import type { Callbacks } from "../workspace/callbacks.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { type ComparisonRequest, comparisonJob } from "./comparison-job.ts";
import { findContender, findData, type Material } from "./contenders.ts";
import { type CompareOutcome, type JudgeOptions, judgeRows } from "./judge-rows.ts";
import { readRows } from "./read-rows.ts";
import { type ScoringJob, scoreOnce } from "./score-once.ts";

export interface CompareRequest
  extends Omit<ComparisonRequest, "challenger" | "champion" | "data">,
    Pick<FollowOptions, "deadline" | "cancelOnFailure" | "clock">,
    Pick<Callbacks<never>, "onLeft"> {
  /** As the inputs name them. */
  readonly challenger: string;
  readonly champion: string;
  readonly data: string;
  /** The verdict where the champion's endpoint, deployment or model is not there yet. */
  readonly missingChampion: "fail" | "skip";
  readonly judge: JudgeOptions;
  readonly stepIdentity: string;
  readonly nonce: string;
  /** Called with the record's section on the job as it is now. */
  readonly onJob: (job: ScoringJob & { readonly [more: string]: unknown }) => void;
}

/** The record's section on a comparison. */
export interface Comparison {
  readonly passed: boolean;
  readonly outcome: CompareOutcome | "noChampion" | "sameModel";
  readonly challenger: string;
  /** The job that made the challenger, as the service itself says. */
  readonly challengerJob?: string;
  readonly champion?: string;
  readonly championJob?: string;
  readonly data: string;
  readonly metric: string;
  readonly require: "better" | "notWorse";
  readonly confidence: number;
  readonly jobName?: string;
  /** True: the job was there already, of this step's earlier attempt or of another run. */
  readonly isReused?: true;
  readonly rows?: number;
  readonly championValue?: number;
  readonly challengerValue?: number;
  readonly difference?: number;
  readonly low?: number;
  readonly high?: number;
  readonly pValue?: number;
  readonly method?: string;
  /** The verdict as a sentence. */
  readonly detail: string;
}

/**
 * Compares. Sequential round trips: models and data side by side (one to three), the job's checks and uploads (four), the job (two), as many as it takes
 * to wait, and the rows (three, and one for each 4 MiB). No job is submitted where there is no champion, or where both are one model.
 * @returns undefined in a dry run, which scores nothing
 */
export async function compareModels(workspace: Workspace, request: CompareRequest): Promise<Comparison | undefined> {
  const { judge } = request;
  const [challenger, champion, data] = await Promise.all([
    findContender(workspace, "challengerModel", request.challenger),
    findContender(workspace, "championModel", request.champion),
    findData(workspace, request.data),
  ]);
  if ("missing" in challenger)
    throw new TaskError("notFound", `There is no challenger to compare: ${challenger.missing}.`, {
      errorCode: "AML1210",
      hint: "Correct the input challengerModel: a version that is registered, or an output of a completed job as job:<name>/<output>.",
    });
  const { metric, require, confidence } = judge;
  const section = {
    ...{ challenger: challenger.called, data: data.called, metric, require, confidence },
    ...(challenger.job === undefined ? {} : { challengerJob: challenger.job }),
  };
  if ("missing" in champion) {
    const detail = `There is no champion: ${champion.missing}.`;
    return {
      ...section,
      outcome: "noChampion",
      passed: request.missingChampion === "skip" && champion.isIdle !== true,
      detail,
    };
  }
  const known = {
    ...{ ...section, champion: champion.called },
    ...(champion.job === undefined ? {} : { championJob: champion.job }),
  };
  if (champion.uri === challenger.uri) {
    const detail = `The challenger is the champion ${champion.called}, so nothing was scored.`;
    return { ...known, outcome: "sameModel", passed: require === "notWorse", detail };
  }
  const scores = await scored(workspace, request, { challenger, champion, data });
  if (scores === undefined) return undefined;
  const {
    sentence: detail,
    champion: championValue,
    challenger: challengerValue,
    ...verdict
  } = judgeRows(await readRows(workspace, scores.jobName, scores.isOwn), judge);
  const { isOwn: _isOwn, ...scoring } = scores;
  return {
    ...known,
    ...scoring,
    ...verdict,
    ...(championValue === undefined ? {} : { championValue }),
    ...(challengerValue === undefined ? {} : { challengerValue }),
    detail,
  };
}

/** The completed job that has scored both models; undefined in a dry run. */
async function scored(
  workspace: Workspace,
  request: CompareRequest,
  materials: { readonly challenger: Material; readonly champion: Material; readonly data: Material },
): Promise<(Pick<Comparison, "isReused"> & { readonly jobName: string; readonly isOwn: boolean }) | undefined> {
  const { stepIdentity, nonce, onLeft, onJob, deadline, cancelOnFailure, clock } = request;
  const { challenger, champion } = materials;
  const job = await comparisonJob(workspace, { ...request, ...materials });
  const called = `${challenger.called} ${champion.called}`;
  const scoring = await scoreOnce(workspace, job, { stepIdentity, nonce, called, onLeft, wait: true });
  const { name, status, studioUrl, outputs } = scoring.job;
  workspace.log.info(`Job ${name}: ${studioUrl}`);
  onJob({ ...scoring.job });
  if (workspace.azure.dryRun) return undefined;
  const known = { jobName: name, isOwn: scoring.isOwn, ...(scoring.isReused ? { isReused: true as const } : {}) };
  if (status === "Completed") {
    onLeft?.();
    return known;
  }
  const followed = await followJob(workspace, name, {
    ...{ studioUrl, outputs, deadline, cancelOnFailure, isOthers: !scoring.isOwn },
    ...(clock === undefined ? {} : { clock }),
    onProgress: (section) => onJob({ ...scoring.job, ...section }),
    onLeft: (mark) => onLeft?.(scoring.isOwn ? mark : undefined),
  });
  onJob({ ...scoring.job, ...followed });
  return known;
}

/** The failure of a comparison that did not pass, in one sentence. */
export function sayComparison({ challenger, detail, outcome, require }: Comparison): string {
  const wanted = require === "better" ? "be better than the champion" : "be worse by no more than the margin";
  const asked = outcome === "notEnoughData" || outcome === "noChampion" ? "" : ` It was to ${wanted}.`;
  const called = challenger.startsWith("the ") ? capital(challenger) : challenger;
  return `${called} did not pass its comparison.${asked} ${detail}`;
}
