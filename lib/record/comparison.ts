// The comparison of two models on the same rows: its section of the record, the section's shape, and its part of the page.
// Tests: test/lib/record/comparison.test.ts
import { cell, code, table } from "./markdown.ts";
import { flag, number, oneOf, section, text } from "./shape.ts";

/** Since version 2 of the record. */
export interface ComparisonSection {
  passed: boolean;
  outcome: "better" | "notWorse" | "worse" | "noDifference" | "notEnoughData" | "noChampion" | "sameModel";
  /** `<model>:<version>`, or the output of a job. */
  challenger: string;
  /** The job that made the challenger, and that of the champion, as the service itself says. */
  challengerJob?: string;
  champion?: string;
  championJob?: string;
  /** `<name>:<version>` of the data that both were scored on. */
  data: string;
  /** `auc`, `accuracy` … */
  metric: string;
  require?: "better" | "notWorse";
  /** Of the interval, such as 0.95. */
  confidence?: number;
  /** Job that scored both. */
  jobName?: string;
  /** True: the job was there already, of an earlier attempt or of another run. */
  isReused?: boolean;
  rows?: number;
  championValue?: number;
  challengerValue?: number;
  /** Challenger minus champion, and the interval of that. */
  difference?: number;
  low?: number;
  high?: number;
  pValue?: number;
  /** The test, by its name. */
  method?: string;
  /** The verdict as a sentence. */
  detail: string;
}

export const comparisonShape = section(
  {
    passed: flag,
    outcome: oneOf("better", "notWorse", "worse", "noDifference", "notEnoughData", "noChampion", "sameModel"),
    challenger: text(),
    challengerJob: text(),
    champion: text(),
    championJob: text(),
    data: text(),
    metric: text(100),
    require: oneOf("better", "notWorse"),
    confidence: number,
    jobName: text(),
    isReused: flag,
    rows: number,
    championValue: number,
    challengerValue: number,
    difference: number,
    low: number,
    high: number,
    pValue: number,
    method: text(500),
    detail: text(),
  },
  "passed",
  "outcome",
  "challenger",
  "data",
  "metric",
  "detail",
);

export function comparisonPart(comparison: ComparisonSection | undefined): string[] {
  if (!comparison) return [];
  const { passed, challenger, champion, data, metric, rows, championValue, challengerValue, detail } = comparison;
  const { difference, low, high, confidence = 0.95, jobName, isReused } = comparison;
  const interval =
    low === undefined || high === undefined
      ? ""
      : ` (${Number((confidence * 100).toPrecision(6))} %: ${low} to ${high})`;
  return [
    `**The challenger ${passed ? "passes" : "does not pass"}**: ${cell(detail)}`,
    table([
      ["Challenger", code(challenger)],
      ["Champion", champion && code(champion)],
      ["Data of both", code(data)],
      ["Rows", rows === undefined ? undefined : String(rows)],
      [`Challenger's ${cell(metric)}`, challengerValue === undefined ? undefined : String(challengerValue)],
      [`Champion's ${cell(metric)}`, championValue === undefined ? undefined : String(championValue)],
      ["Scored", jobName && `by the job ${code(jobName)}${isReused ? ", which was there already" : ""}`],
      ["Difference", difference === undefined ? undefined : `${difference}${interval}`],
    ]),
  ];
}
