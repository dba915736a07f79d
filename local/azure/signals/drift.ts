// Drift of one column between reference and production data, by the formulas of Azure ML's own monitoring components
// (docs/facts/operations.md#F.5).
import { kolmogorovSmirnov, pearson } from "./tails.ts";

/** Two distributions over the same values or bins, as counts. */
interface Counts {
  readonly reference: readonly number[];
  readonly production: readonly number[];
}

/** Rows above which the service refuses the test of Kolmogorov and Smirnov. */
const mostRows = 10_000;

/** A metric that cannot be computed from these data: the sentence is the components' own. */
export class MetricRefused extends Error {}

/** A metric of a column of numbers. @throws MetricRefused */
export function numericalDrift(metric: string, reference: readonly number[], production: readonly number[]): number {
  switch (metric) {
    case "JensenShannonDistance":
      return jensenShannon(histogramOf(reference, production));
    case "PopulationStabilityIndex":
      return stabilityIndex(histogramOf(reference, production), reference.length, production.length);
    case "NormalizedWassersteinDistance":
      return wasserstein(reference, production) / Math.max(deviation(reference), 0.001);
    case "TwoSampleKolmogorovSmirnovTest":
      if (reference.length >= mostRows || production.length >= mostRows)
        throw new MetricRefused(
          `Cannot calculate two-sample Kolmogorov-Smirnov test on dataset with more than ${mostRows} entries`,
        );
      return kolmogorovSmirnov(reference, production);
    default:
      throw new MetricRefused(`Invalid metric ${metric} for numerical feature`);
  }
}

/** A metric of a column of categories. @throws MetricRefused */
export function categoricalDrift(metric: string, reference: readonly string[], production: readonly string[]): number {
  const counts = countsOf(reference, production);
  switch (metric) {
    case "JensenShannonDistance":
      return jensenShannon(counts);
    case "PopulationStabilityIndex":
      return stabilityIndex(counts, reference.length, production.length);
    case "PearsonsChiSquaredTest": {
      const expected = counts.reference.map((count) => (count / reference.length) * production.length);
      return pearson(counts.production, expected);
    }
    default:
      throw new MetricRefused(`Invalid metric ${metric} for categorical feature`);
  }
}

/** How often each category occurs, over all that occur in either. */
function countsOf(reference: readonly string[], production: readonly string[]): Counts {
  const names = [...new Set([...reference, ...production])];
  const of = (values: readonly string[]) => {
    const counts = categoryCounts(values);
    return names.map((name) => counts.get(name) ?? 0);
  };
  return { reference: of(reference), production: of(production) };
}

/** How often each category occurs. */
export function categoryCounts(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Edges of bins of one width over both samples: Sturges' number of bins, of the smaller sample. */
export function binEdges(reference: readonly number[], production: readonly number[]): number[] {
  const bins = Math.ceil(Math.log2(Math.min(reference.length, production.length)) + 1);
  const least = Math.min(leastOf(reference), leastOf(production));
  const most = Math.max(mostOf(reference), mostOf(production));
  if (least === most) {
    const delta = least === 0 ? 0.005 : Math.abs(least * 0.005);
    return [least - delta, least + delta];
  }
  const width = (most - least) / bins;
  return Array.from({ length: bins + 1 }, (_, index) => least + index * width);
}

/** How many values lie in each bin; the last one has both its edges, and what lies outside is not counted. */
export function histogram(values: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const value of values) {
    if (value < edges[0]! || value > edges.at(-1)!) continue;
    let [low, high] = [0, edges.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (value >= edges[middle]!) low = middle;
      else high = middle;
    }
    counts[low]! += 1;
  }
  return counts;
}

function histogramOf(reference: readonly number[], production: readonly number[]): Counts {
  const edges = binEdges(reference, production);
  return { reference: histogram(reference, edges), production: histogram(production, edges) };
}

/** Jensen and Shannon's distance, 0 to 1 (base 2). */
function jensenShannon({ reference, production }: Counts): number {
  const [p, q] = [shares(reference), shares(production)];
  const entropy = (own: readonly number[], other: readonly number[]) =>
    own.reduce((sum, share, index) => {
      const middle = (share + other[index]!) / 2;
      return share === 0 ? sum : sum + share * Math.log(share / middle);
    }, 0);
  const divergence = (entropy(p, q) + entropy(q, p)) / Math.LN2 / 2;
  return Math.sqrt(Math.max(0, divergence));
}

function shares(counts: readonly number[]): number[] {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => count / all);
}

/** Every bin counts one more, so that an empty one makes no infinity (Laplace's smoothing). */
function stabilityIndex({ reference, production }: Counts, referenceRows: number, productionRows: number): number {
  const bins = reference.length;
  return reference.reduce((sum, count, index) => {
    const before = (count + 1) / (referenceRows + bins);
    const now = (production[index]! + 1) / (productionRows + bins);
    return sum + (now - before) * Math.log(now / before);
  }, 0);
}

/** The area between the two cumulative distributions. */
function wasserstein(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [[...one].sort((x, y) => x - y), [...other].sort((x, y) => x - y)];
  const all = [...a, ...b].sort((x, y) => x - y);
  let [i, j, area] = [0, 0, 0];
  for (let at = 0; at < all.length - 1; at += 1) {
    while (i < a.length && a[i]! <= all[at]!) i += 1;
    while (j < b.length && b[j]! <= all[at]!) j += 1;
    area += Math.abs(i / a.length - j / b.length) * (all[at + 1]! - all[at]!);
  }
  return area;
}

/** The sample's standard deviation; of fewer than two values there is none, and 0 stands for it. */
function deviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

const leastOf = (values: readonly number[]): number =>
  values.reduce((least, value) => Math.min(least, value), Infinity);
const mostOf = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), -Infinity);
