// Command components, and the steps that run a command: over such a component, or written out in the pipeline.
// Tests: test/lib/documents/pipelines/pipeline.test.ts

import { environmentUse } from "../assets/environment.ts";
import { checkCommand, commandFields } from "../jobs/command.ts";
import {
  commandLimits,
  commandQueue,
  distribution,
  jobIdentity,
  jobResources,
  queueSettings,
  services,
  stepVariables,
} from "../jobs/run-settings.ts";
import { object, optional, required } from "../language/object.ts";
import { code, compute } from "../language/reference.ts";
import { enumeration, text } from "../language/scalar.ts";
import { type Infer, isExpression } from "../language/shape.ts";
import { additionalIncludes, checkIncludes } from "./additional-includes.ts";
import { type ComponentOf, componentHeader, typeWithCode } from "./component.ts";
import { checkOptional } from "./component-io.ts";
import { componentUse, type DeclaredPorts, type StepType, stepFields, stepHeader, writtenFields } from "./step.ts";

const component = object(
  "a command component",
  {
    ...componentHeader,
    type: optional(enumeration(["command"])),
    command: required(text()),
    code: optional(code),
    environment: required(environmentUse),
    resources: optional(jobResources),
    distribution: optional(distribution),
    queue_settings: optional(queueSettings),
    additional_includes: optional(additionalIncludes),
  },
  {
    check(value, node, at) {
      checkCommand(value, node, at, false);
      checkOptional(value.command, value.inputs, node.entries.get("command"), at.step("command"));
      checkIncludes(value, node, at);
    },
  },
);
type CommandComponent = ComponentOf<typeof component>;

export const commandComponent = typeWithCode<CommandComponent>("command", component);

const settings = {
  compute: optional(compute),
  resources: optional(jobResources),
  distribution: optional(distribution),
  limits: optional(commandLimits),
  environment_variables: optional(stepVariables),
  queue_settings: optional(commandQueue),
  services: optional(services),
  identity: optional(jobIdentity),
};
/** The settings in a step's body. */
const SENT = ["resources", "distribution", "limits", "environment_variables", "queue_settings", "services", "identity"];

const over = object("a command step", {
  ...stepFields,
  type: optional(enumeration(["command"])),
  component: required(componentUse(commandComponent)),
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

type Inline = Infer<typeof inline>;
type Value = Infer<typeof over> | Inline;

export const commandStep: StepType = {
  type: "command",
  component: commandComponent,
  over,
  inline,
  toComponent(value: Inline, declared: DeclaredPorts): CommandComponent {
    const { command, code, environment, description, tags, resources, distribution: spread } = value;
    const { properties: _properties, ...rest } = resources ?? {};
    const size = withoutBoundNumbers(rest);
    return {
      type: "command",
      command,
      environment,
      ...declared,
      ...(code && { code }),
      ...(description !== undefined && { description }),
      ...(tags && { tags }),
      ...(Object.keys(size).length > 0 && { resources: size }),
      ...(spread && { distribution: withoutBoundNumbers(spread) }),
    };
  },
  async body(value: Value, to, component: CommandComponent | undefined) {
    const resources = value.resources ?? component?.resources;
    const spread = value.distribution ?? component?.distribution;
    return await writtenFields(over, { ...value, resources, distribution: spread }, SENT, to);
  },
};

/** Texts of resources and distributions. */
const TEXTS = new Set([
  "instance_type",
  "shm_size",
  "docker_args",
  "address",
  "head_node_additional_args",
  "worker_node_additional_args",
]);

/**
 * The settings that a component is given. An expression of the pipeline stays in the step, which has all settings: a component belongs to no
 * pipeline. Azure's client refuses one in a number; in a text it sends it with the component too, and so does this.
 */
function withoutBoundNumbers<T extends object>(settings: T): T {
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => TEXTS.has(name) || !isExpression(value)),
  ) as T;
}
