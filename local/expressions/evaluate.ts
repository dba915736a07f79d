// Evaluates expressions of Azure Pipelines with its own conversions: the left side's type decides, strings compare without case.
import { type Expression, ExpressionError, nodesOf, Version } from "./expression.ts";

export type Value = null | boolean | number | string | Version | readonly Value[] | { readonly [key: string]: Value };

/** The scope of an expression. Names and functions are case-insensitive. */
export interface Scope {
  /** `variables`, `dependencies`, `parameters`, ... A function stands for a map whose keys are looked up when asked. */
  readonly names: Readonly<Record<string, Value | ((key: string) => Value)>>;
  /** `succeeded`, `failed`, `always`, ...: what they mean depends on where the expression stands. */
  readonly functions: Readonly<Record<string, (parameters: readonly Value[]) => Value>>;
}

interface Definition {
  readonly minimum: number;
  readonly maximum: number;
  readonly run: (parameters: readonly Value[]) => Value;
}

const MANY = 255;
const definitions: Readonly<Record<string, Definition>> = {
  eq: { minimum: 2, maximum: 2, run: ([left, right]) => equals(left!, right!) },
  ne: { minimum: 2, maximum: 2, run: ([left, right]) => !equals(left!, right!) },
  gt: { minimum: 2, maximum: 2, run: ([left, right]) => compare(left!, right!) > 0 },
  ge: { minimum: 2, maximum: 2, run: ([left, right]) => compare(left!, right!) >= 0 },
  lt: { minimum: 2, maximum: 2, run: ([left, right]) => compare(left!, right!) < 0 },
  le: { minimum: 2, maximum: 2, run: ([left, right]) => compare(left!, right!) <= 0 },
  not: { minimum: 1, maximum: 1, run: ([value]) => !toBoolean(value!) },
  xor: { minimum: 2, maximum: 2, run: ([left, right]) => toBoolean(left!) !== toBoolean(right!) },
  in: { minimum: 1, maximum: MANY, run: ([value, ...others]) => others.some((other) => equals(value!, other)) },
  notin: { minimum: 1, maximum: MANY, run: ([value, ...others]) => !others.some((other) => equals(value!, other)) },
  contains: { minimum: 2, maximum: 2, run: ([text, part]) => folded(text!).includes(folded(part!)) },
  startswith: { minimum: 2, maximum: 2, run: ([text, part]) => folded(text!).startsWith(folded(part!)) },
  endswith: { minimum: 2, maximum: 2, run: ([text, part]) => folded(text!).endsWith(folded(part!)) },
  containsvalue: { minimum: 2, maximum: 2, run: ([list, value]) => elements(list!).some((one) => equals(value!, one)) },
  coalesce: {
    minimum: 2,
    maximum: MANY,
    run: (values) => values.find((value) => value !== null && value !== "") ?? null,
  },
  format: { minimum: 1, maximum: MANY, run: ([text, ...values]) => format(toText(text!), values) },
  join: { minimum: 2, maximum: 2, run: ([separator, list]) => elements(list!).map(toText).join(toText(separator!)) },
  split: { minimum: 2, maximum: 2, run: ([text, separators]) => splitText(toText(text!), toText(separators!)) },
  length: { minimum: 1, maximum: 1, run: ([value]) => (isList(value!) ? value.length : toText(value!).length) },
  lower: { minimum: 1, maximum: 1, run: ([text]) => toText(text!).toLowerCase() },
  upper: { minimum: 1, maximum: 1, run: ([text]) => toText(text!).toUpperCase() },
  trim: { minimum: 1, maximum: 1, run: ([text]) => toText(text!).trim() },
  replace: { minimum: 3, maximum: 3, run: ([text, from, to]) => toText(text!).replaceAll(toText(from!), toText(to!)) },
  converttojson: { minimum: 1, maximum: 1, run: ([value]) => JSON.stringify(value, null, 2) },
};

/** `and` and `or` stop at the first value that decides; the others get all their values. */
const LAZY = new Set(["and", "or"]);

/** Names and functions that the scope lacks, wrong numbers of parameters: found without evaluating anything. */
export function checkExpression(expression: Expression, names: readonly string[], functions: readonly string[]): void {
  for (const node of nodesOf(expression)) {
    if (node.kind === "name" && !names.some((name) => name.toLowerCase() === node.name.toLowerCase())) {
      throw new ExpressionError(`Unrecognized value: '${node.name}'; here there is ${names.join(", ")}.`, node.at);
    }
    if (node.kind !== "call") continue;
    const name = node.name.toLowerCase();
    const definition = definitions[name];
    if (!definition && !LAZY.has(name) && !functions.some((known) => known.toLowerCase() === name)) {
      throw new ExpressionError(`Unrecognized function: '${node.name}'.`, node.at);
    }
    const [minimum, maximum] = LAZY.has(name) ? [2, MANY] : [definition?.minimum ?? 0, definition?.maximum ?? MANY];
    if (node.parameters.length < minimum || node.parameters.length > maximum) {
      const wanted = minimum === maximum ? `${minimum}` : `${minimum} or more`;
      throw new ExpressionError(
        `The function '${node.name}' takes ${wanted} parameters, not ${node.parameters.length}.`,
        node.at,
      );
    }
  }
}

