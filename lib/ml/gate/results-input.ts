// The input results: where the results by fold, seed or row of a metric are, one metric a line. Pure.
// Tests: test/lib/ml/gate/results-input.test.ts
import { TaskError } from "../../errors.ts";
import { readLines } from "../../lines.ts";
import type { Better, RowMetricName } from "../../statistics/row-metrics.ts";

export interface ResultSource {
  readonly metric: string;
  /** A file among the artifacts of the run, or the history of the metric. */
  readonly from: { readonly file: string } | "history";
  readonly by: "folds" | "seeds" | "rows";
  readonly better: Better;
  /** Test rows to training rows, of folds. */
  readonly testToTrain: number;
  readonly test: "t" | "wilcoxon";
  /** The metric that rows are judged by; `value` is the mean of the column value. */
  readonly rowMetric: RowMetricName | "auc" | "value";
  /** Columns, of a file. */
  readonly columns: {
    readonly label?: string;
    readonly prediction?: string;
    readonly value?: string;
    readonly key?: string;
  };
  /** The label that counts as positive; 1 or true where it is not said. */
  readonly positive?: string;
}

const KINDS: readonly (readonly [RegExp, RowMetricName | "auc"])[] = [
  [/(^|_)(auc|roc_auc|auroc)($|_)/, "auc"],
  [/(^|_)(accuracy|acc)($|_)/, "accuracy"],
  [/(^|_)f1($|_)/, "f1"],
  [/(^|_)precision($|_)/, "precision"],
  [/(^|_)recall($|_)/, "recall"],
  [/(^|_)(rmse|root_mean_squared_error)($|_)/, "rmse"],
  [/(^|_)(mae|mean_absolute_error)($|_)/, "mae"],
  [/(^|_)(mse|mean_squared_error)($|_)/, "mse"],
  [/(^|_)(r2|r2_score)($|_)/, "r2"],
  [/(^|_)(log_?loss)($|_)/, "log_loss"],
  [/(^|_)brier($|_)/, "brier"],
];
const LOWER = /(^|_)(loss|error|rmse|mae|mse|mape|smape|brier|perplexity|wer|cer|latency|log_?loss)($|_)/;
const HIGHER = /(^|_)(score|bleu|rouge|ndcg|map|mrr|iou|dice|kappa|mcc|spearman|pearson|average_precision)($|_)/;
/** Words that turn a metric round, or make its spread of it: scikit-learn's neg_log_loss, a gap between slices. */
const TURNED = new RegExp(
  `(^|_)(${[
    ...["neg", "negative", "inv", "inverse", "minus", "gap", "drop", "std", "stdev", "stddev", "sd", "var"],
    ...[
      "variance",
      "spread",
      "range",
      "diff",
      "difference",
      "delta",
      "change",
      "disparity",
      "reduction",
      "improvement",
    ],
    ...["gain", "degradation", "regret", "fpr", "fnr", "drift", "anomaly", "outlier", "risk", "toxicity", "bias"],
  ].join("|")})($|_)`,
);

const plain = (metric: string) => metric.toLowerCase().replace(/[^a-z0-9]+/g, "_");

/** The row metric that a metric's name says; undefined where it says none. */
const kindOf = (metric: string) =>
  TURNED.test(plain(metric)) ? undefined : KINDS.find(([pattern]) => pattern.test(plain(metric)))?.[1];

/** The direction that a metric's name says; undefined where it says none. */
export function betterOf(metric: string): Better | undefined {
  if (TURNED.test(plain(metric))) return undefined;
  if (LOWER.test(plain(metric))) return "lower";
  return kindOf(metric) !== undefined || HIGHER.test(plain(metric)) ? "higher" : undefined;
}

const OPTIONS = ["by", "ratio", "label", "prediction", "score", "value", "key", "positive", "better", "test", "as"];
const EXAMPLE =
  "Write auc: outputs/predictions.csv label=y score=p, accuracy: outputs/predictions.parquet label=y prediction=answer, " +
  "pinball: outputs/losses.csv value=loss key=id better=lower, or auc: history by=folds ratio=1/9.";

/**
 * Reads the input results.
 * @throws TaskErrors kind `input` that name the line and what it lacks
 */
export function parseResults(text: string): ResultSource[] {
  const sources = readLines(text, readSource);
  const twice = sources.find(({ metric }, at) => sources.findIndex((one) => one.metric === metric) < at);
  if (twice) throw refuse(`it has two lines for the metric ${twice.metric}`);
  return sources;
}

function refuse(why: string, line?: number): TaskError {
  const where = line === undefined ? "" : `, line ${line}`;
  return new TaskError("input", `Input results${where}: ${why}.`, { errorCode: "AML1511", hint: EXAMPLE });
}

