// Triggers: selects the pipelines that a push or a completed run starts.
import ignore from "ignore";
import type { Filter, PipelineDocument, PipelineResource } from "../language/document.ts";

/** The result of a run for the pipelines that name it as their resource. */
export interface CompletedRun {
  readonly pipeline: string;
  readonly pipelineId: number;
  readonly runId: number;
  readonly runNumber: string;
  readonly runUri: string;
  readonly result: string;
  /** `refs/heads/main` */
  readonly branch: string;
  readonly commit: string;
  readonly tags: readonly string[];
  /** Names of the stages that succeeded. */
  readonly stages: readonly string[];
  readonly projectName: string;
  readonly projectId: string;
  readonly requestedFor: string;
}

const shortBranch = (branch: string) => branch.replace(/^refs\/heads\//, "");

/** Include and exclude with `*`; a name without refs/ is a branch. Nothing included means everything. */
export function matchesBranch(filter: Filter, branch: string): boolean {
  const matches = (pattern: string) => {
    const text = pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*");
    return new RegExp(`^${text}$`, "i").test(pattern.startsWith("refs/") ? branch : shortBranch(branch));
  };
  const isIncluded = filter.include.length === 0 || filter.include.some(matches);
  return isIncluded && !filter.exclude.some(matches);
}

function matchesPaths(filter: Filter, paths: readonly string[]): boolean {
  if (filter.include.length === 0 && filter.exclude.length === 0) return true;
  const [include, exclude] = [filter.include, filter.exclude].map((patterns) =>
    ignore().add(patterns.map((pattern) => `/${pattern.replace(/^\//, "")}`)),
  );
  return paths.some((path) => (filter.include.length === 0 || include!.ignores(path)) && !exclude!.ignores(path));
}

/** Whether a push to a branch starts the pipeline; `paths` are the files it changed, relative to the repository. Without `trigger:` every branch does. */
export function startsOnPush(
  document: Pick<PipelineDocument, "trigger">,
  push: { readonly branch: string; readonly paths: readonly string[] },
): boolean {
  const { trigger } = document;
  if (trigger === undefined) return true;
  if (trigger === "none") return false;
  return matchesBranch(trigger.branches, push.branch) && matchesPaths(trigger.paths, push.paths);
}

/** The resource by which a completed run starts the pipeline, or undefined. Only a run that succeeded does; every tag must be there. */
export function resourceTriggeredBy(
  document: Pick<PipelineDocument, "resources">,
  run: CompletedRun,
): PipelineResource | undefined {
  if (run.result !== "succeeded" && run.result !== "partiallySucceeded") return undefined;
  return document.resources.find(({ source, trigger }) => {
    if (trigger === "none" || source.toLowerCase() !== run.pipeline.toLowerCase()) return false;
    const has = (names: readonly string[], name: string) =>
      names.some((one) => one.toLowerCase() === name.toLowerCase());
    return (
      matchesBranch(trigger.branches, run.branch) &&
      trigger.tags.every((tag) => has(run.tags, tag)) &&
      trigger.stages.every((stage) => has(run.stages, stage))
    );
  });
}

/** `resources.pipeline.<alias>.*` of a run. */
export function resourceVariables(alias: string, run: CompletedRun): Record<string, string> {
  const values = {
    projectID: run.projectId,
    projectName: run.projectName,
    pipelineName: run.pipeline,
    pipelineID: String(run.pipelineId),
    runName: run.runNumber,
    runID: String(run.runId),
    runURI: run.runUri,
    sourceBranch: run.branch,
    sourceCommit: run.commit,
    sourceProvider: "TfsGit",
    requestedFor: run.requestedFor,
  };
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`resources.pipeline.${alias}.${key}`, value]),
  );
}
