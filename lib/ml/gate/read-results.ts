// Reads paired results of a job and its champion: by fold and seed from a metric's history or a file, by row from files of the same rows.
// Tests: test/lib/ml/gate/read-results.test.ts
import { TaskError } from "../../errors.ts";
import { isObject } from "../../plain-objects.ts";
import { cut } from "../../remote-text.ts";
import type { Paired } from "../../statistics/paired.ts";
import { type ByteSource, numbersOf, openTable, readColumns, type Value } from "../../tables/index.ts";
import { whyNoJson, withoutMark } from "./reports-input.ts";
import type { ResultSource } from "./results-input.ts";

/** One side's results: scores of folds or seeds, or rows. */
export interface SideOfResults {
  readonly scores?: readonly number[];
  readonly labels?: readonly Value[];
  readonly predictions?: readonly number[] | readonly Value[];
  readonly keys?: readonly string[];
}

/** Rows that are held in memory and ranked: areas under the curve take some 700 MB for so many. */
const MOST_ROWS = 1_000_000;
/** Largest JSON file of scores, in bytes. */
const LARGEST_JSON = 1024 * 1024;

const refuse = (file: string, why: string) =>
  new TaskError("failed", `The results in ${file} cannot be compared: ${why}.`, {
    errorCode: "AML1511",
    hint: "Both jobs write the same rows, or folds, to a file of the same name; the input results names its columns.",
  });

/**
 * Reads a file of results.
 * @throws TaskError where the file, a column or a value is not as the input results says
 */
export async function readSide(source: ResultSource, file: ByteSource): Promise<SideOfResults> {
  const { columns, by } = source;
  if (/\.json$/i.test(file.name)) {
    if (by === "rows") throw refuse(file.name, "rows are read from CSV, JSON lines or Parquet");
    return { scores: await scoresOf(source, file) };
  }
  const names = Object.values(columns);
  const used = by === "rows" ? names : [columns.value ?? source.metric];
  const read = await readColumns(await openTable(file), file.name, used, MOST_ROWS);
  const column = (name: string) => read.get(name) as (Value | undefined)[];
  if (by !== "rows") return { scores: numbersOf(column(used[0] as string), file.name, used[0] as string) };
  const numbers = (name: string) => numbersOf(column(name), file.name, name);
  const { key, label, prediction, value } = columns;
  const present = (name: string) =>
    column(name).map((one, row) => {
      if (one !== undefined && one !== null && one !== "") return one;
      throw refuse(file.name, `row ${row + 1} has nothing in its column ${name}`);
    });
  const keys = key === undefined ? {} : { keys: present(key).map(wordOf) };
  if (value !== undefined) return { ...keys, predictions: numbers(value) };
  const isClass = ["accuracy", "f1", "precision", "recall"].includes(source.rowMetric);
  const predictions = isClass ? present(prediction as string) : numbers(prediction as string);
  return { ...keys, labels: present(label as string), predictions };
}

/** `[0.81, 0.79]`, or `{"auc": [0.81, 0.79]}`. */
async function scoresOf({ metric }: ResultSource, file: ByteSource): Promise<number[]> {
  if (file.size > LARGEST_JSON) throw refuse(file.name, `it has more than ${LARGEST_JSON} bytes`);
  const text = Buffer.from(await file.read(0, file.size)).toString("utf8");
  let read: unknown;
  try {
    read = JSON.parse(withoutMark(text));
  } catch (error) {
    if (error instanceof TaskError) throw error;
    throw refuse(file.name, whyNoJson(text));
  }
  const list = isObject(read) ? read[metric] : read;
  if (!Array.isArray(list))
    throw refuse(file.name, `it has no list of numbers${isObject(read) ? ` named ${metric}` : ""}`);
  const wrong = list.find((one) => typeof one !== "number" || !Number.isFinite(one));
  if (wrong !== undefined) throw refuse(file.name, `${JSON.stringify(wrong)} is no finite number`);
  return list as number[];
}

/** 1, 1.0, "1" and true are one label in files of any format. */
function wordOf(value: Value): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  const text = value instanceof Date ? value.toISOString() : String(value).trim();
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === "true" ? "1" : "0";
  const number = text === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(number)) return text;
  // Longer keys than a double holds would collapse.
  return /^[+-]?\d+$/.test(text) && !Number.isSafeInteger(number)
    ? String(BigInt(text.replace(/^\+/, "")))
    : String(number);
}

/**
 * Pairs both sides.
 * @param where what both are read from, for sentences
 * @throws TaskError where they are not the same folds or rows
 */
