// The sentences of a gate: the comparisons that made a rule pass or fail, with their values. Pure.
// Tests: test/lib/ml/gate/rules.test.ts
import type { ASTNode } from "@marcbachmann/cel-js";
import { environment, isNode, reference, type Subject } from "./rule-language.ts";

export type Values = Record<Subject, Readonly<Record<string, unknown>>>;

const HOLDS: Record<string, string> = {
  ">=": "at least",
  ">": "more than",
  "<=": "at most",
  "<": "less than",
  "==": "equal to",
  "!=": "other than",
};

/** Says the comparisons that made a rule pass or fail, with their values. */
export function explain(ast: ASTNode, passed: boolean, text: string, values: Values, whose: string): string {
  const said = comparisons(ast)
    .map((node) => sayComparison(node, text, values, whose))
    .filter((one) => one !== undefined);
  const decisive = said.filter((one) => one.holds === passed);
  const shown = decisive.length > 0 ? decisive : said;
  if (shown.length === 0) return passed ? "It holds." : "It does not hold.";
  return shown.map((one) => one.sentence).join(" ");
}

function comparisons(node: unknown): ASTNode[] {
  if (Array.isArray(node)) return node.flatMap(comparisons);
  if (!isNode(node)) return [];
  if (node.op in HOLDS) return [node];
  // Inside a macro its variable has no value of its own to show.
  return node.op === "rcall" || node.op === "call" ? [] : comparisons(node.args);
}

function sayComparison(node: ASTNode, text: string, values: Values, whose: string) {
  const [left, right] = node.args as [ASTNode, ASTNode];
  try {
    const holds = evaluated(node, text, values) === true;
    const [a, b] = [evaluated(left, text, values), evaluated(right, text, values)];
    const words = `${holds ? "" : "not "}${HOLDS[node.op]}`;
    // Where one side is the champion's metric alone, its value is in the sentence already.
    const said = [left, right].flatMap((node) => (reference(node)?.subject === "champion" ? [textOf(node, text)] : []));
    const champions = championsIn(node);
    const known = [...new Set(champions)].map((name) => `${name} is ${number(values.champion[name])}`);
    const whoseValues = said.length > 0 ? "" : `, whose ${known.join(" and ")}`;
    const from = champions.length > 0 ? ` (of ${whose}${whoseValues})` : "";
    return { holds, sentence: `${side(left, text)}${number(a)} is ${words} ${side(right, text)}${number(b)}${from}.` };
  } catch {
    return undefined;
  }
}

/** `metrics.auc = ` before the value, unless the value says all. */
function side(node: ASTNode, text: string): string {
  return node.op === "value" ? "" : `${textOf(node, text)} = `;
}

export const textOf = (node: ASTNode, text: string) => text.slice(node.range.start, node.range.end);
export const evaluated = (node: ASTNode, text: string, values: Values): unknown =>
  environment.parse(textOf(node, text))(values);

function championsIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(championsIn);
  if (!isNode(node)) return [];
  const found = reference(node);
  return found?.subject === "champion" ? [found.name] : championsIn(node.args);
}

/** Ten digits are enough to tell two metrics apart, and do not show how computers count. */
function number(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && Number.isFinite(value) ? String(Number(value.toPrecision(10))) : String(value);
}
