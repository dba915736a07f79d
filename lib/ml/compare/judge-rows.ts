// The verdict on a comparison: two models' scores of the same rows, by one metric, with the test that fits it. Pure. A difference that chance may
// explain is no improvement, and too few rows are an outcome of their own.
// Tests: test/lib/ml/compare/judge-rows.test.ts
import { TaskError } from "../../errors.ts";
import { cut } from "../../remote-text.ts";
import { percentileInterval, resample } from "../../statistics/bootstrap.ts";
import { deLong, mcNemar, pairedShares } from "../../statistics/classifiers.ts";
import { mean } from "../../statistics/numbers.ts";
import { pairedT } from "../../statistics/paired-scores.ts";
import type { Interval } from "../../statistics/tested.ts";

/** A target or a score; null where it is missing or no finite number. */
export type Cell = number | string | boolean | null;

/** Rows by column: the same place in each is the same row. */
export interface ScoredRows {
  readonly targets: readonly Cell[];
  readonly champion: readonly Cell[];
  readonly challenger: readonly Cell[];
}

export type CompareMetric = "accuracy" | "auc" | "logLoss" | "brier" | "mae" | "mse";

export interface JudgeOptions {
  readonly metric: CompareMetric;
  /** The label that a score is the probability of; 1 or true where the input is empty. */
  readonly positiveLabel?: string | undefined;
  /** The demand on the challenger: to improve, or to be worse by no more than the margin. */
  readonly require: "better" | "notWorse";
  /** In units of the metric; 0 or more. */
  readonly margin: number;
  /** Of the interval, such as 0.95. */
  readonly confidence: number;
  /** Rows below which there is no verdict. */
  readonly minimumRows: number;
}

export type CompareOutcome = "better" | "notWorse" | "worse" | "noDifference" | "notEnoughData";

export interface Verdict {
  readonly outcome: CompareOutcome;
  readonly passed: boolean;
  readonly rows: number;
  /** The metric's values; absent where there are not enough rows. */
  readonly champion?: number;
  readonly challenger?: number;
  /** Challenger minus champion, in units of the metric. */
  readonly difference?: number;
  /** Of the difference. */
  readonly low?: number;
  readonly high?: number;
  /** That a difference as large comes about by chance. */
  readonly pValue?: number;
  readonly method?: string;
  /** All of it in one sentence. */
  readonly sentence: string;
}

interface Measured {
  readonly champion: number;
  readonly challenger: number;
  readonly interval: Interval;
  readonly pValue: number;
  readonly method: string;
}

/** Metrics of which more is better. */
const RISING: ReadonlySet<CompareMetric> = new Set(["accuracy", "auc"]);
const CALLED: Readonly<Record<CompareMetric, string>> = {
  accuracy: "accuracy",
  auc: "AUC",
  logLoss: "log loss",
  brier: "Brier score",
  mae: "mean absolute error",
  mse: "mean squared error",
};
/** Rows up to which the mean of losses is drawn again; above, its distribution is normal enough for a t-test. */
const DRAWN_ROWS = 5_000;
const LEAST_PROBABILITY = 1e-15;
/** With fewer rows of a class, DeLong's variance is hardly known, and the test takes it for known. */
const FEWEST_OF_A_CLASS = 5;

/**
 * Judges the challenger. The interval has two sides, so a model that is no better passes `better` in about half of the error that the confidence
 * leaves.
 * @throws TaskError kind `failed` where a row lacks a target or a score, or they do not fit the metric
 */
export function judgeRows(rows: ScoredRows, options: JudgeOptions): Verdict {
  const { metric, minimumRows } = options;
  const count = rows.targets.length;
  requireWhole(rows);
  const few = (why: string): Verdict => ({
    outcome: "notEnoughData",
    passed: false,
    rows: count,
    sentence: `There is not enough data for a verdict on ${CALLED[metric]}: ${why}.`,
  });
  if (count < minimumRows) return few(`${sayRows(count)}, and the input minimumRows asks for ${minimumRows}`);
  const measured = measure(rows, options);
  return typeof measured === "string" ? few(measured) : verdictOn(measured, count, options);
}

