// The pieces that the schema of pipelines is put together from.
import type { Schema } from "./tasks.ts";

/** A reference to an entry of `definitions`. */
export const ref = (name: string): Schema => ({ $ref: `#/definitions/${name}` });
/** A text, or an expression that makes one. */
export const text = (description: string): Schema => ({ ...ref("string"), description });
/** A reference to an entry of `definitions`, with a description for this place. */
export const described = (name: string, description: string): Schema => ({ ...ref(name), description });
export const list = (items: Schema, description?: string): Schema => ({
  type: "array",
  items,
  ...(description === undefined ? {} : { description }),
});
/** One of a few words, or an expression. */
export const oneOf = (description: string, ...values: string[]): Schema => ({
  description,
  anyOf: [{ type: "string", enum: values }, ref("expression")],
});
/** Keys and nothing beside them. `first`: the key that tells this mapping from others; it is needed, as those of `required`. */
export const mapping = (properties: Record<string, Schema>, first?: string, required?: string[]): Schema => ({
  type: "object",
  properties,
  additionalProperties: false,
  ...(first === undefined ? {} : { firstProperty: [first] }),
  ...(first === undefined && required === undefined ? {} : { required: required ?? [first] }),
});
/** Keys of which nothing is known. */
export const anyMapping = (description: string): Schema => ({ type: "object", description });

/** A step, job, stage or variables that stand in another file. */
export const template = (what: string): Schema =>
  mapping(
    {
      template: text(`A template with ${what}; its path, or its path and @ and the alias of a repository`),
      parameters: anyMapping("Values of the template's parameters"),
    },
    "template",
  );
