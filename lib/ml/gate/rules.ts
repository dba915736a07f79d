// The rules of a gate: CEL over metrics, champion and history, one a line. Pure: what they ask for, whether they hold, and why or why not.
// Tests: test/lib/ml/gate/rules.test.ts
import { TaskError } from "../../errors.ts";
import { readLines } from "../../lines.ts";
import { bounded } from "../../remote-text.ts";
import { capital } from "../../sentence.ts";
import { evaluateRule } from "../rules/evaluate.ts";
import { type Needs as NeedsOf, ruleLanguage } from "../rules/language.ts";
import { parseRule } from "../rules/parse.ts";
import {
  isAgainstChampion,
  isTruth,
  registerTerms,
  TERM_FUNCTIONS,
  type Term,
  termsOf,
  withDecimalLists,
  withValues,
} from "./special-terms.ts";
import { type TermFacts, type TermValue, valueOfTerm } from "./term-values.ts";

export interface Facts extends TermFacts {
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
  /** Comparisons beyond chance, slices and reports that it speaks of. */
  readonly terms: readonly Term[];
}

export interface RuleResult {
  readonly rule: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** True: there is not enough data to say. Such a rule has not passed. */
  readonly undecided?: true;
  /** The comparison, as a sentence. */
  readonly detail: string;
}

const language = ruleLanguage<Subject>(
  {
    metrics: "map<string, double>",
    history: "map<string, list<double>>",
    champion: "map<string, double>",
  },
  { functions: TERM_FUNCTIONS, variables: ["reports", "comparison"], register: registerTerms, isTruth },
);

const EXAMPLE =
  "Rules look like metrics.accuracy >= 0.9 or metrics['val/auc'] > champion['val/auc'] - 0.005; there are metrics, champion and history.";

/**
 * Reads the rules; empty lines and lines that start with `#` do not count.
 * @throws TaskErrors kind `input` with the line, the place and the reason of every rule that is none
 */
export function parseRules(text: string): Rule[] {
  const rules = readLines(text, (rule, line): Rule => {
    const { ast, needs } = parseRule(language, rule, line, EXAMPLE);
    const { champion } = needs.touches;
    const terms = termsOf(language, ast, line);
    return {
      text: rule,
      line,
      terms,
      needs: {
        ...{ ...needs, ...needs.required },
        asksChampion: champion === "all" || champion.size > 0 || terms.some(isAgainstChampion),
      },
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
  const { needs, text, terms } = rule;
  const found = terms.map((term) => valueOfTerm(term, facts, whose));
  const values = found.map(({ cel }) => cel ?? PLACEHOLDER);
  const filled = withValues(text, terms, values);
  const worked = terms.some(({ kind }) => kind === "report") ? withDecimalLists(language, filled) : filled;
  const { holds, faults, said } = evaluateRule(language, {
    text: worked,
    needs,
    values: {
      metrics: facts.metrics,
      history: facts.history,
      champion: needs.asksChampion ? (facts.champion ?? {}) : {},
    },
    owners: { metrics: "The job", history: "The job", champion: capital(whose) },
    compared: { subject: "champion", called: whose },
  });
  const isKnown = found.every(({ cel }) => cel !== undefined);
  const sentences = found.map((one) => one.said).filter((one) => one !== "");
  const compared = sentences.length > 0 && !isKnown ? "" : said;
  // A term that was worked out says more than that the rule holds.
  const rest = sentences.length > 0 && /^It (holds|does not hold)\.$/.test(compared) ? "" : compared;
  // What stands in the place of an unknown value may not fit there, which is no fault of the rule.
  const couldNot = (fault: string) => fault.startsWith("It could not be judged");
  const known = found.some(({ cel }) => cel === "[]")
    ? faults.map((fault) => (couldNot(fault) ? EMPTY : fault))
    : faults;
  const wrong = isKnown ? known : faults.filter((fault) => !couldNot(fault));
  const detail = bounded([...wrong, ...sentences, rest].filter((one) => one !== "").join(" "), LONGEST_DETAIL);
  const outcome = holds && isKnown ? "passed" : "failed";
  return { rule: text, outcome, ...(isUndecided(found) ? { undecided: true } : {}), detail };
}

/** Characters of a rule's sentence: reports and names of metrics are texts of others. */
const LONGEST_DETAIL = 4_000;
/** CEL knows no type of the items of an empty list. */
const EMPTY =
  "It could not be judged: the list is empty, so no item of it can be compared; ask for its size() in a rule of its own.";
/** Stands in a rule for what is not known; the rule fails in any case. */
const PLACEHOLDER = "false";

const isUndecided = (found: readonly TermValue[]) => found.some(({ undecided }) => undecided === true);
