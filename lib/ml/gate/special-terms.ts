// Terms of rules that are worked out before the rule is evaluated: improves() and its relatives, slices() and reports. Each is replaced by its
// value, so that the rest of the rule is plain CEL over numbers. Pure.
// Tests: test/lib/ml/gate/special-terms.test.ts
import type { ASTNode, Environment } from "@marcbachmann/cel-js";
import { TaskError } from "../../errors.ts";
import type { Language } from "../rules/language.ts";
import { isNode } from "../rules/node.ts";

interface Place {
  /** The characters of the rule that it takes. */
  readonly start: number;
  readonly end: number;
}

/** Whether the job's metric beats the champion's beyond chance. */
export interface Compares extends Place {
  readonly kind: "compares";
  readonly metric: string;
  readonly confidence: number;
  /** Above 0: better by more than this. Below 0: worse by less than this. */
  readonly margin: number;
}

export interface Slices extends Place {
  readonly kind: "slices";
  readonly prefix: string;
  readonly expected: number;
  readonly part: SlicePart;
}

export interface Reported extends Place {
  readonly kind: "report";
  readonly report: string;
  readonly path: readonly (string | number)[];
}

/** A finding of the comparison of models that an earlier step made. */
export interface Judged extends Place {
  readonly kind: "comparison";
  /** The metric that it is by; absent where the rule names none. */
  readonly metric?: string;
  readonly part: ComparisonPart;
}

export type Term = Compares | Slices | Reported | Judged;

const SLICE_PARTS = ["worst", "best", "spread", "count", "names", "champion", "lost"] as const;
type SlicePart = (typeof SLICE_PARTS)[number];

/** Whether slices are compared with those of the champion. */
export const isAgainstChampion = (term: Term): boolean =>
  term.kind === "slices" && (term.part === "champion" || term.part === "lost");

const COMPARISONS = ["improves", "improvesBy", "notWorse"];
export const TERM_FUNCTIONS = [...COMPARISONS, "slices"];

/** Registers the terms, so that rules with them are checked; none of them is ever called. */
export function registerTerms(environment: Environment): void {
  const replaced = () => {
    throw new Error("it is worked out before");
  };
  environment.registerFunction("improves(double, double, double): bool", replaced);
  for (const name of ["improvesBy", "notWorse"])
    for (const margin of ["double", "int"])
      environment.registerFunction(`${name}(double, double, ${margin}, double): bool`, replaced);
  environment.registerFunction("slices(string): map<string, dyn>", replaced);
  environment.registerFunction("slices(string, int): map<string, dyn>", replaced);
  environment.registerVariable("reports", "map<string, dyn>");
  environment.registerVariable("comparison", "map<string, dyn>");
}

/**
 * The terms of a rule, in the order in which they stand.
 * @throws TaskError kind `input` where one of them is not written as it has to be
 */
export function termsOf<S extends string>(language: Language<S>, ast: ASTNode, line: number): Term[] {
  const terms: Term[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) visit(one);
    if (!isNode(node)) return;
    const term = termAt(language, node, line);
    if (term === undefined) visit(node.args);
    else terms.push(term);
  };
  visit(ast);
  const compared = terms.filter((term) => term.kind === "compares");
  const alone = compared.length < 2 || demandsAll(ast);
  // Where one of several is enough, each has to be surer, or chance gets several tries (Bonferroni).
  return terms
    .map((term) =>
      alone || term.kind !== "compares" ? term : { ...term, confidence: 1 - (1 - term.confidence) / compared.length },
    )
    .sort((a, b) => a.start - b.start);
}

/** Whether each comparison in it has to hold: they stand alone, between `&&`, or are compared with true. Anywhere else one may be enough. */
function demandsAll(node: ASTNode): boolean {
  if (!holdsComparison(node) || isComparison(node)) return true;
  const sides = Array.isArray(node.args) ? (node.args as unknown[]).filter(isNode) : [];
  const isTrue = ({ op, args }: ASTNode) => op === "value" && args === true;
  return (node.op === "&&" || (node.op === "==" && sides.some(isTrue))) && sides.every(demandsAll);
}

const isComparison = (node: ASTNode) => COMPARISONS.some((name) => isCall(node, name));

const holdsComparison = (node: unknown): boolean =>
  Array.isArray(node) ? node.some(holdsComparison) : isNode(node) && (isComparison(node) || holdsComparison(node.args));

