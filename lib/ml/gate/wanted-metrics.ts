// The metrics that rules ask for: names, and the beginnings of the names of slices, of a job and of its champion; and rules that ask for one that was
// not chosen. Pure.
// Tests: test/lib/ml/gate/gate.test.ts, test/bundle/metrics-found.test.ts
import type { FoundMetrics, WantedMetrics } from "../jobs/found-metrics.ts";
import type { CarriedMetrics } from "./model-origin.ts";
import type { Rule, RuleResult } from "./rules.ts";
import { isAgainstChampion } from "./special-terms.ts";

type Subject = "metrics" | "history" | "champion";

/** The metrics that rules speak of or ask after: what is late is not yet missing. */
export function wantedOf(
  { rules, metricsFrom }: { readonly rules: readonly Rule[]; readonly metricsFrom?: string | undefined },
  subjects: readonly Subject[],
): WantedMetrics {
  return {
    names: new Set(rules.flatMap((rule) => subjects.flatMap((subject) => [...namesIn(rule, subject)]))),
    prefixes: slicePrefixes(rules, subjects),
    any: rules.some(({ needs: { touches } }) => subjects.some((subject) => touches[subject] === "all")),
    from: metricsFrom,
  };
}

const refusedSlices = (rule: Rule, all: FoundMetrics | undefined, subject: Subject): string[] =>
  [...(all?.refused.keys() ?? [])].filter((name) =>
    slicesOf(rule, subject).some(({ prefix }) => name.startsWith(prefix)),
  );

/** The slices of a rule that are asked of the job, or of the champion. */
const slicesOf = ({ terms }: Rule, subject: Subject) =>
  terms.flatMap((term) =>
    term.kind === "slices" && (subject === "metrics" || (subject === "champion" && isAgainstChampion(term)))
      ? [term]
      : [],
  );

/** Beginnings of the names of slices, with the number that a rule expects. */
function slicePrefixes(rules: readonly Rule[], subjects: readonly Subject[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const rule of rules)
    for (const subject of subjects)
      for (const { prefix, expected } of slicesOf(rule, subject))
        most.set(prefix, Math.max(subject === "champion" ? 1 : expected, most.get(prefix) ?? 0));
  return most;
}

export const namesIn = ({ needs }: Rule, subject: Subject): string[] => [
  ...needs[subject],
  ...needs.asksAfter[subject],
];

/** By the beginnings of slices that are asked of a champion: why they do not count, where it may have more of them than it carries. */
export function slicesNotCarried({ isCut }: CarriedMetrics, { prefixes }: WantedMetrics): ReadonlyMap<string, string> {
  const why = (prefix: string) =>
    `The metrics that it carries from its promotion may not be all of them, so which ${prefix}* it has is not known. Compare both with AzureMLCompareModels, or give this connection access to the job that made it.`;
  return new Map(isCut ? [...(prefixes?.keys() ?? [])].map((prefix) => [prefix, why(prefix)]) : []);
}

/** The verdict on a rule that speaks of a metric which several runs have, or whose run does not count. */
export function notChosen(
  rule: Rule,
  found: FoundMetrics,
  theirs: FoundMetrics | undefined,
  whose: string,
): RuleResult | undefined {
  const refusedIn = (all: FoundMetrics | undefined, subjects: readonly Subject[], before: string) =>
    subjects.flatMap((subject) =>
      [...namesIn(rule, subject), ...refusedSlices(rule, all, subject)].flatMap((name) => {
        const why = all?.refused.get(name);
        return why === undefined ? [] : [`${before}${why}`];
      }),
    );
  const sentences = [
    ...refusedIn(found, ["metrics", "history"], ""),
    ...refusedIn(theirs, ["champion"], `Of ${whose}: `),
  ];
  if (sentences.length === 0) return undefined;
  return { rule: rule.text, outcome: "failed", detail: [...new Set(sentences)].join(" ") };
}
