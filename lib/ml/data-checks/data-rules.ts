// Rules on data: CEL over the numbers of a table, of its columns, and of the baseline. Pure.
// Tests: test/lib/ml/data-checks/judge-data.test.ts
import { readLines } from "../../lines.ts";
import type { ColumnSummary, TableProfile } from "../../tables/index.ts";
import { evaluateRule } from "../rules/evaluate.ts";
import { type Needs, ruleLanguage } from "../rules/language.ts";
import { parseRule } from "../rules/parse.ts";
import { type Drifts, shareOfNulls } from "./baseline-checks.ts";
import { type CheckResult, decided, skipped } from "./check-result.ts";
import type { ColumnDrift } from "./column-drift.ts";

const OF_COLUMN = ["nulls", "minimum", "maximum", "mean", "deviation", "distinct", "age"] as const;
const OF_DRIFT = ["psi", "jensenShannon", "kolmogorovSmirnov", "wasserstein"] as const;
const SUBJECTS = ["data", "baseline", ...OF_COLUMN, ...OF_DRIFT] as const;
type Subject = (typeof SUBJECTS)[number];
type Numbers = Readonly<Record<string, number>>;

export interface DataRule {
  readonly text: string;
  readonly needs: Needs<Subject>;
}

const language = ruleLanguage<Subject>(
  Object.fromEntries(SUBJECTS.map((subject) => [subject, "map<string, double>"])) as Record<Subject, string>,
);
const EXAMPLE = `Rules look like data.rows >= 1000, nulls.income <= 0.01 or psi.all(name, psi[name] < 0.2); there are ${SUBJECTS.join(", ")}.`;

/** @throws TaskErrors kind `input` with the line, the place and the reason of every rule that is none */
export function parseDataRules(text: string): DataRule[] {
  return readLines(text, (rule, line) => ({ text: rule, needs: parseRule(language, rule, line, EXAMPLE).needs }));
}

interface Judged {
  readonly data: TableProfile;
  readonly base: TableProfile | undefined;
  /** `sales:3`. */
  readonly baseline: string;
  readonly noBaseline: string | undefined;
  readonly drifts: Drifts;
  readonly now: number;
}

/** Judges each rule. A rule about the baseline is skipped where there is none. */
export function judgeDataRules(rules: readonly DataRule[], judged: Judged): CheckResult[] {
  const { data, base, drifts, now } = judged;
  const values: Record<Subject, Numbers> = {
    data: numbersOf(data),
    baseline: base === undefined ? {} : { ...numbersOf(base), ...columnsOf(base, now) },
    ...(Object.fromEntries(
      OF_COLUMN.map((name) => [name, mapped(data, (column) => COLUMN[name](column, now))]),
    ) as Record<(typeof OF_COLUMN)[number], Numbers>),
    ...(Object.fromEntries(
      OF_DRIFT.map((name) => [name, entriesOf([...drifts].map(([column, drift]) => [column, drift[name]]))]),
    ) as Record<keyof Pick<ColumnDrift, (typeof OF_DRIFT)[number]>, Numbers>),
  };
  const owners = Object.fromEntries(SUBJECTS.map((subject) => [subject, `The map "${subject}"`])) as Record<
    Subject,
    string
  >;
  return rules.map(({ text, needs }) => {
    if (judged.noBaseline !== undefined && asksBaseline(needs))
      return skipped(text, `There is no baseline: ${judged.noBaseline}.`);
    const compared = { subject: "baseline" as const, called: judged.baseline };
    const { holds, faults, said } = evaluateRule(language, {
      ...{ text, needs, values, compared },
      owners: { ...owners, data: "The data", baseline: `The baseline ${judged.baseline}` },
    });
    return decided(text, holds, [...faults, ...(said === "" ? [] : [said])].join(" "));
  });
}

function asksBaseline({ touches }: Needs<Subject>): boolean {
  return (["baseline", ...OF_DRIFT] as const).some((subject) => {
    const touched = touches[subject];
    return touched === "all" || touched.size > 0;
  });
}

/** No number where a column of numbers has words among them, of which no bound holds; none at all of a column of words. */
function ofNumbers({ isNumeric, kinds, rows, nulls }: ColumnSummary, value: number | undefined): number | undefined {
  const { integer = 0, number = 0 } = kinds;
  if (value === undefined || integer + number === rows - nulls) return value;
  return isNumeric ? Number.NaN : undefined;
}

const COLUMN: Record<(typeof OF_COLUMN)[number], (column: ColumnSummary, now: number) => number | undefined> = {
  nulls: shareOfNulls,
  minimum: (column) => ofNumbers(column, column.minimum),
  maximum: (column) => ofNumbers(column, column.maximum),
  mean: (column) => ofNumbers(column, column.mean),
  deviation: (column) => ofNumbers(column, column.deviation),
  distinct: ({ distinct }) => distinct,
  age: ({ newest }, now) => (newest === undefined ? undefined : (now - newest) / 3_600_000),
};

/** The numbers of a table as a whole. */
function numbersOf({ rows, columns, files, bytes, malformed, repeats }: TableProfile): Numbers {
  return { rows, columns: columns.length, files, bytes, malformed, duplicates: repeats.share };
}

/** The numbers of the baseline's columns, as `nulls.income`. */
function columnsOf(base: TableProfile, now: number): Numbers {
  return entriesOf(
    base.columns.flatMap((column) =>
      OF_COLUMN.map((name): [string, number | undefined] => [`${name}.${column.name}`, COLUMN[name](column, now)]),
    ),
  );
}

const mapped = ({ columns }: TableProfile, of: (column: ColumnSummary) => number | undefined): Numbers =>
  entriesOf(columns.map((column) => [column.name, of(column)]));

const entriesOf = (entries: readonly (readonly [string, number | undefined])[]): Numbers =>
  Object.fromEntries(entries.filter((entry): entry is [string, number] => entry[1] !== undefined));
