// The difference between the values of a column in two tables, by the measures and bins of Azure ML's model monitors. Pure.
import {
  chiSquareDrift,
  jensenShannon,
  kolmogorovSmirnov,
  normalisedWasserstein,
  populationStability,
} from "../../statistics/drift.ts";
import type { ColumnSummary } from "../../tables/index.ts";

export interface ColumnDrift {
  /** Population stability index, smoothed as Azure ML does it. */
  readonly psi: number;
  /** Jensen-Shannon distance, to base 2. */
  readonly jensenShannon: number;
  /** Kolmogorov-Smirnov: the largest distance between the two distribution functions. Numbers only, as the next one. */
  readonly kolmogorovSmirnov?: number;
  /** Wasserstein distance in standard deviations of the baseline. */
  readonly wasserstein?: number;
  /** That such a difference comes by chance: Kolmogorov-Smirnov for numbers, Pearson's chi-square test for others. */
  readonly pValue: number;
  /** Values on both sides that were compared. */
  readonly compared: readonly [baseline: number, data: number];
  /** The error of the Kolmogorov-Smirnov distance where a side is a sample, at 95 %; 0 where both are whole. */
  readonly error: number;
}

/** The reason, as a clause, where two columns cannot be compared. */
export type NoDrift = { readonly why: string };

/** How the values of two columns differ: by shared bins where both are numbers, by how often each value stands there otherwise. */
export function columnDrift(base: ColumnSummary, data: ColumnSummary): ColumnDrift | NoDrift {
  if (base.isNumeric && data.isNumeric)
    return isIdentifier(base) && isIdentifier(data) ? IDENTIFIER : numericDrift(base, data);
  if (base.isNumeric !== data.isNumeric || base.type !== data.type) return { why: "its type is another one" };
  if (data.type !== "text" && data.type !== "boolean")
    return { why: `values of the type ${data.type} are not compared` };
  if (!isCategorical(base)) return IDENTIFIER;
  if (base.values === undefined || data.values === undefined) return { why: "it has too many different values" };
  return categoricalDrift(base.values, data.values);
}

const IDENTIFIER: NoDrift = { why: "its values hardly ever repeat, as those of an identifier" };

/** Whether a column holds few enough different values to be compared one by one. */
export function isCategorical({ distinct, rows, nulls, values }: ColumnSummary): boolean {
  const there = rows - nulls;
  return values !== undefined && distinct * 2 <= there && (distinct <= 20 || distinct * 10 <= there);
}

/** Whole numbers of which nearly every one is another; they grow with each version of the data, and that is no drift. */
function isIdentifier({ type, distinct, rows, nulls }: ColumnSummary): boolean {
  const there = rows - nulls;
  return type === "integer" && there >= 20 && distinct >= 0.95 * there;
}

function numericDrift(base: ColumnSummary, data: ColumnSummary): ColumnDrift {
  const edges = sharedEdges(base.numbers, data.numbers);
  const [p, q] = [countsIn(edges, base.numbers), countsIn(edges, data.numbers)];
  const [one, other] = [Array.from(base.numbers), Array.from(data.numbers)];
  const { statistic, pValue } = kolmogorovSmirnov(one, other);
  return {
    ...{ psi: populationStability(p, q), jensenShannon: jensenShannon(p, q) },
    ...{ kolmogorovSmirnov: statistic, wasserstein: normalisedWasserstein(one, other), pValue },
    ...{ compared: [one.length, other.length] as const, error: sampleError(base) + sampleError(data) },
  };
}

/**
 * A distribution function is known to this from a sample of n, at 95 % (the inequality of Dvoretzky, Kiefer and Wolfowitz, with
 * Massart's constant); the sample of a table is small beside it, so that no correction for a finite population is made.
 */
const sampleError = ({ isSample, numbers }: ColumnSummary) =>
  isSample ? Math.sqrt(Math.log(2 / 0.05) / (2 * numbers.length)) : 0;

/**
 * Edges of bins of equal width over both ranges; their number by Sturges' rule from the smaller side, as Azure ML's monitors have it
 * (docs/facts/operations.md#F.5).
 */
function sharedEdges(base: Float64Array, data: Float64Array): number[] {
  const low = Math.min(base[0] as number, data[0] as number);
  const high = Math.max(base[base.length - 1] as number, data[data.length - 1] as number);
  if (low === high) return [low, high];
  const bins = Math.ceil(Math.log2(Math.min(base.length, data.length)) + 1);
  const width = (high - low) / bins;
  return Array.from({ length: bins + 1 }, (_, index) => (index === bins ? high : low + index * width));
}

/** Values in each bin; the last one has both of its edges. @param values ascending */
function countsIn(edges: readonly number[], values: Float64Array): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0);
  let bin = 0;
  for (const value of values) {
    while (bin < counts.length - 1 && value >= (edges[bin + 1] as number)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return counts;
}

function categoricalDrift(base: ReadonlyMap<string, number>, data: ReadonlyMap<string, number>): ColumnDrift {
  const names = [...new Set([...base.keys(), ...data.keys()])];
  const [p, q] = [base, data].map((values) => names.map((name) => values.get(name) ?? 0)) as [number[], number[]];
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  return {
    ...{ psi: populationStability(p, q), jensenShannon: jensenShannon(p, q), pValue: chiSquareDrift(p, q).pValue },
    ...{ compared: [total(p), total(q)] as const, error: 0 },
  };
}
