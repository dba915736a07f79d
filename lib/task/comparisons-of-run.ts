// Comparisons of models that earlier steps of this run made in a workspace, by the records that they left (AzureMLCompareModels).
// Tests: test/tasks/compared-models.test.ts, test/tasks/broken-comparisons.test.ts
import type { Workspace } from "../ml/index.ts";
import type { ComparisonSection } from "../record/index.ts";
import type { RecordsOfRun, StepOfRun } from "./records-of-run.ts";

const COMPARES = /^AzureMLCompareModels[A-Za-z]{0,20}$/;

/** A verdict, and sentences about later steps that were to compare models and left none: one of them may have been about the same models. */
type ComparisonOfStep = ComparisonSection & { readonly outdatedBy?: readonly string[] };

interface ComparisonsOfSteps {
  /** The newest last. */
  readonly comparisons: readonly ComparisonOfStep[];
  /** Sentences about what could not be read. */
  readonly unread: readonly string[];
}

/**
 * No round trip of its own. Records of other workspaces do not count, nor those of another task: only one scores both models. A lost record counts only
 * where it is of such a step.
 */
export async function comparisonsOfRun(
  others: Promise<RecordsOfRun>,
  workspace: Pick<Workspace, "name" | "resourceGroup" | "subscriptionId">,
): Promise<ComparisonsOfSteps> {
  const { steps = [], fault } = await others;
  const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
  const isElsewhere = ({ record }: StepOfRun) =>
    record?.workspace !== undefined &&
    !(
      same(record.workspace.name, workspace.name) &&
      same(record.workspace.resourceGroup, workspace.resourceGroup) &&
      same(record.workspace.subscriptionId, workspace.subscriptionId)
    );
  const compares = steps.filter((one) => COMPARES.test(one.record?.task.name ?? one.task) && !isElsewhere(one));
  const broken = compares.flatMap((step) => {
    const how = brokenBy(step);
    return how === undefined ? [] : [{ step, how }];
  });
  const lost = compares.filter(({ record, isSkipped }) => record === undefined && !isSkipped).map(({ step }) => step);
  return {
    comparisons: compares.flatMap((step) => {
      const { comparison, workspace: of } = step.record ?? {};
      if (comparison === undefined || of === undefined) return [];
      const outdatedBy = broken
        .filter((one) => isLater(one.step, step))
        .map(({ step: { step: name }, how }) => `The later step "${name}" that compares models ${how}.`);
      return [{ ...comparison, ...(outdatedBy.length > 0 ? { outdatedBy } : {}) }];
    }),
    unread: [
      ...(fault === undefined ? [] : [fault]),
      ...(lost.length === 0 ? [] : [`No record arrived of ${lost.join(", ")}.`]),
    ],
  };
}

/** How a step ended that has no verdict; undefined where it has one, or was a dry run, which is to have none. */
function brokenBy({ record, isSkipped }: StepOfRun): string | undefined {
  if (isSkipped) return "was skipped";
  if (record === undefined || record.comparison !== undefined) return undefined;
  if (record.result === "canceled") return "was canceled";
  return record.result === "failed" ? "failed without a verdict" : undefined;
}

/** Whether a step came later, or may have: of a skipped one the timeline may not say when (not verified against live Azure DevOps). */
function isLater(one: StepOfRun, other: StepOfRun): boolean {
  if (one.job === other.job && one.order !== undefined && other.order !== undefined) return one.order > other.order;
  return one.ended === undefined || other.ended === undefined || one.ended >= other.ended;
}
