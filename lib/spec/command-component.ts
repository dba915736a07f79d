// Command components: a command line with declared inputs and outputs.
import { checkCommand } from "./command.ts";
import { componentHeader } from "./component.ts";
import { typeWithCode } from "./component-code.ts";
import { checkOptional } from "./component-io.ts";
import { environmentUse } from "./environment.ts";
import { additionalIncludes, checkIncludes } from "./includes.ts";
import { object, optional, required } from "./object.ts";
import { code } from "./reference.ts";
import { distribution, jobResources, queueSettings } from "./run.ts";
import { enumeration, text } from "./scalar.ts";
import type { Infer } from "./shape.ts";

export const commandComponent = object(
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
export type CommandComponent = Infer<typeof commandComponent>;

export const commandComponentType = typeWithCode(commandComponent as never);
