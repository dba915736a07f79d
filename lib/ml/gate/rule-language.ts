// The language of a gate's rules: CEL over metrics, champion and history, and what a rule speaks of. Pure.
// Tests: test/lib/ml/gate/rules.test.ts
import { type ASTNode, Environment } from "@marcbachmann/cel-js";

/** Names of metrics that a rule cannot do without; those that it only asks after with `has()` or `in` are not among them. */
export interface Needs {
  readonly metrics: ReadonlySet<string>;
  readonly champion: ReadonlySet<string>;
  readonly history: ReadonlySet<string>;
  /** It speaks of the champion at all. */
  readonly asksChampion: boolean;
  readonly touches: Touches;
  /** Names that it asks after by `has()` or `in`. */
  readonly asksAfter: Readonly<Record<Subject, ReadonlySet<string>>>;
}

/**
 * The values that a rule reads anywhere, also in a branch that is not taken: each of these is a finite number, or the rule fails. `all` where
 * it speaks of a map as a whole, or asks by a name that is only known as it is evaluated.
 */
type Touches = Readonly<Record<Subject, ReadonlySet<string> | "all">>;

export const environment = new Environment()
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

export type Subject = "metrics" | "champion" | "history";
const SUBJECTS: readonly Subject[] = ["metrics", "champion", "history"];

export function needsOf(ast: ASTNode): Needs {
  const needed: Record<Subject, Set<string>> = { metrics: new Set(), champion: new Set(), history: new Set() };
  const asked: Record<Subject, Set<string>> = { metrics: new Set(), champion: new Set(), history: new Set() };
  const whole = new Set<Subject>();
  const visit = (node: unknown, optional: boolean): void => {
    if (Array.isArray(node)) {
      for (const one of node) visit(one, optional);
      return;
    }
    if (!isNode(node)) return;
    const found = reference(node);
    if (found) {
      (optional ? asked : needed)[found.subject].add(found.name);
      return;
    }
    const [first, second] = Array.isArray(node.args) ? (node.args as unknown[]) : [];
    const named = node.op === "in" && isNode(first) && isNode(second) ? literalText(first) : undefined;
    if (named !== undefined && isNode(second) && isSubject(second)) {
      asked[second.args as Subject].add(named);
      return;
    }
    if (isSubject(node)) whole.add(node.args as Subject);
    visit(node.args, optional || (node.op === "call" && first === "has"));
  };
  visit(ast, false);
  const without = (subject: Subject) => new Set([...needed[subject]].filter((name) => !asked[subject].has(name)));
  const touched = (subject: Subject): ReadonlySet<string> | "all" =>
    whole.has(subject) ? "all" : new Set([...needed[subject], ...asked[subject]]);
  const touches = { metrics: touched("metrics"), champion: touched("champion"), history: touched("history") };
  return {
    metrics: without("metrics"),
    champion: without("champion"),
    history: without("history"),
    asksChampion: touches.champion === "all" || touches.champion.size > 0,
    touches,
    asksAfter: asked,
  };
}

export function isNode(value: unknown): value is ASTNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

const isSubject = (node: ASTNode) => node.op === "id" && SUBJECTS.includes(node.args as Subject);
const literalText = (node: ASTNode) => (node.op === "value" && typeof node.args === "string" ? node.args : undefined);

/** `metrics.x` and `metrics["x"]`. */
export function reference(node: ASTNode): { subject: Subject; name: string } | undefined {
  if (node.op !== "." && node.op !== "[]") return undefined;
  const [of, key] = node.args as [ASTNode, ASTNode | string];
  if (!isSubject(of)) return undefined;
  const name = typeof key === "string" ? key : literalText(key);
  return name === undefined ? undefined : { subject: of.args as Subject, name };
}
