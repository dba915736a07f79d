// Spark jobs, serverless or on an attached pool (docs/facts/azureml-documents.md#2.5).
// Tests: test/lib/documents/jobs/jobs.test.ts

import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { nearestName } from "../../nearest-name.ts";
import { present } from "../../plain-objects.ts";
import { environmentUse } from "../assets/environment.ts";
import { checkNames, checkPlaceholders, type JobInput, type JobOutput, jobInputs, jobOutputs } from "../assets/io.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { type Code, code, compute } from "../language/reference.ts";
import { enumeration, type Literal, literal, looseText, text, version } from "../language/scalar.ts";
import { type Infer, isExpression, type Reading, type Shape, type Writing } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { defineJob, jobHeader } from "./define-job.ts";
import { type JobIdentity, jobIdentity, services } from "./run-settings.ts";

/** Names that a conf may use in place of Spark's own. */
const CONF_NAMES: Readonly<Record<string, string>> = {
  driver_cores: "spark.driver.cores",
  driver_memory: "spark.driver.memory",
  executor_cores: "spark.executor.cores",
  executor_memory: "spark.executor.memory",
  executor_instances: "spark.executor.instances",
  dynamic_allocation_enabled: "spark.dynamicAllocation.enabled",
  dynamic_allocation_min_executors: "spark.dynamicAllocation.minExecutors",
  dynamic_allocation_max_executors: "spark.dynamicAllocation.maxExecutors",
};
const INSTANCES = "spark.executor.instances";
const DYNAMIC = "spark.dynamicAllocation.enabled";
const MINIMUM = "spark.dynamicAllocation.minExecutors";
const MAXIMUM = "spark.dynamicAllocation.maxExecutors";

export type SparkConf = Readonly<Record<string, Literal>>;
const rawConf = map(literal);

/** Spark settings under their own names. */
export const sparkConf: Shape<SparkConf> = {
  ...rawConf,
  below: { kind: "free" },
  read(node, at) {
    const written = rawConf.read(node, at);
    if (written === undefined) return undefined;
    const conf: Record<string, Literal> = {};
    for (const [name, value] of Object.entries(written)) conf[CONF_NAMES[name] ?? name] = value;
    return conf;
  },
  write(value, to) {
    // A job's settings are text; those of a component and of a pipeline's step keep their type.
    if (to.style === "camel") return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, item.text]));
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, /^\d+$/.test(item.text) ? Number(item.text) : item.value]),
    );
  },
};

/** With dynamic allocation the number of executors begins at the least one. A component says so only where it is a job's. */
export function withInstances(conf: SparkConf | undefined): SparkConf | undefined {
  const least = conf?.[MINIMUM];
  if (conf === undefined || !isDynamic(conf) || conf[INSTANCES] !== undefined || least === undefined) return conf;
  return { ...conf, [INSTANCES]: least };
}

/** The default identity of a Spark run: the attached pool's, or, without a pool, the user's. */
export function sparkIdentity(run: {
  identity?: JobIdentity;
  compute?: string;
  resources?: object;
}): JobIdentity | undefined {
  if (run.identity !== undefined) return run.identity;
  if (run.compute !== undefined) return { type: "managed" };
  return run.resources === undefined ? undefined : { type: "user_identity" };
}

function isDynamic(conf: SparkConf): boolean {
  return /^true$/i.test(conf[DYNAMIC]?.text ?? "");
}

