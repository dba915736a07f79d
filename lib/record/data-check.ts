// Checked data in a record: what was compared, each check, the profile of each column; and its part of the page of a run.
// Tests: test/lib/record/data-check.test.ts
import { cell, code } from "./markdown.ts";
import type { RuleSection } from "./sections.ts";
import { flag, list, map, number, oneOf, section, text } from "./shape.ts";
import { counted } from "./words.ts";

/** Since version 2 of the record. */
export interface DataCheckSection {
  /** `sales:4`, or the path of files. */
  data: string;
  /** `sales:3`; absent where there was none. */
  baseline?: string;
  /** Why there was none, as a clause. */
  noBaseline?: string;
  passed: boolean;
  files: number;
  bytes: number;
  rows: number;
  baselineRows?: number;
  /** Share of the rows that repeat an earlier one. */
  duplicates: number;
  /** A sentence on which numbers are exact, and which come from a sample. */
  exactness: string;
  rules: readonly RuleSection[];
  columns: readonly CheckedColumn[];
}

export interface CheckedColumn {
  name: string;
  type: string;
  /** Share of missing values. */
  nulls: number;
  distinct: number;
  minimum?: number;
  maximum?: number;
  mean?: number;
  /** The most frequent values, with the number of their rows. */
  values?: Readonly<Record<string, number>>;
  psi?: number;
  jensenShannon?: number;
  kolmogorovSmirnov?: number;
}

export const dataCheckShape = section(
  {
    ...{ data: text(), baseline: text(), noBaseline: text(), passed: flag },
    ...{ files: number, bytes: number, rows: number, baselineRows: number, duplicates: number, exactness: text() },
    rules: list(
      section(
        { rule: text(), passed: flag, outcome: oneOf("passed", "failed", "skipped"), detail: text() },
        ...["rule", "passed", "detail"],
      ),
    ),
    columns: list(
      section(
        {
          ...{ name: text(500), type: text(100), nulls: number, distinct: number },
          ...{ minimum: number, maximum: number, mean: number, values: map(number, 10) },
          ...{ psi: number, jensenShannon: number, kolmogorovSmirnov: number },
        },
        ...["name", "type", "nulls", "distinct"],
      ),
      500,
    ),
  },
  ...["data", "passed", "rows", "rules", "columns"],
);

const MARKS = { passed: "✅", failed: "❌", skipped: "➖" } as const;
/** Columns that the page shows; the results tab has the others. */
const SHOWN = 50;

export function dataCheckPart(check: DataCheckSection | undefined): string[] {
  if (!check) return [];
  const { baseline, noBaseline, rules, columns } = check;
  const against =
    baseline === undefined ? `, without a baseline: ${cell(noBaseline ?? "")}` : `, against ${code(baseline)}`;
  const rows = rules.map(
    (one) =>
      `| ${MARKS[one.outcome ?? (one.passed ? "passed" : "failed")]} | ${code(one.rule)} | ${cell(one.detail)} |`,
  );
  const profile = columns.slice(0, SHOWN).map((column) => {
    const { name, type, nulls, minimum, maximum, mean, distinct, psi } = column;
    const numbers = [distinct, minimum, mean, maximum, psi].map((value) => (value === undefined ? "" : short(value)));
    return `| ${code(name)} | ${cell(type)} | ${short(nulls * 100)} % | ${numbers.join(" | ")} |`;
  });
  return [
    `**The data ${check.passed ? "pass" : "do not pass"}**: ${code(check.data)}, ${counted(check.rows, "row")}${against}`,
    ["|  | Check | What was found |", "| --- | --- | --- |", ...rows].join("\n"),
    [
      "| Column | Type | Missing | Different | Smallest | Mean | Largest | PSI |",
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
      ...profile,
    ].join("\n"),
    cell(check.exactness),
    ...(columns.length > SHOWN ? [`In the record: ${counted(columns.length - SHOWN, "more column")}.`] : []),
  ];
}

const short = (value: number): string => String(Number(value.toPrecision(4)));
