// Steps that run a script over many mini-batches in parallel.

import { environmentUse } from "../assets/environment.ts";
import { jobInputs, jobOutputs } from "../assets/io.ts";
import { jobIdentity } from "../jobs/run.ts";
import { textTags } from "../language/document.ts";
import { map, object, optional, required } from "../language/object.ts";
import { compute } from "../language/reference.ts";
import { enumeration, variableText } from "../language/scalar.ts";
import { isExpression, type Shape } from "../language/shape.ts";
import type { ComponentDocument } from "./component.ts";
import {
  checkParallel,
  type ParallelComponent,
  parallelSettings,
  parallelTask,
  partitionKeysText,
} from "./parallel.ts";
import { componentUse, definedOnly, type StepType, type StepValue, stepHeader, writtenFields } from "./step.ts";

const common = {
  ...stepHeader,
  type: optional(enumeration(["parallel"])),
  tags: optional(textTags),
  properties: optional(textTags),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
  compute: optional(compute),
  identity: optional(jobIdentity),
  environment_variables: optional(map(variableText)),
  ...parallelSettings,
  environment: optional(environmentUse),
};
const over = object("a parallel step", {
  ...common,
  component: required(componentUse("parallel")),
  task: optional(parallelTask),
});
const inline = object("a parallel step", { ...common, task: required(parallelTask) }, { check: checkParallel });

/** What a step takes over from its component where it says nothing itself. */
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
  "task",
  "input_data",
  "retry_settings",
  "logging_level",
  "mini_batch_size",
];
/** What an inline step's component has of it; a value that is an expression of the pipeline stays with the step. */
const DECLARED = [
  "mini_batch_size",
  "partition_keys",
  "logging_level",
  "max_concurrency_per_instance",
  "error_threshold",
  "mini_batch_error_threshold",
  "retry_settings",
  "resources",
];

export const parallelStep: StepType = {
  over: over as unknown as Shape<StepValue>,
  inline: inline as unknown as Shape<StepValue>,
  toComponent(value, inputs, outputs) {
    const declared = DECLARED.filter((name) => value[name] !== undefined && !holdsExpression(value[name]));
    return {
      type: "parallel",
      task: value["task"],
      inputs,
      outputs,
      ...(value["input_data"] === undefined ? {} : { input_data: value["input_data"] }),
      ...Object.fromEntries(declared.map((name) => [name, name === "resources" ? sizeOf(value[name]) : value[name]])),
    } as unknown as ComponentDocument;
  },
  async body(step, to) {
    const component =
      step.component?.kind === "local" ? (step.component.document as unknown as ParallelComponent) : undefined;
    const inherited = Object.fromEntries(INHERITED.map((name) => [name, component?.[name]]));
    const size = component === undefined ? {} : { mini_batch_size: 0 };
    const value = { ...size, ...definedOnly(inherited), ...step.value } as StepValue;
    const keys = value["partition_keys"] as readonly string[] | undefined;
    // Code and environment of a task stand in the body as in a YAML.
    const yaml = await writtenFields(over, value, ["task"], { ...to, style: "yaml" });
    const body = await writtenFields(
      over,
      value,
      SENT.filter((name) => name !== "task"),
      to,
    );
    return definedOnly({ ...body, ...yaml, partition_keys: keys && partitionKeysText(keys) });
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
