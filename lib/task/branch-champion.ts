// The champion of a branch: the job that the last green run of this pipeline on it judged and passed, by the records that EvaluateMetrics left on
// that run.
// Tests: test/bundle/champions.test.ts
import { TaskError } from "../errors.ts";
import type { BranchChampion, ChampionChoice, Workspace } from "../ml/index.ts";
import { openJudgements } from "./judgements.ts";
import type { StoryRun } from "./task.ts";

/** Green runs that are looked at until one has judged a job. */
const MOST = 10;

/**
 * The champion that can be asked of Azure ML: a branch's is looked up in Azure DevOps.
 * @throws TaskError where the runs or a record cannot be read, or where a run passed several jobs
 */
export async function championChoice(
  run: Pick<StoryRun<never>, "records" | "provenance">,
  workspace: Workspace,
  choice: ChampionChoice | BranchChampion,
): Promise<ChampionChoice> {
  if (choice.kind !== "branch") return choice;
  const { targetBranch, branch: own } = run.provenance;
  const branch = choice.branch ?? targetBranch ?? own;
  const isHere = ({ name, resourceGroup, subscriptionId }: Where) =>
    same(name, workspace.name) &&
    same(resourceGroup, workspace.resourceGroup) &&
    same(subscriptionId, workspace.subscriptionId);
  const judged = await openJudgements(run, workspace.signal).ofGreenRuns(
    branch,
    MOST,
    ({ judgements, unread }) => unread.length > 0 || judgements.some((one) => one.passed && isHere(one.workspace)),
  );
  if (judged === undefined)
    throw new TaskError("input", `The input champion names the branch ${branch}, and this is no run of a pipeline.`, {
      errorCode: "AML1504",
      hint: "Name the champion by model:, endpoint: or job:.",
    });
  const last = judged.at(-1);
  const passed = (last?.judgements ?? []).filter((one) => one.passed && isHere(one.workspace));
  if (passed.length === 0 && last !== undefined && last.unread.length > 0)
    throw new TaskError(
      "failed",
      `The judgements of the last green run of ${branch} cannot be read. ${last.unread.join(" ")}`,
      { errorCode: "AML1504", hint: "Name the champion by model:, endpoint: or job:." },
    );
  const [first] = passed;
  if (first === undefined)
    return {
      kind: "none",
      why: `none of the last ${MOST} green runs of this pipeline on ${branch} has judged a job of the workspace ${workspace.name} and passed it`,
    };
  const jobs = [...new Set(passed.map(({ jobName }) => jobName))];
  if (jobs.length > 1)
    throw new TaskError(
      "failed",
      `The last green run of ${branch} (${first.runUri}) passed several jobs: ${jobs.join(", ")}.`,
      { errorCode: "AML1504", hint: "Name one of them with job:, or its model with model:." },
    );
  return { kind: "job", name: first.jobName, why: `the last green run of ${branch} passed it (${first.runUri})` };
}

interface Where {
  readonly name: string;
  readonly resourceGroup?: string | undefined;
  readonly subscriptionId?: string | undefined;
}

const same = (one: string | undefined, other: string) => one?.toLowerCase() === other.toLowerCase();
