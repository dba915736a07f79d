// Steps that run a command: over a command component, or written out in the pipeline.

import { environmentUse } from "../assets/environment.ts";
import { jobInputs, jobOutputs } from "../assets/io.ts";
import { checkCommand, commandFields } from "../jobs/command.ts";
import {
  commandLimits,
  distribution,
  jobIdentity,
  jobResources,
  queueSettings,
  services,
  stepVariables,
} from "../jobs/run.ts";
import { textTags } from "../language/document.ts";
import { object, optional, required } from "../language/object.ts";
import { compute } from "../language/reference.ts";
import { enumeration, text } from "../language/scalar.ts";
import type { Shape } from "../language/shape.ts";
import type { CommandComponent } from "./command-component.ts";
import type { ComponentDocument } from "./component.ts";
import { componentUse, type StepType, type StepValue, stepHeader, writtenFields } from "./step.ts";

const settings = {
  compute: optional(compute),
  resources: optional(jobResources),
  distribution: optional(distribution),
  limits: optional(commandLimits),
  environment_variables: optional(stepVariables),
  queue_settings: optional(queueSettings),
  services: optional(services),
  identity: optional(jobIdentity),
};
/** What a step's body has of its settings. */
const SENT = ["resources", "distribution", "limits", "environment_variables", "queue_settings", "services", "identity"];

const over = object("a command step", {
  ...stepHeader,
  type: optional(enumeration(["command"])),
  component: required(componentUse("command")),
  tags: optional(textTags),
  properties: optional(textTags),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
  ...settings,
  // The component says these; Azure's client takes them in a step, and sends none of them.
  command: optional(text()),
  environment: optional(environmentUse),
  code: optional(text(), { nullable: true }),
});

const inline = object(
  "a command step",
  { ...commandFields, ...stepHeader, ...settings },
  { check: (value, node, at) => checkCommand(value, node, at.withExpressions(true)) },
);

export const commandStep: StepType = {
  over: over as unknown as Shape<StepValue>,
  inline: inline as unknown as Shape<StepValue>,
  toComponent(value, inputs, outputs) {
    const {
      command,
      code,
      environment,
      description,
      tags,
      resources,
      distribution: spread,
    } = value as unknown as CommandComponent;
    const { properties: _properties, ...size } = (resources ?? {}) as Record<string, unknown>;
    return {
      type: "command",
      command,
      environment,
      inputs,
      outputs,
      ...(code === undefined ? {} : { code }),
      ...(description === undefined ? {} : { description }),
      ...(tags === undefined ? {} : { tags }),
      ...(Object.keys(size).length === 0 ? {} : { resources: size }),
      ...(spread === undefined ? {} : { distribution: spread }),
    } as ComponentDocument;
  },
  async body(step, to) {
    const component =
      step.component?.kind === "local" ? (step.component.document as unknown as CommandComponent) : undefined;
    const value = {
      ...step.value,
      resources: step.value.resources ?? component?.resources,
      distribution: step.value["distribution"] ?? component?.distribution,
    };
    return await writtenFields(over, value as StepValue, SENT, to);
  },
};
