// Loads what the terms of rules speak of: results by fold, seed or row of the job and its champion, and the reports of the job. What cannot be
// read fails the rules that speak of it, with the reason.
// Tests: test/bundle/results-of-jobs.test.ts
import { sideBySide } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import type { FoundMetrics } from "../jobs/found-metrics.ts";
import { metricHistory } from "../jobs/metrics.ts";
import { runFile } from "../jobs/run-file.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Champion } from "./champion.ts";
import type { SideOfResults } from "./read-results.ts";
import { type ReportSource, readReport } from "./reports-input.ts";
import type { ResultSource } from "./results-input.ts";
import type { Rule } from "./rules.ts";
import type { TermFacts } from "./term-values.ts";

export interface TermSources {
  readonly results: readonly ResultSource[];
  readonly reports: readonly ReportSource[];
}

/** A run in the workspace that has it. */
interface RunPlace {
  readonly workspace: Workspace;
  readonly runId: string;
}

/** Largest report, in bytes. */
const LARGEST_REPORT = 10 * 1024 * 1024;

/**
 * Refuses rules that speak of results or reports which no input names.
 * @throws TaskError kind `input`
 */
export function requireSources(rules: readonly Rule[], { results, reports }: TermSources): void {
  for (const { line, terms } of rules)
    for (const term of terms) {
      if (term.kind === "compares" && !results.some(({ metric }) => metric === term.metric))
        throw new TaskError(
          "input",
          `Input rules, line ${line}: the rule asks whether ${term.metric} is better beyond chance, and the input results says nothing about ${term.metric}.`,
          {
            errorCode: "AML1511",
            hint: `Write a line such as "${term.metric}: outputs/predictions.csv label=y score=p" or "${term.metric}: history by=folds ratio=1/9" in the input results.`,
          },
        );
      if (term.kind === "report" && !reports.some(({ name }) => name === term.report))
        throw new TaskError(
          "input",
          `Input rules, line ${line}: the rule speaks of the report ${term.report}, and the input reports names ${reports.map(({ name }) => name).join(", ") || "none"}.`,
          {
            errorCode: "AML1511",
            hint: `Write a line such as "${term.report}=outputs/report.json" in the input reports.`,
          },
        );
    }
}

/** Names the lines of the inputs results and reports that no rule speaks of: a misspelt rule may judge less than was meant. */
export function sayIdle(log: Workspace["log"], rules: readonly Rule[], { results, reports }: TermSources): void {
  const terms = rules.flatMap((rule) => rule.terms);
  for (const { metric } of results)
    if (!terms.some((term) => term.kind === "compares" && term.metric === metric))
      log.info(
        `The input results has a line for ${metric}, and no rule asks whether it improves(...), so it is not read.`,
      );
  for (const { name } of reports)
    if (!terms.some((term) => term.kind === "report" && term.report === name))
      log.info(`The input reports names ${name}, and no rule speaks of reports.${name}, so it is not read.`);
}

/**
 * Loads what rules speak of. Two sequential round trips, and one for each four megabytes of a file; one for a history; nothing where no rule
 * needs it.
 * @param jobRun the run that has a metric of the job
 * @param championRun the same of the champion; a sentence where it cannot be asked
 */
export async function loadTerms(
  rules: readonly Rule[],
  sources: TermSources,
  jobRun: (metric: string | undefined) => RunPlace,
  championRun: (metric: string) => RunPlace | string,
): Promise<Pick<TermFacts, "results" | "reports">> {
  const terms = rules.flatMap((rule) => rule.terms);
  const metrics = new Set(terms.flatMap((term) => (term.kind === "compares" ? [term.metric] : [])));
  const names = new Set(terms.flatMap((term) => (term.kind === "report" ? [term.report] : [])));
  const wanted = sources.results.filter(({ metric }) => metrics.has(metric));
  const [results, reports] = await Promise.all([
    sideBySide(wanted, 4, (source) => orWhy(() => pairOf(source, jobRun(source.metric), championRun(source.metric)))),
    sideBySide(
      sources.reports.filter(({ name }) => names.has(name)),
      4,
      ({ file }) => orWhy(() => reportOf(jobRun(undefined), file)),
    ),
  ]);
  return {
    results: new Map(wanted.map(({ metric }, at) => [metric, results[at] as NonNullable<(typeof results)[number]>])),
    reports: new Map(
      sources.reports
        .filter(({ name }) => names.has(name))
        .map(({ name }, at) => [name, reports[at] as NonNullable<(typeof reports)[number]>]),
    ),
  };
}

/** The run that has a metric, or a file where no metric is meant: the one run that has all, else the job. */
export function runOf({ runs }: FoundMetrics, metric: string | undefined, jobName: string): string {
  if (metric !== undefined) return runs.get(metric)?.runId ?? jobName;
  const ids = new Set([...runs.values()].map(({ runId }) => runId));
  const [only = jobName] = ids;
  return ids.size === 1 ? only : jobName;
}

/** The champion's run that has a metric; a sentence where it cannot be asked. */
export function championRun(
  workspace: Workspace,
  champion: Champion | undefined,
  theirs: FoundMetrics | undefined,
  metric: string,
) {
  if (!champion?.found || theirs === undefined) return "There is no champion whose results could be read.";
  const { jobName, workspace: where = workspace, called: whose } = champion;
  if (jobName === undefined) return `The job of ${whose} is not known, so its results cannot be read.`;
  return { workspace: where, runId: theirs.runs.get(metric)?.runId ?? jobName };
}

/** A file that is not as it should be fails its rules. A service that does not answer fails the step. */
async function orWhy<T>(read: () => Promise<T>): Promise<T | string> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TaskError && (error.kind === "input" || error.kind === "failed")) return error.message;
    throw error;
  }
}

async function pairOf(source: ResultSource, job: RunPlace, champion: RunPlace | string) {
  if (typeof champion === "string") return champion;
  const { pairResults, readSide } = await import("./read-results.ts");
  const side = async ({ workspace, runId }: RunPlace, whose: string): Promise<SideOfResults> => {
    if (source.from === "history") return { scores: await metricHistory(workspace, runId, source.metric) };
    return readSide(source, await requireFile(workspace, runId, source.from.file, whose));
  };
  const both = await Promise.all([side(job, "The job"), side(champion, "The champion's job")]);
  const where = source.from === "history" ? `the history of ${source.metric}` : source.from.file;
  return { source, paired: pairResults(source, where, ...both) };
}

async function reportOf({ workspace, runId }: RunPlace, path: string) {
  const file = await requireFile(workspace, runId, path, "The job");
  if (file.size > LARGEST_REPORT)
    throw missing(`The file ${path} has more than ${LARGEST_REPORT} bytes, and so long a report is not read.`);
  const read = readReport(path, Buffer.from(await file.read(0, file.size)).toString("utf8"));
  if (typeof read === "string") throw missing(`The file ${path} of the job ${runId} is no report: ${read}.`);
  return { file: path, content: read.content };
}

const missing = (why: string) =>
  new TaskError("failed", why, {
    errorCode: "AML1511",
    hint: "Paths are those below the job's artifacts, as its page in the studio shows them under Outputs + logs.",
  });

async function requireFile(workspace: Workspace, runId: string, path: string, whose: string) {
  const file = await runFile(workspace, runId, path);
  if (file === undefined) throw missing(`${whose} ${runId} has no file ${path} among its artifacts.`);
  return file;
}
