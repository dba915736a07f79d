// Checks of a table against what a file expects of it. Each expectation is a check of its own, and says what it found. Pure.
// Tests: test/lib/ml/data-checks/judge-data.test.ts
import type { ColumnExpectations, DataExpectations } from "../../documents/assets/data-expectations.ts";
import type { ColumnSummary, TableProfile } from "../../tables/index.ts";
import { type Drifts, sayDrift, shareOfNulls } from "./baseline-checks.ts";
import {
  type CheckResult,
  counted,
  decided,
  failed,
  grouped,
  named,
  passed,
  percent,
  skipped,
  small,
} from "./check-result.ts";

export interface Expected {
  readonly data: TableProfile;
  readonly expectations: DataExpectations;
  readonly drifts: Drifts;
  /** Why there is no baseline, as a clause; undefined where there is one. */
  readonly noBaseline: string | undefined;
  /** Milliseconds since 1970, by Azure's clock. */
  readonly now: number;
}

/** The check of the form of the files, which there is always. */
export const FORM = "every line is a row";

export function expectationChecks(expected: Expected): CheckResult[] {
  const { data, expectations } = expected;
  const columns = Object.entries(expectations.columns ?? {});
  return [
    ...linesCheck(expected),
    ...rowsCheck(expected),
    ...duplicatesCheck(expected),
    ...freshnessCheck(expected),
    ...columns.flatMap(([name, wanted]) => {
      const column = data.columns.find((one) => one.name === name);
      return column === undefined ? missing(name, wanted, data) : columnChecks(column, wanted, expected);
    }),
    ...additionalCheck(data, expectations),
  ];
}

function linesCheck({ data, expectations }: Expected): CheckResult[] {
  const most = expectations.malformed_lines ?? 0;
  const { malformed, firstMalformed: first } = data;
  if (first === undefined) return [passed(FORM, `${counted(data.rows, "row")}.`)];
  const said = `${counted(malformed, "line")} ${malformed === 1 ? "is" : "are"} no row (at most ${most}); the first is line ${first.line} of ${first.file}: ${first.why}.`;
  return [decided(FORM, malformed <= most, said)];
}

function rowsCheck({ data, expectations: { rows } }: Expected): CheckResult[] {
  if (rows === undefined) return [];
  const { min = 0, max = Number.POSITIVE_INFINITY } = rows;
  const wanted = [
    ...(rows.min === undefined ? [] : [`at least ${grouped(min)}`]),
    ...(rows.max === undefined ? [] : [`at most ${grouped(max)}`]),
  ];
  return [
    decided(
      "rows",
      data.rows >= min && data.rows <= max,
      `${counted(data.rows, "row")}; ${wanted.join(" and ")} are expected.`,
    ),
  ];
}

function duplicatesCheck({ data, expectations: { duplicates } }: Expected): CheckResult[] {
  if (duplicates === undefined) return [];
  const { key = [], max } = duplicates;
  const rule = key.length > 0 ? `repeated values of ${key.join(", ")}` : "repeated rows";
  const lacking = key.filter((name) => !data.columns.some((column) => column.name === name));
  if (lacking.length > 0) return [failed(rule, `The data have no column ${named(lacking)}.`)];
  const { share, rows, isExact, error } = (key.length > 0 ? data.keyRepeats : undefined) ?? data.repeats;
  const about = isExact ? "" : `, estimated from a sample to ±${percent(error)}`;
  const what = key.length > 0 ? `repeat the ${key.join(", ")} of an earlier one` : "repeat an earlier one";
  const said = `${grouped(rows)} of ${counted(data.rows, "row")} ${what}, ${percent(share)}${about}; at most ${percent(max)} may.`;
  return [decided(rule, share <= max, said)];
}