const refuse = (line: number, why: string, hint: string) =>
  new TaskError("input", `Input rules, line ${line}: ${why}.`, { errorCode: "AML1505", hint });

function termAt<S extends string>(language: Language<S>, node: ASTNode, line: number): Term | undefined {
  const { start, end } = node.range;
  if (node.op === "call" && COMPARISONS.includes(String(node.args[0]))) {
    const [name, given] = node.args as [string, ASTNode[]];
    return { kind: "compares", start, end, ...comparison(language, name, given, line) };
  }
  if (node.op === "call" && node.args[0] === "has") {
    const asked = node.args[1]
      .map((one) => comparisonAt(one, line) ?? reportAt(one, line))
      .find((one) => one !== undefined);
    const lacks = asked?.kind === "report" ? "a report that lacks a name" : "a run without a comparison";
    if (asked !== undefined)
      throw refuse(
        line,
        `has() asks after metrics, and ${lacks} fails its rule`,
        "Write the rule without has(); what it speaks of has to be there in any case.",
      );
  }
  if ((node.op === "." || node.op === "[]") && isCall(node.args[0], "slices")) {
    const [prefix, expected] = node.args[0].args[1] as [ASTNode, ASTNode | undefined];
    const [, key] = node.args as [ASTNode, ASTNode | string];
    const part = (typeof key === "string" ? key : key.args) as SlicePart;
    const hint = `Write slices("f1/").worst, or ${SLICE_PARTS.slice(1).join(", ")}; slices("f1/", 4) expects 4 of them at least.`;
    if (!SLICE_PARTS.includes(part)) throw refuse(line, `slices() has no ${String(part)}`, hint);
    const text = prefix.op === "value" && typeof prefix.args === "string" ? prefix.args : "";
    const count = expected === undefined ? 1 : expected.op === "value" ? Number(expected.args) : Number.NaN;
    if (text === "" || !(count >= 1))
      throw refuse(line, "slices() takes the beginning of names, and a number from 1", hint);
    return { kind: "slices", start, end, prefix: text, expected: count, part };
  }
  if (isCall(node, "slices"))
    throw refuse(
      line,
      "slices() is no value by itself",
      `Write slices("f1/").worst, or ${SLICE_PARTS.slice(1).join(", ")}.`,
    );
  return comparisonAt(node, line) ?? reportAt(node, line);
}

const METRICS = ["accuracy", "auc", "logLoss", "brier", "mae", "mse"];
const OF_A_COMPARISON = [
  ...(["passed", "outcome", "difference", "low", "high", "pValue", "rows", "confidence", "data"] as const),
  ...(["champion", "challenger", "championValue", "challengerValue"] as const),
] as const;
type ComparisonPart = (typeof OF_A_COMPARISON)[number];

/** `comparison.passed`, or by its metric: `comparison.auc.low`. */
function comparisonAt(node: ASTNode, line: number): Judged | undefined {
  const path = pathFrom(node, "comparison");
  if (path === undefined) return undefined;
  const named = path.length > 1 ? String(path[0]) : undefined;
  const part = OF_A_COMPARISON.find((one) => one === path.at(-1));
  if (part === undefined || path.length > 2 || (named !== undefined && !METRICS.includes(named)))
    throw refuse(
      line,
      path.length === 0 ? "comparison is no value by itself" : `a comparison has no ${path.join(".")}`,
      `Write comparison.passed, or comparison.auc.passed where there are several; there are ${OF_A_COMPARISON.join(", ")}, and the metrics ${METRICS.join(", ")}.`,
    );
  return { kind: "comparison", ...node.range, part, ...(named === undefined ? {} : { metric: named }) };
}

const isCall = (node: ASTNode, name: string): node is Extract<ASTNode, { op: "call" }> =>
  node.op === "call" && node.args[0] === name;