function verdictOn(measured: Measured, rows: number, options: JudgeOptions): Verdict {
  const { metric, confidence, margin, require } = options;
  const { champion, challenger, interval, pValue, method } = measured;
  const { low, high } = interval;
  const sign = RISING.has(metric) ? 1 : -1;
  const [least, most] = sign > 0 ? [low, high] : [-high, -low];
  const isSure = pValue < 1 - confidence;
  const isBetter = least > 0 && isSure;
  const isWithin = margin > 0 && least >= -margin;
  const isWorse = most < 0 && isSure;
  const outcome: CompareOutcome = isBetter ? "better" : isWithin ? "notWorse" : isWorse ? "worse" : "noDifference";
  const isSame = low === 0 && high === 0;
  const passed = isBetter || (require === "notWorse" && (isWithin || isSame));
  const difference = challenger - champion;
  const found = `${CALLED[metric]} ${say(challenger)} against ${say(champion)} of the champion on the same ${sayRows(rows)}: a difference of ${signed(difference)}, ${say(confidence * 100)} % interval ${signed(low)} to ${signed(high)}, p ${pValue < 0.0001 ? "below 0.0001" : say(pValue)} (${method}).`;
  return {
    ...{ outcome, passed, rows, champion, challenger, difference, low, high, pValue, method },
    sentence: `${SENTENCES[outcome](margin)} ${found}`,
  };
}

const SENTENCES: Readonly<Record<Exclude<CompareOutcome, "notEnoughData">, (margin: number) => string>> = {
  better: () => "The challenger is better.",
  worse: () => "The challenger is worse.",
  notWorse: (margin) => `The challenger is worse by no more than the margin of ${say(margin)}.`,
  noDifference: () => "No difference is proven: chance may explain what was found.",
};

/** The test of the metric. @returns a clause where there is too little to test */
function measure(rows: ScoredRows, options: JudgeOptions): Measured | string {
  switch (options.metric) {
    case "accuracy":
      return byAccuracy(rows, options.confidence);
    case "auc":
      return byAuc(rows, options);
    default:
      return byLoss(rows, options);
  }
}

function byAccuracy({ targets, champion, challenger }: ScoredRows, confidence: number): Measured {
  const labels = new Set(targets.map(labelOf));
  for (const [whose, scores] of [
    ["champion", champion],
    ["challenger", challenger],
  ] as const) {
    refuseProbabilities(targets, scores, whose);
    refuseOtherLabels(labels, scores, whose);
  }
  let [both, onlyChampion, onlyChallenger] = [0, 0, 0];
  for (const [at, target] of targets.entries()) {
    const right = labelOf(target as Cell);
    const [old, now] = [labelOf(champion[at] as Cell) === right, labelOf(challenger[at] as Cell) === right];
    if (old && now) both++;
    else if (old) onlyChampion++;
    else if (now) onlyChallenger++;
  }
  const rows = targets.length;
  const isSame = onlyChampion + onlyChallenger === 0;
  return {
    champion: (both + onlyChampion) / rows,
    challenger: (both + onlyChallenger) / rows,
    interval: isSame ? { low: 0, high: 0 } : pairedShares(onlyChallenger, onlyChampion, rows, confidence),
    pValue: mcNemar(onlyChallenger, onlyChampion).exact,
    method: `McNemar's exact test, ${onlyChallenger} rows right by the challenger alone and ${onlyChampion} by the champion alone`,
  };
}

