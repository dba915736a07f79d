// Reads what starts a pipeline: triggers, schedules, and the resources that it listens to.
import { isMap, isSeq } from "yaml";
import type { Filter, PipelineDocument, PipelineResource, Trigger } from "../language/document.ts";
import { PipelineError } from "../language/faults.ts";
import { type Mapping, SourceReader } from "../language/reader.ts";
import { readWebhooks } from "../triggers/webhooks.ts";

/** The triggers of a pipeline. */
export type Listening = Pick<PipelineDocument, "trigger" | "pr" | "schedules" | "resources" | "webhooks">;

/** Without reading anything else of the file: no template, and no parameter that a run would have to give. */
export function whatStarts(file: string, text: string): Listening {
  const reader = new SourceReader(file, text);
  if (reader.faults.length > 0 || !reader.contents) throw new PipelineError(reader.faults);
  const listening = readListening(reader.mapping(reader.contents, "a pipeline")!);
  if (reader.faults.length > 0) throw new PipelineError(reader.faults);
  return listening;
}

/** Faults go to the mapping's reader. */
export function readListening(root: Mapping): Listening {
  const { reader } = root;
  const trigger = root.read("trigger", (node, what) => readTrigger(reader, node, what));
  const pr = root.read("pr", (node, what) => readTrigger(reader, node, what));
  const schedules = readSchedules(root);
  const resources = root.read("resources", (node, what) => reader.mapping(node, what));
  const webhooks = readWebhooks(resources);
  return {
    ...(trigger === undefined ? {} : { trigger }),
    ...(pr === undefined ? {} : { pr }),
    schedules,
    resources: readResources(resources),
    webhooks,
  };
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
    // The server's words (public reports); its own reader of cron is stricter than five fields of such characters.
    if (!/^\s*([\d*,/-]|[A-Za-z]{3})+(\s+([\d*,/-]|[A-Za-z]{3})+){4}\s*$/.test(cron))
      reader.fault(mapping.keyPlace("cron"), `Improperly formed cron syntax: '${cron}'.`);
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
  const aliases = new Set<string>();
  return nodes.flatMap((node) => {
    const mapping = reader.mapping(node, "a pipeline resource");
    if (!mapping) return [];
    const alias = mapping.text("pipeline") ?? "";
    if (aliases.has(alias.toLowerCase())) reader.fault(mapping.place, `The resource '${alias}' is declared twice.`);
    aliases.add(alias.toLowerCase());
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
