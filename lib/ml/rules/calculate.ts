// Calculations of rules, watched while a rule is evaluated: what comes to no finite number, or divides whole numbers and leaves the rest
// out, as CEL does, is said, so that the rule fails closed. What is not evaluated is not said: a branch that is not taken, or the right side of
// `||` where the left one is true, is how rules guard their divisions. Pure.
// Tests: test/lib/ml/rules/calculate.test.ts
import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { isNode } from "./node.ts";

/** The result of an evaluation, and sentences about its calculations. */
export interface Calculated {
  readonly value: unknown;
  readonly faults: readonly string[];
}

const ARITHMETIC = ["+", "-", "*", "/", "%"];
/** CEL's types of numbers, and the one of a value whose type only its evaluation shows. */
const NUMBERS = ["int", "uint", "double", "dyn"] as const;
/** Names that no rule has: CEL's own functions have none such. */
const [WATCH, DIVIDE, DIVISOR] = ["__watch", "__divide", "__divisor"];

export const LEAVES_A_REST = "divides whole numbers, which leaves the rest out";

/** The type that CEL's check leaves at each node (cel-js 8.0, type-checker.js), which its published types leave out. */
const typeOf = (node: ASTNode) => String((node as { checkedType?: unknown }).checkedType);

/** Evaluates rules of one environment, whose functions it extends once. */
export class Calculator {
  readonly #environment: Environment;
  /** Of the evaluation that goes on: its nodes, by the number that stands in the text, and what was found. */
  #watched: { readonly nodes: readonly ASTNode[]; readonly text: string; readonly faults: Set<string> } | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
    for (const type of NUMBERS) {
      // An overload for `dyn` would stand in the way of the others.
      const suffix = type === "dyn" ? "Any" : "";
      environment.registerFunction(`${WATCH}${suffix}(${type}, int): ${type}`, (value: unknown, at: bigint) =>
        this.#finite(value, at),
      );
      environment.registerFunction(`${DIVISOR}${suffix}(${type}, int): ${type}`, (value: unknown, at: bigint) =>
        this.#divisor(value, at),
      );
      environment.registerFunction(
        `${DIVIDE}${suffix}(${type}, ${type}, ${type}, int): ${type}`,
        (left: unknown, right: unknown, quotient: unknown, at: bigint) => this.#exact(left, right, quotient, at),
      );
    }
  }

  /**
   * Evaluates an expression that holds together, or a node of it.
   * @param text the whole expression
   * @throws CEL's error where it cannot be evaluated
   */
  evaluate(text: string, values: Readonly<Record<string, unknown>>, node?: ASTNode): Calculated {
    const parsed = this.#environment.parse(text);
    parsed.check();
    const nodes: ASTNode[] = [];
    const faults = new Set<string>();
    const watched = written(nodeAt(parsed.ast, node) ?? parsed.ast, text, nodes);
    const before = this.#watched;
    this.#watched = { nodes, text, faults };
    try {
      return { value: this.#environment.parse(watched)(values as Record<string, unknown>), faults: [...faults] };
    } finally {
      this.#watched = before;
    }
  }

  #finite(value: unknown, at: bigint): unknown {
    if (typeof value === "number" && !Number.isFinite(value))
      this.#say(at, (which) => `${which} is ${value}, which is no finite number.`);
    return value;
  }

  /** CEL's error for such a division is no error of the rule where the other side of `||` is true, or that of `&&` false. */
  #divisor(value: unknown, at: bigint): unknown {
    if (wholeOf(value) === 0n) this.#say(at, (which) => `${which} is a division by zero, which comes to no number.`);
    return value;
  }

  #exact(left: unknown, right: unknown, quotient: unknown, at: bigint): unknown {
    const [a, b] = [wholeOf(left), wholeOf(right)];
    if (a !== undefined && b !== undefined && b !== 0n && a % b !== 0n)
      this.#say(
        at,
        (which) =>
          `${which} ${LEAVES_A_REST}; write double(...) around one of them, as ${a}.0 / ${b} is ${Number(a) / Number(b)}.`,
      );
    return this.#finite(quotient, at);
  }

  #say(at: bigint, sentence: (which: string) => string): void {
    const { nodes = [], text = "", faults } = this.#watched ?? {};
    const node = nodes[Number(at)];
    if (node !== undefined) faults?.add(sentence(sourceOf(text, node)));
  }
}

/** A whole number of CEL: a bigint, or its UnsignedInt, whose value is one. */
function wholeOf(value: unknown): bigint | undefined {
  const plain = typeof value === "object" && value !== null ? value.valueOf() : value;
  return typeof plain === "bigint" ? plain : undefined;
}

