// Statuses that a step left pending because it did not wait for its job. A later step of the run that knows more ends them: the gate of that
// job, and else the report of the run. Pure.
// Tests: test/tasks/pull-request.test.ts
import { type RunRecord, redact } from "../../record/index.ts";
import { LONGEST_DESCRIPTION, type Page } from "./page.ts";

/** The part of a page that a status shows. */
export type StatusPage = Pick<Page, "state" | "description">;

/** A status besides the step's own, by its name without the genre. */
export interface OtherStatus extends StatusPage {
  readonly name: string;
}

/** Names that `pullRequestName` allows, of the part that is a job. */
const OF_A_JOB = /^azureml\/([\w. /-]{1,200}\/job)$/;
/** The error of a gate whose job has not completed (lib/error-codes.json). */
const NOT_COMPLETED = "AML1502";

/**
 * By the gate of a job, once its step has ended.
 * @param jobName the job that the step was to judge
 */
export function endedByGate(others: readonly RunRecord[], own: RunRecord, jobName: string): OtherStatus[] {
  const verdict = verdictOf(own, jobName);
  return verdict === undefined ? [] : leftIn(others, jobName).map((name) => ({ name, ...verdict }));
}

/** By the report of a whole run. */
export function endedByReport(records: readonly RunRecord[]): OtherStatus[] {
  const jobs = new Set(records.flatMap(({ job }) => job?.name ?? []));
  return [...jobs].flatMap((jobName) => {
    const gate = records.find((one) => one.gate?.jobName === jobName);
    const description = cutTo(`No step of this run waited for the job ${jobName}: how it ended is not known`);
    const verdict = (gate && verdictOf(gate, jobName)) ?? { state: "unknown" as const, description };
    return leftIn(records, jobName).map((name) => ({ name, ...verdict }));
  });
}

/** A gate judges a job only once it has completed. */
function verdictOf({ gate, error }: RunRecord, jobName: string): StatusPage | undefined {
  if (gate?.jobName === jobName) return { state: "passed", description: cutTo(`The job ${jobName} has completed`) };
  if (error?.code === NOT_COMPLETED) return { state: "failed", description: cutTo(error.message) };
  return undefined;
}

function leftIn(records: readonly RunRecord[], jobName: string): string[] {
  const names = records.flatMap(({ job, pullRequest }) => {
    const { name = "", state } = pullRequest?.status ?? {};
    return job?.name === jobName && state === "running" ? [OF_A_JOB.exec(name)?.[1] ?? ""] : [];
  });
  return [...new Set(names)].filter((name) => name !== "" && !name.split("/").includes(".."));
}

const cutTo = (text: string): string => redact(text).replace(/\s+/g, " ").trim().slice(0, LONGEST_DESCRIPTION);
