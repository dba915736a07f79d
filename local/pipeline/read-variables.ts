// Reads variables, in both their forms, and parameters.
import { isMap, isSeq } from "yaml";
import type { Parameter, ParameterValue, PipelineVariable, Text } from "./document.ts";
import { checkExpression } from "./evaluate.ts";
import { type Expression, ExpressionError, parseExpression } from "./expression.ts";
import { nearestName } from "./faults.ts";
import type { SourceReader } from "./reader.ts";

const RUNTIME_NAMES = ["variables", "dependencies", "stageDependencies", "pipeline"];
const PARAMETER_TYPES = ["string", "number", "boolean", "object"] as const;

export function readVariables(reader: SourceReader, node: unknown): PipelineVariable[] {
  if (node === undefined || node === null) return [];
  if (isMap(node)) {
    const entries = reader.mapping(node, "variables")!.entries();
    return entries.map(({ name, node }) =>
      readVariable(reader, name, reader.text(node, `the variable '${name.value}'`), false),
    );
  }
  return reader.sequence(node, "variables").flatMap((item) => {
    const mapping = reader.mapping(item, "a variable");
    if (!mapping) return [];
    const name = mapping.read("name", (inner, what) => reader.text(inner, what));
    const value = mapping.read("value", (inner, what) => reader.text(inner, what));
    const readOnly = mapping.boolean("readonly") ?? false;
    mapping.finish({
      group: "there are no variable groups; give the run these variables",
      template: "variable templates are not read",
    });
    if (!name) {
      if (!mapping.has("group") && !mapping.has("template")) reader.fault(mapping.place, "A variable needs a name.");
      return [];
    }
    return [readVariable(reader, name, value ?? { value: "", place: name.place }, readOnly)];
  });
}

function readVariable(reader: SourceReader, name: Text, value: Text, readOnly: boolean): PipelineVariable {
  const base = { name: name.value, value: value.value, readOnly, place: value.place };
  const expression = runtimeExpression(reader, value);
  return expression ? { ...base, expression } : base;
}

/** `$[ ... ]` must be the whole value. */
function runtimeExpression(reader: SourceReader, { value, place }: Text): Expression | undefined {
  const text = value.trim();
  if (!text.startsWith("$[")) return undefined;
  if (!text.endsWith("]")) {
    reader.fault(place, `A runtime expression is the whole value: '${value}' goes on after it.`);
    return undefined;
  }
  try {
    const expression = parseExpression(text.slice(2, -1));
    checkExpression(expression, RUNTIME_NAMES, []);
    return expression;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    reader.fault(place, `'${value}' cannot be read: ${error.message}`);
    return undefined;
  }
}

export function readParameters(reader: SourceReader, node: unknown): Parameter[] {
  if (node === undefined) return [];
  if (isMap(node) && !isSeq(node)) {
    reader.fault(reader.place(node), "parameters of a pipeline are a list of name, type and default.");
    return [];
  }
  return reader.sequence(node, "parameters").flatMap((item) => {
    const mapping = reader.mapping(item, "a parameter");
    if (!mapping) return [];
    const name = mapping.text("name") ?? "";
    if (name === "") reader.fault(mapping.place, "A parameter needs a name.");
    mapping.text("displayName");
    const type = mapping.text("type") ?? "string";
    const known = PARAMETER_TYPES.find((one) => one === type);
    if (!known)
      reader.fault(
        mapping.keyPlace("type"),
        `A parameter of type '${type}' is not built in the local pipeline; it knows ${PARAMETER_TYPES.join(", ")}.`,
      );
    const values = mapping.read("values", (inner, what) => reader.texts(inner, what).map(({ value }) => value));
    const parameter: Parameter = {
      name,
      type: known ?? "string",
      place: mapping.place,
      ...(values === undefined ? {} : { values }),
      ...(mapping.has("default") ? { default: readDefault(reader, mapping.take("default"), known ?? "string") } : {}),
    };
    mapping.finish();
    return [parameter];
  });
}

function readDefault(reader: SourceReader, node: unknown, type: Parameter["type"]): ParameterValue {
  if (type === "object") return node === null ? null : reader.value(node);
  if (type === "boolean") return reader.boolean(node, "default");
  if (type === "number") return reader.number(node, "default");
  return reader.text(node, "default").value;
}

/** The values of a run's parameters: given ones, else defaults. Faults for unknown names, missing and wrong values. */
export function bindParameters(
  reader: SourceReader,
  parameters: readonly Parameter[],
  given: Readonly<Record<string, ParameterValue>>,
): Record<string, ParameterValue> {
  const top = reader.place(reader.document.contents);
  for (const name of Object.keys(given)) {
    if (parameters.some((parameter) => parameter.name.toLowerCase() === name.toLowerCase())) continue;
    const nearest = nearestName(
      name,
      parameters.map((parameter) => parameter.name),
    );
    reader.fault(
      top,
      `The run was given a parameter '${name}', which the pipeline does not have${nearest === undefined ? "." : `; did you mean '${nearest}'?`}`,
    );
  }
  const bound: Record<string, ParameterValue> = {};
  for (const parameter of parameters) {
    const key = Object.keys(given).find((name) => name.toLowerCase() === parameter.name.toLowerCase());
    const value = key === undefined ? parameter.default : convert(given[key]!, parameter.type);
    if (value === undefined) {
      reader.fault(
        parameter.place,
        `A value for the '${parameter.name}' parameter must be provided${key === undefined ? "." : `: '${given[key]}' is no ${parameter.type}.`}`,
      );
      continue;
    }
    if (parameter.values && !parameter.values.includes(String(value))) {
      reader.fault(
        parameter.place,
        `The '${parameter.name}' parameter value '${value}' is not a valid value; there is ${parameter.values.join(", ")}.`,
      );
    }
    bound[parameter.name] = value;
  }
  return bound;
}

function convert(value: ParameterValue, type: Parameter["type"]): ParameterValue | undefined {
  if (type === "object") return value;
  if (type === "number") return Number.isFinite(Number(value)) ? Number(value) : undefined;
  if (type === "boolean")
    return /^true$/i.test(String(value)) ? true : /^false$/i.test(String(value)) ? false : undefined;
  return String(value);
}
