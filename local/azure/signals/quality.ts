// Data quality of one column, as Azure ML's monitoring components measure it: nulls, values that are of no fitting type, and
// values outside of what the reference has (docs/facts/operations.md#F.5).
import { categorical } from "./features.ts";
import type { Cell, Column, ColumnType } from "./table.ts";

/** Bounds of a column, taken from the reference data. */
export interface Bounds {
  readonly type: ColumnType;
  readonly isCategorical: boolean;
  readonly least: number;
  readonly most: number;
  readonly values: ReadonlySet<string>;
}

export function boundsOf(reference: Column, override: string | undefined): Bounds {
  const numbers = reference.values.filter((value): value is number => typeof value === "number");
  return {
    type: reference.type,
    isCategorical: categorical(reference, override),
    least: numbers.reduce((least, value) => Math.min(least, value), Infinity),
    most: numbers.reduce((most, value) => Math.max(most, value), -Infinity),
    values: new Set(reference.values.filter((value) => value !== null).map(String)),
  };
}

/** A rate of a column, 0 to 1, to five decimals; undefined for a metric that the column has not. */
export function qualityRate(metric: string, column: Column, bounds: Bounds): number | undefined {
  const count = violations(metric, column, bounds);
  return count === undefined ? undefined : Math.round((count / column.values.length) * 1e5) / 1e5;
}

function violations(metric: string, { values, type }: Column, bounds: Bounds): number | undefined {
  const given = values.filter((value): value is Exclude<Cell, null> => value !== null);
  switch (metric) {
    case "NullValueRate":
      return values.length - given.length;
    case "DataTypeErrorRate":
      return given.filter((value) => !fits(value, bounds.type)).length;
    case "OutOfBoundsRate":
      if (bounds.isCategorical) {
        // Texts alone have a set of values, and a null counts as the column's own most frequent value.
        if (bounds.type !== "string") return undefined;
        const filled = values.map((value) => value ?? mode(given)).filter((value) => value !== undefined);
        return filled.filter((value) => !bounds.values.has(String(value))).length;
      }
      // A column in which texts stand is none of numbers any more.
      if (type !== "long" && type !== "double") return undefined;
      return given.filter((value) => Number(value) < bounds.least || Number(value) > bounds.most).length;
    default:
      return undefined;
  }
}

function fits(value: Exclude<Cell, null>, type: ColumnType): boolean {
  if (type === "string") return true;
  if (type === "boolean") return typeof value === "boolean" || /^(true|false|t|f|yes|no|y|n|1|0)$/i.test(String(value));
  return typeof value === "boolean" || (String(value).trim() !== "" && Number.isFinite(Number(value)));
}

function mode(values: readonly Exclude<Cell, null>[]): Exclude<Cell, null> | undefined {
  const counts = new Map<Exclude<Cell, null>, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}