export function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "name": {
      const value = find(scope.names, expression.name);
      if (value === undefined) throw new ExpressionError(`Unrecognized value: '${expression.name}'.`, expression.at);
      return typeof value === "function" ? null : value;
    }
    case "index":
      return evaluateIndex(expression, scope);
    case "call": {
      const name = expression.name.toLowerCase();
      if (name === "and") return expression.parameters.every((parameter) => toBoolean(evaluate(parameter, scope)));
      if (name === "or") return expression.parameters.some((parameter) => toBoolean(evaluate(parameter, scope)));
      const run = definitions[name]?.run ?? find(scope.functions, expression.name);
      if (!run) throw new ExpressionError(`Unrecognized function: '${expression.name}'.`, expression.at);
      return run(expression.parameters.map((parameter) => evaluate(parameter, scope)));
    }
  }
}

function evaluateIndex(expression: Extract<Expression, { kind: "index" }>, scope: Scope): Value {
  const { target, key } = expression;
  if (target.kind === "name" && key !== "*") {
    const named = find(scope.names, target.name);
    if (typeof named === "function") return named(toText(evaluate(key, scope)));
  }
  const value = evaluate(target, scope);
  if (key === "*") return isList(value) ? value : isMap(value) ? Object.values(value) : null;
  const isFiltered = target.kind === "index" && target.key === "*";
  const index = evaluate(key, scope);
  const pick = (from: Value): Value => {
    if (isList(from)) return from[toNumber(index) ?? -1] ?? null;
    if (isMap(from)) return find(from, toText(index)) ?? null;
    return null;
  };
  return isFiltered && isList(value) ? value.map(pick).filter((one) => one !== null) : pick(value);
}

function find<T>(from: Readonly<Record<string, T>>, name: string): T | undefined {
  const key = Object.keys(from).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : from[key];
}

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);
const isMap = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Version);
const elements = (value: Value): readonly Value[] =>
  isList(value) ? value : isMap(value) ? Object.values(value) : [value];
const folded = (value: Value) => toText(value).toUpperCase();

export function toBoolean(value: Value): boolean {
  if (value === null || value === "" || value === 0 || value === false) return false;
  return true;
}

export function toText(value: Value): string {
  if (value === null) return "";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "object" && !(value instanceof Version)) return JSON.stringify(value);
  return String(value);
}

function toNumber(value: Value): number | undefined {
  if (value === null) return 0;
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  if (text === "") return 0;
  return /^[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?$/.test(text) ? Number(text.replaceAll(",", "")) : undefined;
}

function toVersion(value: Value): Version | undefined {
  if (value instanceof Version) return value;
  return typeof value === "string" || typeof value === "number" ? Version.parse(String(value)) : undefined;
}

/** The right side becomes what the left one is; where it cannot, they are not equal. */
function equals(left: Value, right: Value): boolean {
  if (left === null) return right === null || right === "";
  if (typeof left === "boolean") return left === toBoolean(right);
  if (typeof left === "number") return left === toNumber(right);
  if (left instanceof Version) {
    const version = toVersion(right);
    return version !== undefined && left.compare(version) === 0;
  }
  if (typeof left === "string") {
    if (typeof right === "object" && right !== null && !(right instanceof Version)) return false;
    return left.toUpperCase() === folded(right);
  }
  return left === right;
}

function compare(left: Value, right: Value): number {
  const fail = (): never => {
    throw new ExpressionError(`Unable to convert '${toText(right)}' to the type of '${toText(left)}'.`, 0);
  };
  if (left instanceof Version) return left.compare(toVersion(right) ?? fail());
  if (typeof left === "number" || left === null) return (left ?? 0) - (toNumber(right) ?? fail());
  if (typeof left === "boolean") return Number(left) - Number(toBoolean(right));
  if (typeof left === "string") {
    const [a, b] = [left.toUpperCase(), folded(right)];
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return fail();
}

/** .NET's composite format as far as pipelines know it: {0}, {{ and }}. */
function format(text: string, values: readonly Value[]): string {
  return text.replace(/\{\{|\}\}|\{(\d+)\}/g, (match, index: string | undefined) => {
    if (index === undefined) return match[0]!;
    const value = values[Number(index)];
    if (value === undefined)
      throw new ExpressionError(`The format '${text}' speaks of value ${index}, which is not given.`, 0);
    return toText(value);
  });
}

function splitText(text: string, separators: string): string[] {
  const parts = [""];
  for (const character of text) {
    if (separators.includes(character)) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}
