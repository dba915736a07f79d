// Checks the permissions of the build service in Azure DevOps, and the requirements of agentless waits.
// Tests: test/lib/ml/setup/page.test.ts
import type { CheckAnswer, Page } from "./page.ts";
import type { Setup } from "./sign-in.ts";
import type { TaskFolderName } from "./task-operations.ts";

export const RIGHTS = ["builds", "tests", "pullRequests", "workItems"] as const;
export type RightsArea = (typeof RIGHTS)[number];

/** The result for one area. */
interface RightsFound {
  /** Names of the rights as Azure DevOps shows them to people. */
  readonly asked: readonly string[];
  /** Those of them that the build service lacks. */
  readonly lacking: readonly string[];
  /** Where they are given. */
  readonly where: string;
  /** Those of `asked` that only whoever starts runs needs. */
  readonly toStart?: readonly string[];
}

/** The tasks that a pipeline uses. */
export interface UsedTasks {
  readonly tasks: readonly TaskFolderName[];
  /** False: nobody named them, and they are all there are. What one of them alone needs is then no fault. */
  readonly areNamed: boolean;
}

/** The query of rights; undefined for an area that this run does not use. @throws TaskError */
export type AskRights = (area: RightsArea, startsRuns: boolean) => Promise<RightsFound | undefined>;

const ASKED: Readonly<Record<RightsArea, string>> = {
  builds: "What the build service may do with runs: read their records, start and mark them.",
  tests: "Whether the build service may publish test results.",
  pullRequests: "Whether the build service may comment on pull requests of this repository.",
  workItems: "Whether the build service may read and change work items.",
};

/** @param named areas that the pipeline uses; undefined where nobody said, and then only what our own tasks do is needed */
export function checkRights(
  page: Page,
  ask: AskRights,
  { tasks, areNamed }: UsedTasks,
  named: readonly RightsArea[] | undefined,
): void {
  const own: readonly RightsArea[] = tasks.some((task) => /^(EvaluateMetrics|DeployEndpoint)$/.test(task))
    ? ["builds", "tests"]
    : ["builds"];
  const needed = named ?? own;
  for (const area of RIGHTS) {
    page.check({ id: `azure devops ${area}`, asked: ASKED[area] }, async (): Promise<CheckAnswer<true>> => {
      const found = await ask(area, tasks.includes("WatchModels"));
      if (found === undefined)
        return {
          outcome: "notNeeded",
          answered: "Not asked, because this run has no repository of Azure Repos, or is none of a pipeline.",
        };
      if (found.lacking.length === 0) return { answered: `Allowed: ${found.asked.join(", ")}.`, value: true };
      const { lacking, toStart = [] } = found;
      // Which pipeline is started is not known: where it has rights of its own, this one's say nothing of it.
      const ofStarts = lacking.some((one) => toStart.includes(one))
        ? " Asked of this pipeline alone: what AzureMLWatchModels starts is another."
        : "";
      const answered = `Not allowed: ${lacking.join(", ")}.${ofStarts}`;
      const remedy = `${found.where}: allow the build service ${found.lacking.map((one) => `"${one}"`).join(" and ")}.`;
      const isForStartsAlone = lacking.every((one) => toStart.includes(one));
      const isNeeded = needed.includes(area) && (named !== undefined || areNamed || !isForStartsAlone);
      if (isNeeded) return { outcome: "failed", answered, remedy };
      const isNamed = named !== undefined;
      return {
        outcome: isNamed ? "notNeeded" : "warned",
        answered: `${answered} ${isNamed ? "The input rights does not name it." : "No task that was named needs it; steps of your own may."}`,
        remedy,
      };
    });
  }
}

const AGENTLESS = ["WaitForJob", "CheckModel", "CheckRollout"] as const;

/** Azure DevOps itself signs in for tasks without an agent: it knows only some ways. */
export function checkAgentless(page: Page, setup: Setup, { tasks, areNamed }: UsedTasks, connectionType: string): void {
  page.check(
    {
      id: "agentless waits",
      asked:
        "What WaitForJob, CheckModel and CheckRollout need of the connection. The call back from Azure ML to Azure DevOps is not tested here: the acceptance pipeline does that (docs/first-run.md).",
    },
    async (): Promise<CheckAnswer<true>> => {
      const named = AGENTLESS.filter((task) => tasks.includes(task));
      if ("fault" in setup)
        return { outcome: "notAsked", answered: 'Not asked, because the check "connection" failed.' };
      const isOwnType = connectionType === "workspaceConnection";
      const isMachine = setup.connection.scheme === "managedIdentity";
      if (!isOwnType && !isMachine)
        return { answered: "The connection is of a kind with which Azure DevOps signs in itself.", value: true };
      const why = isOwnType
        ? "A connection of type Azure Machine Learning workspace is not taken by tasks without an agent"
        : "Managed identities need an agent, and these tasks run without one";
      return {
        outcome: named.length === 0 ? "notNeeded" : areNamed ? "failed" : "warned",
        answered: areNamed ? `${why}.` : `${why}. The input tasks names none.`,
        remedy:
          "Make a connection of type Azure Resource Manager beside it, with a service principal or federation, for these tasks.",
      };
    },
  );
}
