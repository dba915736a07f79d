// Checks of a table against a baseline: columns, types, rows, missing values, categories, repeated rows, distributions. Each names what it
// found. Pure.
// Tests: test/lib/ml/data-checks/judge-data.test.ts
import type { DataExpectations } from "../../documents/assets/data-expectations.ts";
import type { ColumnSummary, TableProfile } from "../../tables/index.ts";
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
import { type ColumnDrift, columnDrift, isCategorical } from "./column-drift.ts";

/** The differences that are allowed where the expectations say nothing else. */
const TOLERANCES = { rows: 0.5, nulls: 0.05, duplicates: 0.01, psi: 0.2 };
/** Beyond chance: a larger difference than this comes once in a thousand times where nothing has changed. */
const CHANCE = 0.001;
/** 130 / 100 - 1 is a little more than 0.3. */
const ROUNDING = 1e-9;
/** Share of repeated rows from which they are usual: few columns with few values, whose repeats only become more with the rows. */
const USUAL = 0.1;
/** New values of a column are a fault where the baseline has few different ones. */
const FEW_VALUES = 50;

interface Compared {
  readonly base: TableProfile;
  readonly data: TableProfile;
  /** `sales:3`. */
  readonly called: string;
  readonly expectations: DataExpectations;
}

/** By the column's name; columns that only one side has, and those that cannot be compared, are absent. */
export type Drifts = ReadonlyMap<string, ColumnDrift>;

export function driftsOf(
  base: TableProfile,
  data: TableProfile,
): { drifts: Drifts; left: ReadonlyMap<string, string> } {
  const drifts = new Map<string, ColumnDrift>();
  const left = new Map<string, string>();
  for (const [before, now] of common(base, data)) {
    const drift =
      before.type === "empty" || now.type === "empty" ? { why: "it has no values" } : columnDrift(before, now);
    if ("why" in drift) left.set(now.name, drift.why);
    else drifts.set(now.name, drift);
  }
  return { drifts, left };
}

/** @param drifts as driftsOf measured them */
export function baselineChecks(compared: Compared, drifts: Drifts, left: ReadonlyMap<string, string>): CheckResult[] {
  const checks = [columnsCheck, typesCheck, rowsCheck, nullsCheck, valuesCheck, duplicatesCheck];
  return [...checks.flatMap((check) => check(compared)), driftCheck(compared, drifts, left)];
}

function common({ columns }: TableProfile, data: TableProfile): [ColumnSummary, ColumnSummary][] {
  const now = new Map(data.columns.map((column) => [column.name, column]));
  return columns.flatMap((column): [ColumnSummary, ColumnSummary][] => {
    const other = now.get(column.name);
    return other === undefined ? [] : [[column, other]];
  });
}

function columnsCheck({ base, data, called, expectations }: Compared): CheckResult[] {
  const rule = "columns as in the baseline";
  const allowed = expectations.baseline?.columns ?? "same";
  if (allowed === "any") return [];
  const names = ({ columns }: TableProfile) => columns.map(({ name }) => name);
  const [before, now] = [new Set(names(base)), new Set(names(data))];
  const gone = [...before].filter((name) => !now.has(name));
  const added = [...now].filter((name) => !before.has(name));
  const faults = [
    ...(gone.length > 0 ? [`The data lack ${counted(gone.length, "column")} that ${called} has: ${named(gone)}.`] : []),
    ...(added.length > 0 && allowed === "same"
      ? [`The data have ${counted(added.length, "column")} that ${called} does not have: ${named(added)}.`]
      : []),
  ];
  return [
    faults.length === 0
      ? passed(rule, `All ${counted(before.size, "column")} of ${called} are there.`)
      : failed(rule, faults.join(" ")),
  ];
}

function typesCheck({ base, data, called, expectations }: Compared): CheckResult[] {
  const rule = "types as in the baseline";
  if (expectations.baseline?.types === "any") return [];
  const pairs = common(base, data);
  const faults = pairs.flatMap(([before, now]) => {
    if (before.type === "empty" || now.type === "empty") return [];
    if (now.texts > 0 && before.texts === 0 && before.type !== "text")
      return [`${now.name} was ${before.type} and is ${now.type} written as text (${grouped(now.texts)} values)`];
    const isSame = before.type === now.type;
    // Whole numbers are numbers, too: a version of the data may happen to have no others.
    if (isSame || (before.type === "number" && now.type === "integer")) return [];
    return [`${now.name} was ${before.type} and is ${now.type}${oddValue(before, now)}`];
  });
  if (faults.length === 0)
    return [passed(rule, `The types of ${counted(pairs.length, "column")} are those of ${called}.`)];
  return [failed(rule, `Types differ from those of ${called}: ${named(faults, "; ")}.`)];
}

/** The first value of a kind that the baseline does not have. */
function oddValue(before: ColumnSummary, { first, kinds, rows, nulls }: ColumnSummary): string {
  for (const [kind, seen] of Object.entries(first)) {
    if (Object.hasOwn(before.kinds, kind)) continue;
    const many = kinds[kind as keyof typeof kinds] ?? 0;
    return ` (${grouped(many)} of ${grouped(rows - nulls)} values are ${kind}, the first ${JSON.stringify(seen.value)} in row ${seen.row} of ${seen.file})`;
  }
  return "";
}