function readSource(text: string, line: number): ResultSource {
  const [, metric = "", rest = ""] = /^(.+?):\s+(.+)$/.exec(text) ?? [];
  if (metric === "") throw refuse(`${text} names no metric before a colon`, line);
  const words = [...rest.matchAll(/(?:[^\s"]|"[^"]*")+/g)].map(([word]) => word.replaceAll('"', ""));
  const [place = "", ...written] = words;
  const given = new Map<string, string>();
  for (const word of written) {
    const [, name = "", value = ""] = /^(\w+)=(.+)$/.exec(word) ?? [];
    if (!OPTIONS.includes(name)) throw refuse(`${word} is none of ${OPTIONS.map((one) => `${one}=`).join(", ")}`, line);
    if (given.has(name)) throw refuse(`it has ${name}= twice`, line);
    given.set(name, value);
  }
  const chosen = <T extends string>(name: string, among: readonly T[]): T | undefined => {
    const value = given.get(name);
    if (value === undefined || among.includes(value as T)) return value as T | undefined;
    throw refuse(`${name}=${value} is none of ${among.join(", ")}`, line);
  };
  const isHistory = place === "history";
  const by =
    chosen("by", ["folds", "seeds", "rows"]) ?? (given.has("label") || given.has("value") ? "rows" : undefined);
  if (by === undefined)
    throw refuse(`${metric} does not say what its values stand for: by=folds, by=seeds or by=rows`, line);
  if (isHistory && by === "rows") throw refuse("a history has no rows; write by=folds or by=seeds", line);
  if (!isHistory && !isPath(place)) throw refuse(`${place} is no path of a file among the job's artifacts`, line);
  if (given.has("score") && given.has("prediction"))
    throw refuse("score= and prediction= are two names of one column; write one of them", line);
  const idle = idleOf(given, by, isHistory);
  if (idle !== undefined) throw refuse(`${idle[0]}= says nothing here: it belongs to ${idle[1]}`, line);
  const as = chosen("as", [...KINDS.map(([, kind]) => kind), "value" as const]);
  const rowMetric = given.has("value") ? "value" : (as ?? kindOf(metric));
  if (by === "rows" && rowMetric === undefined)
    throw refuse(
      `the name ${metric} does not say which metric it is; write as=auc, as=rmse or another, or value=`,
      line,
    );
  const isComputed = by === "rows" && rowMetric !== undefined && rowMetric !== "value";
  const natural = betterOf(isComputed ? rowMetric : (as ?? metric));
  const better = chosen("better", ["higher", "lower"]) ?? natural;
  if (isComputed && better !== natural)
    throw refuse(`a ${natural} ${rowMetric} of rows is better, and better=${better} says otherwise`, line);
  if (better === undefined)
    throw refuse(`nothing says whether a higher ${metric} is better; write better=higher or better=lower`, line);
  const test = chosen("test", ["t", "wilcoxon"]) ?? "t";
  const testToTrain = by === "folds" ? ratioOf(given.get("ratio"), metric, line) : 0;
  if (test === "wilcoxon" && testToTrain > 0)
    throw refuse(
      "Wilcoxon's test does not know of training sets that overlap; write by=seeds, or leave test= out",
      line,
    );
  const [label, value, key] = [given.get("label"), given.get("value"), given.get("key")];
  const prediction = given.get("score") ?? given.get("prediction");
  if (by === "rows" && value === undefined && (label === undefined || prediction === undefined))
    throw refuse(
      `${metric} by rows needs label= and ${rowMetric === "auc" ? "score=" : "prediction="}, or value=`,
      line,
    );
  if (by === "rows" && value !== undefined && key === undefined)
    throw refuse("values of rows are paired by a column: write key=", line);
  return {
    ...{ metric, from: isHistory ? "history" : { file: place }, by, better, testToTrain, test },
    rowMetric: rowMetric ?? "value",
    columns: {
      ...(label === undefined ? {} : { label }),
      ...(prediction === undefined ? {} : { prediction }),
      ...(value === undefined ? {} : { value }),
      ...(key === undefined ? {} : { key }),
    },
    ...(given.has("positive") ? { positive: given.get("positive") as string } : {}),
  };
}

/** An option that would be ignored, with what it belongs to. */
function idleOf(given: ReadonlyMap<string, string>, by: ResultSource["by"], isHistory: boolean) {
  const isRows = by === "rows";
  const isLabelled = isRows && !given.has("value");
  const places: readonly (readonly [name: string, counts: boolean, place: string])[] = [
    ["ratio", by === "folds", "by=folds"],
    ["test", !isRows, "by=seeds and by=folds"],
    ["key", isRows, "rows"],
    ["value", !isHistory, "files"],
    ["positive", isLabelled, "rows with label="],
    ...["label", "prediction", "score"].map((name) => [name, isLabelled, "rows without value="] as const),
  ];
  const idle = places.find(([name, counts]) => given.has(name) && !counts);
  return idle && ([idle[0], idle[2]] as const);
}

const isPath = (path: string) =>
  path !== "" && !path.startsWith("/") && !path.includes("\\") && !path.split("/").includes("..");

/** `1/9` or `0.25`; folds of independent training sets have 0. */
function ratioOf(text: string | undefined, metric: string, line: number): number {
  const [, above = "", below = "1"] = /^(\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?$/.exec(text ?? "") ?? [];
  const ratio = Number(above) / Number(below);
  if (above !== "" && Number.isFinite(ratio) && ratio <= 100) return ratio;
  throw refuse(
    `${metric} by folds needs the ratio of test rows to training rows: ratio=1/9 for ten folds, ratio=0.25 for splits of 80 to 20`,
    line,
  );
}
