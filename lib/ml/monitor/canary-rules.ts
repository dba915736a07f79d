// The rules of a canary: CEL over the numbers of the new deployment and of the live one in the same minutes. Pure; it loads the CEL
// library, so whoever judges a canary loads this file only then.
// Tests: test/lib/ml/monitor/canary-rules.test.ts
import { TaskError } from "../../errors.ts";
import { readLines } from "../../lines.ts";
import { evaluateRule } from "../rules/evaluate.ts";
import { type Needs, ruleLanguage } from "../rules/language.ts";
import { parseRule } from "../rules/parse.ts";
import { CANARY_METRICS, type CanaryMetric, type CanaryNumbers } from "./canary-numbers.ts";

type Subject = "new" | "live";

export interface CanaryRule {
  readonly text: string;
  /** Line of the input, from 1. */
  readonly line: number;
  readonly needs: Needs<Subject>;
}

/** Inconclusive: it speaks of a number that is not there, so nobody knows. */
export interface RuleVerdict {
  readonly rule: string;
  readonly outcome: "pass" | "fail" | "inconclusive";
  /** The comparison with its values, or what is missing. */
  readonly sentence: string;
}

/** The numbers of both sides; `live` is absent where no other deployment has traffic. */
export interface Sides {
  readonly fresh: { readonly called: string; readonly numbers: CanaryNumbers };
  readonly live?: { readonly called: string; readonly numbers: CanaryNumbers } | undefined;
}

const language = ruleLanguage<Subject>({ new: "map<string, double>", live: "map<string, double>" });
const NAMES = Object.keys(CANARY_METRICS);
const EXAMPLE = `Rules look like new.errorRate <= live.errorRate + 0.01; new and live each have ${NAMES.join(", ")}.`;

/**
 * Reads the rules of a canary, one a line; empty lines and lines that start with `#` do not count.
 * @throws TaskError or TaskErrors kind `input` with line, place and reason of each rule that is none, or speaks of what there is not
 */
export function parseCanaryRules(text: string): CanaryRule[] {
  return readLines(text, (rule, line) => {
    const { needs } = parseRule(language, rule, line, EXAMPLE);
    for (const subject of language.subjects) {
      const touched = needs.touches[subject];
      const unknown = touched === "all" ? undefined : [...touched].find((name) => !NAMES.includes(name));
      if (unknown === undefined) continue;
      throw new TaskError(
        "input",
        `Input rules, line ${line}: there is no ${subject}.${unknown} in the rule ${rule}.`,
        {
          errorCode: "AML1505",
          hint: `There are ${NAMES.map((name) => `${subject}.${name}`).join(", ")}.`,
        },
      );
    }
    return { text: rule, line, needs };
  });
}

/** Whether a number of one of the sides is read by one of the rules; a rule that speaks of a side as a whole reads all. */
export function reads(rules: readonly CanaryRule[], names: readonly CanaryMetric[], subject?: Subject): boolean {
  return rules.some(({ needs }) =>
    language.subjects.some((one) => {
      if (subject !== undefined && subject !== one) return false;
      const touched = needs.touches[one];
      return touched === "all" || names.some((name) => touched.has(name));
    }),
  );
}

/** Judges one rule. It passes only where every number that it speaks of, in whatever branch, is there and finite. */
export function judgeRule(rule: CanaryRule, { fresh, live }: Sides): RuleVerdict {
  const { holds, faults, said } = evaluateRule(language, {
    text: rule.text,
    needs: rule.needs,
    values: { new: fresh.numbers, live: live?.numbers ?? {} },
    owners: {
      new: `The new deployment ${fresh.called}`,
      live: live ? `The live deployment ${live.called}` : "No live deployment",
    },
    compared: { subject: "live", called: live?.called ?? "no deployment" },
  });
  if (faults.length > 0) return { rule: rule.text, outcome: "inconclusive", sentence: faults.join(" ") };
  return { rule: rule.text, outcome: holds ? "pass" : "fail", sentence: said };
}
