// Parallel work: one script over many mini-batches of data, as a component and as a step of a pipeline (docs/facts/azureml-documents.md#2.6).
// Tests: test/lib/documents/pipelines/pipeline.test.ts

import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { nearestName } from "../../nearest-name.ts";
import { present } from "../../plain-objects.ts";
import { environmentUse } from "../assets/environment.ts";
import { checkPlaceholders } from "../assets/io.ts";
import { jobIdentity, jobResources } from "../jobs/run-settings.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { code } from "../language/reference.ts";
import { enumeration, integer, text, variableText } from "../language/scalar.ts";
import { described, type Infer, isExpression, NOTHING_BELOW, type Reading, type Shape } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { type ComponentOf, type ComponentType, componentHeader } from "./component.ts";
import { componentUse, type DeclaredPorts, type StepType, stepFields, writtenFields } from "./step.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Files or bytes of one mini-batch: "10" files, "10kb" of a file. A step has a number, a component's spec has text. */
const miniBatchSize: Shape<number> = {
  expects: 'text such as "10" or "10kb"',
  below: NOTHING_BELOW,
  read(node, at) {
    const match = node.kind === "scalar" && node.type === "string" ? /^(\d+)(kb|mb|gb)?$/i.exec(node.text) : undefined;
    if (!match) {
      const hint =
        node.kind === "scalar" && node.type === "integer" ? { hint: `Put it in quotes: "${node.text}".` } : {};
      return at.fault(node, `${at.name} is ${described(node)}; text such as "10" or "10kb" is needed.`, hint);
    }
    return Number(match[1]) * (UNITS[(match[2] ?? "").toLowerCase()] ?? 1);
  },
  write: (value, to) => (to.style === "yaml" ? String(value) : value),
};

/** A task's environment; `file:` and mappings as everywhere. */
const parallelTask = object(
  "a task",
  {
    type: required(enumeration(["run_function", "model", "function"])),
    code: optional(code),
    entry_script: optional(text()),
    program_arguments: optional(text()),
    model: optional(text()),
    append_row_to: optional(text()),
    environment: required(environmentUse),
  },
  { check: checkEntry },
);

function checkEntry(
  value: { code?: { kind: string; path?: string }; entry_script?: string },
  node: MapNode,
  at: Reading,
): void {
  const place = node.entries.get("entry_script");
  const folder = value.code?.kind === "local" ? value.code.path : undefined;
  if (
    folder === undefined ||
    place === undefined ||
    value.entry_script === undefined ||
    isExpression(value.entry_script)
  )
    return;
  // `package.module` names a module, which the environment may bring as well.
  if (/^[\w.]+$/.test(value.entry_script) && !value.entry_script.endsWith(".py")) return;
  if (!statSync(folder).isDirectory() || existsSync(path.join(folder, value.entry_script))) return;
  at.step("entry_script").fault(place, `there is no entry script ${value.entry_script} in ${folder}.`, {
    nearest: nearestName(value.entry_script, readdirSync(folder)),
    hint: "The entry script is named relative to `code`; a module is named as `package.module`.",
  });
}

/** References of a parallel component or step to its own inputs and outputs. */
function checkParallel(
  value: {
    inputs?: Readonly<Record<string, unknown>>;
    outputs?: Readonly<Record<string, unknown>>;
    task?: { program_arguments?: string };
  },
  node: MapNode,
  at: Reading,
): void {
  const declared = { inputs: Object.keys(value.inputs ?? {}), outputs: Object.keys(value.outputs ?? {}) };
  const task = node.entries.get("task");
  const places = [
    [node.entries.get("input_data"), at.step("input_data")],
    ...(["program_arguments", "append_row_to"] as const).map(
      (name) => [task?.kind === "map" ? task.entries.get(name) : undefined, at.step("task").step(name)] as const,
    ),
  ] as const;
  for (const [place, below] of places)
    if (place?.kind === "scalar") checkPlaceholders(place.text, place, declared, below);
}

const retrySettings = object("retry settings", {
  timeout: optional(integer()),
  max_retries: optional(integer()),
});

