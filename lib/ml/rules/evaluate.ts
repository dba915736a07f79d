// Evaluates a rule and fails closed: a metric that is missing or no finite number, in whatever branch, keeps it from passing, and so does a
// calculation that is evaluated and comes to none. Pure.
// Tests: test/lib/ml/gate/rules.test.ts, test/lib/ml/monitor/canary-rules.test.ts

import { whatItHas } from "../../nearest-name.ts";
import { eachOf, type Language, type Needs } from "./language.ts";
import { reasonOf } from "./parse.ts";
import { type Compared, RuleSentences, type Values } from "./sentences.ts";

export interface Evaluation<S extends string> {
  readonly text: string;
  readonly needs: Needs<S>;
  readonly values: Values<S>;
  /** The owner of each subject's values, for sentences: "The job". */
  readonly owners: Readonly<Record<S, string>>;
  readonly compared: Compared<S>;
}

export interface Evaluated {
  /** Whether the rule holds, and nothing is wrong with what it speaks of. */
  readonly holds: boolean;
  /** Sentences on why it cannot be judged; none where it can. */
  readonly faults: readonly string[];
  /** The comparisons, as sentences; empty where a metric is missing. */
  readonly said: string;
}

/** Evaluates a rule. Only a metric that it asks after, by `has()` or `in`, may be missing. */
export function evaluateRule<S extends string>(language: Language<S>, given: Evaluation<S>): Evaluated {
  const { text, needs, values, owners, compared } = given;
  const missing = language.subjects.flatMap((subject) => [
    ...missingFrom(needs.required[subject], values[subject], owners[subject]),
    ...nothingIn(needs.touches[subject], values[subject], owners[subject]),
  ]);
  if (missing.length > 0) return { holds: false, faults: missing, said: "" };
  const bad = language.subjects.flatMap((subject) =>
    notFinite(needs.touches[subject], values[subject], `${owners[subject]}'s`),
  );
  const sentences = new RuleSentences(language, text, values, compared);
  const asked = askedInVain(language, values, needs);
  try {
    const { ast } = language.environment.parse(text);
    const { value, faults } = language.calculator.evaluate(text, asked.values);
    for (const name of asked.names)
      bad.push(`The rule asks for the metric ${JSON.stringify(name)}, which is not there.`);
    bad.push(...faults);
    const holds = value === true && bad.length === 0;
    return { holds, faults: bad, said: sentences.explain(ast, holds, faults.length > 0) };
  } catch (error) {
    return { holds: false, faults: [...bad, `It could not be judged: ${reasonOf(error)}.`], said: "" };
  }
}

/** Vacuous truth: `all()` of no metrics is true, so it is refused. */
function nothingIn(touched: ReadonlySet<string> | "all", there: object, who: string): string[] {
  return touched === "all" && Object.keys(there).length === 0 ? [`${who} has no metric at all.`] : [];
}

function missingFrom(names: ReadonlySet<string>, there: Readonly<Record<string, unknown>>, who: string): string[] {
  const missing = [...names].filter((name) => !Object.hasOwn(there, name));
  const known = Object.keys(there).sort();
  return missing.map((name) => `${who} has no metric ${JSON.stringify(name)}; ${whatItHas(name, known)}`);
}

/** Sentences about the metrics that a rule touches and that are no finite numbers; a list is a metric's history. */
function notFinite(
  touched: ReadonlySet<string> | "all",
  there: Readonly<Record<string, unknown>>,
  whose: string,
): string[] {
  const names = touched === "all" ? Object.keys(there) : [...touched];
  return names.flatMap((name) => {
    if (!Object.hasOwn(there, name)) return [];
    const value = there[name];
    const isHistory = Array.isArray(value);
    if (isHistory && value.length === 0) return [`${whose} metric ${JSON.stringify(name)} has no history.`];
    const wrong = (isHistory ? value : [value]).find((one) => !Number.isFinite(one));
    if (wrong === undefined && value !== undefined) return [];
    const where = isHistory ? " in its history" : "";
    return [`${whose} metric ${JSON.stringify(name)} is ${String(wrong)}${where}, which is no finite number.`];
  });
}

/** The same values, and the names that are asked for in them and are not there: `||` and `exists()` would pass over them in silence. */
function askedInVain<S extends string>(
  { subjects }: Language<S>,
  values: Values<S>,
  { asksAfter }: Needs<S>,
): { values: Values<S>; names: ReadonlySet<string> } {
  const names = new Set<string>();
  const watched = (subject: S) =>
    new Proxy(values[subject], {
      getOwnPropertyDescriptor(target, name) {
        if (typeof name === "string" && !Object.hasOwn(target, name) && !asksAfter[subject].has(name)) names.add(name);
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
    });
  return { names, values: eachOf(subjects, watched) };
}
