// The rules of a gate: CEL, one a line. Pure: what they ask for, whether they hold, and in a sentence why or why not.

import type { ASTNode } from "@marcbachmann/cel-js";
import { TaskError } from "../../errors.ts";
import { readLines } from "../../lines.ts";
import { capital } from "../../sentence.ts";
import { environment, isNode, type Needs, needsOf, type Subject } from "./rule-language.ts";
import { evaluated, explain, textOf, type Values } from "./rule-sentences.ts";

export interface Facts {
  readonly metrics: Readonly<Record<string, number>>;
  readonly champion?: Readonly<Record<string, number>>;
  /** Every value in the order of its steps, of the metrics that rules ask the history of. */
  readonly history: Readonly<Record<string, readonly number[]>>;
}

export interface Rule {
  readonly text: string;
  /** Line of the input, from 1. */
  readonly line: number;
  readonly needs: Needs;
}

export interface RuleResult {
  readonly rule: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** The comparison, as a sentence. */
  readonly detail: string;
}

/**
 * Reads the rules; empty lines and lines that start with `#` do not count.
 * @throws TaskErrors kind `input` with the line, the place and the reason of every rule that is none
 */
export function parseRules(text: string): Rule[] {
  const rules = readLines(text, parseRule);
  if (rules.length === 0) {
    throw new TaskError("input", "The input rules holds no rule.", {
      errorCode: "AML1505",
      hint: "Write one a line, such as metrics.accuracy >= 0.9.",
    });
  }
  return rules;
}

interface CelError extends Error {
  summary?: string;
  range?: { start: number };
}

function parseRule(text: string, line: number): Rule {
  const fault = (why: string, column?: number) => {
    const pointer = column === undefined ? "" : `\n    ${text}\n    ${" ".repeat(column)}^`;
    const where = column === undefined ? `line ${line}` : `line ${line}, column ${column + 1}`;
    return new TaskError("input", `Input rules, ${where}: the rule ${text} is no CEL expression: ${why}.${pointer}`, {
      errorCode: "AML1505",
      hint: "Rules look like metrics.accuracy >= 0.9 or metrics['val/auc'] > champion['val/auc'] - 0.005; there are metrics, champion and history.",
    });
  };
  let ast: ASTNode;
  let checked: { valid: boolean; type?: string; error?: CelError };
  try {
    const parsed = environment.parse(text);
    ast = parsed.ast;
    checked = parsed.check() as typeof checked;
  } catch (error) {
    const { summary, message, range } = error as CelError;
    throw fault(sentence(summary ?? message), range?.start);
  }
  if (!checked.valid)
    throw fault(sentence(checked.error?.summary ?? "it does not fit together"), checked.error?.range?.start);
  if (checked.type !== "bool") {
    throw new TaskError("input", `Input rules, line ${line}: the rule ${text} says a ${checked.type}, not yes or no.`, {
      errorCode: "AML1505",
      hint: `Compare it with something: ${text} >= 0.9.`,
    });
  }
  return { text, line, needs: needsOf(ast) };
}

const sentence = (text: string) => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "");

/**
 * Whether a rule holds. It fails closed: a metric that it speaks of anywhere, in a branch that is not taken too, and that is missing
 * or no finite number makes it fail, and the sentence names the metric. Only after one that may be missing can a rule ask, by `has()`
 * or `in`.
 * @param whose what the champion is called, for the sentence: "the champion breast-cancer:3"
 */
