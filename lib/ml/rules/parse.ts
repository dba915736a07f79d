// Reads one rule: a CEL expression that says yes or no. Pure.
// Tests: test/lib/ml/gate/rules.test.ts
import type { ASTNode } from "@marcbachmann/cel-js";
import { TaskError } from "../../errors.ts";
import { calculationsIn, LEAVES_A_REST, sourceOf } from "./calculate.ts";
import type { Language, Needs } from "./language.ts";
import { isNode } from "./node.ts";
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
  const lossy = calculationsIn(ast).find((node) => isLossy(language, text, node));
  if (lossy !== undefined)
    throw fault(sourceOf(text, lossy), lossy.range.start, "divides whole numbers, which leaves the rest out: ");
  return { ast, needs: language.needsOf(ast) };
}

/** Divisions that are written out: CEL divides 1 by 2 to 0, and people mean a half. Those that speak of values are watched as they are evaluated. */
function isLossy<S extends string>({ calculator }: Language<S>, text: string, node: ASTNode): boolean {
  if (node.op !== "/" || names(node)) return false;
  try {
    return calculator.evaluate(text, {}, node).faults.some((fault) => fault.includes(LEAVES_A_REST));
  } catch {
    return false;
  }
}

/** Whether a variable, of a macro too, stands in it. */
const names = (node: unknown): boolean =>
  Array.isArray(node) ? node.some(names) : isNode(node) && (node.op === "id" || names(node.args));