export function pairResults(source: ResultSource, where: string, job: SideOfResults, champion: SideOfResults): Paired {
  if (source.by !== "rows") {
    const [challenger, other] = [job.scores ?? [], champion.scores ?? []];
    if (challenger.length !== other.length)
      throw refuse(where, `the job has ${challenger.length} ${source.by} and the champion ${other.length}`);
    return source.by === "folds"
      ? { by: "folds", testToTrain: source.testToTrain, challenger, champion: other }
      : { by: "seeds", challenger, champion: other };
  }
  const theirs = orderOf(where, job, champion);
  const other = theirs.map((at) => champion.predictions?.[at] as Value);
  const own = (job.predictions ?? []) as readonly Value[];
  if (source.rowMetric === "value") return { by: "values", challenger: own as number[], champion: other as number[] };
  const labels = (job.labels ?? []).map(wordOf);
  const differ = theirs.findIndex((at, row) => wordOf(champion.labels?.[at] as Value) !== labels[row]);
  if (differ >= 0) {
    const said = `row ${differ + 1} has the label ${labels[differ]} in one file and ${wordOf(champion.labels?.[theirs[differ] as number] as Value)} in the other`;
    throw refuse(where, `${said}, so these are not the same rows; write key= where they stand in another order`);
  }
  const { rowMetric: metric } = source;
  const asNumbers = numbering(source, where, labels);
  return {
    ...{ by: "rows", metric, labels: asNumbers.labels },
    challenger: asNumbers.predictions(own, "the job"),
    champion: asNumbers.predictions(other, "the champion"),
  };
}

/** For each row of the job, the place of the same row of the champion. */
function orderOf(where: string, job: SideOfResults, champion: SideOfResults): number[] {
  const [own, other] = [job.predictions?.length ?? 0, champion.predictions?.length ?? 0];
  if (own !== other) throw refuse(where, `the job has ${own} rows and the champion ${other}`);
  if (job.keys === undefined || champion.keys === undefined) return Array.from({ length: own }, (_, at) => at);
  const places = new Map(champion.keys.map((key, at) => [key, at]));
  if (places.size < other || new Set(job.keys).size < own)
    throw refuse(where, "a value of the key stands in more than one row");
  return job.keys.map((key) => {
    const at = places.get(key);
    if (at === undefined) throw refuse(where, `the champion has no row whose key is ${JSON.stringify(key)}`);
    return at;
  });
}

/** Labels as numbers: classes of accuracy by their place, positives as 1, and numbers as they are. */
function numbering({ rowMetric, positive }: ResultSource, where: string, words: readonly string[]) {
  const numbers = (values: readonly Value[]) => values.map(Number);
  if (["mae", "mse", "rmse", "r2"].includes(rowMetric)) return { labels: words.map(Number), predictions: numbers };
  const kinds = [...new Set(words)];
  // A model whose labels are written in another way, or that gives probabilities, is wrong in every row, and any other beats it.
  const answers = (values: readonly Value[], whose: string): string[] => {
    const given = values.map(wordOf);
    if (given.length === 0 || given.some((word) => kinds.includes(word))) return given;
    const [shown, first] = [some(kinds), some(given.slice(0, 1))];
    const why = `no prediction of ${whose} is one of the labels ${shown}, and the first is ${first}`;
    throw refuse(where, `${why}, so its labels are written in another way, or are none`);
  };
  if (rowMetric === "accuracy") {
    const places = new Map<string, number>();
    const place = (word: string) => places.get(word) ?? (places.set(word, places.size).get(word) as number);
    return {
      labels: words.map(place),
      predictions: (values: readonly Value[], whose: string) => answers(values, whose).map(place),
    };
  }
  const sought = wordOf(positive ?? "1");
  // Of 1 and 2, or of 1 and yes, nobody knows which one scores are of.
  const isPlain = kinds.every((word) => word === sought || word === "0" || word === "-1") && kinds.length <= 2;
  const isTaken = kinds.includes(sought) && (positive !== undefined || isPlain);
  if (!isTaken && kinds.length > 1) {
    throw refuse(where, `${rowMetric} needs to know the positive label; there are ${some(kinds)}; write positive=`);
  }
  const isPositive = (word: string) => (word === sought ? 1 : 0);
  const labels = words.map(isPositive);
  if (rowMetric === "auc") return { labels, predictions: numbers };
  if (rowMetric === "log_loss" || rowMetric === "brier")
    return {
      labels,
      predictions: (values: readonly Value[], whose: string) => {
        const scores = numbers(values);
        const row = scores.findIndex((one) => one < 0 || one > 1);
        if (row < 0) return scores;
        throw refuse(where, `row ${row + 1} of ${whose} has the score ${scores[row]}, which is no probability`);
      },
    };
  return { labels, predictions: (values: readonly Value[], whose: string) => answers(values, whose).map(isPositive) };
}

/** A list for a sentence, cut: labels are texts of others. */
const some = (words: readonly string[]) =>
  words
    .slice(0, 10)
    .map((word) => cut(word, 50))
    .join(", ");
