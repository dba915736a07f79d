// Reads a whole azure-pipelines.yml; throws a PipelineError that holds every fault.
import { isMap, isSeq } from "yaml";
import { checkDependencies } from "./check.ts";
import type { Filter, ParameterValue, PipelineDocument, PipelineResource, StageDocument, Trigger } from "./document.ts";
import { PipelineError } from "./faults.ts";
import { readJobs, readPool, readStages, readWorkspace, soleJob } from "./read-jobs.ts";
import { readSteps } from "./read-steps.ts";
import { readVariables } from "./read-variables.ts";
import { type Mapping, SourceReader } from "./reader.ts";
import { expandPipeline, type TemplateFiles } from "./templates/index.ts";
import { type Payload, readWebhooks } from "./webhooks.ts";

const REFUSED_ROOT = {
  container: "every job runs on the host",
  services: "no container runs locally",
  strategy: "a job runs once, without matrix or parallel",
  lockBehavior: "nothing is locked",
};

export interface ReadOptions {
  /** By the alias of a webhook resource, what was posted to it. */
  readonly payloads?: Readonly<Record<string, Payload>>;
  /** Text of a file of the same repository by its path: where templates are found. */
  readonly files?: TemplateFiles;
  /** Variables that Azure Pipelines knows before it expands templates, such as Build.Reason. */
  readonly predefined?: Readonly<Record<string, string>>;
}