const parallelSettings = {
  mini_batch_size: optional(miniBatchSize),
  partition_keys: optional(list(text())),
  input_data: optional(text()),
  resources: optional(jobResources),
  retry_settings: optional(retrySettings),
  logging_level: optional(enumeration(["DEBUG", "INFO", "WARNING"], { fold: "exact" })),
  max_concurrency_per_instance: optional(integer()),
  error_threshold: optional(integer()),
  mini_batch_error_threshold: optional(integer()),
};

const component = object(
  "a parallel component",
  {
    ...componentHeader,
    type: required(enumeration(["parallel"])),
    ...parallelSettings,
    task: optional(parallelTask),
  },
  { check: checkParallel },
);
type ParallelComponent = ComponentOf<typeof component>;

/** The service takes the keys as one JSON text, with a space after each comma. */
function partitionKeysText(keys: readonly string[]): string {
  return `[${keys.map((key) => JSON.stringify(key)).join(", ")}]`;
}

const parallelComponent: ComponentType<ParallelComponent> = {
  type: "parallel",
  shape: component,
  // Partitioned data has no batches of a size: 0 says so.
  write: async (document, to) => (await component.write({ mini_batch_size: 0, ...document }, to)) as object,
  sent: (spec) =>
    Array.isArray(spec["partition_keys"])
      ? { ...spec, partition_keys: partitionKeysText(spec["partition_keys"] as string[]) }
      : spec,
};

const common = {
  ...stepFields,
  type: optional(enumeration(["parallel"])),
  identity: optional(jobIdentity),
  environment_variables: optional(map(variableText)),
  ...parallelSettings,
  environment: optional(environmentUse),
};
const over = object("a parallel step", {
  ...common,
  component: required(componentUse(parallelComponent)),
  task: optional(parallelTask),
});
const inline = object("a parallel step", { ...common, task: required(parallelTask) }, { check: checkParallel });

/** Fields that a step inherits from its component. */
const INHERITED = [
  "resources",
  "retry_settings",
  "input_data",
  "max_concurrency_per_instance",
  "mini_batch_error_threshold",
  "mini_batch_size",
  "partition_keys",
  "task",
] as const;
const SENT = [
  "identity",
  "resources",
  "error_threshold",
  "mini_batch_error_threshold",
  "environment_variables",
  "max_concurrency_per_instance",
  "input_data",
  "retry_settings",
  "logging_level",
  "mini_batch_size",
];
/** The fields of an inline step that move to its component; a value that is an expression of the pipeline stays in the step. */
const DECLARED = [
  "mini_batch_size",
  "partition_keys",
  "logging_level",
  "max_concurrency_per_instance",
  "error_threshold",
  "mini_batch_error_threshold",
  "retry_settings",
  "resources",
] as const;

type Inline = Infer<typeof inline>;

export const parallelStep: StepType = {
  type: "parallel",
  component: parallelComponent,
  over,
  inline,
  toComponent(value: Inline, declared: DeclaredPorts): ParallelComponent {
    const moved = DECLARED.filter((name) => value[name] !== undefined && !holdsExpression(value[name]));
    return {
      type: "parallel",
      task: value.task,
      ...declared,
      ...(value.input_data !== undefined && { input_data: value.input_data }),
      ...Object.fromEntries(moved.map((name) => [name, name === "resources" ? sizeOf(value[name]) : value[name]])),
    };
  },
  async body(value: Infer<typeof over> | Inline, to, component: ParallelComponent | undefined) {
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, component?.[name]]));
    const size = component === undefined ? {} : { mini_batch_size: 0 };
    const own = { ...size, ...present(inherited), ...value };
    const keys = value.partition_keys ?? component?.partition_keys;
    // Code and environment of a task stand in the body as in a YAML.
    const yaml = await writtenFields(over, own, ["task"], { ...to, style: "yaml" });
    return present({
      ...(await writtenFields(over, own, SENT, to)),
      ...yaml,
      partition_keys: keys && partitionKeysText(keys),
    });
  },
};

/** The settings of the compute target stay with the step. */
function sizeOf(resources: unknown): Record<string, unknown> {
  const { properties: _properties, ...size } = resources as Record<string, unknown>;
  return size;
}

function holdsExpression(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(holdsExpression);
  return isExpression(value);
}
