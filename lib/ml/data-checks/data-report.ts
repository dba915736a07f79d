// The record's section on checked data: each check, and the profile of each column. Pure.
// Tests: test/tasks/check-data.test.ts
import { cut } from "../../remote-text.ts";
import type { ColumnSummary } from "../../tables/index.ts";
import { shareOfNulls } from "./baseline-checks.ts";
import { type CheckResult, counted, grouped, percent } from "./check-result.ts";
import { type ColumnDrift, isCategorical } from "./column-drift.ts";
import type { DataToJudge, JudgedData } from "./judge-data.ts";

export interface DataReport {
  readonly data: string;
  readonly baseline?: string;
  /** Why there is no baseline, as a clause. */
  readonly noBaseline?: string;
  readonly passed: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
  readonly baselineRows?: number;
  /** Share of the rows that repeat an earlier one. */
  readonly duplicates: number;
  /** A sentence on which numbers are exact, and which come from a sample. */
  readonly exactness: string;
  readonly rules: readonly (CheckResult & { readonly passed: boolean })[];
  readonly columns: readonly ReportedColumn[];
}

interface ReportedColumn {
  readonly name: string;
  readonly type: string;
  /** Share of missing values. */
  readonly nulls: number;
  readonly distinct: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly mean?: number;
  /** The values that stand there most often. */
  readonly values?: Readonly<Record<string, number>>;
  readonly psi?: number;
  readonly jensenShannon?: number;
  readonly kolmogorovSmirnov?: number;
}

const MOST_VALUES = 5;
/** Failed checks that one sentence names, and characters of what each found. */
const MOST_SAID = 20;
const LONGEST_SAID = 1_500;

export function dataReport(
  { called }: { readonly called: string },
  { data, base, baseline, noBaseline }: DataToJudge,
  { checks, drifts }: JudgedData,
): DataReport {
  return {
    data: called,
    ...(baseline === "" ? {} : { baseline }),
    ...(noBaseline === undefined ? {} : { noBaseline }),
    passed: checks.every(({ outcome }) => outcome !== "failed"),
    ...{ files: data.files, bytes: data.bytes, rows: data.rows },
    ...(base === undefined ? {} : { baselineRows: base.rows }),
    duplicates: data.repeats.share,
    exactness: exactnessOf(data),
    rules: checks.map((check) => ({ ...check, passed: check.outcome !== "failed" })),
    columns: data.columns.map((column) => reported(column, drifts.get(column.name))),
  };
}

function exactnessOf({ columns, repeats, exactNumbers }: DataToJudge["data"]): string {
  const sampled = columns.filter(({ isSample }) => isSample).length;
  const numbers =
    sampled === 0
      ? `All numbers were compared (exact up to ${grouped(exactNumbers)} in a column).`
      : `Of ${counted(sampled, "column")} a sample of ${grouped(exactNumbers)} numbers was compared, drawn by a fixed seed.`;
  const rows = repeats.isExact
    ? "Repeated rows were counted one by one."
    : `Repeated rows were estimated from a sample by their hashes, to ±${percent(repeats.error)} at 95 %.`;
  return `${numbers} ${rows}`;
}

function reported(column: ColumnSummary, drift: ColumnDrift | undefined): ReportedColumn {
  const { name, type, distinct, minimum, maximum, mean, values } = column;
  const most = [...(values ?? [])].sort(([, a], [, b]) => b - a).slice(0, MOST_VALUES);
  // Values that hardly repeat may be names and addresses of people, and more people see a run than its data.
  const isShown = (type === "text" || type === "boolean") && isCategorical(column);
  return {
    ...{ name, type, nulls: shareOfNulls(column), distinct },
    ...(minimum === undefined ? {} : { minimum }),
    ...(maximum === undefined ? {} : { maximum }),
    ...(mean === undefined ? {} : { mean }),
    ...(isShown && most.length > 0 ? { values: Object.fromEntries(most) } : {}),
    ...(drift === undefined ? {} : { psi: drift.psi, jensenShannon: drift.jensenShannon }),
    ...(drift?.kolmogorovSmirnov === undefined ? {} : { kolmogorovSmirnov: drift.kolmogorovSmirnov }),
  };
}

/** The failure in one sentence: each check that failed, and why. */
export function sayDataReport({ data, rules }: DataReport): string {
  const failed = rules.filter((rule) => !rule.passed);
  const shown = failed.slice(0, MOST_SAID).map(({ rule, detail }) => `${rule}: ${cut(detail, LONGEST_SAID)}`);
  const more = failed.length > MOST_SAID ? ` ${failed.length - MOST_SAID} more are in the log.` : "";
  return `${data} did not pass ${failed.length} of ${counted(rules.length, "check")}. ${shown.join(" ")}${more}`;
}
