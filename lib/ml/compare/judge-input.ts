// Reads how a comparison is judged from the inputs of the task.
// Tests: test/tasks/CompareModels.test.ts
import { TaskError } from "../../errors.ts";
import type { CompareMetric, JudgeOptions } from "./judge-rows.ts";

interface Inputs {
  readonly compareBy: CompareMetric;
  readonly positiveLabel: string | undefined;
  readonly challengerMust: "better" | "notWorse";
  readonly margin: string | undefined;
  readonly confidence: string;
  readonly minimumRows: number;
}

const NUMBER = /^\d{1,9}(\.\d{1,9})?$/;
/** The fewest rows that an input may ask for: below ten, none of these tests can find a difference. */
const FEWEST = 10;

/** @throws TaskError kind `input` that names the input and what it takes */
export function readJudgeOptions(inputs: Inputs): JudgeOptions {
  const { compareBy: metric, positiveLabel, challengerMust: require, minimumRows } = inputs;
  const confidence = numberOf("confidence", inputs.confidence, 0.5, 0.9999, "0.95");
  const margin = require === "notWorse" ? numberOf("margin", inputs.margin ?? "", 1e-9, 1e9, "0.005") : 0;
  if (minimumRows < FEWEST) throw wrong("minimumRows", String(minimumRows), `a whole number from ${FEWEST}`, "100");
  return { metric, positiveLabel, require, margin, confidence, minimumRows };
}

function numberOf(input: string, text: string, least: number, most: number, sample: string): number {
  const value = NUMBER.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw wrong(input, text, input === "margin" ? "a number above 0" : `a number from ${least} to ${most}`, sample);
}

const wrong = (input: string, text: string, wanted: string, sample: string) =>
  new TaskError("input", `Input ${input} is ${JSON.stringify(text.slice(0, 100))}; it must be ${wanted}.`, {
    errorCode: "AML1316",
    hint: `Write it with a point and without separators, as \`${sample}\`.`,
  });