function comparison<S extends string>(language: Language<S>, name: string, given: readonly ASTNode[], line: number) {
  const hint = `Write ${name === "improves" ? "improves(metrics.auc, champion.auc, 0.95)" : `${name}(metrics.auc, champion.auc, 0.005, 0.95)`}.`;
  const [one, other] = [given[0], given[1]].map((node) => node && language.reference(node));
  if (one?.subject !== "metrics" || other?.subject !== "champion" || one.name !== other.name)
    throw refuse(line, `${name} compares a metric of the job with the same metric of the champion`, hint);
  const confidence = literal(given.at(-1));
  if (confidence === undefined || !(confidence > 0.5 && confidence < 1))
    throw refuse(line, `the confidence of ${name} is a number between 0.5 and 1`, hint);
  const margin = name === "improves" ? 0 : literal(given[2]);
  if (margin === undefined || margin < 0 || (margin === 0 && name === "notWorse"))
    throw refuse(line, `the margin of ${name} is a number above 0`, hint);
  return { metric: one.name, confidence, margin: name === "notWorse" ? -margin : margin };
}

const literal = (node: ASTNode | undefined): number | undefined =>
  node?.op === "value" && (typeof node.args === "number" || typeof node.args === "bigint")
    ? Number(node.args)
    : undefined;

/** `reports.drift.metrics[0].value`: the longest path that is written out. */
function reportAt(node: ASTNode, line: number): Reported | undefined {
  const path = pathFrom(node, "reports");
  if (path === undefined) return undefined;
  const [report, ...rest] = path;
  if (typeof report === "string") return { kind: "report", ...node.range, report, path: rest };
  throw refuse(line, "reports is no value by itself", "Write reports.<name>.<path>, with a name of the input reports.");
}

/** `comparison.passed` alone is a rule. */
export const isTruth = (node: ASTNode): boolean => pathFrom(node, "comparison")?.at(-1) === "passed";

/** The names and places that lead from a variable to a node; undefined where it begins with something else. */
function pathFrom(node: ASTNode, variable: string): (string | number)[] | undefined {
  const path: (string | number)[] = [];
  let at = node;
  while (at.op === "." || at.op === "[]") {
    const [of, key] = at.args as [ASTNode, ASTNode | string];
    const step = typeof key === "string" ? key : key.op === "value" ? key.args : undefined;
    if (typeof step !== "string" && typeof step !== "bigint" && typeof step !== "number") break;
    path.unshift(typeof step === "string" ? step : Number(step));
    at = of;
  }
  return at.op === "id" && at.args === variable ? path : undefined;
}

/** The rule with each term replaced by its value, written as CEL has it. */
export function withValues(text: string, terms: readonly Term[], values: readonly string[]): string {
  let done = "";
  let from = 0;
  terms.forEach((term, at) => {
    done += `${text.slice(from, term.start)}${values[at]}`;
    from = term.end;
  });
  return done + text.slice(from);
}

/**
 * The same with decimals in its lists of whole numbers, where it does not fit together otherwise: the numbers of a report are decimals, and people
 * write `reports.tests.failures in [0, 1]`.
 */
export function withDecimalLists<S extends string>({ environment }: Language<S>, text: string): string {
  const fits = (one: string) => {
    try {
      return environment.parse(one).check().valid;
    } catch {
      return false;
    }
  };
  if (fits(text)) return text;
  const places: number[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const one of node) visit(one);
    if (!isNode(node)) return;
    if (node.op === "list")
      for (const item of node.args as ASTNode[])
        if (item.op === "value" && typeof item.args === "bigint") places.push(item.range.end);
    visit(node.args);
  };
  try {
    visit(environment.parse(text).ast);
  } catch {
    return text;
  }
  const decimal = places.sort((a, b) => b - a).reduce((done, end) => `${done.slice(0, end)}.0${done.slice(end)}`, text);
  return fits(decimal) ? decimal : text;
}

/** Characters of a text, and items of a list, that a rule may compare. */
const LONGEST = 1_000;

/** A value as CEL has it; undefined for what rules cannot compare: objects, what is no finite number, and what is too long for a sentence. */
export function asCel(value: unknown): string | undefined {
  if (typeof value === "boolean") return String(value);
  if (typeof value === "string") return value.length <= LONGEST ? JSON.stringify(value) : undefined;
  if (typeof value === "number" && Number.isFinite(value)) {
    const text = String(value);
    const decimal = /[.e]/.test(text) ? text : `${text}.0`;
    return value < 0 ? `(${decimal})` : decimal;
  }
  if (Array.isArray(value) && value.length <= LONGEST) {
    const items = value.map(asCel);
    return items.every((one) => one !== undefined) ? `[${items.join(", ")}]` : undefined;
  }
  return undefined;
}