/** Faults in the settings of a local Spark definition. */
function checkConf(conf: SparkConf | undefined, node: MapNode, at: Reading): void {
  const place = node.entries.get("conf") ?? node;
  const below = at.step("conf");
  const given = conf ?? {};
  const needed = ["spark.driver.cores", "spark.driver.memory", "spark.executor.cores", "spark.executor.memory"];
  const counted = isDynamic(given) ? [MINIMUM, MAXIMUM] : [INSTANCES];
  if (!isExpression(given[DYNAMIC]?.text)) needed.push(...counted);
  const missing = needed.filter((name) => given[name] === undefined);
  if (missing.length > 0) {
    below.fault(place, `the Spark settings lack ${missing.join(", ")}.`, { hint: "Add them under `conf:`." });
    return;
  }
  // What the pipeline gives is not known yet.
  if ([DYNAMIC, MINIMUM, MAXIMUM, INSTANCES].some((name) => isExpression(given[name]?.text))) return;
  const count = (name: string) => Number(given[name]?.text);
  if (isDynamic(given)) {
    const [least, most] = [count(MINIMUM), count(MAXIMUM)];
    const instances = given[INSTANCES] === undefined ? least : count(INSTANCES);
    if (!(least > 0 && least <= most && instances >= least && instances <= most))
      below.fault(
        place,
        `${MINIMUM} (${least}) must be at least 1 and at most ${MAXIMUM} (${most}), with ${INSTANCES} (${instances}) between them.`,
      );
  } else if (given[MINIMUM] !== undefined || given[MAXIMUM] !== undefined) {
    below.fault(place, `${MINIMUM} and ${MAXIMUM} count only with ${DYNAMIC}: true.`);
  }
}

export const sparkEntry = object(
  "an entry",
  { file: optional(text()), class_name: optional(text()), spark_job_entry_type: optional(text(), { unwritten: true }) },
  {
    check(value, node, at) {
      if (value.class_name !== undefined)
        at.fault(node, `${at.name} names a class; Azure ML takes a file only.`, { hint: "Write `file: main.py`." });
      else if (value.file === undefined)
        at.fault(node, `${at.name} names no file.`, { hint: "Write `file: main.py`." });
    },
    finish: (body, _value, to) =>
      to.style === "yaml"
        ? body
        : { [to.style === "camel" ? "sparkJobEntryType" : "spark_job_entry_type"]: "SparkJobPythonEntry", ...body },
  },
);

const INSTANCE_TYPES = [
  "standard_e4s_v3",
  "standard_e8s_v3",
  "standard_e16s_v3",
  "standard_e32s_v3",
  "standard_e64s_v3",
] as const;

/** Machines of a serverless run over a component. */
export const sparkResources = object("Spark resources", {
  instance_type: required(enumeration(INSTANCE_TYPES)),
  runtime_version: required(version),
});

/** Those of a job or an inline step: the size is sent as it is written. */
const writtenType: Shape<string> = {
  ...text(),
  expects: `one of ${INSTANCE_TYPES.join(", ")}`,
  read(node, at) {
    return enumeration(INSTANCE_TYPES).read(node, at) === undefined ? undefined : text().read(node, at);
  },
};
const jobResources = object("Spark resources", {
  instance_type: required(writtenType),
  runtime_version: required(version),
});

export const sparkFields = {
  code: optional(code, { as: "code_id" }),
  entry: required(sparkEntry),
  py_files: optional(list(text())),
  jars: optional(list(text())),
  files: optional(list(text())),
  archives: optional(list(text())),
  conf: optional(sparkConf),
  environment: optional(environmentUse, { as: "environment_id", nullable: true }),
  args: optional(text()),
};

/** Azure's client takes the folder of the document itself for the code of a component or an inline step. A job without code has none. */
export const ownFolder = optional(code, {
  as: "code_id",
  absent: (at): Code => ({ kind: "local", path: at.folder }),
});

export const sparkJobFields = {
  ...jobHeader,
  ...sparkFields,
  type: required(enumeration(["spark"])),
  properties: optional(map(looseText)),
  inputs: optional(jobInputs),
  outputs: optional(jobOutputs),
  compute: optional(compute, { as: "compute_id" }),
  resources: optional(jobResources),
  identity: optional(jobIdentity),
  services: optional(services),
};

const shape = object("a Spark job", sparkJobFields, { check: checkSpark });
type SparkJob = Infer<typeof shape>;

