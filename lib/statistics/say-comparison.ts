// Sentences about a comparison: both values, the difference with its interval, the test, and the improvement that as much data would show. Pure.
// Tests: test/lib/statistics/comparison.test.ts
import type { Comparison, Paired, Question } from "./paired.ts";

export interface Said {
  /** The metric's name: auc. */
  readonly metric: string;
  /** The champion's name: the champion breast-cancer:3. */
  readonly champion: string;
}

const UNITS = { folds: "folds", seeds: "seeds", rows: "rows", values: "rows" } as const;

/** One or two sentences, the same for each order of the pairs. */
export function sayComparison(found: Comparison, { by }: Pick<Paired, "by">, asked: Question, said: Said): string {
  const { outcome, betterBy, interval, pValue, effectSize, detectable, pairs, test, why } = found;
  const values = Number.isFinite(betterBy)
    ? `${said.metric} is ${digits(found.challenger)} against ${digits(found.champion)} of ${said.champion}`
    : `${said.metric} was compared with ${said.champion}`;
  if (outcome === "notEnoughData") return `Not enough data: ${why}. ${capital(values)}.`;
  const { margin, confidence } = asked;
  const difference =
    betterBy === 0 ? "no difference" : `${betterBy > 0 ? "better" : "worse"} by ${digits(Math.abs(betterBy))}`;
  const wide =
    interval && `${percent(2 * confidence - 1)} interval ${digits(interval.low)} to ${digits(interval.high)}`;
  const tested = `${test} over ${pairs.toLocaleString("en-US")} ${UNITS[by]}`;
  const p = pValue === undefined ? [] : [`p = ${pValue < 1e-4 ? pValue.toExponential(1) : pValue.toFixed(4)}`];
  const effect =
    effectSize === undefined ? [] : [`${test.includes("McNemar") ? "odds" : "effect size"} ${digits(effectSize)}`];
  const how = [wide, tested, ...p, ...effect].filter((one) => one !== undefined).join("; ");
  const sure = `${percent(confidence)} confidence`;
  if (outcome === "holds") {
    const bound =
      margin < 0 ? `with ${sure} worse by less than ${digits(-margin)}` : `with ${sure} by more than ${digits(margin)}`;
    return `${values}: ${difference}, ${bound} (${how}).`;
  }
  const doubt =
    margin < 0
      ? `being worse by ${digits(-margin)} is not excluded with ${sure}`
      : margin > 0
        ? `not with ${sure} by more than ${digits(margin)}`
        : betterBy > 0
          ? `which chance may explain at ${sure}`
          : `which is no improvement`;
  const power =
    detectable === undefined || margin < 0 || !(detectable > 0)
      ? ""
      : ` As much data shows an improvement of ${digits(detectable)} in 8 of 10 cases.`;
  return `${values}: ${difference}, ${doubt} (${how}).${power}`;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const digits = (value: number) => String(Number(value.toPrecision(4)));
const percent = (share: number) => `${Number((share * 100).toPrecision(6))} %`;
