// Steps that move data: copies between stores, imports from and exports to what lies outside.

import { checkNames, jobInputs, jobOutput, jobOutputs } from "../assets/io.ts";
import { textTags } from "../language/document.ts";
import { map, object, optional, required } from "../language/object.ts";
import { compute } from "../language/reference.ts";
import { anything, enumeration, looseText } from "../language/scalar.ts";
import type { Reading, Shape } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import type { ComponentDocument } from "./component.ts";
import { componentUse, definedOnly, type StepType, type StepValue, stepHeader, writtenFields } from "./step.ts";
import { copyMode, type ExternalData, externalData, TRANSFER_TASKS } from "./transfer.ts";

const common = {
  ...stepHeader,
  type: required(enumeration(["data_transfer"])),
  task: required(enumeration(TRANSFER_TASKS)),
  tags: optional(textTags),
  properties: optional(textTags),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
  compute: optional(compute),
  data_copy_mode: optional(copyMode),
  source: optional(externalData),
  sink: optional(externalData),
};
const over = object("a data transfer step", { ...common, component: required(componentUse("data_transfer")) });
const inline = object("a data transfer step", common, { check: checkTask });

type Value = { task: string; source?: ExternalData; sink?: ExternalData; inputs?: object; outputs?: object };

/** An import has a source and one output called sink; an export has one input called source and a sink. */
function checkTask(value: Value, node: MapNode, at: Reading): void {
  checkNames(node.entries.get("inputs"), at.step("inputs"), "input");
  const only = (ports: object | undefined, name: string) => Object.keys(ports ?? {}).join() === name;
  if (
    value.task === "import_data" &&
    (value.source === undefined || !only(value.outputs, "sink") || value.inputs !== undefined)
  )
    at.fault(node, `${at.name} imports data: it needs a source, one output called "sink", and no inputs.`);
  if (
    value.task === "export_data" &&
    (value.sink === undefined || !only(value.inputs, "source") || value.outputs !== undefined)
  )
    at.fault(node, `${at.name} exports data: it needs a sink, one input called "source", and no outputs.`);
}

/** Components that Azure keeps for imports and exports. */
function builtIn(value: StepValue): string | undefined {
  const direction = value["task"] === "import_data" ? "import" : value["task"] === "export_data" ? "export" : undefined;
  if (direction === undefined) return undefined;
  return builtInTransfer(direction, (value["source"] ?? value["sink"]) as ExternalData | undefined);
}

/** Azure's own component for a direction and a kind of store. */
export function builtInTransfer(direction: "import" | "export", store: ExternalData | undefined): string {
  return `azureml://registries/azureml/components/${direction}_data_${store?.type ?? "file_system"}/versions/0.0.1`;
}

export const transferStep: StepType = {
  over: over as unknown as Shape<StepValue>,
  inline: inline as unknown as Shape<StepValue>,
  toComponent(value, inputs, outputs) {
    if (builtIn(value) !== undefined) return undefined;
    const { task, data_copy_mode, description, tags } = value;
    return definedOnly({
      type: "data_transfer",
      task,
      data_copy_mode,
      inputs,
      outputs,
      description,
      tags,
    }) as unknown as ComponentDocument;
  },
  async body(step, to) {
    const body = await writtenFields(over, step.value, ["task", "data_copy_mode", "source", "sink"], {
      ...to,
      style: "yaml",
    });
    const component = step.component === undefined ? builtIn(step.value) : undefined;
    return component === undefined ? body : { ...body, componentId: component, _source: "BUILTIN" };
  },
};

const importCommon = {
  ...stepHeader,
  type: optional(enumeration(["import"])),
  tags: optional(textTags),
  properties: optional(textTags),
};
const importOver = object("an import step", {
  ...importCommon,
  component: required(componentUse("import")),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
});
const importInline = object("an import step", {
  ...importCommon,
  source: required(map(looseText)),
  output: required(jobOutput),
  experiment_name: optional(anything),
});

export const importStep: StepType = {
  over: importOver as unknown as Shape<StepValue>,
  inline: {
    ...(importInline as unknown as Shape<StepValue>),
    read(node, at) {
      const value = importInline.read(node, at);
      if (value === undefined) return undefined;
      const { source, output, ...rest } = value;
      const inputs = Object.fromEntries(
        Object.entries(source).map(([name, text]) => [
          name,
          { kind: "literal", value: { type: "string", value: text, text } },
        ]),
      );
      return { ...rest, inputs, outputs: { output } } as unknown as StepValue;
    },
  },
  needsNoCompute: () => true,
  toComponent: (_value, inputs, outputs) =>
    ({
      type: "import",
      source: inputs,
      output: outputs["output"] ?? { type: "uri_folder" },
    }) as unknown as ComponentDocument,
  body: async () => ({}),
};