/** The document, with templates and `${{ }}` replaced. `parameters` are those of the run; absent ones take their defaults. */
export function readPipeline(
  file: string,
  text: string,
  parameters: Readonly<Record<string, ParameterValue>> = {},
  options: ReadOptions = {},
): PipelineDocument {
  const reader = new SourceReader(file, text);
  if (reader.faults.length > 0 || !reader.contents) throw new PipelineError(reader.faults);
  // Resources are read before any template: what a webhook was given is a parameter.
  const webhooks = readWebhooks(
    reader.mapping(reader.contents, "a pipeline")?.read("resources", (node, what) => reader.mapping(node, what)),
  );
  const expanded = expandPipeline(reader, reader.contents, {
    parameters,
    webhooks,
    payloads: options.payloads ?? {},
    files: options.files ?? (() => undefined),
    predefined: options.predefined ?? {},
  });
  const root = reader.mapping(expanded.root, "a pipeline")!;
  root.take("parameters");
  const declared = expanded.parameters;
  const resourceMap = root.read("resources", (node, what) => reader.mapping(node, what));
  if (webhooks.length === 0 && resourceMap?.has("webhooks"))
    reader.fault(resourceMap.keyPlace("webhooks"), "webhooks in a template are not built in the local pipeline.");
  resourceMap?.take("webhooks");
  const variables = readVariables(reader, root.take("variables"));
  const name = root.text("name");
  const trigger = root.read("trigger", (node, what) => readTrigger(reader, node, what));
  const pr = root.read("pr", (node, what) => readTrigger(reader, node, what));
  const schedules = readSchedules(root);
  const resources = readResources(resourceMap);
  root.boolean("appendCommitMessageToRunName");
  const pool = readPool(root);
  readWorkspace(root);
  const stages = readBody(root, pool);
  root.finish(REFUSED_ROOT);
  const document: PipelineDocument = {
    file,
    ...(name === undefined ? {} : { name }),
    ...(trigger === undefined ? {} : { trigger }),
    ...(pr === undefined ? {} : { pr }),
    schedules,
    parameters: declared,
    variables,
    resources,
    webhooks,
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

function readTrigger(reader: SourceReader, node: unknown, what: string): Trigger | undefined {
  const everything: Filter = { include: ["*"], exclude: [] };
  const nothing: Filter = { include: [], exclude: [] };
  if (isSeq(node)) {
    return {
      branches: { include: reader.texts(node, what).map(({ value }) => value), exclude: [] },
      paths: nothing,
      tags: nothing,
      batch: false,
    };
  }
  if (!isMap(node)) {
    const { value, place } = reader.text(node, what);
    if (value !== "none")
      reader.fault(place, `${what} must be none, a list of branches, or a mapping, not '${value}'.`);
    return "none";
  }
  const mapping = reader.mapping(node, what)!;
  const batch = mapping.boolean("batch") ?? false;
  // drafts and autoCancel speak of pull requests on the server.
  mapping.boolean("drafts");
  mapping.boolean("autoCancel");
  const branches = mapping.read("branches", (inner) => readFilter(reader, inner, `${what}.branches`)) ?? everything;
  const paths = mapping.read("paths", (inner) => readFilter(reader, inner, `${what}.paths`)) ?? nothing;
  const tags = mapping.read("tags", (inner) => readFilter(reader, inner, `${what}.tags`)) ?? nothing;
  mapping.finish();
  return { branches, paths, tags, batch };
}

function readFilter(reader: SourceReader, node: unknown, what: string): Filter {
  const texts = (inner: unknown, name: string) => reader.texts(inner, name).map(({ value }) => value);
  if (!isMap(node)) return { include: texts(node, what), exclude: [] };
  const mapping = reader.mapping(node, what)!;
  const include = mapping.read("include", texts) ?? [];
  const exclude = mapping.read("exclude", texts) ?? [];
  mapping.finish();
  return { include, exclude };
}

function readSchedules(root: Mapping): PipelineDocument["schedules"] {
  const { reader } = root;
  const nodes = root.read("schedules", (node, what) => reader.sequence(node, what)) ?? [];
  return nodes.flatMap((node) => {
    const mapping = reader.mapping(node, "a schedule");
    if (!mapping) return [];
    const cron = mapping.text("cron") ?? "";
    mapping.text("displayName");
    mapping.boolean("always");
    mapping.boolean("batch");
    mapping.read("branches", (inner) => readFilter(reader, inner, "schedules.branches"));
    mapping.finish();
    return [{ cron, place: mapping.place }];
  });
}

function readResources(resources: Mapping | undefined): PipelineResource[] {
  if (!resources) return [];
  const { reader } = resources;
  const nodes = resources.read("pipelines", (node) => reader.sequence(node, "resources.pipelines")) ?? [];
  resources.finish({
    repositories: "there is one repository",
    containers: "every job runs on the host",
    packages: "no package feed runs locally",
    builds: "no other build system runs locally",
  });
  return nodes.flatMap((node) => {
    const mapping = reader.mapping(node, "a pipeline resource");
    if (!mapping) return [];
    const alias = mapping.text("pipeline") ?? "";
    const source = mapping.text("source") ?? "";
    if (alias === "" || source === "")
      reader.fault(mapping.place, "A pipeline resource needs pipeline (its alias) and source (the pipeline's name).");
    const [project, branch, version] = [mapping.text("project"), mapping.text("branch"), mapping.text("version")];
    const tags = mapping.read("tags", (inner, what) => reader.texts(inner, what).map(({ value }) => value)) ?? [];
    const trigger = mapping.read("trigger", (inner) => readResourceTrigger(reader, inner)) ?? ("none" as const);
    mapping.finish();
    return [
      {
        alias,
        source,
        ...(project === undefined ? {} : { project }),
        ...(branch === undefined ? {} : { branch }),
        ...(version === undefined ? {} : { version }),
        tags,
        trigger,
        place: mapping.place,
      },
    ];
  });
}

function readResourceTrigger(reader: SourceReader, node: unknown): PipelineResource["trigger"] {
  const everything = { branches: { include: ["*"], exclude: [] }, tags: [], stages: [] };
  if (!isMap(node)) {
    const { value, place } = reader.text(node, "trigger");
    if (value !== "none" && value !== "true")
      reader.fault(place, `The trigger of a pipeline resource is none, true or a mapping, not '${value}'.`);
    return value === "true" ? everything : "none";
  }
  const mapping = reader.mapping(node, "the trigger of a pipeline resource")!;
  const enabled = mapping.boolean("enabled") ?? true;
  const branches =
    mapping.read("branches", (inner) => readFilter(reader, inner, "trigger.branches")) ?? everything.branches;
  const texts = (inner: unknown, name: string) => reader.texts(inner, name).map(({ value }) => value);
  const tags = mapping.read("tags", texts) ?? [];
  const stages = mapping.read("stages", texts) ?? [];
  mapping.finish();
  return enabled ? { branches, tags, stages } : "none";
}
