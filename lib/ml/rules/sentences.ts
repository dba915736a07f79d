// The sentences of rules: the comparisons that made a rule pass or fail, with their values. Pure.
// Tests: test/lib/ml/gate/rules.test.ts
import type { ASTNode } from "@marcbachmann/cel-js";
import { sourceOf } from "./calculate.ts";
import type { Language } from "./language.ts";
import { isNode } from "./node.ts";

export type Values<S extends string> = Record<S, Readonly<Record<string, unknown>>>;

/** The subject that others are compared with, and what the sentence calls it: the champion breast-cancer:3. */
export interface Compared<S extends string> {
  readonly subject: S;
  readonly called: string;
}

const HOLDS: Record<string, string> = {
  ">=": "at least",
  ">": "more than",
  "<=": "at most",
  "<": "less than",
  "==": "equal to",
  "!=": "other than",
};

/** The sentences about one rule over one set of values. */
export class RuleSentences<S extends string> {
  private readonly language: Language<S>;
  private readonly text: string;
  private readonly values: Values<S>;
  private readonly compared: Compared<S>;

  constructor(language: Language<S>, text: string, values: Values<S>, compared: Compared<S>) {
    this.language = language;
    this.text = text;
    this.values = values;
    this.compared = compared;
  }

  /**
   * Says the comparisons that made the rule pass or fail, with their values.
   * @param isFaulty whether a calculation came to no number; where none did, comparisons with such a one were never evaluated, and are left out
   */
  explain(ast: ASTNode, passed: boolean, isFaulty: boolean): string {
    const said = comparisons(ast)
      .filter((node) => isFaulty || this.isSound(node))
      .map((node) => this.sayComparison(node))
      .filter((one) => one !== undefined);
    const decisive = said.filter((one) => one.holds === passed);
    const shown = decisive.length > 0 ? decisive : said;
    if (shown.length === 0) return passed ? "It holds." : "It does not hold.";
    return shown.map((one) => one.sentence).join(" ");
  }

  private sayComparison(node: ASTNode) {
    const [left, right] = node.args as [ASTNode, ASTNode];
    const { subject, called } = this.compared;
    try {
      const holds = this.evaluated(node) === true;
      const [a, b] = [this.evaluated(left), this.evaluated(right)];
      const words = `${holds ? "" : "not "}${HOLDS[node.op]}`;
      // Where one side is that metric alone, its value is in the sentence already.
      const isAlone = [left, right].some((side) => this.language.reference(side)?.subject === subject);
      const names = [...new Set(this.comparedIn(node))];
      const known = names.map((name) => `${name} is ${number(this.values[subject][name])}`);
      const whoseValues = isAlone ? "" : `, whose ${known.join(" and ")}`;
      const from = names.length > 0 ? ` (of ${called}${whoseValues})` : "";
      return { holds, sentence: `${this.side(left)}${number(a)} is ${words} ${this.side(right)}${number(b)}${from}.` };
    } catch {
      return undefined;
    }
  }

  /** `metrics.auc = ` before the value, unless the value says all. */
  private side(node: ASTNode): string {
    return node.op === "value" ? "" : `${this.textOf(node)} = `;
  }

  private textOf(node: ASTNode): string {
    return sourceOf(this.text, node);
  }

  private evaluated(node: ASTNode): unknown {
    return this.language.calculator.evaluate(this.text, this.values, node).value;
  }

  private isSound(node: ASTNode): boolean {
    try {
      return this.language.calculator.evaluate(this.text, this.values, node).faults.length === 0;
    } catch {
      return false;
    }
  }

  private comparedIn(node: unknown): string[] {
    if (Array.isArray(node)) return node.flatMap((one) => this.comparedIn(one));
    if (!isNode(node)) return [];
    const found = this.language.reference(node);
    return found?.subject === this.compared.subject ? [found.name] : this.comparedIn(node.args);
  }
}

function comparisons(node: unknown): ASTNode[] {
  if (Array.isArray(node)) return node.flatMap(comparisons);
  if (!isNode(node)) return [];
  if (node.op in HOLDS) return [node];
  // Inside a macro its variable has no value of its own to show.
  return node.op === "rcall" || node.op === "call" ? [] : comparisons(node.args);
}

/** Ten digits are enough to tell two metrics apart, and do not show how computers count. */
function number(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  return typeof value === "number" && Number.isFinite(value) ? String(Number(value.toPrecision(10))) : String(value);
}