function byAuc(rows: ScoredRows, { confidence, positiveLabel }: JudgeOptions): Measured | string {
  const isPositive = positivesOf(rows.targets, positiveLabel);
  const positives = isPositive.filter(Boolean).length;
  const others = isPositive.length - positives;
  if (Math.min(positives, others) < FEWEST_OF_A_CLASS)
    return `there are ${positives} positive and ${others} other rows, and ${FEWEST_OF_A_CLASS} of each are needed`;
  const tested = deLong(isPositive, numbersOf(rows.challenger, "challenger"), numbersOf(rows.champion, "champion"));
  if (!tested.tested) return tested.why;
  const { first, second, twoSided, interval } = tested;
  return {
    champion: second,
    challenger: first,
    interval: interval(confidence),
    pValue: twoSided,
    method: "DeLong's test",
  };
}

/** By the mean of a loss of each row: its paired difference is drawn again, or tested as normal where the rows are many. */
function byLoss(rows: ScoredRows, options: JudgeOptions): Measured | string {
  const lossOf = lossesOf(rows, options);
  const [old, now] = [lossOf(rows.champion, "champion"), lossOf(rows.challenger, "challenger")];
  const differences = now.map((loss, at) => loss - (old[at] as number));
  const found = { champion: mean(old), challenger: mean(now) };
  if (differences.every((one) => one === 0))
    return { ...found, interval: { low: 0, high: 0 }, pValue: 1, method: "every row is scored alike" };
  if (differences.length > DRAWN_ROWS) {
    const tested = pairedT(differences);
    if (!tested.tested) return tested.why;
    return {
      ...found,
      interval: tested.interval(options.confidence),
      pValue: tested.twoSided,
      method: "paired t-test",
    };
  }
  if (differences.every((one) => one === differences[0]))
    return "every row differs by the same amount, so chance cannot be judged";
  const means = resample(differences.length, (drawn) => {
    let total = 0;
    for (const at of drawn) total += differences[at] as number;
    return total / drawn.length;
  });
  const below = means.filter((one) => one <= 0).length / means.length;
  const above = means.filter((one) => one >= 0).length / means.length;
  // A share of draws that is zero is less than one of them, not nothing.
  const pValue = Math.min(1, 2 * Math.max(Math.min(below, above), 1 / means.length));
  const method = `paired bootstrap, ${means.length.toLocaleString("en-US")} draws with a fixed seed`;
  return { ...found, interval: percentileInterval(means, options.confidence), pValue, method };
}

type Losses = (scores: readonly Cell[], whose: string) => number[];

function lossesOf({ targets }: ScoredRows, { metric, positiveLabel }: JudgeOptions): Losses {
  if (metric === "mae" || metric === "mse") {
    const wanted = numbersOf(targets, "target");
    const loss = (off: number) => (metric === "mae" ? Math.abs(off) : off ** 2);
    return (scores, whose) => numbersOf(scores, whose).map((score, at) => loss(score - (wanted[at] as number)));
  }
  const isPositive = positivesOf(targets, positiveLabel);
  return (scores, whose) =>
    probabilitiesOf(scores, whose).map((score, at) => {
      const off = isPositive[at] ? 1 - score : score;
      return metric === "brier" ? off ** 2 : -Math.log(Math.max(LEAST_PROBABILITY, 1 - off));
    });
}

/** A label as text, so that 1, "1" and 1.0 are one, and true of Python and of JSON. */
const labelOf = (cell: Cell): string => {
  const text = String(cell).trim();
  if (/^(true|false)$/i.test(text)) return text.toLowerCase();
  return text !== "" && Number.isFinite(Number(text)) ? String(Number(text)) : text;
};

function positivesOf(targets: readonly Cell[], positiveLabel: string | undefined): boolean[] {
  const labels = targets.map(labelOf);
  const distinct = [...new Set(labels)].sort();
  const wanted = positiveLabel === undefined ? undefined : labelOf(positiveLabel);
  const positive = wanted ?? distinct.find((one) => one === "1" || one === "true");
  // Of 1 and 2, or of 1 and yes, nobody knows which one scores are of.
  const isPlain = wanted !== undefined || distinct.every((one) => one === positive || /^(0|-1|false)$/.test(one));
  if (
    distinct.length > 2 ||
    positive === undefined ||
    !isPlain ||
    (distinct.length === 2 && !distinct.includes(positive))
  )
    throw unfit(
      `The target has ${distinct.length} labels (${distinct.slice(0, 5).join(", ")}${distinct.length > 5 ? ", …" : ""}), and a metric of probabilities needs two, one of them ${positiveLabel === undefined ? "1 or true beside 0, -1 or false" : JSON.stringify(positiveLabel)}.`,
      "Name the label that the scores are the probability of with the input positiveLabel, or choose the metric accuracy.",
    );
  return labels.map((one) => one === positive);
}

