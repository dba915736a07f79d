// Comparisons of models that earlier steps of this run made in a workspace, by the records that they left (AzureMLCompareModels).
// Tests: test/tasks/compared-models.test.ts
import type { Workspace } from "../ml/index.ts";
import type { ComparisonSection } from "../record/index.ts";
import type { RecordsOfRun } from "./records-of-run.ts";

/** No round trip of its own. Records of other workspaces do not count, nor those of another task: only one scores both models. */
export async function comparisonsOfRun(
  others: Promise<RecordsOfRun>,
  workspace: Pick<Workspace, "name" | "resourceGroup" | "subscriptionId">,
): Promise<{ readonly comparisons: readonly ComparisonSection[]; readonly unread: readonly string[] }> {
  const { records, missing, fault } = await others;
  const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
  const here = records.filter(
    ({ task, workspace: of }) =>
      /^AzureMLCompareModels[A-Za-z]{0,20}$/.test(task.name) &&
      same(of?.name, workspace.name) &&
      same(of?.resourceGroup, workspace.resourceGroup) &&
      same(of?.subscriptionId, workspace.subscriptionId),
  );
  const lost = missing.length === 0 ? [] : [`No record arrived of ${missing.join(", ")}.`];
  return {
    comparisons: here.flatMap(({ comparison }) => comparison ?? []),
    unread: [...(fault === undefined ? [] : [fault]), ...lost],
  };
}
