// The page that a local run ends with: each run with its stages and errors, and the addresses of the pages to look at.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { jobService } from "../../azure/jobs/service.ts";
import type { LocalCloud } from "../../cloud.ts";
import type { RunOutcome } from "../../pipeline/index.ts";

export const isGreen = ({ result }: RunOutcome): boolean => result === "succeeded" || result === "partiallySucceeded";

/** A pipeline that a run would start, and that cannot run here. */
export interface NotRun {
  readonly name: string;
  readonly file: string;
  /** Why, one sentence a line, each with its place. */
  readonly why: string;
}

/** Errors that one run shows on the page; its log has them all. */
const MOST_ERRORS = 5;

/**
 * @param unfinished pipelines that were to run, and did not, or not to their end
 * @param notRun pipelines that these runs would start in Azure DevOps, which is not green for them
 * @param stays whether the pages can still be looked at
 */
export function runPage(
  outcomes: readonly RunOutcome[],
  { unfinished, notRun }: { readonly unfinished: readonly string[]; readonly notRun: readonly NotRun[] },
  cloud: LocalCloud,
  stays: boolean,
): string[] {
  const red = outcomes.filter((outcome) => !isGreen(outcome)).length;
  const width = Math.max(0, ...outcomes.map(({ pipeline }) => pipeline.length));
  const without =
    notRun.length === 0
      ? ""
      : `, and ${count(notRun.length, "pipeline")} ${notRun.length === 1 ? "was" : "were"} not run`;
  return [
    "",
    "=".repeat(72),
    `${count(outcomes.length, "run")}${outcomes.length === 0 ? "" : `: ${red === 0 ? "green" : red === outcomes.length ? "red" : `${red} red`}`}${unfinished.length === 0 ? "" : ", and not all ran"}${without}`,
    ...(unfinished.length === 0 ? [] : [`Not run to its end: ${unfinished.join(", ")}.`]),
    ...outcomes.flatMap((outcome) => [
      "",
      `  ${outcome.pipeline.padEnd(width)}  ${outcome.runNumber}  ${outcome.result}`,
      ...stagesOf(outcome),
      ...errorsOf(outcome),
    ]),
    ...notRun.flatMap(({ name, why }) => [
      "",
      `  ${name}  not run`,
      ...why.split("\n").map((line) => `    ${line.trim()}`),
    ]),
    "",
    stays
      ? "Pages, until Ctrl+C (the browser does not know this cloud's certificate and asks once for each address):"
      : "Pages of the run, which ended with it (--keep keeps them until Ctrl+C):",
    ...outcomes.map(({ pipeline, runNumber, url }) => `  run ${pipeline} ${runNumber}  ${url}`),
    ...[cloud.azure, ...Object.values(cloud.subscriptions).map(({ azure }) => azure)].flatMap((azure) =>
      jobService(azure)
        .own()
        .map(
          ({ name, displayName, status }) =>
            `  job ${displayName ?? name} (${status})  ${azure.urls.api}/runs/${encodeURIComponent(name)}`,
        ),
    ),
    ...cloud.devops.extensions
      .pages("hub")
      .map(
        ({ id, name }) =>
          `  hub ${name}  ${cloud.devops.collectionUri}${encodeURIComponent(cloud.devops.project.name)}/_apps/hub/${id}`,
      ),
    "=".repeat(72),
  ];
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

function stagesOf({ stages }: RunOutcome): string[] {
  return stages.flatMap(({ name, displayName, result, jobs }) => {
    const steps = jobs.flatMap(({ steps }) => steps).filter(({ result: one }) => one === "Failed");
    const failed =
      steps.length === 0 ? "" : ` at ${[...new Set(steps.map(({ displayName: step }) => step))].join(", ")}`;
    return name === "__default" && failed === ""
      ? []
      : [`    ${name === "__default" ? "job" : displayName}: ${result}${failed}`];
  });
}

function errorsOf({ issues }: RunOutcome): string[] {
  const errors = issues.filter(({ type }) => type === "error");
  const shown = errors
    .slice(0, MOST_ERRORS)
    .map(({ message }) => `    error: ${message.replace(/\s+/g, " ").slice(0, 400)}`);
  return errors.length > MOST_ERRORS ? [...shown, `    and ${errors.length - MOST_ERRORS} more errors`] : shown;
}

/** Writes the log and the summary of each run: `<pipeline>-<build>.log` and `.md`. */
export function writeRuns(folder: string, outcomes: readonly RunOutcome[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { pipeline, runNumber, buildId, stages, summaries } of outcomes) {
    const name = path.join(folder, `${pipeline.replace(/[^\p{L}\p{N}._-]+/gu, "-")}-${buildId}`);
    const lines = stages.flatMap(({ jobs }) => jobs.flatMap((job) => job.lines));
    writeFileSync(`${name}.log`, `${lines.join("\n")}\n`);
    const summary = summaries.map(({ markdown }) => markdown.trim()).join("\n\n");
    writeFileSync(`${name}.md`, `# ${pipeline} ${runNumber}\n\n${summary}\n`);
  }
}
