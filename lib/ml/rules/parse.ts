// Reads one rule: a CEL expression that says yes or no. Pure.
// Tests: test/lib/ml/gate/rules.test.ts
import type { ASTNode } from "@marcbachmann/cel-js";
import { TaskError } from "../../errors.ts";
import { isNode, type Language, type Needs } from "./language.ts";
import { suggestRule } from "./suggest.ts";

interface CelError extends Error {
  readonly summary?: string;
  readonly range?: { readonly start: number };
}

/** CEL's own reason, so that it goes on after a colon. */
export function reasonOf(error: unknown): string {
  const { summary, message } = error as CelError;
  return asClause(summary ?? message);
}

const asClause = (text: string) => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "");

/**
 * Reads one rule.
 * @param example how rules look and which names there are, for the error's hint
 * @throws TaskError kind `input` with the line, the place and the reason
 */
export function parseRule<S extends string>(
  language: Language<S>,
  text: string,
  line: number,
  example: string,
): { readonly ast: ASTNode; readonly needs: Needs<S> } {
  const fault = (why: string, column?: number, isWrong = "is no CEL expression: ") => {
    const pointer = column === undefined ? "" : `\n    ${text}\n    ${" ".repeat(column)}^`;
    const meant = suggestRule(language, text);
    const where = column === undefined ? `line ${line}` : `line ${line}, column ${column + 1}`;
    return new TaskError("input", `Input rules, ${where}: the rule ${text} ${isWrong}${why}.${pointer}`, {
      errorCode: "AML1505",
      hint: meant === undefined ? example : `Did you mean ${meant} ? ${example}`,
    });
  };
  let ast: ASTNode;
  let checked: { valid: boolean; type?: string; error?: CelError };
  try {
    const parsed = language.environment.parse(text);
    ast = parsed.ast;
    checked = parsed.check() as typeof checked;
  } catch (error) {
    throw fault(reasonOf(error), (error as CelError).range?.start);
  }
  if (!checked.valid)
    throw fault(asClause(checked.error?.summary ?? "it does not fit together"), checked.error?.range?.start);
  if (checked.type !== "bool" && !language.isTruth(ast)) {
    throw new TaskError("input", `Input rules, line ${line}: the rule ${text} says a ${checked.type}, not yes or no.`, {
      errorCode: "AML1505",
      hint: `Compare it with something: ${text} >= 0.9.`,
    });
  }
  const lossy = divisions(ast).find((node) => computed(node, Math.trunc) !== computed(node, Number));
  if (lossy !== undefined)
    throw fault(textOf(text, lossy), lossy.range.start, "divides whole numbers, which leaves the rest out: ");
  return { ast, needs: language.needsOf(ast) };
}

/** Divisions of nothing but whole numbers that are written out. */
function divisions(node: unknown): ASTNode[] {
  if (Array.isArray(node)) return node.flatMap(divisions);
  if (!isNode(node)) return [];
  return node.op === "/" && isWhole(node) ? [node] : divisions(node.args);
}

const isWhole = (node: unknown): boolean =>
  isNode(node) &&
  (node.op === "value"
    ? typeof node.args === "bigint"
    : /^[-+*/%]$/.test(node.op) && (node.args as unknown[]).every(isWhole));

/** CEL divides 1 by 2 to 0; people mean a half. */
function computed({ op, args }: ASTNode, divided: (quotient: number) => number): number {
  if (op === "value") return Number(args);
  const [a = 0, b = 0] = (args as ASTNode[]).map((node) => computed(node, divided));
  const values: Readonly<Record<string, number>> = {
    "+": a + b,
    "-": a - b,
    "*": a * b,
    "/": divided(a / b),
    "%": a % b,
  };
  return values[op] ?? Number.NaN;
}

/** The text of a node, with the bracket that its range leaves out. */
function textOf(text: string, { range: { start, end } }: ASTNode): string {
  const own = text.slice(start, end);
  const isOpen = own.split(")").length > own.split("(").length;
  return isOpen ? text.slice(text.lastIndexOf("(", start), end) : own;
}
