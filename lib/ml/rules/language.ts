// The language of rules: CEL over named maps of numbers, and what a rule speaks of. Pure; a gate and a canary each name their maps.
// Tests: test/lib/ml/gate/rules.test.ts, test/lib/ml/monitor/canary-rules.test.ts
import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { Calculator } from "./calculate.ts";
import { isNode } from "./node.ts";

/** A language over the subjects S: the maps whose values rules compare, such as `metrics` and `champion`. */
export interface Language<S extends string> {
  readonly environment: Environment;
  /** Evaluates rules, and watches their calculations. */
  readonly calculator: Calculator;
  readonly subjects: readonly S[];
  /** Names of the subjects, and of other values that rules may speak of, for suggestions. */
  readonly variables: readonly string[];
  /** Names of functions that people call, for suggestions. */
  readonly functions: readonly string[];
  needsOf(ast: ASTNode): Needs<S>;
  /** Whether an expression whose type CEL does not know says yes or no. */
  isTruth(ast: ASTNode): boolean;
  /** `metrics.x` and `metrics["x"]`. */
  reference(node: ASTNode): { readonly subject: S; readonly name: string } | undefined;
}

export interface Needs<S extends string> {
  /** Names that a rule cannot do without; those that it only asks after with `has()` or `in` are not among them. */
  readonly required: Readonly<Record<S, ReadonlySet<string>>>;
  /**
   * The values that a rule reads anywhere, also in a branch that is not taken: each of these is a finite number, or the rule does not
   * pass. `all` where it speaks of a map as a whole, or asks by a name that is only known as it is evaluated.
   */
  readonly touches: Readonly<Record<S, ReadonlySet<string> | "all">>;
  /** Names that it asks after by `has()` or `in`. */
  readonly asksAfter: Readonly<Record<S, ReadonlySet<string>>>;
}

// Metrics are doubles, and people write `metrics.n == 3` and `champion.auc - 1`.
const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
};

function numeric(environment: Environment): Environment {
  for (const [operator, compute] of Object.entries(ARITHMETIC)) {
    const mixed = (a: unknown, b: unknown) => compute(Number(a), Number(b));
    environment.registerOperator(`double ${operator} int: double`, mixed);
    environment.registerOperator(`int ${operator} double: double`, mixed);
  }
  environment.registerOperator("double == int", (a: unknown, b: unknown) => Number(a) === Number(b));
  return environment;
}

/**
 * @param types CEL's type of each subject: `map<string, double>`
 * @param more registers what else rules of this language may say, and names its functions
 */
export function ruleLanguage<S extends string>(
  types: Readonly<Record<S, string>>,
  more?: {
    readonly functions: readonly string[];
    readonly variables?: readonly string[];
    register(environment: Environment): void;
    isTruth?(ast: ASTNode): boolean;
  },
): Language<S> {
  const subjects = Object.keys(types) as S[];
  const environment = new Environment();
  for (const subject of subjects) environment.registerVariable(subject, types[subject]);
  numeric(environment);
  more?.register(environment);
  const isSubject = (node: ASTNode) => node.op === "id" && subjects.includes(node.args as S);

  function reference(node: ASTNode): { subject: S; name: string } | undefined {
    if (node.op !== "." && node.op !== "[]") return undefined;
    const [of, key] = node.args as [ASTNode, ASTNode | string];
    if (!isSubject(of)) return undefined;
    const name = typeof key === "string" ? key : literalText(key);
    return name === undefined ? undefined : { subject: of.args as S, name };
  }

  function needsOf(ast: ASTNode): Needs<S> {
    const needed = eachOf(subjects, () => new Set<string>());
    const asked = eachOf(subjects, () => new Set<string>());
    const whole = new Set<S>();
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
        asked[second.args as S].add(named);
        return;
      }
      if (isSubject(node)) whole.add(node.args as S);
      visit(node.args, optional || (node.op === "call" && first === "has"));
    };
    visit(ast, false);
    return {
      required: eachOf(subjects, (one) => new Set([...needed[one]].filter((name) => !asked[one].has(name)))),
      touches: eachOf<S, ReadonlySet<string> | "all">(subjects, (one) =>
        whole.has(one) ? "all" : new Set([...needed[one], ...asked[one]]),
      ),
      asksAfter: asked,
    };
  }
  const isTruth = more?.isTruth ?? (() => false);
  const variables = [...subjects, ...(more?.variables ?? [])];
  const functions = ["has", ...(more?.functions ?? [])];
  const calculator = new Calculator(environment);
  return { environment, calculator, subjects, variables, functions, needsOf, isTruth, reference };
}

/** One value for each subject. */
export function eachOf<S extends string, T>(subjects: readonly S[], make: (subject: S) => T): Record<S, T> {
  return Object.fromEntries(subjects.map((subject) => [subject, make(subject)])) as Record<S, T>;
}

const literalText = (node: ASTNode) => (node.op === "value" && typeof node.args === "string" ? node.args : undefined);
