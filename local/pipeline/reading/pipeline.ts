// Reads a whole azure-pipelines.yml; throws a PipelineError that holds every fault.

import type { ParameterValue, PipelineDocument, StageDocument } from "../language/document.ts";
import { PipelineError } from "../language/faults.ts";
import { type Mapping, SourceReader, type VariableGroups } from "../language/reader.ts";
import { expandPipeline, type TemplateFiles } from "../templates/index.ts";
import type { Payload } from "../triggers/webhooks.ts";
import { checkDependencies } from "./check.ts";
import { readJobs, readLockBehavior, readStages, readWorkspace, soleJob } from "./jobs.ts";
import { readPool } from "./pool.ts";
import { readSteps } from "./steps.ts";
import { readListening } from "./triggers.ts";
import { readVariables } from "./variables.ts";

const REFUSED_ROOT = {
  container: "every job runs on the host",
  services: "no container runs locally",
  strategy: "a job runs once, without matrix or parallel",
};

export interface ReadOptions {
  /** By the alias of a webhook resource, what was posted to it. */
  readonly payloads?: Readonly<Record<string, Payload>>;
  /** Text of a file of the same repository by its path: where templates are found. */
  readonly files?: TemplateFiles;
  /** Variables that Azure Pipelines knows before it expands templates, such as Build.Reason. */
  readonly predefined?: Readonly<Record<string, string>>;
  /** Variable groups, which lie in Azure DevOps; a group that is not here is a fault. */
  readonly variableGroups?: VariableGroups;
}

/** The document, with templates and `${{ }}` replaced. `parameters` are those of the run; absent ones take their defaults. */
export function readPipeline(
  file: string,
  text: string,
  parameters: Readonly<Record<string, ParameterValue>> = {},
  options: ReadOptions = {},
): PipelineDocument {
  const reader = new SourceReader(file, text);
  reader.variableGroups = options.variableGroups ?? {};
  if (reader.faults.length > 0 || !reader.contents) throw new PipelineError(reader.faults);
  // Resources are read before any template: what a webhook was given is a parameter.
  const early = new SourceReader(file, text);
  const { webhooks } = readListening(early.mapping(early.contents, "a pipeline")!);
  const expanded = expandPipeline(reader, reader.contents, {
    parameters,
    webhooks,
    payloads: options.payloads ?? {},
    files: options.files ?? (() => undefined),
    predefined: options.predefined ?? {},
  });
  const root = reader.mapping(expanded.root, "a pipeline")!;
  root.take("parameters");
  const listening = readListening(root);
  for (const webhook of listening.webhooks) {
    if (!webhooks.some(({ alias }) => alias === webhook.alias))
      reader.fault(webhook.place, "webhooks in a template are not built in the local pipeline.");
  }
  const variables = readVariables(reader, root.take("variables"));
  const name = root.text("name");
  root.boolean("appendCommitMessageToRunName");
  readLockBehavior(reader, root);
  const pool = readPool(root);
  readWorkspace(root);
  const stages = readBody(root, pool);
  root.finish(REFUSED_ROOT);
  const document: PipelineDocument = {
    file,
    ...(name === undefined ? {} : { name }),
    ...listening,
    parameters: expanded.parameters,
    variables,
    stages,
  };
  checkDependencies(reader, document);
  if (reader.faults.length > 0) throw new PipelineError(reader.faults);
  return document;
}

/** `stages:`, or the one stage around `jobs:`, or the one job around `steps:`. */
function readBody(root: Mapping, pool: string | undefined): StageDocument[] {
  const { reader } = root;
  const bodies = ["stages", "jobs", "steps"].filter((key) => root.has(key));
  if (bodies.length !== 1) {
    const message =
      bodies.length === 0 ? "A pipeline needs stages, jobs or steps." : `A pipeline has either ${bodies.join(" or ")}.`;
    reader.fault(bodies[1] === undefined ? root.place : root.keyPlace(bodies[1]), message);
    for (const key of bodies) root.take(key);
    return [];
  }
  const continueOnError = root.boolean("continueOnError") ?? false;
  const stages = root.read("stages", (node) => readStages(reader, node, pool));
  if (stages) return stages;
  const jobs = root.read("jobs", (node) => readJobs(reader, node, pool)) ?? [
    soleJob(root.read("steps", (node) => readSteps(reader, node)) ?? [], root.place, pool, continueOnError),
  ];
  return [
    {
      name: "__default",
      displayName: "__default",
      place: root.place,
      dependsOn: [],
      variables: [],
      jobs,
      isExplicit: false,
    },
  ];
}
