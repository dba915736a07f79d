// Values that AutoML tries: image and text tasks have each distribution as one text, such as `uniform(0.001,0.01)` or `choice('sgd','adam')`.
import { type AnyField, list, object, optional } from "./object.ts";
import { described, NOTHING_BELOW, type Reading, type Shape } from "./shape.ts";
import type { ScalarNode, SpecNode } from "./source.ts";
import { earlyTermination, samplingAlgorithm, searchSpaceEntry } from "./sweep.ts";
import { pythonFloat } from "./value.ts";

/** One parameter: a value, or a distribution of values; as text either way. */
const spaceValue: Shape<string> = {
  expects: "a value, or a distribution of values",
  below: { kind: "free" },
  read(node, at) {
    if (node.kind === "scalar" && node.type !== "null") return scalarText(node);
    if (node.kind !== "map")
      return at.fault(node, `${at.name} is ${described(node)}; a value or a distribution of values is needed.`);
    return searchSpaceEntry.read(node, at) === undefined ? undefined : distributionText(node, at);
  },
  write: (value) => value,
};

function scalarText(node: ScalarNode): string {
  return node.type === "float" ? plainDecimal(node.value as number) : node.text;
}

/** The arguments stand in the order in which a distribution declares them. */
const ARGUMENTS = ["values", "min_value", "max_value", "mu", "sigma", "upper", "q"];

function distributionText(node: SpecNode & { kind: "map" }, _at: Reading): string {
  const type = node.entries.get("type");
  const values = ARGUMENTS.flatMap((name) => {
    const value = node.entries.get(name);
    if (value === undefined) return [];
    return value.kind === "list" ? value.items.map(quotedText) : [quotedText(value)];
  });
  return `${type?.kind === "scalar" ? type.text.toLowerCase() : ""}(${values.join(",")})`;
}

function quotedText(node: SpecNode): string {
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

/** A list of subspaces, each of which has some of the parameters. */
export function searchSpaces(names: readonly string[]): Shape<readonly Readonly<Record<string, string>>[]> {
  const fields: Record<string, AnyField> = Object.fromEntries(names.map((name) => [name, optional(spaceValue)]));
  return list(object("a search space", fields)) as unknown as Shape<readonly Readonly<Record<string, string>>[]>;
}

/** How the space is searched; the algorithm stands as a bare word. */
export const automlSweep = object("sweep settings", {
  sampling_algorithm: optional({
    ...samplingAlgorithm,
    below: NOTHING_BELOW,
    write: (value) => value.type,
  } satisfies typeof samplingAlgorithm),
  early_termination: optional(earlyTermination),
});
