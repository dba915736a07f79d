// Comparison of a challenger with a champion by paired results: whether one is better than the other by more than chance, by how much, and
// how sure that is. Not enough data is an outcome of its own. The order of the pairs makes no difference. Pure.
// Tests: test/lib/statistics/comparison.test.ts, test/lib/statistics/error-rates.test.ts
import { deLong, mcNemar, pairedShares } from "./classifiers.ts";
import { compareMetric } from "./compare-metric.ts";
import { differences, mean, standardDeviation } from "./numbers.ts";
import type { Comparison, Paired, Question } from "./paired.ts";
import { correctedT, pairedT, wilcoxon } from "./paired-scores.ts";
import { MEAN, ROW_METRICS } from "./row-metrics.ts";
import { normalQuantile, tQuantile } from "./tails.ts";
import type { Difference, Interval, Untested } from "./tested.ts";

/** Fewest pairs: below, no test says anything that may be relied on. */
const FEWEST = { folds: 3, seeds: 3, rows: 30, values: 30, ofEachClass: 10 } as const;

/** The share of cases in which a detectable improvement shows. */
const POWER = 0.8;

/**
 * Compares paired results.
 * @throws RangeError where lists differ in length, hold a value that is no finite number, or the confidence is none
 */
export function compare(given: Paired, question: Question): Comparison {
  check(given, question);
  const paired = inOrder(given);
  const found = compared(paired, question);
  const { challenger, champion } = found;
  const betterBy = question.better === "higher" ? challenger - champion : champion - challenger;
  return { ...found, betterBy: betterBy === 0 ? 0 : betterBy };
}

type Found = Omit<Comparison, "betterBy">;

function compared(paired: Paired, question: Question): Found {
  if (paired.by === "folds" || paired.by === "seeds") return compareScores(paired, question);
  const pairs = paired.challenger.length;
  if (paired.by === "values") {
    const means = { challenger: mean(paired.challenger), champion: mean(paired.champion) };
    if (pairs < FEWEST.values) return { ...means, ...few(pairs, FEWEST.values, "rows"), test: "paired bootstrap" };
    return compareMetric(MEAN, { ...paired, labels: paired.challenger }, question);
  }
  if (paired.metric === "auc") return compareAreas(paired, question);
  if (paired.metric === "accuracy") return compareAnswers(paired, question);
  const metric = ROW_METRICS[paired.metric];
  const found = pairs === 0 ? undefined : compareMetric(metric, paired, question);
  if (found !== undefined && pairs >= FEWEST.rows) return found;
  const { challenger = Number.NaN, champion = Number.NaN } = found ?? {};
  return { challenger, champion, ...few(pairs, FEWEST.rows, "rows"), test: "paired bootstrap" };
}

const few = (pairs: number, fewest: number, what: string) => ({
  ...{ outcome: "notEnoughData" as const, pairs },
  why: `there are ${pairs} ${what}, and ${fewest} are needed`,
});

/** Folds and seeds: t-tests, or Wilcoxon's. */
function compareScores(paired: Extract<Paired, { by: "folds" | "seeds" }>, question: Question): Found {
  const { confidence, margin, better } = question;
  const pairs = paired.challenger.length;
  const up = better === "higher" ? 1 : -1;
  const d = differences(paired.challenger, paired.champion).map((value) => up * value);
  const beyond = differences(
    d,
    d.map(() => margin),
  );
  const corrected = paired.by === "folds" && paired.testToTrain > 0;
  const name =
    question.test === "wilcoxon"
      ? "Wilcoxon signed rank test"
      : corrected
        ? "corrected resampled t-test"
        : "paired t-test";
  const means = { challenger: mean(paired.challenger), champion: mean(paired.champion), test: name };
  if (pairs < FEWEST[paired.by]) return { ...means, ...few(pairs, FEWEST[paired.by], paired.by) };
  if (d.every((value) => value === 0)) return { ...means, pairs, ...equal(margin) };
  const t = paired.by === "folds" ? correctedT(beyond, paired.testToTrain) : pairedT(beyond);
  if (!t.tested) return { ...means, outcome: "notEnoughData", pairs, why: t.why };
  const interval = shifted(t.interval(2 * confidence - 1), margin);
  const spread = standardDeviation(d);
  const effectSize = spread === 0 ? 0 : mean(d) / spread;
  const reach = tQuantile(confidence, pairs - 1) + tQuantile(POWER, pairs - 1);
  const measured = { ...means, pairs, effectSize, detectable: margin + reach * t.standardError };
  if (question.test !== "wilcoxon")
    return { ...measured, interval, pValue: t.greater, outcome: verdict(t.greater, confidence) };
  const ranked = wilcoxon(beyond);
  if (!ranked.tested) return { ...means, outcome: "notEnoughData", pairs, why: ranked.why };
  const used = beyond.filter((value) => value !== 0).length;
  // With so few pairs the test reaches the confidence not even where each of them is better.
  if (used > 0 && 2 ** -used > 1 - confidence) {
    const why = `${used} pairs that differ cannot reach a confidence of ${confidence}`;
    return { ...means, outcome: "notEnoughData", pairs, why };
  }
  return { ...measured, interval, pValue: ranked.greater, outcome: verdict(ranked.greater, confidence) };
}

