// Command components: a command line with declared inputs and outputs.

import { environmentUse } from "../assets/environment.ts";
import { checkCommand } from "../jobs/command.ts";
import { distribution, jobResources, queueSettings } from "../jobs/run.ts";
import { object, optional, required } from "../language/object.ts";
import { code } from "../language/reference.ts";
import { enumeration, text } from "../language/scalar.ts";
import type { Infer } from "../language/shape.ts";
import { componentHeader } from "./component.ts";
import { typeWithCode } from "./component-code.ts";
import { checkOptional } from "./component-io.ts";
import { additionalIncludes, checkIncludes } from "./includes.ts";

const commandComponent = object(
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