export function judge(rule: Rule, facts: Facts, whose = "the champion"): RuleResult {
  const failed = (detail: string): RuleResult => ({ rule: rule.text, outcome: "failed", detail });
  const { needs } = rule;
  const champion = needs.asksChampion ? (facts.champion ?? {}) : {};
  const missing = [
    ...missingFrom(needs.metrics, facts.metrics, "The job"),
    ...missingFrom(needs.history, facts.history, "The job"),
    ...missingFrom(needs.champion, champion, capital(whose)),
    ...nothingIn(needs, "metrics", facts.metrics, "The job"),
    ...nothingIn(needs, "history", facts.history, "The job"),
    ...nothingIn(needs, "champion", champion, capital(whose)),
  ];
  if (missing.length > 0) return failed(missing.join(" "));
  const values: Values = { metrics: facts.metrics, champion, history: facts.history };
  const bad = [
    ...notFinite(needs, "metrics", values, "The job's"),
    ...notFinite(needs, "champion", values, `${capital(whose)}'s`),
    ...notFinite(needs, "history", values, "The job's"),
  ];
  const asked = askedInVain(values, needs);
  try {
    const parsed = environment.parse(rule.text);
    const passed = parsed(asked.values) === true;
    for (const name of asked.names)
      bad.push(`The rule asks for the metric ${JSON.stringify(name)}, which is not there.`);
    bad.push(...calculations(parsed.ast).flatMap((node) => sayNoNumber(node, rule.text, values)));
    const holds = passed && bad.length === 0;
    const said = explain(parsed.ast, bad.length > 0 ? false : passed, rule.text, values, whose);
    return { rule: rule.text, outcome: holds ? "passed" : "failed", detail: [...bad, said].join(" ") };
  } catch (error) {
    const { summary, message } = error as CelError;
    return failed([...bad, `It could not be judged: ${sentence(summary ?? message)}.`].join(" "));
  }
}

/** Vacuous truth: `all()` of no metrics is true, so it is refused. */
function nothingIn({ touches }: Needs, subject: Subject, there: object, who: string): string[] {
  return touches[subject] === "all" && Object.keys(there).length === 0 ? [`${who} has no metric at all.`] : [];
}

function missingFrom(names: ReadonlySet<string>, there: Readonly<Record<string, unknown>>, who: string): string[] {
  const missing = [...names].filter((name) => !Object.hasOwn(there, name));
  const known = Object.keys(there).sort();
  const instead = known.length > 0 ? `it has ${known.join(", ")}` : "it has none";
  return missing.map((name) => `${who} has no metric ${JSON.stringify(name)}; ${instead}.`);
}

/** Sentences about the metrics that a rule touches and that are no finite numbers. */
function notFinite({ touches }: Needs, subject: Subject, values: Values, whose: string): string[] {
  const touched = touches[subject];
  const names = touched === "all" ? Object.keys(values[subject]) : [...touched];
  return names.flatMap((name) => {
    if (!Object.hasOwn(values[subject], name)) return [];
    const value = values[subject][name];
    if (subject === "history" && Array.isArray(value) && value.length === 0)
      return [`${whose} metric ${JSON.stringify(name)} has no history.`];
    const wrong = (Array.isArray(value) ? value : [value]).find((one) => !Number.isFinite(one));
    if (wrong === undefined && value !== undefined) return [];
    const where = subject === "history" ? " in its history" : "";
    return [`${whose} metric ${JSON.stringify(name)} is ${String(wrong)}${where}, which is no finite number.`];
  });
}

/** The same values, and the names that are asked for in them and are not there: `||` and `exists()` would pass over them in silence. */
function askedInVain(values: Values, { asksAfter }: Needs): { values: Values; names: ReadonlySet<string> } {
  const names = new Set<string>();
  const watched = (subject: Subject) =>
    new Proxy(values[subject], {
      getOwnPropertyDescriptor(target, name) {
        if (typeof name === "string" && !Object.hasOwn(target, name) && !asksAfter[subject].has(name)) names.add(name);
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
    });
  return {
    names,
    values: {
      metrics: watched("metrics"),
      champion: watched("champion"),
      history: watched("history"),
    },
  };
}

const CALCULATES = ["+", "-", "*", "/", "%"];

function calculations(node: unknown): ASTNode[] {
  if (Array.isArray(node)) return node.flatMap(calculations);
  if (!isNode(node)) return [];
  // Inside a macro its variable has no value of its own.
  if (node.op === "rcall" || node.op === "call") return [];
  return [...(CALCULATES.includes(node.op) ? [node] : []), ...calculations(node.args)];
}

/** A division by zero is infinite, or no number at all: neither is good enough for anything. */
function sayNoNumber(node: ASTNode, text: string, values: Values): string[] {
  try {
    const value = evaluated(node, text, values);
    if (typeof value !== "number" || Number.isFinite(value)) return [];
    return [`${textOf(node, text)} is ${value}, which is no finite number.`];
  } catch {
    return [];
  }
}