function numbersOf(cells: readonly Cell[], whose: string): number[] {
  return cells.map((cell, at) => {
    const number = typeof cell === "boolean" ? Number(cell) : cell;
    if (typeof number === "number") return number;
    throw unfit(
      `Row ${at + 1} has ${JSON.stringify(String(number).slice(0, 50))} as ${whose === "target" ? "its target" : `the ${whose}'s score`}, and this metric needs a number.`,
      "Choose the metric accuracy for labels, or let the scoring script return a probability.",
    );
  });
}

function probabilitiesOf(cells: readonly Cell[], whose: string): number[] {
  const numbers = numbersOf(cells, whose);
  const at = numbers.findIndex((one) => one < 0 || one > 1);
  if (at < 0) return numbers;
  throw unfit(
    `Row ${at + 1} has ${numbers[at]} as the ${whose}'s score, which is no probability.`,
    "Choose the metric auc, which takes scores of any range, or let the scoring script return probabilities.",
  );
}

/** Scores such as 0.83 never equal a label, so that both models would be wrong everywhere. */
function refuseProbabilities(targets: readonly Cell[], scores: readonly Cell[], whose: string): void {
  const isLabel = targets.every((one) => typeof one !== "number" || Number.isInteger(one));
  const broken = scores.findIndex((one) => typeof one === "number" && !Number.isInteger(one));
  if (!isLabel || broken < 0) return;
  throw unfit(
    `Row ${broken + 1} has ${scores[broken]} as the ${whose}'s score, which is no label.`,
    "Choose the metric auc, logLoss or brier for probabilities, mae or mse for numbers, or let the scoring script return labels.",
  );
}

/** A model whose labels are written in another way is wrong in every row, and any other beats it. */
function refuseOtherLabels(labels: ReadonlySet<string>, scores: readonly Cell[], whose: string): void {
  if (scores.length === 0 || scores.some((one) => labels.has(labelOf(one)))) return;
  const shown = [...labels]
    .sort()
    .slice(0, 5)
    .map((one) => cut(one, 50));
  throw unfit(
    `No score of the ${whose} is one of the target's labels ${shown.join(", ")}${labels.size > 5 ? ", …" : ""}, and the first is ${cut(labelOf(scores[0] as Cell), 50)}.`,
    "Let the model, or the scoring script, return labels as the target column has them.",
  );
}

function requireWhole({ targets, champion, challenger }: ScoredRows): void {
  const columns = [
    ["target", targets],
    ["score of the champion", champion],
    ["score of the challenger", challenger],
  ] as const;
  for (const [called, cells] of columns) {
    const lacking = cells.filter((cell) => cell === null || cell === "").length;
    if (lacking === 0) continue;
    const first = cells.findIndex((cell) => cell === null || cell === "");
    throw unfit(
      `${sayRows(lacking)} of ${cells.length} ${lacking === 1 ? "has" : "have"} no ${called}, or one that is no finite number; the first is row ${first + 1}.`,
      "Leave rows without a target out of the data, and let each model score every row.",
    );
  }
}

const unfit = (sentence: string, hint: string) => new TaskError("failed", sentence, { errorCode: "AML1521", hint });

const say = (value: number): string => String(Number(value.toPrecision(4)));
const signed = (value: number): string => (value > 0 ? `+${say(value)}` : say(value));
const sayRows = (rows: number): string => `${rows.toLocaleString("en-US")} ${rows === 1 ? "row" : "rows"}`;
