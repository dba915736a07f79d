// Checks that need the whole document: what conditions and variables may speak of, names of steps, sources of downloads.

import { type Expression, nodesOf } from "../../expressions/expression.ts";
import { nearestName } from "../../text/nearest-name.ts";
import type { Place } from "../../text/places.ts";
import { isAgentless, type JobDocument, type PipelineDocument } from "../language/document.ts";
import type { SourceReader } from "../language/reader.ts";

export function checkDependencies(reader: SourceReader, document: PipelineDocument): void {
  for (const stage of document.stages) {
    const stages = stage.dependsOn.map(({ value }) => value);
    if (stage.condition)
      check(
        reader,
        stage.condition.expression,
        stage.condition.place,
        { dependencies: stages, stageDependencies: stages },
        `the stage '${stage.name}'`,
      );
    for (const job of stage.jobs) checkJob(reader, document, job, stages);
  }
}

function checkJob(reader: SourceReader, document: PipelineDocument, job: JobDocument, stages: readonly string[]): void {
  const known = { dependencies: job.dependsOn.map(({ value }) => value), stageDependencies: stages };
  const owner = `the job '${job.name}'`;
  if (job.condition) check(reader, job.condition.expression, job.condition.place, known, owner);
  // Those of the stage and of the pipeline serve jobs with other dependencies too.
  for (const variable of job.variables) {
    if (variable.expression) check(reader, variable.expression, variable.place, known, owner);
  }
  const names = new Set<string>();
  for (const step of job.steps) {
    if (isAgentless(job) && step.kind !== "task")
      reader.fault(step.place, `A ${step.kind} step needs an agent, and ${owner} has none (pool: server).`);
    if (step.name !== undefined) {
      if (names.has(step.name.toLowerCase()))
        reader.fault(step.place, `The step name '${step.name}' is used twice in ${owner}.`);
      names.add(step.name.toLowerCase());
    }
    if (step.kind === "download" && !["current", "none"].includes(step.source.value)) {
      const aliases = document.resources.map(({ alias }) => alias);
      if (!aliases.includes(step.source.value)) {
        const nearest = nearestName(step.source.value, [...aliases, "current", "none"]);
        const hint =
          nearest === undefined
            ? `there is ${["current", "none", ...aliases].join(", ")}`
            : `did you mean '${nearest}'?`;
        reader.fault(
          step.source.place,
          `There is no pipeline resource '${step.source.value}' to download from; ${hint}.`,
        );
      }
    }
  }
}

/**
 * Refuses an expression that reads stages or jobs on which it does not depend: the real server silently gives null.
 * The keys of `known` are the names that can be asked.
 */
function check(
  reader: SourceReader,
  expression: Expression,
  place: Place,
  known: Readonly<Record<string, readonly string[]>>,
  owner: string,
): void {
  for (const node of nodesOf(expression)) {
    if (node.kind !== "index" || node.target.kind !== "name" || node.key === "*" || node.key.kind !== "literal")
      continue;
    const from = node.target.name;
    const list = Object.entries(known).find(([name]) => name.toLowerCase() === from.toLowerCase())?.[1];
    const wanted = String(node.key.value);
    if (list && !list.some((name) => name.toLowerCase() === wanted.toLowerCase())) {
      reader.fault(
        place,
        `${from}.${wanted} is never filled: ${owner} does not depend on '${wanted}' (dependsOn: ${list.join(", ") || "nothing"}).`,
      );
    }
  }
}
