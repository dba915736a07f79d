// The outcome of a run: stages, jobs, steps, and what they left.
import { type Attachment, type Issue, type StageOutcome, SUMMARY_TYPE, type TaskResult } from "../../agent/index.ts";
import type { CompletedRun } from "../triggers/triggers.ts";
import type { RunResult } from "./devops.ts";

/** One stage (prejob, execution, postjob) of one step, as the agent tells it. */
export type StepOutcome = StageOutcome;

export interface JobRunOutcome {
  readonly name: string;
  readonly displayName: string;
  readonly id: string;
  readonly result: TaskResult;
  /** How long it kept an agent busy, milliseconds; 0 for agentless jobs and those that did not run. */
  readonly agentMilliseconds: number;
  readonly steps: readonly StepOutcome[];
  /** `step.variable` -> value; secret ones are masked as `***`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** All lines of the job's log, masked. */
  readonly lines: readonly string[];
}

export interface StageRunOutcome {
  readonly name: string;
  readonly displayName: string;
  readonly result: TaskResult;
  readonly jobs: readonly JobRunOutcome[];
}

export interface RunOutcome {
  readonly pipeline: string;
  readonly result: RunResult;
  readonly buildId: number;
  readonly runNumber: string;
  /** Page of the run. */
  readonly url: string;
  readonly stages: readonly StageRunOutcome[];
  /** Markdown that steps uploaded as summaries, in order. */
  readonly summaries: readonly { readonly name: string; readonly step: string; readonly markdown: string }[];
  readonly attachments: readonly (Attachment & { readonly step: string })[];
  /** Errors and warnings of all steps, in order. */
  readonly issues: readonly (Issue & { readonly step: string })[];
  /** Public variables of the last job at its end, expanded, by name. */
  readonly variables: Readonly<Record<string, string>>;
  /** For the pipelines that this run may start. */
  readonly completed: CompletedRun;
}

/** The outcomes of a run's steps, in order. */
export function leftBy(stages: readonly StageRunOutcome[]): Pick<RunOutcome, "summaries" | "attachments" | "issues"> {
  const steps = stages.flatMap(({ jobs }) => jobs.flatMap((job) => job.steps));
  const attachments = steps.flatMap((step) => step.attachments.map((one) => ({ ...one, step: step.name })));
  return {
    summaries: attachments
      .filter(({ type }) => type === SUMMARY_TYPE)
      .map(({ name, step, content }) => ({ name, step, markdown: content.toString("utf8") })),
    attachments,
    issues: steps.flatMap((step) => step.issues.map((issue) => ({ ...issue, step: step.name }))),
  };
}

/** The result of a stage from its jobs, or of a run from its stages: the worst; skipped only where all were. */
export function combineResults(results: readonly TaskResult[]): TaskResult {
  for (const result of ["Failed", "Canceled", "SucceededWithIssues", "Succeeded"] as const)
    if (results.includes(result)) return result;
  return results.length === 0 ? "Succeeded" : "Skipped";
}

export function runResult(result: TaskResult): RunResult {
  if (result === "Failed" || result === "Abandoned") return "failed";
  if (result === "Canceled") return "canceled";
  return result === "SucceededWithIssues" ? "partiallySucceeded" : "succeeded";
}

/** The timeline's word for each result. */
export const RECORD_RESULTS = {
  Succeeded: "succeeded",
  SucceededWithIssues: "succeededWithIssues",
  Failed: "failed",
  Canceled: "canceled",
  Skipped: "skipped",
  Abandoned: "abandoned",
} as const;
