// The rules of a gate: CEL over metrics, champion and history, one a line. Pure: what they ask for, whether they hold, and why or why not.
// Tests: test/lib/ml/gate/rules.test.ts
import { TaskError } from "../../errors.ts";
import { readLines } from "../../lines.ts";
import { capital } from "../../sentence.ts";
import { evaluateRule } from "../rules/evaluate.ts";
import { type Needs as NeedsOf, ruleLanguage } from "../rules/language.ts";
import { parseRule } from "../rules/parse.ts";

export interface Facts {
  readonly metrics: Readonly<Record<string, number>>;
  readonly champion?: Readonly<Record<string, number>>;
  /** Every value in the order of its steps, of the metrics that rules ask the history of. */
  readonly history: Readonly<Record<string, readonly number[]>>;
}

type Subject = "metrics" | "history" | "champion";

/** The needs of a rule; `metrics`, `champion` and `history` hold the names that it cannot do without. */
interface Needs extends NeedsOf<Subject>, Readonly<Record<Subject, ReadonlySet<string>>> {
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
  /** The comparison, as a sentence. */
  readonly detail: string;
}

const language = ruleLanguage<Subject>({
  metrics: "map<string, double>",
  history: "map<string, list<double>>",
  champion: "map<string, double>",
});

const EXAMPLE =
  "Rules look like metrics.accuracy >= 0.9 or metrics['val/auc'] > champion['val/auc'] - 0.005; there are metrics, champion and history.";

/**
 * Reads the rules; empty lines and lines that start with `#` do not count.
 * @throws TaskErrors kind `input` with the line, the place and the reason of every rule that is none
 */
export function parseRules(text: string): Rule[] {
  const rules = readLines(text, (rule, line): Rule => {
    const { needs } = parseRule(language, rule, line, EXAMPLE);
    const { champion } = needs.touches;
    return {
      text: rule,
      line,
      needs: { ...needs, ...needs.required, asksChampion: champion === "all" || champion.size > 0 },
    };
  });
  if (rules.length === 0) {
    throw new TaskError("input", "The input rules holds no rule.", {
      errorCode: "AML1505",
      hint: "Write one a line, such as metrics.accuracy >= 0.9.",
    });
  }
  return rules;
}

/**
 * Whether a rule holds. It fails closed: a metric that it speaks of anywhere, in a branch that is not taken too, and that is missing
 * or no finite number makes it fail, and the sentence names the metric. Only after one that may be missing can a rule ask, by `has()`
 * or `in`.
 * @param whose what the champion is called, for the sentence: "the champion breast-cancer:3"
 */
export function judge(rule: Rule, facts: Facts, whose = "the champion"): RuleResult {
  const { needs, text } = rule;
  const { holds, faults, said } = evaluateRule(language, {
    text,
    needs,
    values: {
      metrics: facts.metrics,
      history: facts.history,
      champion: needs.asksChampion ? (facts.champion ?? {}) : {},
    },
    owners: { metrics: "The job", history: "The job", champion: capital(whose) },
    compared: { subject: "champion", called: whose },
  });
  const detail = [...faults, ...(said === "" ? [] : [said])].join(" ");
  return { rule: text, outcome: holds ? "passed" : "failed", detail };
}
