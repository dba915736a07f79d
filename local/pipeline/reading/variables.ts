// Reads variables, in both their forms.
import { isMap } from "yaml";
import { checkExpression } from "../../expressions/evaluate.ts";
import { type Expression, ExpressionError, parseExpression } from "../../expressions/expression.ts";
import type { Place } from "../../text/places.ts";
import type { PipelineVariable, Text } from "../language/document.ts";
import type { SourceReader } from "../language/reader.ts";

const RUNTIME_NAMES = ["variables", "dependencies", "stageDependencies", "pipeline"];

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
    const group = mapping.read("group", (inner, what) => reader.text(inner, what));
    mapping.finish();
    if (group) return readGroup(reader, group.value, mapping.keyPlace("group"));
    if (!name) {
      reader.fault(mapping.place, "A variable needs a name.");
      return [];
    }
    return [readVariable(reader, name, value ?? { value: "", place: name.place }, readOnly)];
  });
}

/** Variables of a group, which lie in Azure DevOps and not in the file; names of groups are compared without case. */
function readGroup(reader: SourceReader, value: string, place: Place): PipelineVariable[] {
  const groups = Object.entries(reader.variableGroups);
  const known = groups.find(([name]) => name.toLowerCase() === value.toLowerCase())?.[1];
  if (known) return Object.entries(known).map(([name, text]) => ({ name, value: text, readOnly: false, place }));
  const there = groups.length === 0 ? "none is given" : `there is ${groups.map(([name]) => name).join(", ")}`;
  reader.fault(
    place,
    `'group' of a variable is not built in the local pipeline: the group '${value}' lies in Azure DevOps, and of groups whose variables are given ${there}.`,
  );
  return [];
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
