// Expectations of a reply: JSONPath, operator and value, one a line. Pure.

import { type JSONPathQuery, jsonpath } from "json-p3";
import { isDeep } from "../../azure/index.ts";
import { TaskError } from "../../errors.ts";
import { readLines } from "../../lines.ts";
import { whatItHas } from "../../nearest-name.ts";

const OPERATORS = ["==", "!=", "<=", ">=", "<", ">"] as const;
type Operator = (typeof OPERATORS)[number];

export interface Expectation {
  readonly text: string;
  readonly path: string;
  /** Absent: the path must find something. */
  readonly operator?: Operator;
  readonly value?: unknown;
}

export interface ExpectationResult {
  readonly rule: string;
  readonly passed: boolean;
  /** The finding, as a sentence. */
  readonly detail: string;
  /** For the failure: `- expected` and `+ actual` lines. */
  readonly diff: string;
}

/**
 * Reads the expectations; empty lines and lines that start with `#` do not count.
 * @throws TaskErrors kind `input` that name each line at fault
 */
export function parseExpectations(text: string | undefined): Expectation[] {
  return readLines(text ?? "", parseExpectation);
}

function parseExpectation(line: string, number: number): Expectation {
  const fault = (why: string, hint: string) => {
    const meant = suggestExpectation(line);
    return new TaskError("input", `Input expectations, line ${number}: ${line} is no expectation: ${why}.`, {
      errorCode: "AML1608",
      hint: meant === undefined ? hint : `Did you mean ${meant} ? ${hint}`,
    });
  };
  const found = findOperator(line);
  const path = (found ? line.slice(0, found.at) : line).trim();
  compiled(path, (why) =>
    fault(`${path} is no JSONPath (${why})`, "A JSONPath starts with $, as in $.predictions[0] == 1."),
  );
  if (!found) return { text: line, path };
  const literal = line.slice(found.at + found.operator.length).trim();
  try {
    return { text: line, path, operator: found.operator, value: JSON.parse(literal) };
  } catch {
    throw fault(`${literal || "nothing"} is no JSON value`, 'Write texts in double quotes, as in $.label == "benign".');
  }
}

/** The expectation that was probably meant: `=` for `==`, a path without `$.`, a text without quotes; undefined where none of them. */
function suggestExpectation(line: string): string | undefined {
  const [, written = "", operator = "", literal = ""] = /^(.*?)\s*(==|!=|<=|>=|<|>|=)\s*(.*)$/.exec(line) ?? ["", line];
  const path = /^[A-Za-z_]/.test(written) ? `$.${written}` : written;
  const value = isJson(literal) || literal === "" ? literal : JSON.stringify(literal.replace(/^'(.*)'$/, "$1"));
  const meant = [path, operator === "=" ? "==" : operator, value].filter((part) => part !== "").join(" ");
  try {
    jsonpath.compile(path);
    return meant === line || (operator !== "" && value === "") ? undefined : meant;
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The first operator outside of brackets and quotes: a filter such as `[?@.a == 1]` has its own. */
function findOperator(line: string): { at: number; operator: Operator } | undefined {
  let depth = 0;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line[at] ?? "";
    if (quote !== undefined) {
      if (character === "\\") at++;
      else if (character === quote) quote = undefined;
    } else if (character === "'" || character === '"') quote = character;
    else if (character === "[" || character === "(") depth++;
    else if (character === "]" || character === ")") depth--;
    else if (depth === 0) {
      const operator = OPERATORS.find((one) => line.startsWith(one, at));
      if (operator) return { at, operator };
    }
  }
  return undefined;
}

function compiled(path: string, fault: (why: string) => TaskError): JSONPathQuery {
  try {
    return jsonpath.compile(path);
  } catch (error) {
    throw fault(error instanceof Error ? error.message.replace(/ \('.*$/, "") : String(error));
  }
}

/**
 * Holds a reply against the expectations. A path that finds several values asks all of them.
 * @param reply the parsed body; a text that is JSON itself is looked into, since `run()` often returns json.dumps(…)
 */
export function meet(reply: unknown, expectations: readonly Expectation[]): ExpectationResult[] {
  const body = unwrapped(reply);
  return expectations.map((expectation) => check(body, expectation));
}

function unwrapped(reply: unknown): unknown {
  // A text that lies too deep for any walk over it stays a text.
  if (typeof reply !== "string" || isDeep(reply)) return reply;
  try {
    const inner = JSON.parse(reply);
    return typeof inner === "object" && inner !== null ? inner : reply;
  } catch {
    return reply;
  }
}

function check(body: unknown, { text, path, operator, value }: Expectation): ExpectationResult {
  const found = jsonpath.query(path, body as never).values() as unknown[];
  const wanted =
    operator === undefined ? "something" : `${operator === "==" ? "" : `${operator} `}${JSON.stringify(value)}`;
  if (found.length === 0)
    return {
      rule: text,
      passed: false,
      detail: `${path} finds nothing; ${sayReply(body, path)}`,
      diff: diffOf(path, wanted, "nothing"),
    };
  const wrong = operator === undefined ? [] : found.filter((one) => !holds(one, operator, value));
  const shown = (values: unknown[]) => values.map((one) => cut(JSON.stringify(one) ?? "nothing")).join(", ");
  if (wrong.length === 0) return { rule: text, passed: true, detail: `${path} is ${shown(found)}.`, diff: "" };
  const detail = `${path} is ${shown(wrong)}, not ${wanted}.`;
  return { rule: text, passed: false, detail, diff: diffOf(path, wanted, shown(wrong)) };
}

/** The reply's own shape: where a path finds nothing, it is what people look for next. */
function sayReply(body: unknown, path: string): string {
  if (Array.isArray(body)) return `the reply is a list of ${body.length}.`;
  if (typeof body !== "object" || body === null) return `the reply is ${cut(JSON.stringify(body) ?? "empty")}.`;
  const first = /^\$\.?\[?['"]?([\w-]+)/.exec(path)?.[1] ?? "";
  return `of the reply's keys, ${whatItHas(first, Object.keys(body))}`;
}

const diffOf = (path: string, expected: string, actual: string) => `  ${path}\n- ${expected}\n+ ${actual}`;
const cut = (text: string) => (text.length > 500 ? `${text.slice(0, 500)}…` : text);

function holds(actual: unknown, operator: Operator, expected: unknown): boolean {
  if (operator === "==") return same(actual, expected);
  if (operator === "!=") return !same(actual, expected);
  // Numbers with numbers, texts with texts; anything else has no order.
  if (typeof actual !== typeof expected || (typeof actual !== "number" && typeof actual !== "string")) return false;
  const [a, b] = [actual, expected as typeof actual];
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length &&
    left.every(([key, value]) => Object.hasOwn(b, key) && same(value, (b as Record<string, unknown>)[key]))
  );
}
