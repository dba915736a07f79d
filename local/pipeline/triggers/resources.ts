// Pipeline resources of a run: which earlier run stands for each.
import type { PipelineDocument, PipelineResource } from "../language/document.ts";
import { PipelineError } from "../language/faults.ts";
import { type CompletedRun, matchesBranch } from "./triggers.ts";

/** The name under which a pipeline knows the run that started it. */
export function aliasOf(document: PipelineDocument, run: CompletedRun): string | undefined {
  return document.resources.find(({ source }) => source.toLowerCase() === run.pipeline.toLowerCase())?.alias;
}

/** The run that stands for each pipeline resource: the triggering one, else the latest that fits. */
export function resolveResources(
  document: PipelineDocument,
  options: { readonly triggeredBy?: CompletedRun; readonly history?: readonly CompletedRun[] },
  branch: string,
): [PipelineResource, CompletedRun][] {
  return document.resources.map((resource) => {
    const trigger = options.triggeredBy;
    if (trigger && trigger.pipeline.toLowerCase() === resource.source.toLowerCase()) return [resource, trigger];
    const fits = (run: CompletedRun) =>
      run.pipeline.toLowerCase() === resource.source.toLowerCase() &&
      (resource.version === undefined ? /succeeded$/i.test(run.result) : run.runNumber === resource.version) &&
      (resource.branch === undefined || matchesBranch({ include: [resource.branch], exclude: [] }, run.branch)) &&
      resource.tags.every((tag) => run.tags.includes(tag));
    const run = (options.history ?? []).findLast(fits);
    if (run) return [resource, run];
    const message = `Unable to resolve latest version for pipeline ${resource.alias} this could be due to inaccessible pipeline or no version is available (branch ${resource.branch ?? branch}).`;
    throw new PipelineError([{ place: resource.place, message }]);
  });
}