/** The node of another reading of the same text. */
function nodeAt(within: unknown, wanted: ASTNode | undefined): ASTNode | undefined {
  if (wanted === undefined) return undefined;
  if (Array.isArray(within)) {
    for (const one of within) {
      const found = nodeAt(one, wanted);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isNode(within)) return undefined;
  const { start, end } = within.range;
  const isIt = within.op === wanted.op && start === wanted.range.start && end === wanted.range.end;
  return isIt ? within : nodeAt(within.args, wanted);
}

/**
 * The expression anew, with each calculation in a watching function and everything in brackets: CEL's own writer of expressions leaves brackets out
 * (`a - (b - c)`) and shortens numbers.
 * @param nodes takes the calculations, each at the number that stands beside it
 */
function written(node: ASTNode, text: string, nodes: ASTNode[]): string {
  const write = (one: ASTNode) => written(one, text, nodes);
  const { op, range } = node;
  switch (op) {
    case "value":
    case "id":
      return text.slice(range.start, range.end);
    case ".":
    case ".?":
      return `${write(node.args[0])}${op}${node.args[1]}`;
    case "[]":
      return `${write(node.args[0])}[${write(node.args[1])}]`;
    case "[?]":
      return `${write(node.args[0])}[?${write(node.args[1])}]`;
    case "call":
      return `${node.args[0]}(${node.args[1].map(write).join(", ")})`;
    case "rcall":
      return `${write(node.args[1])}.${node.args[0]}(${node.args[2].map(write).join(", ")})`;
    case "list":
      return `[${node.args.map(write).join(", ")}]`;
    case "map":
      return `{${node.args.map(([key, value]) => `${write(key)}: ${write(value)}`).join(", ")}}`;
    case "?:":
      return `((${write(node.args[0])}) ? (${write(node.args[1])}) : (${write(node.args[2])}))`;
    case "!_":
    case "-_":
      return `(${op[0]}(${write(node.args)}))`;
    default: {
      const [left, right] = (node.args as [ASTNode, ASTNode]).map(write) as [string, string];
      return ARITHMETIC.includes(op) ? watching(node, [left, right], nodes) : `(${left} ${op} ${right})`;
    }
  }
}

function watching(node: ASTNode, [left, right]: readonly [string, string], nodes: ASTNode[]): string {
  const type = typeOf(node);
  if (!NUMBERS.some((one) => one === type)) return `(${left} ${node.op} ${right})`;
  const at = nodes.push(node) - 1;
  const types = (node.args as [ASTNode, ASTNode]).map(typeOf);
  const isWhole = (node.op === "/" || node.op === "%") && !types.includes("double");
  const divisor = `${types[1] === "dyn" ? `${DIVISOR}Any` : DIVISOR}(${right}, ${at})`;
  const plain = `(${left} ${node.op} ${isWhole ? divisor : right})`;
  if (node.op !== "/" || !isWhole) return `${type === "dyn" ? `${WATCH}Any` : WATCH}(${plain}, ${at})`;
  const isKnown = types.every((one) => one === type);
  const all = isKnown ? [left, right, plain] : [left, right, plain].map((one) => `dyn(${one})`);
  const divided = `${isKnown && type !== "dyn" ? DIVIDE : `${DIVIDE}Any`}(${all.join(", ")}, ${at})`;
  return isKnown || type === "dyn" ? divided : `${type}(${divided})`;
}

/** The calculations that have a value by themselves: inside a macro, its variable has none. */
export function calculationsIn(node: unknown): ASTNode[] {
  if (Array.isArray(node)) return node.flatMap(calculationsIn);
  if (!isNode(node)) return [];
  if (node.op === "rcall") return calculationsIn(node.args[1]);
  if (node.op === "call") return node.args[0] === "has" ? [] : calculationsIn(node.args[1]);
  return [...(ARITHMETIC.includes(node.op) ? [node] : []), ...calculationsIn(node.args)];
}

/** The text of a node, with the brackets that its range leaves out. */
export function sourceOf(text: string, { range }: ASTNode): string {
  let { start, end } = range;
  for (;;) {
    let depth = 0;
    let closed = 0;
    for (const letter of text.slice(start, end).replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, "")) {
      if (letter === "(") depth++;
      if (letter === ")" && --depth < 0) {
        closed++;
        depth = 0;
      }
    }
    const before = closed > 0 ? text.lastIndexOf("(", start - 1) : start;
    const after = depth > 0 ? text.indexOf(")", end) + 1 : end;
    if (before < 0 || (closed > 0 && start === 0) || (depth > 0 && after === 0) || (closed === 0 && depth === 0))
      return text.slice(start, end);
    start = before;
    end = after;
  }
}
