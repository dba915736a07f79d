// Command components: a command line with declared inputs and outputs.
import { type ComponentType, componentHeader } from "./component.ts";
import { environmentUse } from "./environment.ts";
import { additionalIncludes, includedCode } from "./includes.ts";
import { checkNames, checkPlaceholders } from "./io.ts";
import { object, optional, required } from "./object.ts";
import { code } from "./reference.ts";
import { distribution, jobResources, queueSettings } from "./run.ts";
import { enumeration, text } from "./scalar.ts";
import type { Infer, Reading } from "./shape.ts";
import type { MapNode } from "./source.ts";

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
  { check: checkComponentCommand },
);
export type CommandComponent = Infer<typeof commandComponent>;

function checkComponentCommand(
  value: { command: string; inputs?: object; outputs?: object },
  node: MapNode,
  at: Reading,
): void {
  checkNames(node.entries.get("inputs"), at.step("inputs"), "input");
  checkNames(node.entries.get("outputs"), at.step("outputs"), "output");
  const place = node.entries.get("command");
  if (place === undefined) return;
  const declared = { inputs: Object.keys(value.inputs ?? {}), outputs: Object.keys(value.outputs ?? {}) };
  checkPlaceholders(value.command, place, declared, at.step("command"));
}

export const commandComponentType: ComponentType = {
  shape: commandComponent as never,
  async write(document, to) {
    const component = document as unknown as CommandComponent;
    const { code: _own, ...rest } = component;
    const included = await includedCode(component, to.resolver);
    const spec = (await commandComponent.write(
      (included.code === undefined ? component : rest) as CommandComponent,
      to,
    )) as object;
    return { ...spec, ...included };
  },
};