function rowsCheck({ base, data, called, expectations }: Compared): CheckResult[] {
  const most = expectations.baseline?.rows ?? TOLERANCES.rows;
  const rule = "rows as in the baseline";
  if (base.rows === 0) return [skipped(rule, `${called} has no rows.`)];
  const change = data.rows / base.rows - 1;
  const said = `${grouped(data.rows)} rows, and ${called} has ${grouped(base.rows)}: ${change < 0 ? "" : "+"}${percent(change)} (at most ${percent(most)} either way).`;
  return [decided(rule, Math.abs(change) <= most + ROUNDING, said)];
}

function nullsCheck({ base, data, called, expectations }: Compared): CheckResult[] {
  const most = expectations.baseline?.nulls ?? TOLERANCES.nulls;
  const rule = "missing values as in the baseline";
  const faults = common(base, data).flatMap(([before, now]) => {
    const [was, is] = [shareOfNulls(before), shareOfNulls(now)];
    return is - was > most + ROUNDING ? [`${now.name} from ${percent(was)} to ${percent(is)}`] : [];
  });
  const said = `Missing values against ${called} (at most ${percent(most)} of the rows more)`;
  return [faults.length === 0 ? passed(rule, `${said}: none rose.`) : failed(rule, `${said} rose: ${named(faults)}.`)];
}

export const shareOfNulls = ({ nulls, rows }: ColumnSummary): number => (rows === 0 ? 0 : nulls / rows);

function valuesCheck({ base, data, called, expectations }: Compared): CheckResult[] {
  const rule = "values as in the baseline";
  if (expectations.baseline?.values === "any") return [];
  let looked = 0;
  const faults = common(base, data).flatMap(([before, now]) => {
    const isFew = before.type === "text" && before.distinct <= FEW_VALUES && isCategorical(before);
    // What is expected of a column in so many words counts instead.
    if (!isFew || before.values === undefined || isListed(expectations, now.name)) return [];
    looked++;
    if (now.values === undefined)
      return [`${now.name} has ${grouped(now.distinct)} different values instead of ${before.distinct}`];
    const known = before.values;
    const fresh = [...now.values].filter(([value]) => !known.has(value));
    return fresh.length === 0
      ? []
      : [
          `${now.name} has ${named(fresh.map(([value, count]) => `${JSON.stringify(value)} (${counted(count, "row")})`))}`,
        ];
  });
  if (faults.length > 0) return [failed(rule, `Values that ${called} does not have: ${named(faults, "; ")}.`)];
  return [passed(rule, `No new value in ${counted(looked, "column")} of at most ${FEW_VALUES} different values.`)];
}

const isListed = ({ columns = {} }: DataExpectations, name: string): boolean =>
  Object.hasOwn(columns, name) && columns[name]?.values !== undefined;

function duplicatesCheck({ base, data, called, expectations }: Compared): CheckResult[] {
  const most = expectations.baseline?.duplicates ?? TOLERANCES.duplicates;
  const rule = "repeated rows as in the baseline";
  const [was, is] = [base.repeats, data.repeats];
  if (was.share > USUAL && expectations.baseline?.duplicates === undefined)
    return [
      skipped(rule, `${percent(was.share)} of the rows of ${called} repeat an earlier one: repeats are usual there.`),
    ];
  const error = was.error + is.error;
  const about = error > 0 ? `, estimated from samples to ±${percent(error)}` : "";
  const said = `${percent(is.share)} of the rows repeat an earlier one, in ${called} ${percent(was.share)}${about} (at most ${percent(most)} more).`;
  return [decided(rule, is.share - was.share <= most + ROUNDING, said)];
}

function driftCheck({ base, data, called, expectations }: Compared, drifts: Drifts, left: ReadonlyMap<string, string>) {
  const rule = "distributions as in the baseline";
  const most = expectations.baseline?.psi ?? TOLERANCES.psi;
  const kept = [...left].map(([name, why]) => `${name}: ${why}`);
  const more = kept.length === 0 ? "" : ` Not compared: ${named(kept, "; ")}.`;
  if (drifts.size === 0) return skipped(rule, `No column can be compared with ${called}.${more}`);
  const faults = [...drifts].filter(([, { psi, pValue }]) => psi > most && pValue < CHANCE);
  const sampled = [base, data].some(({ columns }) => columns.some(({ isSample }) => isSample));
  const error = Math.max(...[...drifts.values()].map((drift) => drift.error));
  const about = sampled
    ? ` Of columns with more than ${grouped(data.exactNumbers)} numbers a sample is compared, whose Kolmogorov-Smirnov distance is known to ±${small(error)} at 95 %.`
    : "";
  const limits = `PSI above ${small(most)} and less likely than ${CHANCE} by chance`;
  if (faults.length === 0)
    return passed(rule, `No drift in ${counted(drifts.size, "column")} against ${called} (${limits}).${about}${more}`);
  const said = faults.sort(([, a], [, b]) => b.psi - a.psi).map(([name, drift]) => `${name} (${sayDrift(drift)})`);
  return failed(
    rule,
    `Distributions differ from ${called}: ${named(said, "; ")}. Drift is a ${limits}.${about}${more}`,
  );
}

export function sayDrift({ psi, jensenShannon, kolmogorovSmirnov, pValue }: ColumnDrift): string {
  const distance = kolmogorovSmirnov === undefined ? "" : `, Kolmogorov-Smirnov ${small(kolmogorovSmirnov)}`;
  return `PSI ${small(psi)}, Jensen-Shannon ${small(jensenShannon)}${distance}, p ${Number(pValue.toPrecision(2))}`;
}
