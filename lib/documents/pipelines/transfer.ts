// Data transfer and import: components and what they read from and write to (docs/facts/azureml-documents.md#2.6).

import { byType } from "../language/by-type.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { anything, enumeration, looseText, text } from "../language/scalar.ts";
import type { Shape } from "../language/shape.ts";
import { type ComponentType, componentHeader } from "./component.ts";
import { componentInputs } from "./component-io.ts";

export const TRANSFER_TASKS = ["copy_data", "import_data", "export_data"] as const;
export const copyMode = enumeration(["merge_with_overwrite", "fail_if_conflict"]);

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

const transferComponent = object("a data transfer component", {
  ...componentHeader,
  type: optional(enumeration(["data_transfer"])),
  task: required(enumeration(TRANSFER_TASKS)),
  data_copy_mode: optional(copyMode),
  source: optional(sourceOrSink),
  sink: optional(sourceOrSink),
});
export const transferComponentType: ComponentType = { shape: transferComponent as never };

const importComponent = object("an import component", {
  ...componentHeader,
  type: optional(enumeration(["import"])),
  source: required(componentInputs),
  output: required(map(anything)),
});

/** The service knows imports as command components of a kind. */
export const importComponentType: ComponentType = {
  shape: importComponent as never,
  sent(spec) {
    const { source, output, ...rest } = spec;
    const tags = { ...(spec["tags"] as object | undefined), component_type_overwrite: "import" };
    return { ...rest, tags, type: "command", command: "import", inputs: source, outputs: { output } };
  },
};
