// Command jobs: one command line with its code, environment, inputs and outputs (docs/facts/azureml-documents.md#2.5).

import { present } from "../../plain-objects.ts";
import { environmentUse } from "../assets/environment.ts";
import { checkNames, checkPlaceholders, jobInputs, jobOutputs } from "../assets/io.ts";

import { object, optional, readOnly, required } from "../language/object.ts";
import { code, computeOrLocal } from "../language/reference.ts";
import { enumeration, text } from "../language/scalar.ts";
import type { Infer, Reading, Writing } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { defineJob, jobHeader } from "./define-job.ts";
import {
  commandLimits,
  commandQueue,
  distribution,
  environmentVariables,
  jobIdentity,
  jobResources,
  services,
} from "./run-settings.ts";

export const commandFields = {
  ...jobHeader,
  type: optional(enumeration(["command"])),
  command: required(text()),
  code: optional(code, { as: "code_id" }),
  environment: required(environmentUse, { as: "environment_id" }),
  environment_variables: optional(environmentVariables),
  inputs: optional(jobInputs),
  outputs: optional(jobOutputs),
  compute: optional(computeOrLocal, { as: "compute_id" }),
  distribution: optional(distribution),
  resources: optional(jobResources),
  limits: optional(commandLimits),
  queue_settings: optional(commandQueue),
  identity: optional(jobIdentity),
  services: optional(services),
  parent_job_name: optional(text()),
  parameters: readOnly(),
};

const shape = object("a command job", commandFields, { check: checkCommand });
type CommandJob = Infer<typeof shape>;

/** @param oldBrackets whether `{inputs.x}` is understood too, as jobs and steps do and components do not */
export function checkCommand(
  value: { command: string; inputs?: object; outputs?: object },
  node: MapNode,
  at: Reading,
  oldBrackets = true,
): void {
  checkNames(node.entries.get("inputs"), at.step("inputs"), "input");
  checkNames(node.entries.get("outputs"), at.step("outputs"), "output");
  const place = node.entries.get("command");
  if (place === undefined) return;
  const declared = { inputs: Object.keys(value.inputs ?? {}), outputs: Object.keys(value.outputs ?? {}) };
  const command = oldBrackets ? doubleBrackets(value.command) : value.command;
  checkPlaceholders(command, place, declared, at.step("command"));
}

/** `{inputs.x}` is an old way to write `${{inputs.x}}`. */
export function doubleBrackets(command: string): string {
  return command.replace(/(?<!\{)\{(inputs|outputs|search_space)\.([^}]*)\}(?!\})/g, "${{$1.$2}}");
}

async function properties(job: CommandJob, to: Writing): Promise<Record<string, unknown>> {
  const { name: _name, ...rest } = job;
  const body = (await shape.write(rest as CommandJob, to)) as Record<string, unknown>;
  const { type: _type, computeId, resources, ...written } = body;
  const local = job.compute === "local";
  return {
    ...written,
    jobType: "Command",
    command: doubleBrackets(job.command),
    environmentVariables: {
      ...job.environment_variables,
      ...(local ? { AZUREML_COMPUTE_USE_COMMON_RUNTIME: "true" } : {}),
    },
    ...(local ? { resources: localResources(resources) } : present({ resources, computeId })),
  };
}

/** `compute: local` is a property of the resources, as Azure's client writes it. */
function localResources(resources: unknown): Record<string, unknown> {
  const written = (resources ?? {}) as { properties?: object };
  return { ...written, properties: { ...written.properties, IsLocal: { IsLocal: true } } };
}

export const commandJobKind = defineJob({
  job: "command",
  name: "command job",
  order: 200,
  schemas: ["commandjob"],
  types: ["command"],
  fields: [{ has: ["command"] }],
  shape,
  apiVersion: "2025-01-01-preview",
  properties,
});