function freshnessCheck({ data, expectations: { freshness }, now }: Expected): CheckResult[] {
  if (freshness === undefined) return [];
  const { column: name, max_age_in_hours: most } = freshness;
  const rule = `freshness of ${name}`;
  const column = data.columns.find((one) => one.name === name);
  if (column === undefined)
    return [failed(rule, `The data have no column ${name}; they have ${named(data.columns.map((one) => one.name))}.`)];
  if (column.newest === undefined)
    return [failed(rule, `${name} has no time; it is ${column.type}. Times are ISO 8601, as 2026-11-27T10:00:00Z.`)];
  const hours = (now - column.newest) / 3_600_000;
  const said = `The newest ${name} is ${new Date(column.newest).toISOString()}, ${small(hours)} hours old; at most ${small(most)} are expected.`;
  return [decided(rule, hours <= most, said)];
}

function missing(name: string, { required = true }: ColumnExpectations, data: TableProfile): CheckResult[] {
  const there = `The data have no column ${name}; they have ${named(data.columns.map((one) => one.name))}.`;
  return [required ? failed(`${name}: is there`, there) : skipped(`${name}: is there`, there)];
}

function columnChecks(column: ColumnSummary, wanted: ColumnExpectations, expected: Expected): CheckResult[] {
  const { data } = expected;
  return [
    ...lackingFiles(column, data),
    ...typeCheck(column, wanted),
    ...nullsCheck(column, wanted),
    ...rangeCheck(column, wanted),
    ...valuesCheck(column, wanted),
    ...driftChecks(column, wanted, expected),
  ];
}

function lackingFiles({ name }: ColumnSummary, { lacking, files }: TableProfile): CheckResult[] {
  const without = lacking.get(name);
  if (without === undefined) return [passed(`${name}: is there`, `In ${counted(files, "file")}.`)];
  return [
    failed(
      `${name}: is there`,
      `${counted(without.length, "file")} of ${files} lack the column ${name}: ${named(without)}.`,
    ),
  ];
}

/** A column that is required and has rows, all without a value, is as good as none; `nulls: 1` allows it. */
const without = ({ rows }: ColumnSummary, { required = true, nulls = 0 }: ColumnExpectations) =>
  required && nulls < 1 && rows > 0 ? failed : skipped;

function typeCheck(column: ColumnSummary, wanted: ColumnExpectations): CheckResult[] {
  const { type } = wanted;
  if (type === undefined) return [];
  const { name, first, kinds, rows, nulls, texts } = column;
  const rule = `${name}: type ${type}`;
  if (column.type === "empty") return [without(column, wanted)(rule, `${name} has no values.`)];
  if (column.type === "nested" || column.type === "binary") return [failed(rule, `${name} is ${column.type}.`)];
  // A number, written as text anywhere, is a text too; a whole number is a number.
  const fits = (kind: string) => kind === type || type === "text" || (type === "number" && kind === "integer");
  const odd = Object.entries(first).filter(([kind]) => !fits(kind));
  if (odd.length === 0 && texts > 0 && type !== "text" && type !== "time")
    return [failed(rule, `${grouped(texts)} of ${grouped(rows - nulls)} values of ${name} are written as text.`)];
  if (odd.length === 0) return [passed(rule, `${name} is ${column.type}.`)];
  const said = odd.map(
    ([kind, seen]) =>
      `${grouped(kinds[kind as keyof typeof kinds] ?? 0)} are ${kind}, the first ${JSON.stringify(seen.value)} in row ${seen.row} of ${seen.file}`,
  );
  return [failed(rule, `Of ${grouped(rows - nulls)} values of ${name} ${said.join("; ")}.`)];
}

function nullsCheck(column: ColumnSummary, { nulls: most }: ColumnExpectations): CheckResult[] {
  if (most === undefined) return [];
  const { name, nulls, rows } = column;
  const said = `${grouped(nulls)} of ${grouped(rows)} values of ${name} are missing, ${percent(shareOfNulls(column))}; at most ${percent(most)} may be.`;
  return [decided(`${name}: missing values`, shareOfNulls(column) <= most, said)];
}

