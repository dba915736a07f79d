// Parameters of pipelines and templates: what is declared, and the values that a run or an including file gives.
import { isMap, isScalar, isSeq } from "yaml";
import { toText, type Value } from "../../expressions/evaluate.ts";
import { nearestName } from "../../text/nearest-name.ts";
import type { Place } from "../../text/places.ts";
import type { Parameter, ParameterType, ParameterValue } from "../language/document.ts";
import type { SourceReader } from "../language/reader.ts";
import type { Nodes } from "./nodes.ts";
import { hasExpression } from "./text.ts";

/** The form of a value, by its type. */
const TYPES: Readonly<Record<ParameterType, "text" | "number" | "boolean" | "anything" | "list" | "mapping">> = {
  string: "text",
  number: "number",
  boolean: "boolean",
  object: "anything",
  legacyObject: "anything",
  stringList: "list",
  step: "mapping",
  stepList: "list",
  job: "mapping",
  jobList: "list",
  deployment: "mapping",
  deploymentList: "list",
  stage: "mapping",
  stageList: "list",
  environment: "text",
  filePath: "text",
  pool: "anything",
  secureFile: "text",
  serviceConnection: "text",
};

export interface Declared extends Parameter {
  readonly defaultNode?: unknown;
}

/** A value and where it was given. */
export interface Given {
  readonly name: string;
  readonly place: Place;
  readonly node: unknown;
}

/** `parameters:` of a pipeline, or of a template, where the old form `name: default` is a declaration too. */
export function readParameters(
  reader: SourceReader,
  nodes: Nodes,
  node: unknown,
  owner: "pipeline" | "template",
): Declared[] {
  if (node === undefined || node === null) return [];
  if (isMap(node)) {
    if (owner === "pipeline") {
      reader.fault(reader.place(node), "parameters of a pipeline are a list of name, type and default.");
      return [];
    }
    return node.items.map(({ key, value }) => ({
      name: nodes.textOf(key),
      type: "legacyObject",
      place: reader.place(key),
      default: nodes.valueOf(value) as ParameterValue,
      defaultNode: value,
    }));
  }
  const names = new Set<string>();
  return reader.sequence(node, "parameters").flatMap((item) => {
    const mapping = reader.mapping(item, "a parameter");
    if (!mapping) return [];
    const name = mapping.text("name") ?? "";
    if (name === "") reader.fault(mapping.place, "A parameter needs a name.");
    if (names.has(name.toLowerCase())) reader.fault(mapping.place, `The parameter '${name}' is declared twice.`);
    names.add(name.toLowerCase());
    mapping.text("displayName");
    const given = mapping.text("type") ?? "string";
    const type = (Object.keys(TYPES) as ParameterType[]).find((one) => one === given);
    if (!type)
      reader.fault(
        mapping.keyPlace("type"),
        `A parameter of type '${given}' is not built in the local pipeline; it knows ${Object.keys(TYPES).join(", ")}.`,
      );
    const values = mapping.read("values", (inner, what) => reader.texts(inner, what).map(({ value }) => value));
    const defaultNode = mapping.take("default");
    mapping.finish();
    const declared = {
      name,
      type: type ?? "string",
      place: mapping.place,
      ...(values === undefined ? {} : { values }),
    };
    if (defaultNode === undefined) return [declared];
    if (isScalar(defaultNode) && hasExpression(nodes.textOf(defaultNode)))
      reader.fault(reader.place(defaultNode), "The default of a parameter is a literal, without template expressions.");
    const value = convert(nodes, defaultNode, declared.type);
    if (value === undefined) {
      reader.fault(reader.place(defaultNode), `The default of '${name}' must be ${WANTED[TYPES[declared.type]]}.`);
      return [declared];
    }
    return [{ ...declared, default: value as ParameterValue, defaultNode }];
  });
}

const WANTED = {
  text: "a text",
  number: "a number",
  boolean: "true or false",
  anything: "a value",
  list: "a list",
  mapping: "a mapping",
} as const;

/** Given values, else defaults, by the declared names. Faults for unknown names, missing and wrong values. */
export function bindParameters(
  reader: SourceReader,
  nodes: Nodes,
  declared: readonly Declared[],
  given: readonly Given[],
  owner: { readonly unknown: (name: string) => string; readonly place?: Place },
): Record<string, Value> {
  const isLegacy = declared.length > 0 && declared.every(({ type }) => type === "legacyObject");
  const bound: Record<string, Value> = {};
  for (const { name, place, node } of given) {
    if (declared.some((parameter) => parameter.name.toLowerCase() === name.toLowerCase())) continue;
    if (isLegacy) {
      bound[name] = nodes.valueOf(node);
      continue;
    }
    const nearest = nearestName(
      name,
      declared.map((parameter) => parameter.name),
    );
    reader.fault(place, `${owner.unknown(name)}${nearest === undefined ? "." : `; did you mean '${nearest}'?`}`);
  }
  for (const parameter of declared) {
    const found = given.find(({ name }) => name.toLowerCase() === parameter.name.toLowerCase());
    const node = found ? found.node : parameter.defaultNode;
    const value = node === undefined ? undefined : convert(nodes, node, parameter.type);
    const place = found && owner.place ? found.place : (owner.place ?? parameter.place);
    if (value === undefined) {
      const wrong = found ? `: '${shown(nodes, found.node)}' is no ${parameter.type}.` : ".";
      reader.fault(place, `A value for the '${parameter.name}' parameter must be provided${wrong}`);
      // Reported once: references to it are not reported again.
      bound[parameter.name] = null;
      continue;
    }
    const single = Array.isArray(value) ? value : [value];
    const outside = parameter.values && single.find((one: Value) => !parameter.values!.includes(toText(one)));
    if (outside !== undefined)
      reader.fault(
        place,
        `The '${parameter.name}' parameter value '${toText(outside)}' is not a valid value; there is ${parameter.values!.join(", ")}.`,
      );
    bound[parameter.name] = value;
  }
  return bound;
}

const shown = (nodes: Nodes, node: unknown) =>
  isScalar(node) ? nodes.textOf(node) : JSON.stringify(nodes.valueOf(node)).slice(0, 60);

function convert(nodes: Nodes, node: unknown, type: ParameterType): Value | undefined {
  const isEmpty = node === null || (isScalar(node) && node.value === null);
  switch (TYPES[type]) {
    case "anything":
      return nodes.valueOf(node);
    case "list":
      return isSeq(node) ? nodes.valueOf(node) : isEmpty ? [] : undefined;
    case "mapping":
      return isMap(node) ? nodes.valueOf(node) : undefined;
    case "text":
      return isEmpty ? "" : isScalar(node) ? nodes.textOf(node) : undefined;
    case "number": {
      const text = isScalar(node) ? nodes.textOf(node).trim() : "";
      return text !== "" && Number.isFinite(Number(text)) ? Number(text) : undefined;
    }
    case "boolean": {
      const text = isScalar(node) ? nodes.textOf(node) : "";
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
    }
  }
}
