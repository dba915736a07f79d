// Data transfer and import, as components and as steps: copies between stores, imports from and exports to what lies outside (docs/facts/azureml-documents.md#2.6).
// Tests: test/lib/documents/pipelines/pipeline.test.ts

import { checkNames, jobInputs, jobOutput, jobOutputs } from "../assets/io.ts";
import { byType } from "../language/by-type.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { anything, enumeration, looseText, text } from "../language/scalar.ts";
import type { Infer, Reading, Shape } from "../language/shape.ts";
import type { MapNode } from "../language/source.ts";
import { runProperties, runTags } from "../language/tag-limits.ts";
import { type ComponentOf, type ComponentType, componentHeader } from "./component.ts";
import { componentInputs } from "./component-io.ts";
import { componentUse, type DeclaredPorts, type StepType, stepFields, stepHeader, writtenFields } from "./step.ts";

const TRANSFER_TASKS = ["copy_data", "import_data", "export_data"] as const;
const copyMode = enumeration(["merge_with_overwrite", "fail_if_conflict"]);

export interface ExternalData {
  readonly type?: string;
  readonly connection?: string;
}

/** A database or file system outside Azure ML, reached through a connection. */
export const externalData: Shape<ExternalData> = byType<ExternalData>(
  "an outside store",
  {
    database: object("a database", {
      type: required(enumeration(["database"])),
      connection: required(text()),
      query: optional(text()),
      table_name: optional(text()),
      stored_procedure: optional(text()),
      stored_procedure_params: optional(
        list(object("a parameter", { name: optional(text()), value: optional(looseText), type: optional(text()) })),
      ),
    }),
    file_system: object("a file system", {
      type: optional(enumeration(["file_system"])),
      connection: required(text()),
      path: optional(text()),
    }),
  },
  { otherwise: "file_system" },
);

const sourceOrSink = object("a source or sink", { type: required(enumeration(["database", "file_system"])) });

const component = object("a data transfer component", {
  ...componentHeader,
  type: optional(enumeration(["data_transfer"])),
  task: required(enumeration(TRANSFER_TASKS)),
  data_copy_mode: optional(copyMode),
  source: optional(sourceOrSink),
  sink: optional(sourceOrSink),
});
type TransferComponent = ComponentOf<typeof component>;
const transferComponent: ComponentType<TransferComponent> = { type: "data_transfer", shape: component };

const common = {
  ...stepFields,
  type: required(enumeration(["data_transfer"])),
  task: required(enumeration(TRANSFER_TASKS)),
  data_copy_mode: optional(copyMode),
  source: optional(externalData),
  sink: optional(externalData),
};
const over = object("a data transfer step", { ...common, component: required(componentUse(transferComponent)) });
const inline = object("a data transfer step", common, { check: checkTask });

type Value = {
  task: (typeof TRANSFER_TASKS)[number];
  source?: ExternalData;
  sink?: ExternalData;
  inputs?: object;
  outputs?: object;
};

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

/** Azure's own component for a direction and a kind of store. */
export function builtInTransfer(direction: "import" | "export", store: ExternalData | undefined): string {
  return `azureml://registries/azureml/components/${direction}_data_${store?.type ?? "file_system"}/versions/0.0.1`;
}

/** Components that Azure keeps for imports and exports. */
function builtIn({ task, source, sink }: Value): string | undefined {
  if (task === "copy_data") return undefined;
  return builtInTransfer(task === "import_data" ? "import" : "export", source ?? sink);
}

export const transferStep: StepType = {
  type: "data_transfer",
  component: transferComponent,
  over,
  inline,
  toComponent(value: Infer<typeof inline>, declared: DeclaredPorts): TransferComponent | undefined {
    if (builtIn(value) !== undefined) return undefined;
    const { task, data_copy_mode, description, tags } = value;
    return {
      type: "data_transfer",
      task,
      ...(data_copy_mode && { data_copy_mode }),
      ...declared,
      ...(description !== undefined && { description }),
      ...(tags && { tags }),
    };
  },
  async body(value: Infer<typeof over> | Infer<typeof inline>, to) {
    const body = await writtenFields(over, value, ["task", "data_copy_mode", "source", "sink"], {
      ...to,
      style: "yaml",
    });
    const component = "component" in value ? undefined : builtIn(value);
    return component === undefined ? body : { ...body, componentId: component, _source: "BUILTIN" };
  },
};

const importedComponent = object("an import component", {
  ...componentHeader,
  type: optional(enumeration(["import"])),
  source: required(componentInputs),
  output: required(map(anything)),
});

type ImportComponent = ComponentOf<typeof importedComponent>;

/** The service knows imports as command components of a kind. */
const importComponent: ComponentType<ImportComponent> = {
  type: "import",
  shape: importedComponent,
  sent(spec) {
    const { source, output, ...rest } = spec;
    const tags = { ...(spec["tags"] as object | undefined), component_type_overwrite: "import" };
    return { ...rest, tags, type: "command", command: "import", inputs: source, outputs: { output } };
  },
};

const importCommon = {
  ...stepHeader,
  type: optional(enumeration(["import"])),
  tags: optional(runTags),
  properties: optional(runProperties),
};
const importOver = object("an import step", {
  ...importCommon,
  component: required(componentUse(importComponent)),
  inputs: optional(jobInputs, { nullable: true }),
  outputs: optional(jobOutputs, { nullable: true }),
});
const importInline = object("an import step", {
  ...importCommon,
  source: required(map(looseText)),
  output: required(jobOutput),
});

export const importStep: StepType = {
  type: "import",
  component: importComponent,
  over: importOver,
  inline: {
    ...importInline,
    read(node, at) {
      const value = importInline.read(node, at);
      if (value === undefined) return undefined;
      const { source, output, ...rest } = value;
      const inputs = Object.fromEntries(
        Object.entries(source).map(([name, text]) => [
          name,
          { kind: "literal", value: { type: "string", value: text, text } } as const,
        ]),
      );
      return { ...rest, inputs, outputs: { output } };
    },
  },
  needsNoCompute: () => true,
  toComponent: (_value, { inputs, outputs }): ImportComponent => ({
    type: "import",
    source: inputs,
    output: { ...(outputs["output"] ?? { type: "uri_folder" }) },
  }),
  body: async () => ({}),
};
