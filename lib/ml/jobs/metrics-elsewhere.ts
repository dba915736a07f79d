// Finds a metric that a job lacks in one of its child runs, as steps of a pipeline have theirs. It helps to write the rule, and never
// changes a judgement.
// Tests: test/lib/ml/jobs/job-kinds.test.ts
import { sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { latestMetrics } from "./metrics.ts";
import { childRuns } from "./runs.ts";

/** Child runs that are looked at, at most. */
const MOST = 50;

/**
 * Sentences that say which child runs have metrics of these names. Two round trips, and one a child side by side.
 * @returns nothing where none has, or where they cannot be read
 */
export async function metricsOfChildren(
  workspace: Workspace,
  jobName: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const sentences = new Map<string, string>();
  if (names.length === 0) return sentences;
  try {
    const children = (await childRuns(workspace, jobName)).slice(0, MOST);
    const theirs = await sideBySide(children, 8, (child) => latestMetrics(workspace, child.runId));
    for (const name of names) {
      const having = children.filter((_, index) => Object.hasOwn(theirs[index] ?? {}, name));
      const called = having.slice(0, 5).map(({ displayName, runId }) => `${displayName || runId} (${runId})`);
      if (called.length === 0) continue;
      const whose =
        called.length === 1
          ? `The run of its step ${called[0]} has`
          : `The runs of its steps ${called.join(", ")} have`;
      sentences.set(name, `${whose} ${JSON.stringify(name)}: set includeChildRuns to true to judge it.`);
    }
  } catch (error) {
    // Only a help: what is missing stays missing.
    if (!(error instanceof TaskError) || error.kind === "canceled") throw error;
    workspace.log.debug(`The child runs of ${jobName} were not looked at: ${error.message}`);
  }
  return sentences;
}