function rangeCheck(column: ColumnSummary, wanted: ColumnExpectations): CheckResult[] {
  const { min, max } = wanted;
  const { name, minimum, maximum, type } = column;
  const words = noNumbers(column);
  const bounds = [
    ...(min === undefined
      ? []
      : [[`${name}: at least ${min}`, "smallest", minimum, (value: number) => value >= min] as const]),
    ...(max === undefined
      ? []
      : [[`${name}: at most ${max}`, "largest", maximum, (value: number) => value <= max] as const]),
  ];
  return bounds.map(([rule, word, value, holds]) =>
    value === undefined
      ? (type === "empty" ? without(column, wanted) : failed)(rule, `${name} has no numbers; it is ${type}.`)
      : words === undefined
        ? decided(rule, holds(value), `The ${word} ${name} is ${value}.`)
        : failed(rule, words),
  );
}

/** Says which values of a column of numbers are none, of which no bound can be said to hold. */
function noNumbers({ name, kinds, first, rows, nulls }: ColumnSummary): string | undefined {
  const { integer = 0, number = 0 } = kinds;
  const others = rows - nulls - integer - number;
  const seen = first.text ?? first.time ?? first.boolean;
  if (others === 0 || seen === undefined) return undefined;
  return `${grouped(others)} of ${grouped(rows - nulls)} values of ${name} are no numbers, the first ${JSON.stringify(seen.value)} in row ${seen.row} of ${seen.file}.`;
}

function valuesCheck(column: ColumnSummary, wanted: ColumnExpectations): CheckResult[] {
  const { name, values, distinct, type } = column;
  const { values: allowed } = wanted;
  if (allowed === undefined) return [];
  const rule = `${name}: known values`;
  if (type === "empty") return [without(column, wanted)(rule, `${name} has no values.`)];
  if (values === undefined)
    return [failed(rule, `${name} has ${grouped(distinct)} different values, and ${allowed.length} are expected.`)];
  const odd = [...values].filter(([value]) => !allowed.includes(value));
  if (odd.length === 0)
    return [passed(rule, `${counted(values.size, "value")} of ${allowed.length} that are expected.`)];
  const said = odd.map(([value, count]) => `${JSON.stringify(value)} (${counted(count, "row")})`);
  return [failed(rule, `${name} has values that are not expected: ${named(said)}.`)];
}

function driftChecks(
  { name }: ColumnSummary,
  wanted: ColumnExpectations,
  { drifts, noBaseline }: Expected,
): CheckResult[] {
  const limits = [
    ["PSI", wanted.psi, "psi"],
    ["Jensen-Shannon", wanted.jensen_shannon, "jensenShannon"],
    ["Kolmogorov-Smirnov", wanted.kolmogorov_smirnov, "kolmogorovSmirnov"],
  ] as const;
  return limits.flatMap(([called, most, measure]) => {
    if (most === undefined) return [];
    const rule = `${name}: ${called} at most ${most}`;
    const drift = drifts.get(name);
    if (noBaseline !== undefined) return [skipped(rule, `There is no baseline: ${noBaseline}.`)];
    const value = drift?.[measure];
    if (drift === undefined || value === undefined)
      return [failed(rule, `${name} cannot be compared with the baseline by this measure.`)];
    return [decided(rule, value <= most, `${sayDrift(drift)}.`)];
  });
}

function additionalCheck({ columns }: TableProfile, { columns: wanted = {}, additional_columns }: DataExpectations) {
  if (additional_columns !== "refuse") return [];
  const extra = columns.map(({ name }) => name).filter((name) => !Object.hasOwn(wanted, name));
  const said =
    extra.length === 0 ? "There is no other column." : `There are columns that are not expected: ${named(extra)}.`;
  return [decided("no other columns", extra.length === 0, said)];
}
