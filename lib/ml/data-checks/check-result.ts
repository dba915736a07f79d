// The result of a check of data, and the words that several checks use. Pure.
// Tests: test/lib/ml/data-checks/judge-data.test.ts

import { cut } from "../../remote-text.ts";

export interface CheckResult {
  /** The same in every run: "rows", "age: at most 120", "distributions as in the baseline". */
  readonly rule: string;
  readonly outcome: "passed" | "failed" | "skipped";
  readonly detail: string;
}

export const passed = (rule: string, detail: string): CheckResult => ({ rule, outcome: "passed", detail });
export const failed = (rule: string, detail: string): CheckResult => ({ rule, outcome: "failed", detail });
export const skipped = (rule: string, detail: string): CheckResult => ({ rule, outcome: "skipped", detail });
export const decided = (rule: string, holds: boolean, detail: string): CheckResult =>
  (holds ? passed : failed)(rule, detail);

/** Things that are named in a sentence. */
const MOST_NAMED = 20;
const LONGEST_NAMED = 500;

export function named(names: readonly string[], separator = ", "): string {
  // Names are those of a file that somebody else may have written.
  const shown = names
    .slice(0, MOST_NAMED)
    .map((name) => cut(name.replace(/\s+/g, " "), LONGEST_NAMED))
    .join(separator);
  return names.length > MOST_NAMED ? `${shown}${separator}and ${names.length - MOST_NAMED} more` : shown;
}

/** "1 column", "2 columns". */
export const counted = (count: number, word: string): string => `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;

export const grouped = (count: number): string => Math.round(count).toLocaleString("en-US");

/** As many digits as tell it from a limit, and no more. */
export const small = (value: number): string => String(Number(value.toPrecision(4)));

export const percent = (share: number): string => `${small(share * 100)} %`;
