// Slices of a metric: the metrics whose names begin alike, such as f1/north and f1/south, with the worst, the best and the spread. Pure.
// Tests: test/lib/ml/gate/special-terms.test.ts
import type { Better } from "../../statistics/row-metrics.ts";

interface Slice {
  readonly name: string;
  readonly value: number;
  /** Rows of the slice, where a metric says them. */
  readonly rows?: number;
}

export interface SlicesFound {
  readonly names: readonly string[];
  readonly count: number;
  readonly worst: number;
  readonly best: number;
  readonly spread: number;
  /** Names the worst slice and its size. */
  readonly said: string;
}

/** Beginnings of metrics that say how many rows a slice has. */
const SIZES = ["rows/", "count/", "size/", "support/", "n/"];

/** @returns a sentence where there are too few slices, or one of them has no finite value */
export function slicesOf(
  metrics: Readonly<Record<string, number>>,
  prefix: string,
  expected: number,
  better: Better,
): SlicesFound | string {
  const slices = Object.keys(metrics)
    .filter((name) => name.startsWith(prefix) && name.length > prefix.length)
    .sort()
    .map((metric): Slice => {
      const name = metric.slice(prefix.length);
      const size = SIZES.map((one) => metrics[`${one}${name}`]).find((rows) => rows !== undefined);
      return { name, value: metrics[metric] as number, ...(size === undefined ? {} : { rows: size }) };
    });
  if (slices.length < expected) {
    const there = slices.length === 0 ? "none" : `${slices.length}: ${slices.map(({ name }) => name).join(", ")}`;
    return `The rule asks for ${expected} ${expected === 1 ? "slice" : "slices"} ${prefix}* at least, and the job has ${there}.`;
  }
  const broken = slices.find(({ value }) => !Number.isFinite(value));
  if (broken) return `The slice ${prefix}${broken.name} is ${broken.value}, which is no finite number.`;
  const ordered = [...slices].sort((a, b) => a.value - b.value);
  const [low, high] = [ordered[0] as Slice, ordered.at(-1) as Slice];
  const [worst, best] = better === "higher" ? [low, high] : [high, low];
  const spread = high.value - low.value;
  const rows = worst.rows === undefined ? "" : ` over ${worst.rows} rows`;
  return {
    names: slices.map(({ name }) => name),
    ...{ count: slices.length, worst: worst.value, best: best.value, spread },
    said: `The worst of ${slices.length} slices is ${prefix}${worst.name} with ${digits(worst.value)}${rows}; the best is ${prefix}${best.name} with ${digits(best.value)}.`,
  };
}

const digits = (value: number) => String(Number(value.toPrecision(4)));