/** Equal results in every pair: no difference, and none that chance could have hidden. */
const equal = (margin: number) => ({
  ...{ interval: { low: 0, high: 0 }, pValue: 1, effectSize: 0 },
  outcome: margin < 0 ? ("holds" as const) : ("doesNotHold" as const),
});

const verdict = (p: number, confidence: number) => (p <= 1 - confidence + 1e-12 ? "holds" : "doesNotHold");
const shifted = ({ low, high }: Interval, by: number): Interval => ({ low: low + by, high: high + by });

type Rows = Extract<Paired, { by: "rows" }>;

/** Right and wrong answers: McNemar's exact test, and the interval of Bonett and Price for a margin. */
function compareAnswers({ challenger, champion, labels }: Rows, { confidence, margin }: Question): Found {
  const pairs = labels.length;
  const right = (values: readonly number[]) => labels.map((label, at) => label === values[at]);
  const [one, other] = [right(challenger), right(champion)];
  const share = (answers: readonly boolean[]) => answers.filter(Boolean).length / pairs;
  const both = { challenger: share(one), champion: share(other), test: "McNemar's exact test" };
  if (pairs < FEWEST.rows) return { ...both, ...few(pairs, FEWEST.rows, "rows") };
  const onlyOne = one.filter((is, at) => is && !other[at]).length;
  const onlyOther = other.filter((is, at) => is && !one[at]).length;
  const interval = pairedShares(onlyOne, onlyOther, pairs, 2 * confidence - 1);
  const pValue = mcNemar(onlyOne, onlyOther).greater;
  const standardError = Math.sqrt((onlyOne + onlyOther + 2) / (pairs + 2) / (pairs + 2));
  const detectable = Math.max(0, margin) + (normalQuantile(confidence) + normalQuantile(POWER)) * standardError;
  const measured = { ...both, pairs, interval, effectSize: (onlyOne + 0.5) / (onlyOther + 0.5), detectable };
  if (margin === 0) return { ...measured, pValue, outcome: verdict(pValue, confidence) };
  return { ...measured, test: "interval of paired shares", outcome: interval.low > margin ? "holds" : "doesNotHold" };
}

/** Areas under the ROC curve: DeLong's test. */
function compareAreas({ challenger, champion, labels }: Rows, { confidence, margin, better }: Question): Found {
  const test = "DeLong's test";
  const pairs = labels.length;
  const isPositive = labels.map((label) => label === 1);
  const positive = isPositive.filter(Boolean).length;
  const found = deLong(isPositive, challenger, champion);
  const areas = found.tested
    ? { challenger: found.first, champion: found.second }
    : { challenger: Number.NaN, champion: Number.NaN };
  if (Math.min(positive, pairs - positive) < FEWEST.ofEachClass) {
    const why = `there are ${positive} positive and ${pairs - positive} other rows, and ${FEWEST.ofEachClass} of each are needed`;
    return { ...areas, test, pairs, outcome: "notEnoughData", why };
  }
  return { ...areas, ...byNormal(found, pairs, { confidence, margin, better }), test, pairs };
}

/** The verdict of a difference whose error is normal. */
function byNormal(found: Difference | Untested, pairs: number, { confidence, margin, better }: Question) {
  if (!found.tested) return { outcome: "notEnoughData" as const, why: found.why };
  const { difference, standardError } = found;
  if (standardError === 0) return equal(margin);
  const away = better === "higher" ? difference : -difference;
  const reach = normalQuantile(confidence) * standardError;
  const interval = { low: away - reach, high: away + reach };
  return {
    outcome: interval.low > margin ? ("holds" as const) : ("doesNotHold" as const),
    interval,
    ...(margin === 0 ? { pValue: better === "higher" ? found.greater : 1 - found.greater } : {}),
    effectSize: away / (standardError * Math.sqrt(pairs)),
    detectable: margin + (normalQuantile(confidence) + normalQuantile(POWER)) * standardError,
  };
}

function check(paired: Paired, { confidence, margin }: Question): void {
  const lists = [paired.challenger, paired.champion, ...(paired.by === "rows" ? [paired.labels] : [])];
  const [length] = lists.map((list) => list.length);
  if (lists.some((list) => list.length !== length))
    throw new RangeError(
      `The lists have ${lists.map((list) => list.length).join(" and ")} values, which are no pairs.`,
    );
  const wrong = lists.flat().find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new RangeError(`A value is ${wrong}, which is no finite number.`);
  if (!(confidence > 0.5 && confidence < 1))
    throw new RangeError(`The confidence ${confidence} is not between 0.5 and 1.`);
  if (!Number.isFinite(margin)) throw new RangeError(`The margin ${margin} is no finite number.`);
}

/** The same pairs in an order of their own, so that sums and draws do not depend on the order of files. */
function inOrder<T extends Paired>(paired: T): T {
  const labels = paired.by === "rows" ? paired.labels : [];
  const { challenger, champion } = paired;
  const order = challenger.map((_, at) => at);
  const by = (list: readonly number[], a: number, b: number) => (list[a] ?? 0) - (list[b] ?? 0);
  order.sort((a, b) => by(labels, a, b) || by(challenger, a, b) || by(champion, a, b));
  const sorted = (list: readonly number[]) => order.map((at) => list[at] as number);
  return {
    ...paired,
    challenger: sorted(challenger),
    champion: sorted(champion),
    ...(paired.by === "rows" ? { labels: sorted(labels) } : {}),
  };
}
