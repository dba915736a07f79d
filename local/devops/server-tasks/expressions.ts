// The expressions of server tasks over an answer: those of conditions, and root, response, taskInputs, jsonpath and a few more.
import { query } from "json-p3";
import { checkExpression, evaluate, type Scope, toBoolean, toText, type Value } from "../../expressions/evaluate.ts";
import { ExpressionError, nodesOf, parseExpression } from "../../expressions/expression.ts";
import { type ServerResponse, statusName } from "../outbound/request.ts";
import type { TaskValues } from "./substitution.ts";

const NAMES = ["root", "response", "taskInputs", "variables"];
const FUNCTIONS = ["count", "jsonpath", "isNullOrEmpty", "isUrl", "intersect"];

/** Reads an expression without evaluating it. @throws ExpressionError where it is none, or speaks of what is not there */
export function checkServerExpression(text: string): void {
  checkExpression(parseExpression(text), NAMES, FUNCTIONS);
}

/** Whether an expression holds. @throws ExpressionError */
export function holds(text: string, values: TaskValues, response: ServerResponse | undefined): boolean {
  return toBoolean(evaluateServer(text, values, response));
}

/** The value of an expression as a text, for an output variable. @throws ExpressionError */
export function textOf(text: string, values: TaskValues, response: ServerResponse | undefined): string {
  return toText(evaluateServer(text, values, response));
}

function evaluateServer(text: string, values: TaskValues, response: ServerResponse | undefined): Value {
  const expression = parseExpression(text);
  checkExpression(expression, NAMES, FUNCTIONS);
  const content = response === undefined ? null : contentOf(response);
  const scope: Scope = {
    names: {
      root: content,
      response:
        response === undefined ? null : { headers: response.headers, statuscode: statusName(response.status), content },
      taskInputs: (key) => values.input(key) ?? null,
      variables: (key) => values.variableOf(key) ?? null,
    },
    functions: {
      count: ([value = null]) => (Array.isArray(value) ? value.length : isMap(value) ? Object.keys(value).length : 0),
      jsonpath: ([path = null]) => select(toText(path), content),
      isNullOrEmpty: ([value = null]) =>
        value === null || toText(value) === "" || (Array.isArray(value) && value.length === 0),
      isUrl: ([value = null]) => /^https?:\/\//i.test(toText(value)) && URL.canParse(toText(value)),
      intersect: ([one = null, other = null]) => {
        const wanted = new Set(listOf(other).map(toText));
        return listOf(one).filter((value) => wanted.has(toText(value)));
      },
    },
  };
  for (const node of nodesOf(expression)) {
    if (node.kind !== "index" || node.target.kind !== "call" || !/^jsonpath$/i.test(node.target.name)) continue;
    if (node.key === "*" || node.key.kind !== "literal") continue;
    const found = listOf(evaluate(node.target, scope));
    // The real server's result for a missing element is not known (docs/facts/extension.md#9, trap 25): here it fails.
    if (Number(node.key.value) >= found.length) {
      throw new ExpressionError(`The answer has no element ${node.key.value} of what '${text}' selects.`, node.at);
    }
  }
  return evaluate(expression, scope);
}

const isMap = (value: Value): value is { readonly [key: string]: Value } =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.getPrototypeOf(value) === Object.prototype;
const listOf = (value: Value): readonly Value[] => (Array.isArray(value) ? value : value === null ? [] : [value]);

/** JSON, or null where the answer is none. */
function contentOf(response: ServerResponse): Value {
  try {
    return JSON.parse(response.text) as Value;
  } catch {
    return null;
  }
}

/** The server selects with Newtonsoft's JSONPath, whose paths may begin without `$`. */
function select(path: string, content: Value): Value[] {
  const rooted = path.startsWith("$") ? path : path.startsWith("[") ? `$${path}` : `$.${path}`;
  try {
    return query(rooted, content as Parameters<typeof query>[1]).values() as Value[];
  } catch (error) {
    throw new ExpressionError(`The path '${path}' cannot be read: ${(error as Error).message}`, 0);
  }
}
