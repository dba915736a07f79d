// Inputs and outputs of components: typed parameters and ports (docs/facts/azureml-documents.md#2.7). Defaults and bounds are sent as text.
// Tests: test/lib/documents/pipelines/components.test.ts
import { ASSET_TYPES } from "../assets/io.ts";
import { list, map, object, optional, required } from "../language/object.ts";
import { boolean, enumeration, type Literal, literal, looseText, text } from "../language/scalar.ts";
import { isExpression, type Reading, type Shape } from "../language/shape.ts";
import type { MapNode, YamlNode } from "../language/source.ts";
import { pythonFloat } from "../language/value.ts";

const PARAMETER_TYPES = ["string", "integer", "number", "boolean"] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];
const PORT_TYPES = ["path", ...ASSET_TYPES] as const;
const INPUT_TYPES = [...PARAMETER_TYPES, ...PORT_TYPES] as const;

const MODES = [
  "ro_mount",
  "rw_mount",
  "mount",
  "download",
  "upload",
  "direct",
  "eval_mount",
  "eval_download",
  "link",
] as const;

/** A declared input as its spec has it: defaults and bounds are text already. */
export interface ComponentInput {
  readonly type: string;
  readonly description?: string;
  readonly optional?: boolean;
  readonly default?: string;
  readonly min?: string;
  readonly max?: string;
  readonly enum?: readonly string[];
  readonly mode?: string;
}

const inputFields = object("an input", {
  type: required(enumeration(INPUT_TYPES, { fold: "exact" })),
  description: optional(text()),
  optional: optional(boolean),
  default: optional(literal, { nullable: true }),
  min: optional(literal),
  max: optional(literal),
  enum: optional(list(looseText)),
  mode: optional(enumeration(MODES, { fold: "exact" })),
  datastore: optional(text()),
});

export function isParameter(type: string): type is ParameterType {
  return (PARAMETER_TYPES as readonly string[]).includes(type);
}

const componentInput: Shape<ComponentInput> = {
  expects: "a mapping with type",
  below: inputFields.below,
  read(node: YamlNode, at: Reading) {
    const fields = inputFields.read(node, at);
    if (fields === undefined || node.kind !== "map") return undefined;
    const { default: value, min, max, datastore: _datastore, ...rest } = fields;
    const coerced = {
      ...rest,
      ...coercion("default", value, rest.type, node, at),
      ...coercion("min", min, rest.type, node, at),
      ...coercion("max", max, rest.type, node, at),
    };
    return coerced.optional === false ? { ...coerced, optional: false } : coerced;
  },
  write: (value) => value,
};

function coercion(
  name: "default" | "min" | "max",
  value: Literal | undefined,
  type: string,
  node: MapNode,
  at: Reading,
): { [name]?: string } {
  if (value === undefined) return {};
  const place = node.entries.get(name) ?? node;
  const coerced = coerceLiteral(value, type);
  if (coerced !== undefined) return { [name]: coerced };
  at.step(name).fault(place, `${at.step(name).name} is ${JSON.stringify(value.text)}, which is no ${type}.`);
  return {};
}

/** A value as the text that a parameter of the type has; undefined where it has no such value. */
export function coerceLiteral(value: Literal, type: string): string | undefined {
  switch (type) {
    case "boolean":
      return /^true$/i.test(value.text) ? "True" : /^false$/i.test(value.text) ? "False" : undefined;
    case "integer": {
      const number = Number(value.type === "boolean" ? Number.NaN : value.text);
      return value.text.trim() === "" || !Number.isFinite(number) ? undefined : wholeText(value, number);
    }
    case "number": {
      const number = Number(value.type === "boolean" ? Number.NaN : value.text);
      return value.text.trim() === "" || !Number.isFinite(number) ? undefined : pythonFloat(number);
    }
    default:
      // Azure's client reads a bare number as a float before it makes text of it: 5 becomes "5.0".
      return value.type === "integer" ? pythonFloat(value.value as number) : value.text;
  }
}

/** Digits of a large integer are kept; 10.0 is 10. */
function wholeText(value: Literal, number: number): string {
  return value.type === "integer" ? value.text : String(Math.trunc(number));
}

export const componentInputs = map(componentInput, { declared: true });

export interface ComponentOutput {
  readonly type: string;
  readonly description?: string;
  readonly mode?: string;
  readonly early_available?: boolean;
}

const componentOutput = object("an output", {
  type: required(enumeration(INPUT_TYPES, { fold: "exact" })),
  description: optional(text()),
  mode: optional(enumeration(MODES, { fold: "exact" })),
  early_available: optional(boolean),
  // Azure's client takes it of every output, and drops it.
  is_control: optional(boolean, { unwritten: true }),
});

export type ComponentInputs = Readonly<Record<string, ComponentInput>>;
export type ComponentOutputs = Readonly<Record<string, ComponentOutput>>;
export const componentOutputs: Shape<ComponentOutputs> = map(componentOutput, { declared: true });

/**
 * Reports an optional input that stands outside of `$[[ ]]`: where it is not given, the line could not be written, so the service refuses
 * the component ("optional Input ... must be placed in nested argument: $[[]]", reported in Azure/azure-sdk-for-python#26252).
 */
export function checkOptional(
  line: string | undefined,
  inputs: ComponentInputs | undefined,
  place: YamlNode | undefined,
  at: Reading,
): void {
  if (line === undefined || place === undefined) return;
  const outside = line.replace(/\$\[\[[\s\S]*?\]\]/g, "");
  for (const name of new Set([...outside.matchAll(/\$\{\{\s*inputs\.([\w-]+)/g)].map((match) => match[1] ?? ""))) {
    if (!inputs || !Object.hasOwn(inputs, name) || !inputs[name]?.optional) continue;
    const flag =
      new RegExp(`(\\S+ +)?\\$\\{\\{\\s*inputs\\.${name}[^}]*\\}\\}`).exec(outside)?.[0] ?? `\${{inputs.${name}}}`;
    at.fault(place, `${at.name} uses the optional input "${name}" outside of $[[ ]].`, {
      hint: `Write $[[${flag}]]: what stands in there is left out where the input is not given.`,
    });
  }
}

/** The bindings that a pipeline's nodes may use: `${{parent.inputs.x}}` and so on; undefined for anything else. */
export function parseBinding(
  value: unknown,
): { side: "inputs" | "outputs" | "jobs"; names: readonly string[] } | undefined {
  if (!isExpression(value)) return undefined;
  const match = /^\s*\$\{\{\s*parent\.(inputs|outputs|jobs)\.([^}]*?)\s*\}\}\s*$/.exec(value);
  if (!match?.[1] || !match[2]) return undefined;
  return { side: match[1] as "inputs" | "outputs" | "jobs", names: match[2].split(".") };
}
