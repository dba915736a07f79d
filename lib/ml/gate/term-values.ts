// Values of the terms of a rule: comparisons beyond chance, slices, and what reports say. Pure.
// Tests: test/lib/ml/gate/special-terms.test.ts
import { isObject } from "../../plain-objects.ts";
import { compare } from "../../statistics/comparison.ts";
import type { Paired } from "../../statistics/paired.ts";
import { sayComparison } from "../../statistics/say-comparison.ts";
import { type ComparisonsOfRun, comparisonFor } from "./compared-models.ts";
import { betterOf, type ResultSource } from "./results-input.ts";
import { slicesAgainst, slicesOf } from "./slices.ts";
import {
  asCel,
  type Compares,
  isAgainstChampion,
  type Judged,
  type Reported,
  type Slices,
  type Term,
} from "./special-terms.ts";

export interface TermFacts {
  readonly metrics: Readonly<Record<string, number>>;
  /** By metric: results of the job and the champion, or the sentence why there are none. */
  readonly results?: ReadonlyMap<string, { readonly source: ResultSource; readonly paired: Paired } | string>;
  /** By name: what a report holds, or the sentence why it cannot be read. */
  readonly reports?: ReadonlyMap<string, { readonly file: string; readonly content: unknown } | string>;
  readonly champion?: Readonly<Record<string, number>>;
  /** Comparisons of models that this run has made. */
  readonly comparisons?: ComparisonsOfRun;
}

export interface TermValue {
  /** The value as CEL has it; undefined where it is not known. */
  readonly cel: string | undefined;
  readonly said: string;
  /** Not known, because there is not enough data. */
  readonly undecided?: true;
}

const unknown = (said: string): TermValue => ({ cel: undefined, said });

export function valueOfTerm(term: Term, facts: TermFacts, whose: string): TermValue {
  if (term.kind === "compares") return compared(term, facts, whose);
  if (term.kind === "comparison") return ofComparison(term, facts);
  return term.kind === "slices" ? sliced(term, facts, whose) : reported(term, facts);
}

function ofComparison({ metric, part }: Judged, { comparisons }: TermFacts): TermValue {
  const found = comparisonFor(comparisons, metric);
  if (typeof found === "string") return unknown(found);
  const { detail, data, outcome } = found;
  const said = `The comparison by ${found.metric} on ${data} (${outcome}): ${detail}`;
  const cel = asCel(found[part]);
  // No verdict passes or fails nothing, however the rule is written.
  if (outcome === "notEnoughData") return { cel: undefined, said, undecided: true };
  return cel === undefined ? unknown(`${said} It has no ${part}.`) : { cel, said };
}

function compared({ metric, confidence, margin }: Compares, { results }: TermFacts, whose: string): TermValue {
  const given = results?.get(metric);
  if (given === undefined) return unknown(`There are no results of ${metric} by fold, seed or row.`);
  if (typeof given === "string") return unknown(given);
  const { source, paired } = given;
  const { better, test } = source;
  const question = { better, confidence, margin, test };
  try {
    const found = compare(paired, question);
    const said = sayComparison(found, paired, question, { metric, champion: whose });
    if (found.outcome === "notEnoughData") return { cel: undefined, said, undecided: true };
    return { cel: String(found.outcome === "holds"), said };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return unknown(`The results of ${metric} cannot be compared: ${error.message}`);
  }
}

function sliced(term: Slices, { metrics, champion }: TermFacts, whose: string): TermValue {
  const { prefix, expected, part } = term;
  const better = betterOf(prefix);
  if (better === undefined && part !== "spread" && part !== "count" && part !== "names")
    return unknown(
      `Whether a higher ${prefix} is better is not known by its name, so no slice is the worst or the best.`,
    );
  if (isAgainstChampion(term)) {
    const both = slicesAgainst(metrics, champion ?? {}, { prefix, expected, whose }, better ?? "higher");
    if (typeof both === "string") return unknown(both);
    const cel = asCel(part === "lost" ? both.lost : both.champion);
    return cel === undefined ? unknown(`${both.said} The worst is none of ${whose}.`) : { cel, said: both.said };
  }
  const found = slicesOf(metrics, prefix, expected, better ?? "higher");
  if (typeof found === "string") return unknown(found);
  return { cel: asCel(found[part as keyof typeof found]), said: found.said };
}

function reported({ report, path }: Reported, { reports }: TermFacts): TermValue {
  const given = reports?.get(report);
  if (given === undefined) {
    const names = [...(reports?.keys() ?? [])].join(", ");
    return unknown(`The input reports names no report ${report}; it names ${names || "none"}.`);
  }
  if (typeof given === "string") return unknown(given);
  const written = (steps: readonly (string | number)[]) =>
    steps.map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`)).join("");
  let at: unknown = given.content;
  for (const [depth, step] of path.entries()) {
    const known: unknown = isObject(at) || Array.isArray(at) ? at : undefined;
    const next =
      known !== undefined && Object.hasOwn(known as object, step)
        ? (known as Record<string, unknown>)[step]
        : undefined;
    if (next === undefined) {
      const there = isObject(at)
        ? Object.keys(at).slice(0, 20).join(", ")
        : Array.isArray(at)
          ? `${at.length} items`
          : "no names";
      return unknown(
        `${given.file} has no ${written(path.slice(0, depth + 1)).replace(/^\./, "")}; there it has ${there}.`,
      );
    }
    at = next;
  }
  const cel = asCel(at);
  const name = `reports.${report}${written(path)}`;
  if (cel === undefined)
    return unknown(`${name} is no number, text, yes or no, or list of these that is short enough to compare.`);
  return { cel, said: `${name} is ${cel.length > 200 ? `${cel.slice(0, 200)}...` : cel.replace(/^\((.*)\)$/, "$1")}.` };
}
