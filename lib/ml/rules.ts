// The rules of a gate: CEL, one a line. Pure: what they ask for, whether they hold, and in a sentence why or why not.
import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { TaskError, TaskErrors } from "../errors.ts";

export interface Facts {
  readonly metrics: Readonly<Record<string, number>>;
  readonly champion?: Readonly<Record<string, number>>;
  /** Every value in the order of its steps, of the metrics that rules ask the history of. */
  readonly history: Readonly<Record<string, readonly number[]>>;
}

/** Names of metrics that a rule cannot do without; those that it only asks after with `has()` or `in` are not among them. */
export interface Needs {
  readonly metrics: ReadonlySet<string>;
  readonly champion: ReadonlySet<string>;
  readonly history: ReadonlySet<string>;
  /** It speaks of the champion at all. */
  readonly asksChampion: boolean;
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
  /** What was compared with what, as a sentence. */
  readonly detail: string;
}

const environment = new Environment()
  .registerVariable("metrics", "map<string, double>")
  .registerVariable("champion", "map<string, double>")
  .registerVariable("history", "map<string, list<double>>");
// Metrics are doubles, and people write `metrics.n == 3` and `champion.auc - 1`.
const arithmetic: Record<string, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};
for (const [operator, compute] of Object.entries(arithmetic)) {
  const mixed = (a: unknown, b: unknown) => compute(Number(a), Number(b));
  environment.registerOperator(`double ${operator} int`, mixed);
  environment.registerOperator(`int ${operator} double`, mixed);
}
environment.registerOperator("double == int", (a: unknown, b: unknown) => Number(a) === Number(b));

/**
 * Reads the rules; empty lines and lines that start with `#` do not count.
 * @throws TaskErrors kind `input` with the line, the place and the reason of every rule that is none
 */
export function parseRules(text: string): Rule[] {
  const rules: Rule[] = [];
  const faults: TaskError[] = [];
  for (const [index, written] of text.split(/\r\n|\r|\n/).entries()) {
    const rule = written.trim();
    if (rule === "" || rule.startsWith("#")) continue;
    try {
      rules.push(parseRule(rule, index + 1));
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      faults.push(error);
    }
  }
  if (faults.length === 1) throw faults[0];
  if (faults.length > 1) throw new TaskErrors(faults);
  if (rules.length === 0) {
    throw new TaskError("input", "The input rules holds no rule.", {
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
      hint: `Compare it with something: ${text} >= 0.9.`,
    });
  }
  return { text, line, needs: needsOf(ast) };
}

const sentence = (text: string) => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "");

type Subject = "metrics" | "champion" | "history";
const SUBJECTS: readonly string[] = ["metrics", "champion", "history"];

function needsOf(ast: ASTNode): Needs {
  const needed: Record<Subject, Set<string>> = { metrics: new Set(), champion: new Set(), history: new Set() };
  const asked: Record<Subject, Set<string>> = { metrics: new Set(), champion: new Set(), history: new Set() };
  let asksChampion = false;
  const visit = (node: unknown, optional: boolean): void => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one, optional);
      return;
    }
    if (!isNode(node)) return;
    const found = reference(node);
    if (found) (optional ? asked : needed)[found.subject].add(found.name);
    if (node.op === "id" && node.args === "champion") asksChampion = true;
    const [first, second] = Array.isArray(node.args) ? (node.args as unknown[]) : [];
    const named = node.op === "in" && isNode(first) && isNode(second) ? literalText(first) : undefined;
    if (named !== undefined && isNode(second) && second.op === "id" && SUBJECTS.includes(second.args as string)) {
      asked[second.args as Subject].add(named);
    }
    visit(node.args, optional || (node.op === "call" && first === "has"));
  };
  visit(ast, false);
  const without = (subject: Subject) => new Set([...needed[subject]].filter((name) => !asked[subject].has(name)));
  return { metrics: without("metrics"), champion: without("champion"), history: without("history"), asksChampion };
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

const literalText = (node: ASTNode) => (node.op === "value" && typeof node.args === "string" ? node.args : undefined);

/** `metrics.x` and `metrics["x"]`. */
function reference(node: ASTNode): { subject: Subject; name: string } | undefined {
  if (node.op !== "." && node.op !== "[]") return undefined;
  const [of, key] = node.args as [ASTNode, ASTNode | string];
  if (of.op !== "id" || !SUBJECTS.includes(of.args as string)) return undefined;
  const name = typeof key === "string" ? key : literalText(key);
  return name === undefined ? undefined : { subject: of.args as Subject, name };
}

/**
 * Whether a rule holds. What it asks for and cannot be found makes it fail, and the sentence names what there is.
 * @param whose what the champion is called, for the sentence: "the champion breast-cancer:3"
 */
export function judge(rule: Rule, facts: Facts, whose = "the champion"): RuleResult {
  const failed = (detail: string): RuleResult => ({ rule: rule.text, outcome: "failed", detail });
  const missing = [
    ...missingFrom(rule.needs.metrics, facts.metrics, "The job"),
    ...missingFrom(rule.needs.history, facts.history, "The job"),
    ...(rule.needs.asksChampion ? missingFrom(rule.needs.champion, facts.champion ?? {}, capital(whose)) : []),
  ];
  if (missing.length > 0) return failed(missing.join(" "));
  const values = { metrics: facts.metrics, champion: facts.champion ?? {}, history: facts.history };
  try {
    const parsed = environment.parse(rule.text);
    const passed = parsed(values) === true;
    const said = explain(parsed.ast, passed, rule.text, values, whose);
    return { rule: rule.text, outcome: passed ? "passed" : "failed", detail: said };
  } catch (error) {
    const { summary, message } = error as CelError;
    return failed(`It could not be judged: ${sentence(summary ?? message)}.`);
  }
}

function missingFrom(names: ReadonlySet<string>, there: Readonly<Record<string, unknown>>, who: string): string[] {
  const missing = [...names].filter((name) => !Object.hasOwn(there, name));
  const known = Object.keys(there).sort();
  const instead = known.length > 0 ? `it has ${known.join(", ")}` : "it has none";
  return missing.map((name) => `${who} has no metric ${JSON.stringify(name)}; ${instead}.`);
}

type Values = Record<Subject, Readonly<Record<string, unknown>>>;

const HOLDS: Record<string, string> = {
  ">=": "at least",
  ">": "more than",
  "<=": "at most",
  "<": "less than",
  "==": "equal to",
  "!=": "other than",
};

/** Says the comparisons that made a rule pass or fail, with their values. */
function explain(ast: ASTNode, passed: boolean, text: string, values: Values, whose: string): string {
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
    // A side that is the champion's metric and nothing else has just said its value.
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

const textOf = (node: ASTNode, text: string) => text.slice(node.range.start, node.range.end);
const evaluated = (node: ASTNode, text: string, values: Values): unknown =>
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

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
