// Values that AutoML tries: image and text tasks have each distribution as one text, such as `uniform(0.001,0.01)` or `choice('sgd','adam')`.
// Tests: test/lib/documents/jobs/jobs.test.ts
import { type AnyField, list, object, optional } from "../language/object.ts";
import { number } from "../language/scalar.ts";
import { described, NOTHING_BELOW, type Reading, type Shape } from "../language/shape.ts";
import { type MapNode, plainValue, type ScalarNode, type YamlNode } from "../language/source.ts";
import { floatValue, pythonFloat, stringValue } from "../language/value.ts";
import { earlyTermination, samplingAlgorithm, searchSpaceEntry } from "./sweep.ts";

/** The search space of one parameter: as one text, and as in the YAML. */
interface Space {
  readonly text: string;
  readonly raw: unknown;
}

export interface SpaceOptions {
  /** In a pipeline's step a text task has mappings, as they stand in the YAML; an image task has texts there, too. */
  readonly isMappingInSteps?: boolean;
}

/** One parameter: a value, or a distribution of values. Words are those of the parameter itself, whatever their case. */
function spaceValue(parameter: Shape<unknown>, options: SpaceOptions): Shape<Space> {
  return {
    expects: "a value, or a distribution of values",
    below: { kind: "free" },
    read(node, at) {
      const tried = inOwnNumbers(inOwnWords(node, parameter, at), parameter);
      if (tried.kind === "scalar" && tried.type !== "null") return { text: scalarText(tried), raw: tried.value };
      if (tried.kind !== "map")
        return at.fault(node, `${at.name} is ${described(node)}; a value or a distribution of values is needed.`);
      if (searchSpaceEntry.read(tried, at) === undefined) return undefined;
      return { text: distributionText(tried), raw: plainValue(tried) };
    },
    write: (value, to) => (to.style === "yaml" && options.isMappingInSteps ? value.raw : value.text),
  };
}

/** The same with each word as the parameter itself has it; what it does not take is left for its reader to tell. */
function inOwnWords(node: YamlNode, parameter: Shape<unknown>, at: Reading): YamlNode {
  if (node.kind === "scalar") {
    const word = node.type === "string" ? parameter.read(node, at.trial()) : undefined;
    return typeof word === "string" ? { ...node, ...stringValue(word) } : node;
  }
  if (node.kind === "list") return { ...node, items: node.items.map((item) => inOwnWords(item, parameter, at)) };
  const entries = new Map(node.entries);
  const values = entries.get("values");
  const type = entries.get("type");
  if (values !== undefined) entries.set("values", inOwnWords(values, parameter, at));
  if (type?.kind === "scalar") entries.set("type", { ...type, ...stringValue(type.text.toLowerCase()) });
  return { ...node, entries };
}

/** Whole numbers of a parameter that is no whole number are written as such (1 is 1.0), unless all the values of a choice are. */
function inOwnNumbers(node: YamlNode, parameter: Shape<unknown>): YamlNode {
  if (parameter !== (number as Shape<unknown>)) return node;
  if (node.kind === "scalar") return node.type === "integer" ? { ...node, ...floatValue(node.value as number) } : node;
  const values = node.kind === "map" ? node.entries.get("values") : undefined;
  if (node.kind !== "map" || values?.kind !== "list") return node;
  if (values.items.every((item) => item.kind === "scalar" && item.type === "integer")) return node;
  const items = values.items.map((item) => inOwnNumbers(item, parameter));
  return { ...node, entries: new Map(node.entries).set("values", { ...values, items }) };
}

function scalarText(node: ScalarNode): string {
  return node.type === "float" ? plainDecimal(node.value as number) : node.text;
}

/** The arguments stand in the order in which a distribution declares them. */
const ARGUMENTS = ["values", "min_value", "max_value", "mu", "sigma", "upper", "q"];

function distributionText(node: MapNode): string {
  const type = node.entries.get("type");
  const values = ARGUMENTS.flatMap((name) => {
    const value = node.entries.get(name);
    if (value === undefined) return [];
    return value.kind === "list" ? value.items.map(quotedText) : [argumentText(name, value)];
  });
  return `${type?.kind === "scalar" ? type.text : ""}(${values.join(",")})`;
}

/** A number, however it is written; an upper bound is a whole one. */
function argumentText(name: string, node: YamlNode): string {
  const value = node.kind === "scalar" ? Number(node.text) : Number.NaN;
  if (Number.isNaN(value)) return quotedText(node);
  if (name === "upper") return String(value);
  return node.kind === "scalar" && node.type === "string" ? plainDecimal(value) : quotedText(node);
}

function quotedText(node: YamlNode): string {
  if (node.kind !== "scalar") return "";
  return node.type === "string" ? `'${node.text}'` : scalarText(node);
}

/** A float without an exponent. */
function plainDecimal(value: number): string {
  const written = pythonFloat(value);
  const match = /^(-?)(\d+)(?:\.(\d+))?e([-+]\d+)$/.exec(written);
  if (!match) return written;
  const [, sign = "", whole = "", fraction = "", exponentText = "0"] = match;
  const exponent = Number(exponentText);
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, "0")}`;
}

/** A list of subspaces, each of which has some of the parameters under the names that they have themselves. */
export function searchSpaces(
  parameters: Readonly<Record<string, AnyField>>,
  options: SpaceOptions = {},
): Shape<readonly object[]> {
  const fields: Record<string, AnyField> = Object.fromEntries(
    Object.entries(parameters).map(([name, field]) => [
      name,
      optional(spaceValue(field.shape, options), field.camel === undefined ? {} : { camel: field.camel }),
    ]),
  );
  return list(object("a search space", fields));
}

/** The search algorithm, as a plain text. */
export const automlSweep = object("sweep settings", {
  sampling_algorithm: optional({
    ...samplingAlgorithm,
    below: NOTHING_BELOW,
    write: (value) => value.type,
  } satisfies typeof samplingAlgorithm),
  early_termination: optional(earlyTermination),
});
