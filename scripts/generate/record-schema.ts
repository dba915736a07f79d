// docs/record.schema.json: the record of a step as JSON Schema, made from what its writer and its reader hold (lib/record/schema.ts).
// Tests: test/scripts/record-schema.test.ts
import { RECORD_TYPE, RECORD_VERSION } from "../../lib/record/index.ts";
import { recordShape } from "../../lib/record/schema.ts";
import type { Shape } from "../../lib/record/shape.ts";
import { formatJson } from "./json.ts";

export const recordSchemaFile = () => ({ path: "docs/record.schema.json", content: formatJson(recordSchema()) });

/** Draft 2020-12. A reader should ignore what it does not know: later versions add fields. */
export function recordSchema(): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Record of a step",
    description: `JSON of the attachments of type ${RECORD_TYPE} on a run, one for each step. Version ${RECORD_VERSION}; records of version 1 have a part of these fields.`,
    ...schemaOf(recordShape),
  };
}

function schemaOf(shape: Shape): Record<string, unknown> {
  switch (shape.kind) {
    case "text":
      return { type: "string", maxLength: shape.longest };
    case "number":
      return { type: "number" };
    case "flag":
      return { type: "boolean" };
    case "oneOf":
      return { enum: shape.words };
    case "list":
      return { type: "array", maxItems: shape.most, items: schemaOf(shape.of) };
    case "map":
      return { type: "object", maxProperties: shape.most, additionalProperties: schemaOf(shape.of) };
    case "section":
      return {
        type: "object",
        required: shape.required,
        additionalProperties: false,
        properties: Object.fromEntries(Object.entries(shape.fields).map(([name, field]) => [name, schemaOf(field)])),
      };
  }
}