interface Run {
  readonly conf?: SparkConf;
  readonly code?: Code;
  readonly entry?: { readonly file?: string };
  readonly additional_includes?: unknown;
}

/** Checks that jobs, components and inline steps share: valid settings, and an entry inside the code. */
export function checkRun(value: Run, node: MapNode, at: Reading): void {
  checkConf(value.conf, node, at);
  const file = value.entry?.file;
  const place = node.entries.get("entry");
  if (place === undefined || file === undefined || isExpression(file)) return;
  // Other folders may bring the entry with them.
  if (value.code?.kind !== "local" || value.additional_includes !== undefined) return;
  const folder = value.code.path;
  if (!statSync(folder).isDirectory() || existsSync(path.join(folder, file))) return;
  at.step("entry")
    .step("file")
    .fault(place, `there is no entry ${file} in ${folder}.`, {
      nearest: nearestName(file, readdirSync(folder)),
      hint: "The entry is named relative to `code`.",
    });
}

interface Checked extends Run {
  readonly compute?: string;
  readonly resources?: object;
  readonly args?: string;
  readonly inputs?: Readonly<Record<string, JobInput>>;
  readonly outputs?: Readonly<Record<string, JobOutput>>;
}

function checkSpark(value: Checked, node: MapNode, at: Reading): void {
  checkRun(value, node, at);
  checkNames(node.entries.get("inputs"), at.step("inputs"), "input");
  checkNames(node.entries.get("outputs"), at.step("outputs"), "output");
  checkComputeOrResources(value, node, at);
  for (const [side, ports] of [
    ["inputs", value.inputs ?? {}],
    ["outputs", value.outputs ?? {}],
  ] as const)
    for (const [name, port] of Object.entries(ports)) checkDirect(side, name, port, node, at);
  const place = node.entries.get("args");
  if (place !== undefined && value.args !== undefined) {
    const declared = { inputs: Object.keys(value.inputs ?? {}), outputs: Object.keys(value.outputs ?? {}) };
    checkPlaceholders(value.args, place, declared, at.step("args"));
  }
}

function checkComputeOrResources(value: Checked, node: MapNode, at: Reading): void {
  if (value.compute === undefined && value.resources === undefined)
    at.fault(node, "a Spark job needs a compute or resources.", {
      hint: 'Add `resources: {instance_type: standard_e4s_v3, runtime_version: "3.4"}`.',
    });
  else if (value.compute !== undefined && value.resources !== undefined)
    at.fault(node.entries.get("resources") ?? node, "a Spark job has either a compute or resources, not both.", {
      hint: "Remove one of them.",
    });
}

/** Spark reads and writes its data directly. */
function checkDirect(side: string, name: string, port: JobInput | JobOutput, node: MapNode, at: Reading): void {
  if ("kind" in port && port.kind === "literal") return;
  if (port.mode === "direct") return;
  const ports = node.entries.get(side);
  const place = (ports?.kind === "map" ? ports.entries.get(name) : undefined) ?? node;
  const below = at.step(side).step(name);
  below.fault(
    place,
    `${below.name} has the mode ${port.mode ?? "that is the default"}; a Spark job takes direct only.`,
    { hint: "Write `mode: direct`." },
  );
}

async function properties(job: SparkJob, to: Writing): Promise<Record<string, unknown>> {
  const { name: _name, services: _services, ...rest } = job;
  const conf = withInstances(job.conf);
  const identity = sparkIdentity(job);
  const complete = { ...rest, ...(conf && { conf }), ...(identity && { identity }) };
  const { type: _type, ...written } = (await shape.write(complete, to)) as Record<string, unknown>;
  return present({ ...written, jobType: "Spark" });
}

export const sparkJobKind = defineJob({
  job: "spark",
  name: "spark job",
  order: 230,
  schemas: ["sparkjob"],
  types: ["spark"],
  shape,
  apiVersion: "2023-04-01-preview",
  properties,
});
