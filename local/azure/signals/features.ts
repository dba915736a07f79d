// The features of a signal: which columns are compared, and which of them are numbers and which categories
// (the rules of Azure ML's monitoring components, docs/facts/operations.md#F.5).
import type { Column, Table } from "./table.ts";

/** How a signal chooses among the columns. */
export interface Selection {
  /** Absent: all that both sides have. */
  readonly names?: readonly string[] | undefined;
  /** `Numerical` or `Categorical`, by feature, as the user says. */
  readonly overrides: Readonly<Record<string, string>>;
}

export interface Features {
  readonly numerical: readonly string[];
  readonly categorical: readonly string[];
}

/** No column has the same name and type on both sides: the sentence is the components' own. */
export class NoCommonColumns extends Error {
  constructor() {
    super(
      "Found no common columns between input datasets. Try double-checking if there are common columns between the input datasets. Common columns must have the same names (case-sensitive) and similar data types.",
    );
  }
}

/** @throws NoCommonColumns */
export function featuresOf(reference: Table, production: Table, selection: Selection): Features {
  const chosen = [...reference.columns.values()].filter(({ name, type }) => {
    const other = production.columns.get(name);
    return other?.type === type && (selection.names?.includes(name) ?? true);
  });
  if (chosen.length === 0) throw new NoCommonColumns();
  const isCategorical = (column: Column) => categorical(column, selection.overrides[column.name]);
  return {
    numerical: chosen.filter((column) => !isCategorical(column)).map(({ name }) => name),
    categorical: chosen.filter(isCategorical).map(({ name }) => name),
  };
}

/** Whole numbers are categories where fewer than 5 percent of them differ; texts and truth values always are. */
export function categorical({ type, values }: Column, override: string | undefined): boolean {
  if (override !== undefined) return /^categorical$/i.test(override);
  if (type === "long") return new Set(values).size / values.length < 0.05;
  return type !== "double";
}
